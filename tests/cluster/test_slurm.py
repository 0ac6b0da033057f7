"""The small experiment on a real Slurm of one node: the same results, bit by bit, whatever happens to its jobs.

Needs Debian's slurm-wlm and munge, root, and requirements-slurm.txt; without them these tests are skipped.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import scratch
from scratch import Project

CONTROL = Path(__file__).with_name("slurm.sh")
LONGEST = 300  # seconds that any one wait may take
# What a test need not wait for, and what Slurm without a database cannot tell.
ON_SLURM = [
    *("--workflow-profile", "profiles/slurm", "--slurm-status-command", "squeue", "--slurm-no-account"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "2", "--latency-wait", "10"),
]
WANTED = ["TimeLimit=00:20:00", "MinMemoryNode=3000M", "gres:gpu:1"]  # as the config of the disturbed jobs says
RUN = "runs/baseline/seed1"
# These tell the time a run took, where and when.
TIMES = {"timing.json", "values.json", "manifest.json", "write-up.md", "write-up.html", "write-up.pdf", "checks.json"}


def missing() -> str:
    """What is not here that these tests need, or nothing."""
    if not shutil.which("slurmctld") or not shutil.which("munged"):
        return "no Slurm here; apt-get install slurm-wlm munge"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "Snakemake's plugin for Slurm is not installed; pip install -r requirements-slurm.txt"
    return "" if os.getuid() == 0 else "only root can start Slurm"


pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.xdist_group("workflow")]


@pytest.fixture(scope="module")
def slurm() -> Iterator[None]:
    subprocess.run([CONTROL, "start"], check=True)
    yield
    subprocess.run([CONTROL, "stop"], check=True)


@pytest.fixture(scope="module")
def long_run(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose first run takes a while, and that run made on this machine without Slurm."""
    project = untrained(scratch.copied(finished, tmp_path_factory.mktemp("long") / "project"))
    config = project.read_config()
    config["settings"][0]["epochs"] = 60
    project.write_config(config)
    done = project.snakemake("--nocolor", f"results/tiny/{RUN}/metrics.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def emptied(project: Project) -> Project:
    shutil.rmtree(project.root / "results")
    shutil.rmtree(project.root / ".snakemake")
    return project


def untrained(project: Project) -> Project:
    """The project with its data prepared and nothing after."""
    for name in ("runs", "checkpoints", "records/runs"):
        shutil.rmtree(project.results / name)
    (project.results / "journal.log").unlink()
    return project


def results(folder: Path) -> dict[str, bytes]:
    """The bytes of every result that does not tell the time."""
    kept = ("runs", "data", "tokens", "test", "attention", "figures")
    found = [path for name in kept for path in (folder / name).rglob("*")] + list(folder.glob("*.*"))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if path.is_file()
        and path.name not in {*TIMES, "write-up.json", "test-ledger.jsonl", "journal.log", ".snakemake_timestamp"}
    }


def test_the_experiment_on_slurm_is_the_local_one_to_the_bit(slurm: None, finished: Project, tmp_path: Path) -> None:
    project = emptied(scratch.copied(finished, tmp_path / "project"))
    done = project.snakemake(*ON_SLURM)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Submitted array job" in done.stderr  # the four runs at once
    there, here = results(project.results), results(finished.results)
    assert there.keys() == here.keys()
    assert [name for name in here if there[name] != here[name]] == []
    assert len(here) > 60
    assert (project.results / "write-up.pdf").read_bytes().startswith(b"%PDF")


def cancelled(job: str) -> None:
    subprocess.run(["scancel", job], check=True)


def preempted(job: str) -> None:
    """A job of the other partition wants the whole node."""
    subprocess.run(["sbatch", "-p", "urgent", "-n", "4", "-o", "/dev/null", "--wrap", "sleep 3"], check=True)


def node_down(job: str) -> None:
    """The node goes down, and comes back by itself or when told to."""
    set_node("down", "reason=test")
    time.sleep(2)
    set_node("resume")
    wait_for(lambda: node_state() in ("idle", "mixed", "allocated"), "the node")


def set_node(state: str, *more: str) -> None:
    command = ["scontrol", "update", f"nodename={os.uname().nodename}", f"state={state}", *more]
    done = subprocess.run(command, capture_output=True, text=True)
    # Slurm refuses to resume a node that has come back already.
    assert done.returncode == 0 or "Invalid node state" in done.stderr, done.stderr


def node_state() -> str:
    listed = ["sinfo", "--noheader", "--partition", "batch", "--format", "%T"]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("disturb", [cancelled, preempted, node_down])
def test_a_disturbed_job_goes_on_from_its_checkpoint(
    slurm: None, long_run: Project, tmp_path: Path, disturb: Callable[[str], None]
) -> None:
    project = untrained(scratch.copied(long_run, tmp_path / "project"))
    project.write_config(project.read_config() | {"resources": {"minutes": 20, "memory": 3000, "gpus": 1}})
    command = [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", *ON_SLURM]
    with (tmp_path / "output").open("wb") as output:
        running = subprocess.Popen(
            [*command, f"results/tiny/{RUN}/metrics.json"], cwd=project.root, stdout=output, stderr=output
        )
        wait_for(lambda: list(project.results.glob("checkpoints/*/step*.pt")), "a checkpoint")
        job = job_of("finetune")
        requested = subprocess.run(["scontrol", "show", "job", job], capture_output=True, text=True, check=True).stdout
        disturb(job)
        status = running.wait(LONGEST)
    said = (tmp_path / "output").read_text(encoding="utf-8")
    assert status == 0, said
    assert [word for word in WANTED if word not in requested] == [], requested
    assert "going on from the checkpoint after step" in (project.results / "journal.log").read_text(encoding="utf-8")
    there, here = results(project.results), results(long_run.results)
    assert there.keys() == here.keys()
    assert [name for name in here if there[name] != here[name]] == []


def job_of(rule: str) -> str:
    """The number of the running Slurm job of a rule, by what Snakemake writes into its comment."""
    listed = subprocess.run(
        ["squeue", "--noheader", "--states", "running", "--format", "%i %k"], capture_output=True, text=True, check=True
    )
    return next(line.split()[0] for line in listed.stdout.splitlines() if rule in line)


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline, f"waited {LONGEST} s for {what}"
        time.sleep(0.2)
