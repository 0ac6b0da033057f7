"""Who holds a lock, who held it before, and what becomes of the jobs of a workflow that was killed."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.runtime import locks

import pytest

LOCK = Path("results/small/lock")
JOB = Path("results/small/locks/finetune-a-1")
HOLD = (
    "import sys, time; from pathlib import Path; from finetune_report.runtime.locks import {0}; "
    "print({0}({1}), flush=True); {2}"
)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (locks.WORKFLOW, locks.BATCH_JOB, "SLURM_JOB_ID"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(locks, "TAKEN", [])
    monkeypatch.setattr(locks, "HELD", [])


def holding(function: str, arguments: str, then: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """A process that has called a function of `runtime.locks` and does something after; and what it returned."""
    command = [sys.executable, "-c", HOLD.format(function, arguments, then)]
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_workflow_learns_since_when_nothing_is_to_be_trusted() -> None:
    call = ("hold_or_refuse", f"Path('{LOCK}'), 'The experiment'")
    first, since = holding(*call, "sys.exit(1)")
    assert (first.wait(10), since) == (1, "0")
    assert locks.untrusted_since(LOCK) is None
    second, since = holding(*call, "time.sleep(60)")
    assert since == "None"
    assert locks.untrusted_since(LOCK) is None  # it is at work
    with pytest.raises(UserError, match=rf"The experiment is running already \(process {second.pid} on "):
        locks.hold_or_refuse(LOCK, "The experiment")
    began = LOCK.stat().st_mtime_ns
    second.kill()
    second.wait(10)
    assert locks.untrusted_since(LOCK) == began
    third, since = holding(*call, "time.sleep(0)")
    assert (third.wait(10), since) == (0, str(began))
    assert locks.untrusted_since(LOCK) is None
    for damage in (b"", bytes(40), b"\xff\xfe"):
        LOCK.write_bytes(damage)
        assert locks.untrusted_since(LOCK) == 0


def test_a_batch_job_of_an_ended_workflow_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    LOCK.parent.mkdir(parents=True)
    LOCK.write_text("41 on node since now\n")
    monkeypatch.setenv(locks.WORKFLOW, json.dumps(["41 on node since now", str(LOCK)]))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    locks.begin_batch_job()
    assert os.environ[locks.BATCH_JOB] == "17"
    LOCK.write_text("")
    with pytest.raises(UserError, match="has ended, and another one is at work"):
        locks.begin_batch_job()


def put_commands(folder: Path, queue: Path, holder: int) -> None:
    """Commands of Slurm's names: a job ends when told to, and leaves the queue once it was asked for twice after."""
    folder.mkdir()
    for name, script in {
        "scancel": f'echo "$@" > told; kill {holder}',
        "squeue": f"cat {queue} && {{ test ! -e told || {{ test -e asked && rm {queue}; touch asked; }}; }}; true",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


def test_a_batch_job_of_a_killed_workflow_hands_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan, _ = holding("hold_or_wait", f"Path('{JOB}')", "time.sleep(60)", **{locks.BATCH_JOB: "17"})
    assert JOB.read_text() == "17"
    queue = tmp_path / "queue"
    queue.write_text("17 running\n")
    put_commands(tmp_path / "bin", queue, orphan.pid)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv(locks.BATCH_JOB, "18")
    locks.hold_or_wait(JOB)
    assert not queue.exists()  # Snakemake has tidied up after the other
    assert Path("told").read_text() == "17\n"
    assert orphan.wait(10) == -signal.SIGTERM
    assert JOB.read_text() == "18"


def test_a_job_of_this_machine_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan, _ = holding("hold_or_wait", f"Path('{JOB}')", "time.sleep(1)")
    put_commands(tmp_path / "bin", tmp_path / "queue", orphan.pid)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv(locks.BATCH_JOB, "18")
    locks.hold_or_wait(JOB)
    assert orphan.wait(10) == 0
    assert not Path("told").exists()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_named(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(stream: object, how: int) -> None:
        raise OSError(number, os.strerror(number))

    LOCK.parent.mkdir(parents=True)
    LOCK.touch()
    monkeypatch.setattr("finetune_report.runtime.locks.fcntl.flock", refuse)
    calls = [
        lambda: locks.hold_or_refuse(LOCK, "x"),
        lambda: locks.untrusted_since(LOCK),
        lambda: locks.hold_or_wait(JOB),
    ]
    for call in calls:
        with pytest.raises(UserError, match=rf"cannot be locked \({os.strerror(number)}\): two workflows could"):
            call()
