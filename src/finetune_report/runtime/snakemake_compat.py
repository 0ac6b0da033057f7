"""The only file that reaches into Snakemake's inside (seen in 9.27.1); a new version of it is to be looked at here.

`tests/runtime/test_snakemake_compat.py` fails where something that is named here is gone. Nothing of Snakemake is
imported before it is needed: every job reads this module.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from finetune_report.errors import UserError
from finetune_report.provenance.currency import Currency, Differences

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


def provide_folders() -> None:
    """See to it that Snakemake can write what it keeps: its notes in this folder, and its cache, here if need be.

    It writes both before it reads a workflow, a plan too, and ends with a traceback where it cannot. Raises UserError
    where this folder is not the user's.
    """
    notes = Path(".snakemake")
    folders = [notes, *(path for path in notes.iterdir() if path.is_dir())] if notes.is_dir() else [Path()]
    closed = [folder for folder in folders if not os.access(folder, os.W_OK | os.X_OK)]
    if closed:
        raise UserError(
            f"Snakemake keeps its notes in {notes.resolve()}, and you have no permission to write to "
            f"{closed[0].resolve()}; ask its owner for it, or work on a copy of the project that is yours"
        )
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


def is_main_process(workflow: Any) -> bool:
    """Whether this process plans the workflow, and is not a job itself."""
    return bool(workflow.is_main_process)


def executes_jobs(workflow: Any) -> bool:
    """Whether this process is the one that runs a workflow's jobs.

    While Snakemake reads the rules of a dry run, its own `workflow.dryrun` is false.
    """
    return bool(workflow.is_main_process and not (workflow.dryrun or workflow.output_settings.dryrun))


def is_batch_job(workflow: Any) -> bool:
    """Whether this process is Snakemake within a job of a cluster."""
    return bool(workflow.remote_exec)


def job_of_script() -> Any:
    """What Snakemake puts into a script before it runs: `input`, `output`, `params`, `log`, `rule`, `wildcards`."""
    return vars(sys.modules["__main__"])["snakemake"]


def script_of_job() -> tuple[Path, Path]:
    """Where the script of this job comes from, and the copy of it that Snakemake has made to run."""
    given = vars(sys.modules["__main__"])
    script = Path(given["__file__"])
    return script, Path(given.get("__real_file__", script))


def named(files: Any) -> dict[str, list[Path]]:
    """The files of a rule by name; each of ours has one."""
    return {name: [Path(value)] if isinstance(value, str) else paths(value) for name, value in files.items()}


def paths(files: Any) -> list[Path]:
    return [Path(item) for item in files]


WORKFLOWS: list[Any] = []  # the one that this process plans, once it is
CURRENT: list[Currency] = []  # and what answers it


def planned_jobs() -> tuple[list[tuple[str, dict[str, str]]], int]:
    """The rule and the wildcards of each job that this process's workflow has to run, or would; and for how many cores.

    Of a workflow that did not get as far as a plan, none.
    """
    workflow = WORKFLOWS[-1] if WORKFLOWS else None
    if workflow is None or workflow.dag is None:
        return [], 1
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return [(job.rule.name, dict(job.wildcards.items())) for job in jobs if job.output], workflow.cores or 1


def let_records_decide(workflow: Any, currency: Currency) -> None:
    """Have our own records, not Snakemake's notes, say which jobs are up to date, in this process.

    Snakemake asks its persistence, whatever that is kept in; here, `currency` answers. Only the reasons that it prints
    are Snakemake's. In a study each experiment comes with what is known of its own results. Raises AttributeError where
    Snakemake no longer asks what it asked in 9.27.1.
    """
    from snakemake.persistence import ParamsChange, PersistenceBase
    from snakemake.persistence.file import FilePersistence

    class Change(ParamsChange):
        """A reason to make a result again, as Snakemake prints it."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

        def __bool__(self) -> bool:
            return bool(self.said)

        def __str__(self) -> str:
            return self.said

    if WORKFLOWS and WORKFLOWS[-1] is workflow:
        CURRENT[-1].known |= currency.known
        return
    WORKFLOWS.append(workflow)
    CURRENT.append(currency)
    known: dict[Any, Differences] = {}
    read_note = FilePersistence._read_record

    def differences(job: Any) -> Differences:
        if job not in known:
            known[job] = currency.differences(paths(job.output), dict(job.params.items()), named(job.input))
        return known[job]

    def has_metadata(self: Any, job: Any) -> bool:
        # This is asked whatever --rerun-triggers says, so the reasons are given here.
        if job.output:
            found, reason = differences(job), self.dag.reason(job)
            reason.missing_output.update(found.missing)
            reason.updated_input.update(found.inputs)
            reason.params_changed = params_changed(self, job)
        return True

    def params_changed(self: Any, job: Any, file: Any = None) -> Change:
        return Change("; ".join(differences(job).others))

    def input_checksums(self: Any, job: Any, path: Any) -> set[str | None]:
        digests = [currency.checksum(output, Path(path)) for output in paths(job.output)]
        return {digest and f"sha256:{digest}" for digest in digests}

    async def incomplete(self: Any, job: Any) -> list[Any]:
        return []  # what a killed job left has no record

    def note(self: Any, key: str) -> Any:
        try:
            return read_note(self, key)
        except (OSError, ValueError, TypeError):
            return None  # only `snakemake --report` makes anything of it

    def never(self: Any, job: Any, file: Any = None) -> bool | Iterator[bool]:
        return iter(()) if file is None else False

    ours = {
        "has_metadata": has_metadata,
        "has_outdated_metadata": lambda self, job: False,
        "params_changed": params_changed,
        "input_changed": never,
        "code_changed": never,
        "software_stack_changed": never,
        "input_checksums": input_checksums,
        "incomplete": incomplete,
    }
    for name, function in ours.items():
        getattr(PersistenceBase, name)
        setattr(PersistenceBase, name, function)
    FilePersistence._read_record = note


def ignore_clocks() -> None:
    """Have no job fail because an input is from the future, by this machine's clock.

    A clock may be set back, and archives are unpacked with the time of another place. Which result is older than which
    decides nothing here. Raises AttributeError where Snakemake no longer compares times as it did in 9.27.1.
    """
    from snakemake.dag import DAG

    async def nothing(self: Any, job: Any, expanded_output: Any) -> None:
        pass

    DAG.check_output_mtime  # noqa: B018
    DAG.check_output_mtime = nothing


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
