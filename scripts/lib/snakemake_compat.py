"""The one place that reaches into Snakemake's inside (seen in 9.27.1): who decides what is made again, and for what."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.currency import Currency, Differences
from snakemake.persistence import ParamsChange, PersistenceBase
from snakemake.persistence.file import FilePersistence


@dataclass
class Change(ParamsChange):
    """A reason to make a result again, as Snakemake prints it."""

    said: str = ""

    def __bool__(self) -> bool:
        return bool(self.said)

    def __str__(self) -> str:
        return self.said


def named(files: Any) -> dict[str, list[Path]]:
    """The files of a rule by name; each of ours has one."""
    return {name: [Path(value)] if isinstance(value, str) else paths(value) for name, value in files.items()}


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

    def params_changed(self: Any, job: Any, file: Any = None) -> ParamsChange:
        return Change(said="; ".join(differences(job).others))

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
