"""What docs/checks.md says of the check of the text is what the labelled sentences give."""

import pytest
from prose import FOLDER, PARTS, main, measured, read


def test_the_guide_has_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


# The least shares: claims blocked, blocked or listed, blocked that are claims; numbers found, found that are results.
FLOORS = {
    "tuned": (0.6, 0.9, 0.75, 0.97, 0.93),
    "held-out": (0.6, 0.9, 0.75, 0.97, 0.93),
    "independent": (0.45, 0.65, 0.75, 0.95, 0.85),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_check_finds_what_it_found(part: str) -> None:
    counts = measured(read(FOLDER / f"{part}.txt"))
    assert counts.sentences >= 150
    found = (
        counts.blocked_claims / counts.claims,
        counts.shown_claims / counts.claims,
        counts.blocked_claims / counts.blocked,
        counts.found_numbers / counts.numbers,
        counts.found_numbers / counts.found,
    )
    for share, least in zip(found, FLOORS[part], strict=True):
        assert share >= least
