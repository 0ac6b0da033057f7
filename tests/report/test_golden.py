"""What a report says does not change while its code is rearranged: values and text are those that were recorded.

Two experiments: a small one written by hand, and a tiny one that was run with everything switched on (two seeds,
halving, a learning curve, references), of which the files upstream are recorded, and all that follows is made again. A
change on purpose is recorded by `PYTHONPATH=scripts python -m tests.support.golden`.
"""

from pathlib import Path

from finetune_report.files import read_json
from tests.support.golden import GOLDEN, RECORDED, make_recorded

import pytest


@pytest.fixture(scope="module", params=["small", *RECORDED])
def experiment(
    request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """An experiment's name, and its results folder."""
    name = request.param
    return name, made if name == "small" else make_recorded(name, tmp_path_factory.mktemp("golden"))


@pytest.mark.xdist_group("golden")  # one process, so that each is made once
def test_values_are_the_recorded_ones(experiment: tuple[str, Path]) -> None:
    name, root = experiment
    assert read_json(root / "values.json") == read_json(GOLDEN / name / "values.json")


@pytest.mark.xdist_group("golden")
def test_the_text_is_the_recorded_one(experiment: tuple[str, Path]) -> None:
    name, root = experiment
    assert (root / "write-up.md").read_bytes() == (GOLDEN / name / "write-up.md").read_bytes()
