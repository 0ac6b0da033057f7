"""The only file that reaches into Snakemake's inside (seen in 9.27.1); a new version of it is to be looked at here.

`tests/unit/test_snakemake_compat.py` fails where something that is named here is gone. Nothing of Snakemake is imported
before it is needed: every job reads this module.
"""

import logging
import os
import signal
import sys
import threading
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from finetune_report.provenance import records

NOTES = Path(".snakemake/metadata")  # where it notes what an output was made with, by its path in base64
LONGEST_NAME = 254  # of a note; a longer one goes on in a folder
PATIENCE = 2.0  # seconds in which jobs may stop by themselves, since most requests to end go to them too


def run_snakemake(arguments: list[str]) -> int:
    """Run Snakemake in this process, so that there is no other one between it and a signal; returns its exit code."""
    from snakemake.cli import main

    try:
        main(arguments)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def provide_cache() -> None:
    """Have Snakemake, and the libraries behind it, keep their caches here where the home folder cannot be written.

    Snakemake makes a folder there before it reads a workflow, and ends with a traceback where it cannot.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        folder = cache.expanduser() / "snakemake"
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except (OSError, RuntimeError):  # RuntimeError: no home folder is known
        writable = False
    if not writable:
        os.environ["XDG_CACHE_HOME"] = str(Path(".snakemake/cache").resolve())


def config_files(workflow: Any) -> list[Path]:
    """The config files that the command line names."""
    return [Path(path) for path in workflow.config_settings.configfiles]


def runs_jobs(workflow: Any) -> bool:
    """Whether this process is the one that runs a workflow's jobs, and not a plan, or a job itself."""
    return bool(workflow.is_main_process and not workflow.dryrun)


def is_batch_job(workflow: Any) -> bool:
    """Whether this process is Snakemake within a job of a cluster."""
    return bool(workflow.remote_exec)


def job_of_script() -> Any:
    """What Snakemake puts into a script before it runs: `input`, `output`, `params`, `log`, `rule`, `wildcards`."""
    return vars(sys.modules["__main__"])["snakemake"]


def note_of(path: Path) -> Path:
    """Where Snakemake notes what an output was made with."""
    name = urlsafe_b64encode(str(path).encode()).decode()
    *folders, last = (name[start : start + LONGEST_NAME] for start in range(0, len(name), LONGEST_NAME))
    return NOTES.joinpath(*(f"@{folder}" for folder in folders), last)


def forget(outputs: list[Path]) -> None:
    """Remove Snakemake's notes of outputs before they are made again."""
    for path in outputs:
        note_of(path).unlink(missing_ok=True)


def remove_unnoticed(results: Path) -> None:
    """Remove every result of a job that ended well after its workflow was killed.

    Snakemake has no note of what such a job was given, and would take its results for current whatever the config says
    by now. Made again, a run comes from its last checkpoint.
    """
    for path, _ in records.recorded(results):
        if path.exists() and not note_of(path).exists():
            logging.warning("%s was made after its workflow had been killed; it is made again", path)
            forget([path])
            records.clear([path])


def pass_on_to_jobs() -> None:
    """Have this process, which runs the workflow, hand a request to end on to its jobs.

    Snakemake's own handler, which is called too, waits for them instead; that may take an epoch, or all of them.
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
    import psutil

    for job in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            job.terminate()


def end_timers() -> None:
    """Stop the timers of this process: Snakemake sets one of a second before it runs a job, and its exit waits for it.

    The timer would wake the scheduler, which has ended by now. It cannot be set shorter: a second is the least that
    `max-jobs-per-timespan` takes but for none at all, and with none (`1000/0s`) Snakemake asks again without a pause
    whether a job may start, for as long as one waits (a third of a processor, where seen).
    """
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
