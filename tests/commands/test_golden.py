"""What a report says does not change while its code is rearranged: values and text are those that were recorded.

A change on purpose is recorded anew: `python tests/commands/test_golden.py` writes the files in tests/golden again.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json, write_json, write_text

import pytest
from building import make_build

GOLDEN = ROOT / "tests/golden"
SMALL = GOLDEN / "small"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_build(tmp_path_factory.mktemp("golden"))


def test_the_small_experiment_has_the_recorded_values(small: Path) -> None:
    assert read_json(small / "values.json") == read_json(SMALL / "values.json")


def test_the_small_experiment_has_the_recorded_text(small: Path) -> None:
    assert (small / "write-up.md").read_bytes() == (SMALL / "write-up.md").read_bytes()


def record(root: Path, folder: Path) -> None:
    write_json(folder / "values.json", read_json(root / "values.json"))
    write_text(folder / "write-up.md", (root / "write-up.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "scripts")]
    with TemporaryDirectory() as scratch:
        record(make_build(Path(scratch)), SMALL)
