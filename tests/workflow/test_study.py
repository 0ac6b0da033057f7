"""A study, really made: experiments of their own and one report, in which exactly what is stale is made again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report.files import read_json
from tests.support import projects
from tests.support.once import made_once
from tests.support.plans import plan
from tests.support.projects import Job, Project

import pytest
import yaml

pytestmark = pytest.mark.slow
STUDY = "both.yaml"
WRITE_UP = """---
title: Both
---

# Results

{{ scores_table() }}

On alpha, the winner reaches {{ value("alpha.winner.test.accuracy") }}.
"""


@pytest.fixture(scope="session")
def studied(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small experiment and a smaller one, after one run of a study of both."""

    def make(folder: Path) -> None:
        project = projects.copied(finished, folder)
        config = project.read_config()
        smaller = {
            "name": "smaller",
            "settings": config["settings"][:1],
            "analyses": dict.fromkeys(("slices", "agreement", "probe", "calibration"), False) | {"mistakes": 0},
            "attention": {"sentences": 0},
        }
        smaller["report"] = config["report"] | {"write_up": "report/of-a-study.md"}
        (folder / "smaller.yaml").write_text(yaml.safe_dump(config | smaller), encoding="utf-8")
        experiments = [{"name": "alpha", "config": "tiny.yaml"}, {"name": "beta", "config": "smaller.yaml"}]
        study = {"name": "both", "experiments": experiments, "report": {"write_up": "report/both.md"}}
        (folder / STUDY).write_text(yaml.safe_dump(study), encoding="utf-8")
        (folder / "report/both.md").write_text(WRITE_UP, encoding="utf-8")
        projects.commit(folder)
        # Every manifest says whether there are changes that are not committed: so it stays when a test makes some.
        (folder / "notes.txt").write_text("To do.\n")
        done = command(project, "run", "--config", STUDY, "--", "--cores", "1")
        project.output.write_text(done.stdout + done.stderr, encoding="utf-8")
        assert done.returncode == 0, done.stdout + done.stderr

    return Project(made_once(tmp_path_factory, "studied", make))


def command(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "finetune_report.cli", *arguments]
    return subprocess.run(
        line, cwd=project.root, env=project.environment(), capture_output=True, text=True, timeout=900
    )


def planned(project: Project) -> list[Job]:
    """What the study would run."""
    options = ["--snakefile", "study.smk", "--configfile", STUDY, "--dry-run", "--quiet", "host"]
    done = plan(project.root, options, project.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return projects.parsed(done.stdout)


def rules(jobs: list[Job]) -> set[str]:
    return {job.rule for job in jobs}


def test_the_study_found_the_finished_experiment_up_to_date(studied: Project) -> None:
    said = studied.output.read_text(encoding="utf-8")
    assert "beta_finetune" in said
    assert "alpha_finetune" not in said


def test_after_it_nothing_is_stale_in_the_study_or_in_an_experiment_alone(studied: Project) -> None:
    assert planned(studied) == []
    assert studied.planned() == []
    done = studied.plan("--dry-run", "--quiet", "host", "--configfile", "smaller.yaml")
    assert projects.parsed(done.stdout) == []


def test_each_has_a_report_and_the_study_has_all_values(studied: Project) -> None:
    for name in ("tiny", "smaller", "both"):
        assert (studied.root / "results" / name / "write-up.pdf").is_file()
    values = read_json(studied.root / "results/both/values.json")
    alone = read_json(studied.root / "results/smaller/values.json")
    assert values["beta.winner.test.accuracy"]["value"] == alone["winner.test.accuracy"]["value"]
    assert {f"beta.{key}" for key in alone} <= values.keys()
    checks = read_json(studied.root / "results/both/checks.json")
    [reason] = checks["reasons"]
    assert "commit" in reason


def test_records_and_manifests_are_those_of_an_experiment_alone(studied: Project) -> None:
    """No name of a study's rules is in them, or an experiment's manifest would be another after a study."""
    calls = read_json(studied.root / "results/smaller/manifest.json")["calls"]
    assert "finetune/baseline/1" in calls
    assert not any(name.startswith("beta_") for name in calls)


def test_exactly_what_is_stale_is_made_again(studied: Project, tmp_path: Path) -> None:
    project = projects.copied(studied, tmp_path / "project")
    config: dict[str, Any] = yaml.safe_load((project.root / "smaller.yaml").read_text(encoding="utf-8"))
    config["seeds"] = [1, 2]
    (project.root / "smaller.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    jobs = planned(project)
    assert Job("beta_finetune", "setting=baseline, seed=2", "") in jobs
    assert Job("beta_finetune", "setting=baseline, seed=1", "") not in jobs
    assert not any(job.rule.startswith("alpha_") for job in jobs)
    assert {"gather_experiments", "compare_experiments", "render_write_up"} <= rules(jobs)


def test_prose_alone_makes_the_report_alone(studied: Project, tmp_path: Path) -> None:
    project = projects.copied(studied, tmp_path / "project")
    project.edit("report/both.md", "# Results", "# What came out")
    assert rules(planned(project)) - {"all", "write_manifest"} == {"render_write_up"}


def test_a_result_that_was_changed_is_not_taken(studied: Project, tmp_path: Path) -> None:
    project = projects.copied(studied, tmp_path / "project")
    path = project.root / "results/smaller/test/systems.json"
    path.write_text(path.read_text(encoding="utf-8").replace("0.", "0.9", 1), encoding="utf-8")
    assert "beta_summarise_systems" in rules(planned(project))


def test_an_experiment_that_runs_keeps_the_study_waiting(studied: Project, tmp_path: Path) -> None:
    project = projects.copied(studied, tmp_path / "project")
    hold = "import sys; from pathlib import Path; from finetune_report.runtime.locks import hold_or_refuse as hold; "
    hold += "hold(Path('results/smaller/lock'), 'It'); print(flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=project.root,
        env=project.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    done = command(project, "run", "--config", STUDY)
    process.communicate(b"")
    assert done.returncode != 0
    assert f"The experiment 'smaller' is running already (process {process.pid} " in done.stdout + done.stderr


def test_the_report_is_verified_with_its_experiments_and_traced_into_them(studied: Project, tmp_path: Path) -> None:
    done = command(studied, "why", "beta.winner.test.accuracy", "--config", STUDY)
    assert "experiments/beta/values.json ← gather_experiments" in done.stdout
    assert "In the experiment 'beta', results/smaller:" in done.stdout
    assert "runs/baseline/seed1/model ← finetune" in done.stdout
    project = projects.copied(studied, tmp_path / "project")
    path = project.root / "results/both/experiments/beta/systems.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    found["winner"]["accuracy"]["mean"] = 0.99
    path.write_text(json.dumps(found), encoding="utf-8")
    done = command(project, "verify", "results/both/write-up.pdf", "--config", STUDY)
    assert done.returncode == 1
    assert "differs: results/both/experiments/beta/systems.json" in done.stdout
