"""Locks that the system lets go of when their holder dies, however it dies: none is ever left behind."""

import atexit
import fcntl
import json
import logging
import os
import socket
import time
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO

from finetune_report import WORKFLOW
from finetune_report.errors import UserError
from finetune_report.files import sync
from finetune_report.runtime import slurm

BATCH_JOB = "FINETUNE_REPORT_BATCH_JOB"  # in the environment of a job that Slurm runs: its number there
ENDED = "ended in order"  # what a holder leaves in its lock, unless it is killed
SECONDS_TO_LEAVE = 120  # that Slurm may take to see a job off

TAKEN: list[Path] = []  # the locks of the workflow that this process runs
HELD: list[IO[str]] = []  # a lock lasts as long as its file stays open, here to the end of the process


def hold_or_refuse(path: Path, what: str) -> int | None:
    """Hold the lock `path` until this process ends, and let the processes it starts know of it.

    Returns since when what lies beside it is not to be trusted, as `untrusted_since` does. Raises UserError naming the
    holder where another one has it.
    """
    stream = opened(path)
    before = stream.read().strip()
    try:
        take(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f"{what} is running already (process {before or 'unknown'}); wait until it has ended, or stop that process"
        ) from None
    since = began(stream, before)
    write(stream, f"{holder()}\n")
    sync(path.parent)
    atexit.register(write, stream, f"{ENDED}\n")
    TAKEN.append(path)
    os.environ[WORKFLOW] = json.dumps([holder(), *map(str, TAKEN)])
    return since


@cache
def holder() -> str:
    """Who this process is, in each lock of its workflow."""
    return f"{os.getpid()} on {socket.gethostname()} since {datetime.now().isoformat(timespec='seconds')}"


def of_workflow() -> tuple[str, list[Path]]:
    """What the workflow that this process has run, or is a job of, wrote into its locks, and these in their order.

    A study holds its own, and then that of each of its experiments.
    """
    found, *taken = json.loads(os.environ.get(WORKFLOW) or '[""]')
    return found, list(map(Path, taken))


def results_of_workflow() -> Path | None:
    """The results folder of the workflow that this process has run, or is a job of; None where there is none."""
    _, taken = of_workflow()
    return taken[0].parent if taken else None


def untrusted_since(path: Path) -> int | None:
    """When the last holder of a lock began, in nanoseconds since 1970, where it did not end in order.

    What it wrote may be other than it looks after a loss of power. 0 where nothing is known of a holder; None where all
    is well, or one is at work.
    """
    if not path.is_file():
        return 0
    with path.open(encoding="utf-8", errors="replace") as stream:
        try:
            take(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        return began(stream, stream.read().strip())


def began(stream: IO[str], before: str) -> int | None:
    if before == ENDED:
        return None
    return os.fstat(stream.fileno()).st_mtime_ns if " since " in before else 0


def refuse_if_superseded() -> None:
    """Raises UserError where the workflow that started this job has ended, and another may have taken its place.

    What such a job wrote now, the other workflow might be reading.
    """
    own, taken = of_workflow()
    if any(path.is_file() and path.read_text(encoding="utf-8", errors="replace").strip() != own for path in taken):
        raise UserError(
            "the workflow that started this job has ended, and another one is at work; this job is not done"
        )


def begin_batch_job() -> None:
    """Let the processes that this one starts know which job of Slurm they run in; UserError if it is superseded.

    Called before Snakemake removes what the job is to make, which may be another workflow's by now.
    """
    refuse_if_superseded()
    os.environ[BATCH_JOB] = os.environ.get("SLURM_JOB_ID", "")


def hold_or_wait(path: Path) -> None:
    """Hold the lock `path` until this process ends, after waiting for another one to let go of it.

    One that runs in another job of Slurm, whose workflow was killed, is told to end: this one goes on from its
    checkpoint, where waiting would leave a machine idle. Its Snakemake tidies up after it, so that its lock alone does
    not say that it is over.
    """
    stream = opened(path)
    earlier, own = stream.read().strip(), os.environ.get(BATCH_JOB, "")
    foreign = bool(earlier) and earlier != own and slurm.is_here()
    try:
        take(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if foreign:
            logging.info("Slurm's job %s of a workflow that was killed is still at this; telling it to end", earlier)
            slurm.cancel(earlier)
        else:
            logging.info("an earlier process is still at this job; waiting until it has ended")
        take(stream, fcntl.LOCK_EX)
    deadline = time.monotonic() + SECONDS_TO_LEAVE
    while foreign and slurm.in_queue(earlier) and time.monotonic() < deadline:
        time.sleep(1)
    write(stream, own)


def take(stream: IO[str], how: int) -> None:
    """Lock an open file as `fcntl.flock` does, BlockingIOError included. Raises UserError where there are no locks."""
    try:
        fcntl.flock(stream, how)
    except BlockingIOError:
        raise
    except OSError as error:
        raise UserError(
            f"{stream.name} cannot be locked ({error.strerror}): two workflows could write the same results at once; "
            "put the project on a file system that has locks, or mount this one with them"
        ) from error


def write(stream: IO[str], text: str) -> None:
    stream.truncate(0)
    stream.write(text)
    stream.flush()
    os.fsync(stream.fileno())


def opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("a+", encoding="utf-8", errors="replace")
    stream.seek(0)
    HELD.append(stream)
    return stream
