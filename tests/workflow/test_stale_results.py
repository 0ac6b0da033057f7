"""A result is current if and only if our own record of it says so, whatever Snakemake's notes hold."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support import projects
from tests.support.jobs import AGGREGATES, RECORD, SETTINGS, names
from tests.support.projects import Project

import pytest

pytestmark = pytest.mark.slow
TRAINED = {"finetune[setting=small-batch, seed=1]"}


@pytest.fixture
def project(in_progress: Project, tmp_path: Path) -> Project:
    return projects.copied(in_progress, tmp_path / "project")


def notes(project: Project) -> list[Path]:
    return [path for path in (project.root / ".snakemake" / "metadata").rglob("*") if path.is_file()]


def copy_elsewhere(project: Project) -> None:
    """The results as a plain copy brings them: no notes of Snakemake's, and other times."""
    shutil.rmtree(project.root / ".snakemake")
    original = project.results.rename(project.root / "original")
    shutil.copytree(original, project.results, copy_function=shutil.copyfile)
    shutil.rmtree(original)


def overwrite(content: Callable[[bytes], bytes]) -> Callable[[Project], None]:
    def damage(project: Project) -> None:
        for note in notes(project):
            note.write_bytes(content(note.read_bytes()))

    return damage


NOTES: dict[str, Callable[[Project], None]] = {
    "a copy without Snakemake's notes": copy_elsewhere,
    "lost": lambda project: shutil.rmtree(project.root / ".snakemake" / "metadata"),
    "empty": overwrite(lambda content: b""),
    "NULs": overwrite(lambda content: bytes(len(content))),
    "cut": overwrite(lambda content: content[: len(content) // 2]),
    "no text": overwrite(lambda content: b"\xff\xfe" + content),
    "of another kind": overwrite(lambda content: b'{"params": 7, "input": "x", "record_format_version": "new"}'),
}


def double_a_rate(project: Project) -> float:
    config = project.read_config()
    config["settings"][1]["learning_rate"] *= 2
    project.write_config(config)
    return config["settings"][1]["learning_rate"]


@pytest.mark.parametrize("damage", NOTES.values(), ids=NOTES)
def test_a_change_is_seen_and_nothing_else_whatever_snakemake_knows(
    project: Project, damage: Callable[[Project], None]
) -> None:
    damage(project)
    assert project.planned() == []
    double_a_rate(project)
    assert names(project.planned()) == TRAINED | AGGREGATES


def test_a_copy_is_trained_again_with_the_new_rate(project: Project) -> None:
    copy_elsewhere(project)
    rate = double_a_rate(project)
    done = project.snakemake("--nolock", str(project.results.relative_to(project.root) / "selection.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    metrics = json.loads((project.results / "runs" / "small-batch" / "seed1" / "metrics.json").read_text())
    assert metrics["hyperparameters"]["learning_rate"] == rate
    jobs = names(project.planned())
    assert not {job for job in jobs if job.startswith("finetune")}


def test_touch_makes_nothing_current(project: Project) -> None:
    double_a_rate(project)
    done = project.plan("--touch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert names(project.planned()) == TRAINED | AGGREGATES


@pytest.mark.parametrize("triggers", [["mtime"], ["input"]], ids=str)
def test_fewer_triggers_make_nothing_current(project: Project, triggers: list[str]) -> None:
    double_a_rate(project)
    assert names(project.planned("--rerun-triggers", *triggers)) == TRAINED | AGGREGATES


@pytest.mark.parametrize("options", [["--persistence-backend", "db"], ["--drop-metadata"]], ids=lambda given: given[0])
def test_no_way_of_keeping_notes_matters(project: Project, options: list[str]) -> None:
    shutil.rmtree(project.root / ".snakemake")
    (project.results / "lock").write_text("4711 on another machine since 2026-01-01T00:00:00\n")  # as a kill leaves it
    done = project.plan("--cores", "1", *options)  # nothing is to be done, so no job starts
    assert done.returncode == 0, done.stdout + done.stderr
    assert "made again" not in done.stdout + done.stderr
    assert "Nothing to be done" in done.stdout + done.stderr
    double_a_rate(project)
    assert names(project.planned(*options)) == TRAINED | AGGREGATES


def test_an_input_with_an_older_time_is_seen(project: Project) -> None:
    file = project.root / "report" / "write-up.md"
    before = file.stat()
    file.write_text(file.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns - 10**15, before.st_mtime_ns - 10**15))
    assert names(project.planned()) == {"render_write_up", "all"}


def test_a_clock_that_was_set_back_stops_nothing(project: Project) -> None:
    """By it, everything that is there is from the future."""
    month = 30 * 86_400 * 10**9
    for folder in (project.results, project.root / "data", project.root / ".snakemake"):
        for path in folder.rglob("*"):
            os.utime(path, ns=(path.stat().st_atime_ns + month, path.stat().st_mtime_ns + month))
    assert project.planned() == []
    selection = project.results / "selection.json"
    before = selection.read_bytes()
    selection.unlink()
    done = project.snakemake("--cores", "1", str(selection.relative_to(project.root)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert selection.read_bytes() == before


def test_the_order_of_inputs_counts(project: Project) -> None:
    """The rows of runs.json stand in the order of the settings."""
    config = project.read_config()
    config["settings"] = [config["settings"][place] for place in (0, 3, 2, 1)]
    project.write_config(config)
    assert "gather_runs" in names(project.planned())


def test_a_plan_changes_nothing(project: Project) -> None:
    double_a_rate(project)
    (project.results / "values.json").write_text("{}")
    (project.results / "records" / "runs.json.json").write_text("")
    before = {path: path.read_bytes() for path in sorted(project.results.rglob("*")) if path.is_file()}
    assert project.planned()
    assert {path: path.read_bytes() for path in sorted(project.results.rglob("*")) if path.is_file()} == before


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("values.json", {"collect_values"} | RECORD),
        ("test/metrics.json", {"score_test"}),
        ("figures/graph.png", {"plot_curves"} | RECORD),
        ("runs/milder/seed1/timing.json", {"finetune[setting=milder, seed=1]"}),
        ("runs/{winner}/seed1/model/config.json", {"finetune[setting={winner}, seed=1]"}),
        ("runs/milder/seed1/model/tokenizer.json", {"finetune[setting=milder, seed=1]"}),
        ("checks.json", {"render_write_up", "all"}),
        ("data/test.parquet", {"prepare_data"}),
    ],
)
def test_what_is_deleted_is_made_again(project: Project, file: str, expected: set[str]) -> None:
    winner = json.loads((project.results / "selection.json").read_text())["winner"]
    (project.results / file.format(winner=winner)).unlink()
    assert {job.format(winner=winner) for job in expected} <= names(project.planned())


def test_all_that_is_deleted_comes_back(project: Project) -> None:
    winner = json.loads((project.results / "selection.json").read_text())["winner"]
    gone = ["values.json", "figures/graph.svg", f"runs/{winner}/seed1/model/config.json"]
    before = {name: (project.results / name).read_bytes() for name in gone}
    for name in gone:
        (project.results / name).unlink()
    done = project.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (project.results / name).read_bytes() for name in gone} == before
    assert project.planned() == []
    assert set(SETTINGS) <= {path.name for path in (project.results / "runs").iterdir()}
