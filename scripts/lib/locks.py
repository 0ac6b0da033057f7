"""Locks that the system lets go of when their holder dies, however it dies: none is ever left behind."""

import fcntl
import logging
import os
from pathlib import Path
from typing import IO

from lib.errors import UserError

WORKFLOW = "FINETUNE_REPORT_WORKFLOW"  # in the environment of a workflow's jobs: its lock, and what it wrote there

HELD: list[IO[str]] = []  # a lock lasts as long as its file stays open, here to the end of the process


def hold_or_refuse(path: Path, what: str) -> None:
    """Hold the lock `path` until this process ends, and let the processes it starts know of it.

    Raises UserError naming the holder where another one has it.
    """
    stream = opened(path)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = stream.read().strip() or "unknown"
        raise UserError(
            f"{what} is running already (process {holder}); wait until it has ended, or stop that process"
        ) from None
    stream.truncate(0)
    stream.write(f"{os.getpid()}\n")
    stream.flush()
    os.environ[WORKFLOW] = f"{os.getpid()} {path}"


def refuse_if_superseded() -> None:
    """Raises UserError where the workflow that started this job was killed and another has taken its place since.

    Called under the job's own lock: what such a job wrote now, the other workflow might be reading.
    """
    holder, _, path = os.environ.get(WORKFLOW, "").partition(" ")
    if path and Path(path).is_file() and Path(path).read_text().strip() != holder:
        raise UserError(
            "the workflow that started this job has ended, and another one is at work; this job is not done"
        )


def hold_or_wait(path: Path) -> None:
    """Hold the lock `path` until this process ends, after waiting for another one to let go of it."""
    stream = opened(path)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        logging.info("an earlier process is still at this job; waiting until it has ended")
        fcntl.flock(stream, fcntl.LOCK_EX)


def opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("a+", encoding="utf-8")
    stream.seek(0)
    HELD.append(stream)
    return stream
