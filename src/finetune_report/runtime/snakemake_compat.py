"""The only file that reaches into Snakemake's inside (seen in 9.27.1); a new version of it is to be looked at here.

Snakemake is imported where it is needed: this module is read in every job.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.provenance.currency import Currency, Differences


def named(files: Any) -> dict[str, list[Path]]:
    """The files of a rule by name; those without one by the name ''."""
    found = {name: [Path(value)] if isinstance(value, str) else paths(value) for name, value in files.items()}
    rest = [path for path in paths(files) if path not in {path for each in found.values() for path in each}]
    return found | ({"": rest} if rest else {})


def paths(files: Any) -> list[Path]:
    return [Path(item) for item in files]


def is_plan(workflow: Any) -> bool:
    """Whether this is a dry run. While Snakemake reads the rules, its own `workflow.dryrun` is false either way."""
    return bool(workflow.dryrun or workflow.output_settings.dryrun)


def let_records_decide(currency: Currency) -> None:
    """Have our own records, not Snakemake's notes, say which jobs are up to date, in this process.

    Snakemake asks its persistence, whatever that is kept in; here, `currency` answers. Only the reasons that it prints
    are Snakemake's. Raises AttributeError where Snakemake no longer asks what it asked in 9.27.1.
    """
    from snakemake.persistence import ParamsChange, PersistenceBase

    class Change(ParamsChange):
        """A reason to make a result again, as Snakemake prints it."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

        def __bool__(self) -> bool:
            return bool(self.said)

        def __str__(self) -> str:
            return self.said

    known: dict[Any, Differences] = {}
    kept_notes = PersistenceBase.metadata

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

    def metadata(self: Any, target: Any) -> Any:
        try:
            return kept_notes(self, target)
        except (OSError, ValueError, TypeError):
            return None  # for `snakemake --report`; nothing else depends on it

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
        "metadata": metadata,
    }
    for name, function in ours.items():
        getattr(PersistenceBase, name)
        setattr(PersistenceBase, name, function)


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
