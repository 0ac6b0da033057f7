"""The end of a workflow: its jobs end when it is told to, and nothing holds it up once all is done."""

import signal
import threading
from contextlib import suppress
from types import FrameType

import psutil

PATIENCE = 2.0  # seconds in which jobs may stop by themselves, since most requests to end go to them too


def pass_on_to_jobs() -> None:
    """Have this process, which runs the workflow, hand a request to end on to its jobs.

    Snakemake waits for them instead, which may take an epoch, or all of them.
    """
    earlier = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        waiting = threading.Timer(PATIENCE, end_jobs)
        waiting.daemon = True
        waiting.start()
        if callable(earlier):
            earlier(number, frame)

    signal.signal(signal.SIGTERM, end)


def end_jobs() -> None:
    for job in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            job.terminate()


def end_timers() -> None:
    """Stop the timers of this process: Snakemake sets one of a second before it runs a job, and its exit waits for it.

    The timer would wake the scheduler (`max-jobs-per-timespan`), which has ended by now.
    """
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
