"""What docs/checks.md says of the check of the text is what the labelled sentences give."""

import pytest
from prose import FOLDER, PARTS, main, measured, read


def test_the_guide_has_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("part", PARTS)
def test_the_check_finds_what_it_is_to_find(part: str) -> None:
    counts = measured(read(FOLDER / f"{part}.txt"))
    assert counts.sentences >= 150
    assert counts.blocked_claims >= 0.6 * counts.claims
    assert counts.shown_claims >= 0.9 * counts.claims
    assert counts.blocked_claims >= 0.75 * counts.blocked
    assert counts.found_numbers >= 0.97 * counts.numbers
    assert counts.found_numbers >= 0.93 * counts.found
