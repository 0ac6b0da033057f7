"""Which job made each result of a build, and from what, as the manifest has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Job:
    """A job as it is on record: its parameters, the hash of each input by name and path, and its outputs."""

    name: str
    params: dict[str, Any]
    inputs: dict[str, dict[str, str]]
    outputs: tuple[str, ...]
    shared: bool = False  # taken from a shared cache

    @property
    def rule(self) -> str:
        return self.name.partition("/")[0]

    @property
    def code(self) -> str:
        """The part of its stamp that stands for the code; the rest are packages."""
        return str(self.params.get("stamp", "")).partition(" ")[0]

    @property
    def packages(self) -> dict[str, str]:
        """The versions of the packages behind it."""
        items = str(self.params.get("stamp", "")).split()[1:]
        return {name: version for name, _, version in (item.partition("==") for item in items)}

    @property
    def spec(self) -> Any:
        return self.params.get("spec", {})

    @property
    def read(self) -> dict[str, str]:
        """The hash of each input by its path."""
        return {path: digest for hashes in self.inputs.values() for path, digest in hashes.items()}


class Lineage:
    """The jobs of a build by name; `calls` are those of its manifest."""

    def __init__(self, calls: dict[str, Any]) -> None:
        self.jobs = {
            name: Job(name, call["params"], call["inputs"], tuple(call["outputs"]), "shared" in call)
            for name, call in calls.items()
        }
        self.makers = {output: job for job in self.jobs.values() for output in job.outputs}

    def maker(self, path: str) -> Job | None:
        """The job that made a result, or the folder that it lies in; None for a file that no job makes."""
        places = [path, *(str(folder) for folder in PurePosixPath(path).parents)]
        return next((self.makers[place] for place in places if place in self.makers), None)

    def makers_of(self, job: Job) -> list[Job]:
        """The jobs that made what a job reads, each once."""
        found = (self.maker(path) for path in job.read)
        return list({maker.name: maker for maker in found if maker}.values())

    def upstream(self, job: Job) -> list[Job]:
        """All jobs that lead to a job, the nearest first."""
        found: dict[str, Job] = {}
        waiting = [job]
        while waiting:
            near = [maker for each in waiting for maker in self.makers_of(each) if maker.name not in found]
            waiting = list({maker.name: maker for maker in near}.values())
            found |= {maker.name: maker for maker in waiting}
        return list(found.values())


def flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """The entries of a config or spec by their path; in a list of what has names, by these."""
    if isinstance(value, dict) and value:
        for name, entry in value.items():
            yield from flat(entry, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list) and value and all(isinstance(entry, dict) and "name" in entry for entry in value):
        for entry in value:
            yield from flat({name: item for name, item in entry.items() if name != "name"}, f"{key}.{entry['name']}")
    else:
        yield key, value
