"""Experiments whose values and text are recorded in tests/golden, made again from what is recorded of them.

A change on purpose is recorded by `PYTHONPATH=scripts python -m tests.support.golden`.
"""

import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune_report.config.reading import read_config
from finetune_report.config.schema import complete
from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json, write_json, write_text
from finetune_report.provenance.layout import Call, layout_of, listed
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.template import fill
from finetune_report.report.values import read_values
from tests.support.builds import make_build

GOLDEN = ROOT / "tests/golden"
RECORDED = ("tiny",)  # experiments


def make_experiment(name: str, folder: Path) -> Path:
    """An experiment from its recorded files, or from those written by hand; returns its results folder."""
    return make_build(folder) if name == "small" else make_recorded(name, folder)


def make_recorded(name: str, folder: Path) -> Path:
    """All that follows from the recorded files of an experiment; returns its results folder."""
    with tarfile.open(GOLDEN / name / "results.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    calls = dict(layout_of(complete(read_config(GOLDEN / name / "config.yaml"))).calls)
    rendering = calls.pop("render_write_up")
    for call in calls.values():
        if call.light or "values" in call.outputs:
            make(call, folder)
    fill_in(rendering.arguments(folder), GOLDEN / name / "source.md")
    return folder


def make(call: Call, root: Path) -> None:
    """Do a job, or only publish what it came to where that is recorded."""
    made = listed({name: path for name, path in call.outputs.items() if name != "values"})
    if not all((root / path).exists() for path in made):
        call.run(root)
    elif "values" in call.outputs:
        call.publish(root)


def fill_in(given: dict[str, Any], source: Path) -> None:
    evidence = Evidence(
        read_values(given["values"]),
        given["settings"],
        read_json(given["summary"])["labels"],
        read_json(given["selection"]),
        read_curves(given["curves"]),
    )
    write_text(given["markdown"], fill(source, evidence).text)


def record(root: Path, folder: Path) -> None:
    write_json(folder / "values.json", read_json(root / "values.json"))
    write_text(folder / "write-up.md", (root / "write-up.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    for experiment in sys.argv[1:] or ["small", *RECORDED]:
        with TemporaryDirectory() as scratch:
            record(make_experiment(experiment, Path(scratch)), GOLDEN / experiment)
