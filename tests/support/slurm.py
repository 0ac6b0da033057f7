"""A real Slurm of one node for the tests here, and what they ask of it and of the small experiment.

It needs Debian's slurm-wlm and munge, root, and requirements-slurm.txt; without them these tests are skipped.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import projects
from tests.support.projects import Project

CONTROL = Path(__file__).with_name("slurm.sh")
LONGEST = 900  # seconds that any one wait may take
PROFILE = ["--workflow-profile", "profiles/slurm"]
QUICKLY = ["--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "2"]
# Without a database Slurm knows no accounts and forgets its jobs, and a test need not wait long for files.
ON_SLURM = [*PROFILE, *QUICKLY, "--slurm-status-command", "squeue", "--latency-wait", "10"]
# These tell the time a run took, where and when.
TIMES = {
    *("timing.json", "values.json", "manifest.json", "checks.json", "test-ledger.jsonl", "journal.log"),
    *("write-up.md", "write-up.html", "write-up.pdf", "write-up.json", ".snakemake_timestamp"),
}
FINISHED = re.compile(r" finetune/(\S+): finished epoch (\d+)/\d+, ")


def missing() -> str:
    """What is not here that these tests need, or nothing."""
    if not shutil.which("slurmctld") or not shutil.which("munged"):
        return "no Slurm here; apt-get install slurm-wlm munge"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "Snakemake's plugin for Slurm is not installed; pip install -r requirements-slurm.txt"
    return "" if os.getuid() == 0 else "only root can start Slurm"


@contextmanager
def running_slurm(*options: str) -> Iterator[None]:
    subprocess.run([CONTROL, "start", *options], check=True)
    try:
        yield
    finally:
        subprocess.run([CONTROL, "stop"], check=True)


def emptied(project: Project) -> Project:
    shutil.rmtree(project.root / "results")
    shutil.rmtree(project.root / ".snakemake")
    return project


def paired(project: Project) -> Project:
    """The project with two runs in each of Slurm's jobs, as a comment in the profile tells how."""
    for line in ("groups: [finetune=runs]", "group-components: [runs=10]", "cores: 1"):
        project.edit("profiles/slurm/config.yaml", f"# {line}", line.replace("10", "2"))
    return project


def untrained(project: Project) -> Project:
    """The project with its data prepared and nothing after."""
    for name in ("runs", "checkpoints", "records/runs"):
        shutil.rmtree(project.results / name)
    (project.results / "journal.log").unlink()
    return project


def lengthened(project: Project, epochs: int, root: Path) -> Project:
    """A copy of the project whose first run has so many epochs, and that run made on this machine without Slurm."""
    copy = untrained(projects.copied(project, root))
    config = copy.read_config()
    config["settings"][0]["epochs"] = epochs
    copy.write_config(config)
    done = copy.snakemake("--nocolor", metrics_of("baseline"))
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


def metrics_of(setting: str) -> str:
    return f"results/{projects.NAME}/runs/{setting}/seed1/metrics.json"


def started(project: Project, output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The real program at work on Slurm, what it says in `output`."""
    command = [sys.executable, "-m", "snakemake", "--configfile", f"{projects.NAME}.yaml", *ON_SLURM, *arguments]
    with output.open("wb") as stream:
        return subprocess.Popen(command, cwd=project.root, stdout=stream, stderr=stream)


def results(folder: Path) -> dict[str, bytes]:
    """The bytes of every result that does not tell the time."""
    kept = ("runs", "data", "tokens", "test", "attention", "figures")
    found = [path for name in kept for path in (folder / name).rglob("*")] + list(folder.glob("*.*"))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if path.is_file() and path.name not in TIMES
    }


def differences(project: Project, expected: Project, only: str = "") -> list[str]:
    """The results (those whose names begin with `only`) in which two projects differ, by name."""
    there, here = results(project.results), results(expected.results)
    return sorted(n for n in there.keys() | here.keys() if n.startswith(only) and there.get(n) != here.get(n))


def journal(project: Project) -> str:
    return (project.results / "journal.log").read_text(encoding="utf-8")


def epochs_not_finished_once(project: Project, setting: str, epochs: int) -> list[int]:
    """Epochs of a run that the journal does not call finished exactly once."""
    counts = Counter(int(epoch) for run, epoch in FINISHED.findall(journal(project)) if run == f"{setting}/1")
    return [epoch for epoch in range(1, epochs + 1) if counts[epoch] != 1]


def asked(*command: str) -> str:
    """What one of Slurm's commands answers."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def jobs(states: str = "pending,running") -> dict[str, str]:
    """What Snakemake writes into the comment of its jobs (rule and wildcards), by their numbers."""
    lines = asked("squeue", "--noheader", "--states", states, "--format", "%i %k").splitlines()
    return {line.split()[0]: line.split()[1] for line in lines if "rule_" in line}


def job_of(rule: str) -> str:
    """The number of the running Slurm job of a rule."""
    return next(number for number, comment in jobs("running").items() if rule in comment)


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline, f"waited {LONGEST} s for {what}"
        time.sleep(0.2)
