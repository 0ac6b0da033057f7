"""The small experiment on a real Slurm of one node: the same results as without it, bit by bit."""

import csv
import re
import shutil
from pathlib import Path

from tests.support import projects
from tests.support.projects import Project
from tests.support.slurm import (
    ON_SLURM,
    PROFILE,
    QUICKLY,
    asked,
    differences,
    emptied,
    missing,
    paired,
    results,
    running_slurm,
)

import pytest

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.xdist_group("workflow")]


def test_the_experiment_on_slurm_is_the_local_one_to_the_bit(finished: Project, tmp_path: Path) -> None:
    project = emptied(projects.copied(finished, tmp_path / "project"))
    with running_slurm():
        done = project.snakemake(*ON_SLURM)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("has been submitted with SLURM jobid") > 10
    assert differences(project, finished) == []
    assert len(results(finished.results)) > 60
    assert (project.results / "write-up.pdf").read_bytes().startswith(b"%PDF")


def test_runs_that_share_a_job_of_slurm_come_out_the_same(finished: Project, tmp_path: Path) -> None:
    project = paired(emptied(projects.copied(finished, tmp_path / "project")))
    with running_slurm():
        done = project.snakemake(*ON_SLURM)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = len(project.read_config()["settings"])
    assert len(set(re.findall(r"group_runs_finetune/(\d+)\.log", done.stderr))) == runs / 2
    assert differences(project, finished) == []


@pytest.mark.skipif(
    not (shutil.which("slurmdbd") and shutil.which("mariadbd")),
    reason="Slurm has no database here; apt-get install slurmdbd mariadb-server",
)
def test_the_profile_as_users_have_it_works_with_accounts(finished: Project, tmp_path: Path) -> None:
    project = emptied(projects.copied(finished, tmp_path / "project"))
    profile = "profiles/slurm/config.yaml"
    project.edit(profile, "# slurm_partition: batch", "slurm_partition: batch")
    project.edit(profile, "# slurm_account: my-project", "slurm_account: science")
    with running_slurm("--accounting"):
        done = project.snakemake(*PROFILE, *QUICKLY)
        assert done.returncode == 0, done.stdout + done.stderr
        known = asked("sacct", "--noheader", "--allocations", "--parsable2", "--format", "account,partition,state")
    assert set(known.splitlines()) == {"science|batch|COMPLETED"}
    assert differences(project, finished) == []
    [report] = project.root.glob("efficiency_report_*.csv")
    with report.open(encoding="utf-8") as stream:
        rules = {row["RuleName"].partition("_wildcards")[0] for row in csv.DictReader(stream)}
    assert {"rule_finetune", "rule_score_test"} < rules
