"""Which systems a config declares to be scored on the test split, which pairs of them are compared, what is refused."""

from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.config.test_systems import declaration, declared_systems, system_pairs
from finetune_report.data.locations import require_prediction_files
from finetune_report.errors import UserError
from tests.support.configs import minimal
from tests.support.messages import refuses

import pytest


def given(**changes: Any) -> dict[str, Any]:
    return complete(minimal(**changes))


def test_by_default_the_winner_the_first_setting_and_the_simple_methods_are_scored() -> None:
    assert declared_systems(given()) == ["winner", "baseline", "majority", "bag-of-words", "probe"]
    assert "probe" not in declared_systems(given(analyses={"probe": False}))
    pairs = system_pairs(given(), declared_systems(given()))
    assert pairs == [("winner", name) for name in ("baseline", "majority", "bag-of-words", "probe")]


def test_systems_and_pairs_are_those_that_are_named() -> None:
    config = given(test={"systems": ["other", "majority", "winner"], "with": "all-pairs"})
    names = declared_systems(config)
    assert names == ["winner", "other", "majority"]  # the winner first
    assert system_pairs(config, names) == [("other", "winner"), ("majority", "winner"), ("majority", "other")]
    listed = given(test={"with": [["bag-of-words", "majority"]]})
    assert system_pairs(listed, declared_systems(listed)) == [("bag-of-words", "majority")]
    assert declaration(listed)["with"] == [["bag-of-words", "majority"]]


def test_a_system_from_elsewhere_is_scored_unless_others_are_named() -> None:
    config = given(systems=[{"name": "gpt", "predictions": "gpt.csv"}])
    assert declared_systems(config)[-1] == "gpt"
    assert "gpt" not in declared_systems(config | {"test": {"systems": ["winner"], "with": "winner"}})


def test_a_file_of_predictions_is_looked_for_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "gpt.csv"
    with refuses("systems[0].predictions", str(path)):
        require_prediction_files([{"predictions": str(path)}])
    path.write_text("id,prediction")
    require_prediction_files([{"predictions": str(path)}])
    path.rename(tmp_path / "gpt.xls")
    with refuses("systems[0].predictions", ".xls", ".csv"):
        require_prediction_files([{"predictions": str(tmp_path / "gpt.xls")}])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"test": {"systems": ["winner", "othr"]}}, ("test.systems[1]", "othr", "did you mean 'other'")),
        ({"test": {"systems": ["baseline"]}}, ("test.systems", "winner")),
        ({"test": {"systems": []}}, ("test.systems", "1")),
        ({"test": {"systems": ["winner", "winner"]}}, ("test.systems", "twice")),
        (
            {"test": {"systems": ["winner", "probe"]}, "analyses": {"probe": False}},
            ("test.systems[1]", "analyses.probe"),
        ),
        ({"test": {"systems": ["winner"], "with": [["winner", "other"]]}}, ("test.with[0]", "other", "winner")),
        ({"test": {"with": [["winner", "winner"]]}}, ("test.with[0]", "twice")),
        ({"systems": [{"name": "probe", "predictions": "p.csv"}]}, ("systems[0].name", "'probe'")),
        ({"systems": [{"name": "other", "predictions": "p.csv"}]}, ("systems[0].name", "'other'")),
        ({"systems": [{"name": "g", "predictions": "p.csv"}] * 2}, ("systems[1].name", "'g'")),
        ({"systems": [{"name": "g"}]}, ("systems[0]", "predictions")),
        ({"test": {"with": "baseline"}}, ("test.with", "baseline", "winner, all-pairs")),
        ({"settings": [{"name": "majority"}]}, ("settings", "majority")),
        (
            {"settings": [{"name": "a"}, {"name": "b", "excluded": "too slow"}], "test": {"systems": ["winner", "b"]}},
            ("test.systems[1]", "b", "excluded"),
        ),
    ],
)
def test_a_declaration_that_cannot_be_kept_is_refused(changes: dict[str, Any], said: tuple[str, ...]) -> None:
    with refuses(*said):
        given(**changes)


def test_each_mistaken_name_is_named_and_no_other() -> None:
    files = [{"name": name, "predictions": "x.csv"} for name in ("gpt", "gpt", "llama")]
    with pytest.raises(UserError) as caught:
        given(systems=files)
    assert [line.partition(".name")[0].strip() for line in str(caught.value).splitlines()[1:]] == ["systems[1]"]
