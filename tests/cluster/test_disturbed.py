"""What a cluster does to jobs, on a real Slurm of one node: each goes on from its checkpoint, to the same results."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from finetune_report.files import read_json
from tests.support import projects
from tests.support.projects import Project
from tests.support.slurm import (
    LONGEST,
    asked,
    differences,
    epochs_not_finished_once,
    job_of,
    jobs,
    journal,
    lengthened,
    metrics_of,
    missing,
    paired,
    running_slurm,
    started,
    untrained,
    wait_for,
)

import psutil
import pytest

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.xdist_group("workflow")]

WANTED = ["TimeLimit=00:20:00", "MinMemoryNode=3000M", "gres:gpu:1"]  # as the config of the disturbed jobs says
EPOCHS = 60
LONG = 40  # seconds of training that outlast half a minute, in which Slurm looks at time limits once


@pytest.fixture(scope="module")
def slurm() -> Iterator[None]:
    with running_slurm():
        yield


@pytest.fixture(scope="module")
def short_run(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return lengthened(finished, EPOCHS, tmp_path_factory.mktemp("short") / "project")


@pytest.fixture(scope="module")
def long_run(short_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    seconds = read_json(short_run.root / metrics_of("baseline").replace("metrics", "timing"))["seconds"]
    return lengthened(short_run, round(EPOCHS * LONG / seconds), tmp_path_factory.mktemp("long") / "project")


def cancelled(job: str) -> None:
    asked("scancel", job)


def preempted(job: str) -> None:
    """A job of the other partition wants the whole node."""
    asked("sbatch", "-p", "urgent", "-n", "4", "-o", "/dev/null", "--wrap", "sleep 3")
    start_soon(job)


def node_down(job: str) -> None:
    """The node goes down, and comes back by itself or when told to."""
    set_node("down", "reason=test")
    lose_power(job)
    set_node("resume")
    wait_for(lambda: node_state() in ("idle", "mixed", "allocated"), "the node")
    start_soon(job)


def lose_power(job: str) -> None:
    """Kill what runs of a job, as the loss of its node does: proctrack/linuxproc overlooks what has lost its parent."""
    for process in psutil.process_iter(["cmdline"]):
        with suppress(psutil.Error):
            steps = any(f"[{job}." in word for word in process.info["cmdline"] or [])
            if steps or process.environ().get("SLURM_JOB_ID") == job:
                process.kill()


def start_soon(job: str) -> None:
    """Slurm lets a requeued job wait two minutes, a test does not."""
    wait_for(lambda: job in jobs("pending"), "the requeued job")
    asked("scontrol", "update", f"jobid={job}", "starttime=now")


def set_node(state: str, *more: str) -> None:
    command = ["scontrol", "update", f"nodename={os.uname().nodename}", f"state={state}", *more]
    done = subprocess.run(command, capture_output=True, text=True)
    # Slurm refuses to resume a node that has come back already.
    assert done.returncode == 0 or "Invalid node state" in done.stderr, done.stderr


def node_state() -> str:
    return asked("sinfo", "--noheader", "--partition", "batch", "--format", "%T").strip()


@pytest.mark.parametrize("disturb", [cancelled, preempted, node_down])
def test_a_disturbed_job_goes_on_from_its_checkpoint(
    slurm: None, short_run: Project, tmp_path: Path, disturb: Callable[[str], None]
) -> None:
    project = asking(20, short_run, tmp_path)
    running = started(project, tmp_path / "output", metrics_of("baseline"))
    job = job_with_a_checkpoint(project)
    requested = asked("scontrol", "show", "job", job)
    disturb(job)
    assert running.wait(LONGEST) == 0, (tmp_path / "output").read_text(encoding="utf-8")
    assert [word for word in WANTED if word not in requested] == [], requested
    assert "going on from the checkpoint after step" in journal(project)
    assert differences(project, short_run) == []


def asking(minutes: int, project: Project, folder: Path) -> Project:
    """A copy of the project in which nothing is trained and a run asks Slurm for so many minutes."""
    copy = untrained(projects.copied(project, folder / "project"))
    copy.write_config(copy.read_config() | {"resources": {"minutes": minutes, "memory": 3000, "gpus": 1}})
    return copy


def job_with_a_checkpoint(project: Project, rule: str = "finetune_wildcards_baseline") -> str:
    wait_for(lambda: list(project.results.glob("checkpoints/baseline-*/step*.pt")), "a checkpoint")
    return job_of(rule)


def test_runs_that_share_a_job_add_up_their_time_and_go_on(slurm: None, long_run: Project, tmp_path: Path) -> None:
    project = paired(asking(20, long_run, tmp_path))
    running = started(project, tmp_path / "output", metrics_of("baseline"), metrics_of("milder"))
    job = job_with_a_checkpoint(project, "runs_finetune")
    requested = asked("scontrol", "show", "job", job)
    cancelled(job)
    assert running.wait(LONGEST) == 0, (tmp_path / "output").read_text(encoding="utf-8")
    wanted = ["TimeLimit=00:40:00", "NumCPUs=1", "MinMemoryNode=3000M", "gres:gpu:1"]
    assert [word for word in wanted if word not in requested] == [], requested
    assert journal(project).count("told to end; a checkpoint is saved") == 1
    assert epochs_not_finished_once(project, "baseline", epochs_of(long_run)) == []
    assert epochs_not_finished_once(project, "milder", 2) == []
    assert differences(project, long_run, only="runs/baseline") == []


def test_a_run_longer_than_its_time_limit_is_made_in_parts(slurm: None, long_run: Project, tmp_path: Path) -> None:
    project = asking(1, long_run, tmp_path)
    running = started(project, tmp_path / "output", metrics_of("baseline"), "--restart-times", "20")
    assert running.wait(LONGEST) == 0, (tmp_path / "output").read_text(encoding="utf-8")
    stops = journal(project).count("at its time limit (resources: runtime); a checkpoint is saved")
    assert stops > 0
    assert journal(project).count("going on from the checkpoint after step") == stops
    assert epochs_not_finished_once(project, "baseline", epochs_of(long_run)) == []
    assert differences(project, long_run) == []


def epochs_of(project: Project) -> int:
    return project.read_config()["settings"][0]["epochs"]


# The job counts on 20 minutes, and knows nothing of a limit that Slurm's administrator has lowered since.
@pytest.mark.parametrize(
    ("left", "asked_for", "state"),
    [
        ("now+5seconds", [], "TIMEOUT"),
        ("now+3minutes", ["--set-resources", "finetune:slurm_extra='--signal=TERM@150'"], "FAILED"),
        ("now+3minutes", ["--set-resources", "finetune:slurm_extra='--signal=B:TERM@150'"], "FAILED"),
    ],
    ids=["at the limit", "the job before it", "its batch script before it"],
)
def test_a_job_heeds_the_signal_that_slurm_sends(
    slurm: None, long_run: Project, tmp_path: Path, left: str, asked_for: list[str], state: str
) -> None:
    project = asking(20, long_run, tmp_path)
    running = started(project, tmp_path / "output", metrics_of("baseline"), *asked_for)
    job = job_with_a_checkpoint(project)
    asked("scontrol", "update", f"jobid={job}", f"endtime={left}")
    assert running.wait(LONGEST) == 0, (tmp_path / "output").read_text(encoding="utf-8")
    assert f"JobState={state}" in asked("scontrol", "show", "job", job)
    assert journal(project).count("told to end; a checkpoint is saved") == 1
    assert epochs_not_finished_once(project, "baseline", epochs_of(long_run)) == []
    assert differences(project, long_run) == []


def test_a_submit_process_that_is_killed_is_started_again(slurm: None, long_run: Project, tmp_path: Path) -> None:
    """What runs of its jobs hands over to the new ones, and what waits gives up its place."""
    blocker = asked("sbatch", "--parsable", "-n", "3", "-o", "/dev/null", "--wrap", "sleep 1000").strip()
    project = asking(20, long_run, tmp_path)
    targets = [metrics_of("baseline"), metrics_of("milder")]
    running = started(project, tmp_path / "first", *targets)
    job_with_a_checkpoint(project)
    running.kill()
    left = jobs()
    running = started(project, tmp_path / "second", *targets)
    wait_for(lambda: jobs().keys() - left.keys(), "the new jobs")
    asked("scancel", blocker)
    assert running.wait(LONGEST) == 0, (tmp_path / "second").read_text(encoding="utf-8")
    assert jobs() == {}
    said = journal(project)
    assert said.count("of a workflow that was killed is still at this; telling it to end") == 1
    assert said.count("told to end; a checkpoint is saved") == 1
    assert epochs_not_finished_once(project, "baseline", epochs_of(long_run)) == []
    assert epochs_not_finished_once(project, "milder", 2) == []
    assert differences(project, long_run, only="runs/baseline") == []


def test_a_job_that_ended_after_its_workflow_was_killed_is_not_taken_for_current(
    slurm: None, short_run: Project, tmp_path: Path
) -> None:
    project = asking(20, short_run, tmp_path)
    metrics = metrics_of("baseline")
    running = started(project, tmp_path / "first", metrics)
    job_with_a_checkpoint(project)
    running.kill()
    wait_for(lambda: jobs() == {}, "the job")
    assert read_json(project.root / metrics)["hyperparameters"]["epochs"] == EPOCHS
    config = project.read_config()
    config["settings"][0]["epochs"] = EPOCHS + 1
    project.write_config(config)
    running = started(project, tmp_path / "second", metrics)
    assert running.wait(LONGEST) == 0, (tmp_path / "second").read_text(encoding="utf-8")
    assert read_json(project.root / metrics)["hyperparameters"]["epochs"] == EPOCHS + 1
