"""What a benchmark says of ratios that fell."""

import pytest
import records


def test_a_fall_of_more_than_a_fifth_is_named_and_fails(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(records, "RECORDED", tmp_path / "recorded.json")
    records.report("training", {"sweep": 4.0, "batch 5": 2.0}, record=True)
    records.report("memory", {"peak": 3.0}, record=True)
    records.report("training", {"sweep": 3.21, "batch 5": 9.0, "new": 1.0}, record=False)
    capsys.readouterr()
    with pytest.raises(SystemExit, match="1"):
        records.report("training", {"sweep": 3.19, "batch 5": 2.0}, record=False)
    assert capsys.readouterr().out == "REGRESSION: sweep is 3.19, recorded 4.00\n"
    records.report("memory", {"peak": 3.0}, record=False)
