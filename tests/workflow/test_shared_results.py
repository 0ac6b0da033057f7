"""Two experiments that share a cache: what is the same is trained once, and the record of it says so."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

from finetune_report.cli.replay import retrain
from finetune_report.files import read_json, sha256
from finetune_report.provenance.manifest import recorded_calls
from finetune_report.runtime.shared_results import CACHE
from tests.support.projects import Project

import pytest

RUN = "runs/baseline/seed1"


def trained(project: Project, name: str, cache: Path) -> Path:
    """The run of a setting in an experiment of this name, and all before it, made with a cache."""
    project.write_config(project.read_config() | {"name": name})
    done = project.snakemake("--cores", "2", f"results/{name}/{RUN}/metrics.json", **{CACHE: str(cache)})
    assert done.returncode == 0, done.stdout + done.stderr
    return project.root / "results" / name


def files(run: Path) -> dict[str, str]:
    """What a run has made, but for the time it took."""
    found = [path for path in run.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(run).as_posix(): sha256(path) for path in found if path.name != "timing.json"}


@pytest.mark.slow
def test_a_run_is_trained_once_for_all_experiments_with_the_cache(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first, second = trained(project, "first", cache), trained(project, "second", cache)
    assert files(second / RUN) == files(first / RUN) == files(project.results / RUN)
    assert "finished epoch" in (first / "journal.log").read_text()
    journal = (second / "journal.log").read_text()
    assert "finished epoch" not in journal
    assert "finetune/baseline/1: taken from the shared cache" in journal

    monkeypatch.chdir(project.root)
    outputs = [Path("results/second", RUN, "metrics.json"), Path("results/second/model.json")]
    calls = recorded_calls(outputs, Path("results/second"))
    assert calls["finetune/baseline/1"]["shared"] is True
    assert "shared" not in calls["prepare_model"]
    assert "shared" not in recorded_calls([Path("results/first", RUN, "metrics.json")], Path("results/first"))

    # Damage is said, and the run trained.
    [entry] = [path.parent for path in cache.rglob("entry.json") if read_json(path)["of"]["job"].startswith("finetune")]
    (entry / "metrics").write_text("{}")
    third = trained(project, "third", cache)
    assert files(third / RUN) == files(first / RUN)
    journal = (third / "journal.log").read_text()
    assert "in the shared cache is not used, but made again" in journal
    assert "finished epoch" in journal
    assert "prepare_data: taken from the shared cache" in journal


def test_what_is_trained_again_to_be_compared_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: dict[str, str] = {}
    monkeypatch.setenv(CACHE, str(tmp_path))
    done = SimpleNamespace(returncode=0)
    monkeypatch.setattr(subprocess, "run", lambda command, env=os.environ, **_: given.update(env) or done)
    assert retrain(Path("config.yaml"), tmp_path / "replay-tiny", RUN)
    assert "PATH" in given
    assert CACHE not in given
