"""Whether a result is current: its record names the very parameters and inputs that its rule has today.

Nothing else is asked. What Snakemake noted of a result may be lost (it is not forced to the disk, and a copy of the
results lacks it), and may say more than is true (`--touch`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune_report.files import canonical_json
from finetune_report.provenance.records import (
    Entry,
    Made,
    Record,
    Unreadable,
    content_of,
    described,
    files_of,
    parameters,
    read,
    status,
)

Inputs = Mapping[str, list[Path]]


@dataclass
class Differences:
    """Why the outputs of a job are not current; all empty where they are."""

    missing: list[str] = field(default_factory=list)  # outputs that are not there
    inputs: list[str] = field(default_factory=list)  # inputs that hold something else
    others: list[str] = field(default_factory=list)  # in words

    def __bool__(self) -> bool:
        return bool(self.missing or self.inputs or self.others)


class Currency:
    """Compares jobs as they are planned with the records, each of which is read once."""

    def __init__(self, known: Mapping[Path, Record | str]) -> None:
        """`known` is what `finetune_report.provenance.records.examine` found."""
        self.known = dict(known)
        self.sources: dict[Path, str] = {}

    def differences(self, outputs: list[Path], params: Mapping[str, Any], inputs: Inputs) -> Differences:
        """What is not as it was when the outputs were made; `params` are those of the rule, by name."""
        found = Differences(missing=[str(path) for path in outputs if self.is_missing(path)])
        today, agreed = parameters(params), None
        for path in outputs:
            known = self.record_of(path)
            if isinstance(known, str):
                found.others += [f"{path}: {known}"] if str(path) not in found.missing else []
                continue
            if known.made == agreed:
                continue  # as most outputs of a job say the same
            agreed = known.made
            found.others += changes(known.made.params, today)
            found.others += self.other_inputs(known.made, inputs)
            found.inputs += self.changed_inputs(known.made, inputs)
        found.others = list(dict.fromkeys(found.others))
        found.inputs = list(dict.fromkeys(found.inputs))
        return found

    def is_missing(self, path: Path) -> bool:
        """Whether an output is not there, or is set aside for its damage before the jobs begin."""
        return isinstance(self.known.get(path), str) or not path.exists()

    def record_of(self, path: Path) -> Record | str:
        if path not in self.known:
            try:
                self.known[path] = read(path)
            except Unreadable as error:
                self.known[path] = str(error)
        return self.known[path]

    def checksum(self, output: Path, path: Path) -> str | None:
        """The SHA-256 of the input `path` that `output` was made from, if it is known."""
        known = self.record_of(output)
        if isinstance(known, str):
            return None
        return next((hashes[str(path)] for hashes in known.made.inputs.values() if str(path) in hashes), None)

    def other_inputs(self, made: Made, inputs: Inputs) -> Iterator[str]:
        """Names of inputs under which there are other paths today, or the same in another order."""
        for name in dict.fromkeys([*made.inputs, *inputs]):
            before, today = list(made.inputs.get(name, {})), [str(path) for path in inputs.get(name, [])]
            if before != today:
                added, gone = [path for path in today if path not in before], [p for p in before if p not in today]
                said = [*(f"{path} is new" for path in added[:3]), *(f"{path} is gone" for path in gone[:3])]
                yield f"other inputs '{name}' ({', '.join(said) or 'in another order'})"

    def changed_inputs(self, made: Made, inputs: Inputs) -> Iterator[str]:
        for name, paths in inputs.items():
            before = made.inputs.get(name, {})
            for path in paths:
                hashed = before.get(str(path))
                if hashed is not None and hashed != self.content(path, made.sources.get(str(path))):
                    yield str(path)

    def content(self, path: Path, before: Entry | None) -> str | None:
        """The hash of an input as it is: a result's by its record, a source's by its size and time or by reading it."""
        if before is None:
            known = self.record_of(path)
            return None if isinstance(known, str) else known.content
        if path not in self.sources:
            try:
                same = not path.is_dir() and status(path) == before.status
                self.sources[path] = before.sha256 if same else hash_of(path)
            except OSError:
                return None  # Snakemake says that it is missing
        return self.sources[path]


def hash_of(path: Path) -> str:
    return content_of({name: described(file).sha256 for name, file in files_of(path).items()})


def changes(before: Any, today: Any, place: str = "") -> Iterator[str]:
    """Where two JSON-like values differ, in words."""
    if isinstance(before, dict) and isinstance(today, dict):
        for key in dict.fromkeys([*before, *today]):
            here = f"{place}.{key}" if place else key
            if key not in before:
                yield f"{here} is new"
            elif key not in today:
                yield f"{here} is gone"
            else:
                yield from changes(before[key], today[key], here)
    elif canonical_json(before) != canonical_json(today):  # unlike Python, JSON tells true from 1
        yield f"{place} was {short(before)}, is {short(today)}"


def short(value: Any, most: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 3] + "..."
