"""Successive halving from the first rung to the report: no epoch trained twice, and every bit as without it."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from finetune_report.files import sha256
from tests.support import projects
from tests.support.projects import Project

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rungs")]  # one process, so that the experiment runs once

RUNGS = [1, 2]
EPOCHS = 3
SETTINGS = ["baseline", "small-batch", "milder"]
WORKED = re.compile(r" (?:train_rung/\d+|finetune)/([a-z-]+)/1: finished epoch (\d)/")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three settings, of which two go on after the first epoch and one after the second; and the baseline.

    Its report says how long things took, as shipped; that of the other experiment does not.
    """
    project = projects.make_project(tmp_path_factory.mktemp("halving") / "finished")
    config = project.read_config()
    settings = [setting | {"epochs": EPOCHS} for setting in config["settings"] if setting["name"] in SETTINGS]
    halving = {"rungs": RUNGS, "keep": 0.67}
    changes = {"settings": settings, "halving": halving, "attention": {"sentences": 0}, "report": {"timings": True}}
    project.write_config(config | changes)
    projects.commit(project.root)
    done = project.snakemake("--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def epochs_trained(project: Project) -> Counter[tuple[str, int]]:
    """How often each epoch of each setting was trained, by the journal."""
    found = WORKED.findall((project.results / "journal.log").read_text(encoding="utf-8"))
    return Counter((setting, int(epoch)) for setting, epoch in found)


def files_of(project: Project, setting: str) -> dict[str, str]:
    """The hash of each file of a run, but not of the time it took."""
    run = project.results / "runs" / setting / "seed1"
    files = [path for path in sorted(run.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(run).as_posix(): sha256(path) for path in files if path.name != "timing.json"}


def test_each_epoch_is_trained_once_and_pruned_settings_stop(halved: Project) -> None:
    decisions = [read(halved.results / f"rungs/{rung}.json") for rung in (1, 2)]
    pruned = decisions[-1]["pruned"]
    assert pruned.keys() < set(SETTINGS)
    assert pruned
    assert "baseline" not in pruned
    last = {name: pruned[name]["epochs"] if name in pruned else EPOCHS for name in SETTINGS}
    expected = {(name, epoch): 1 for name in SETTINGS for epoch in range(1, last[name] + 1)}
    assert epochs_trained(halved) == expected
    for name in SETTINGS:
        metrics = read(halved.results / f"runs/{name}/seed1/metrics.json")
        assert metrics["epochs_run"] == last[name]
        assert metrics.get("pruned") == pruned.get(name)
    assert read(halved.results / "selection.json")["winner"] not in pruned


def test_the_report_is_final_and_says_who_was_pruned_and_why(halved: Project) -> None:
    checks, sweep = read(halved.results / "checks.json"), read(halved.results / "sweep.json")
    assert checks["reasons"] == []
    pruned = read(halved.results / "rungs/2.json")["pruned"]
    assert (sweep["pruned"], sweep["pruned_settings"]) == (len(pruned), len(pruned))
    assert sweep["finished"] + sweep["failed"] + sweep["pruned"] == sweep["planned"]["runs"] == len(SETTINGS)
    values, text = read(halved.results / "values.json"), (halved.results / "write-up.md").read_text(encoding="utf-8")
    assert "{#tbl:pruned}" in text
    for name, place in pruned.items():
        entry = values[f"sweep.pruned.{name}.rank"]
        assert entry["source"] == f"rungs/{place['rung']}.json"
        assert read(halved.results / entry["source"])["settings"][name]["rank"] == entry["value"]
        assert f'key="sweep.pruned.{name}.validation"' in text
    manifest = read(halved.results / "manifest.json")["files"]
    for rung in (1, 2):
        assert f"rungs/{rung}.json" in manifest
        assert f"rungs/{rung}/milder-seed1.json" in manifest


def test_nothing_is_to_be_done_again(halved: Project) -> None:
    assert halved.planned() == []


def test_without_halving_and_without_checkpoints_the_bits_are_the_same(halved: Project, tmp_path: Path) -> None:
    project = projects.copied(halved, tmp_path / "project")
    before = {name: files_of(project, name) for name in SETTINGS}
    for folder in ("checkpoints", "runs", "rungs", "records/runs", "records/rungs"):
        shutil.rmtree(project.results / folder)
    done = project.snakemake("--cores", "2", *(f"results/tiny/runs/{name}/seed1/metrics.json" for name in SETTINGS))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: files_of(project, name) for name in SETTINGS} == before
    (project.results / "runs/baseline/seed1/metrics.json").unlink()
    shutil.rmtree(project.results / "checkpoints")
    project.write_config(project.read_config() | {"halving": {"rungs": []}})
    assert not {"train_rung", "prune_settings"} & {job.rule for job in project.planned()}
    done = project.snakemake("--cores", "2", "results/tiny/runs/baseline/seed1/metrics.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_of(project, "baseline") == before["baseline"]


def test_an_added_setting_trains_itself_alone(halved: Project, tmp_path: Path) -> None:
    project = projects.copied(halved, tmp_path / "project")
    config, trained = project.read_config(), epochs_trained(project)
    before = {name: files_of(project, name) for name in SETTINGS}
    slow = config["settings"][0] | {"name": "added", "learning_rate": 1e-9}  # falls behind at once
    project.write_config(config | {"settings": [*config["settings"], slow]})
    done = project.snakemake("--cores", "2", "results/tiny/selection.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert read(project.results / "rungs/1.json")["entered"] == 4
    assert epochs_trained(project) - trained == {("added", 1): 1}
    assert {name: files_of(project, name) for name in SETTINGS} == before
