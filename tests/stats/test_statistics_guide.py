"""The examples of docs/statistics.md give what the page says."""

import doctest
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"


def test_every_example_of_the_guide() -> None:
    found = doctest.testfile(str(GUIDE), module_relative=False)
    assert found.attempted > 10
    assert found.failed == 0
