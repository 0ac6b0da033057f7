"""Records of what each job wrote and what it wrote it from, so that a result is used only where both still hold.

`results/<name>/records/` holds one small file for each output. A job drops the records of its outputs when it starts,
compares its inputs with theirs, and writes those of its outputs when it has ended well: parameters, the SHA-256 of
every input and of every file it wrote. Without a record that can be read, a result does not count.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import SNAKEMAKES, fingerprint, sha256, sync, write_json

Status = dict[str, int]


@dataclass(frozen=True)
class Entry:
    """One file: its hash, and what changes with its content unless someone hides it and costs nothing to look at."""

    sha256: str
    size: int
    changed: int  # nanoseconds since 1970

    @property
    def status(self) -> Status:
        return {"size": self.size, "changed": self.changed}


@dataclass(frozen=True)
class Made:
    """What a job made its outputs from."""

    job: str
    params: dict[str, Any]  # what the rule hands over, `spec` as values
    inputs: dict[str, dict[str, str]]  # by name, in order: each path, and the hash of what lay there
    sources: dict[str, Entry]  # those of them that no job makes
    shared: bool = False  # whether the outputs were taken from a shared cache


@dataclass(frozen=True)
class Record:
    """What is known of one output."""

    made: Made
    files: dict[str, Entry]  # by their place in the output; of one that is a file itself, that file by the name ''

    @property
    def content(self) -> str:
        """One hash of all that the output holds."""
        return content_of({name: entry.sha256 for name, entry in self.files.items()})


class Unreadable(Exception):
    """There is no record, or one that says nothing; the message tells why."""


def results_folder(path: Path) -> Path | None:
    """The experiment's folder that a result lies in; None for a file that is no result, such as a data set's."""
    return Path(*path.parts[:2]) if path.parts[0] == "results" and len(path.parts) > 2 else None


def record_of(path: Path) -> Path | None:
    """Where the record of an output lies; None for a file that is no result."""
    folder = results_folder(path)
    return folder / "records" / path.relative_to(folder).with_name(path.name + ".json") if folder else None


def recorded(results: Path) -> Iterator[tuple[Path, Path]]:
    """Every output below `results` that has a record, and the record."""
    folder = results / "records"
    for place in sorted(folder.rglob("*.json")):
        yield results / place.relative_to(folder).with_suffix(""), place


def clear(outputs: Iterable[Path]) -> None:
    """Remove outputs and their records before they are made again.

    An orphan of a killed workflow may have left some.
    """
    for path in outputs:
        place = record_of(path)
        for gone in (place, path) if place else (path,):
            remove(gone)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, or nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def parameters(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule hands over, as a record keeps it: the JSON text `spec` as the values in it."""
    return {name: json.loads(value) if name == "spec" else str(value) for name, value in params.items()}


def record(outputs: Iterable[Path], made: Made) -> None:
    """Write down what a job wrote and what it was made from, once all of it is on the disk."""
    for path in outputs:
        place = record_of(path)
        if place is None:
            continue
        found = files_of(path)
        for file in found.values():
            sync(file)
        for folder in {path.parent, *(file.parent for file in found.values())}:
            sync(folder)
        write(place, Record(made, {name: described(file) for name, file in found.items()}))


def write(place: Path, known: Record) -> None:
    """Write a record; one of something else in its place is removed."""
    if place.is_dir():
        remove(place)
    write_json(place, asdict(known))


def read(path: Path) -> Record:
    """The record of an output. Raises Unreadable where it is missing or not whole."""
    place = record_of(path)
    if place is None:
        raise Unreadable("it is no result")
    try:
        return parsed(json.loads(place.read_bytes()))
    except FileNotFoundError:
        raise Unreadable("it has no record of what made it") from None
    except OSError as error:
        raise Unreadable(f"its record {place} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Unreadable(f"its record {place} is damaged") from None


def parsed(found: Any) -> Record:
    """A record from JSON. Raises ValueError, TypeError, KeyError or AttributeError on any other shape."""
    made, files = found["made"], found["files"]
    inputs = {name: texts(paths) for name, paths in made["inputs"].items()}
    if not isinstance(made["params"], dict) or not files:
        raise ValueError("no record")
    (job,) = texts({"": made["job"]}).values()
    known = Made(job, made["params"], inputs, entries(made["sources"]), made.get("shared") is True)
    return Record(known, entries(files))


def entries(found: Any) -> dict[str, Entry]:
    return {name: entry(value) for name, value in found.items()}


def entry(found: Any) -> Entry:
    known = Entry(**found)
    texts({"": known.sha256})
    if type(known.size) is not int or type(known.changed) is not int:
        raise TypeError("numbers are expected")
    return known


def texts(found: Any) -> dict[str, str]:
    if not all(isinstance(value, str) for value in found.values()):
        raise TypeError("text is expected")
    return dict(found)


def files_of(path: Path) -> dict[str, Path]:
    """The files of an output by their place in it; of one that is a file itself, that file by the name ''."""
    if not path.is_dir():
        return {"": path}
    found = (file for file in sorted(path.rglob("*")) if file.is_file() and file.name != SNAKEMAKES)
    return {file.relative_to(path).as_posix(): file for file in found}


def content_of(hashes: dict[str, str]) -> str:
    """One hash of all files of an output or a source, from theirs by place."""
    return hashes[""] if hashes.keys() == {""} else fingerprint(hashes)


def described(file: Path) -> Entry:
    """Raises OSError where there is no such file."""
    return Entry(sha256=sha256(file), **status(file))


def status(file: Path) -> Status:
    found = file.stat()
    return {"size": found.st_size, "changed": found.st_mtime_ns}


def verify(inputs: Mapping[str, list[Path]]) -> tuple[dict[str, dict[str, str]], dict[str, Entry]]:
    """The hash of each input by name and path, and those of them that no job makes, as `Made` has them.

    Raises UserError where an input is not what the job that made it has written; that input is set aside.
    """
    hashes: dict[str, dict[str, str]] = {}
    sources: dict[str, Entry] = {}
    for name, given in inputs.items():
        hashes[name] = {}
        for path in given:
            if results_folder(path) is None:
                sources[str(path)] = described(path)
                hashes[name][str(path)] = sources[str(path)].sha256
            else:
                hashes[name][str(path)] = verified(path)
    return hashes, sources


def refuse_changed(sources: Mapping[str, Entry]) -> None:
    """Raises UserError where a file that no job makes does not hold any more what it held when the job began."""
    for name, known in sources.items():
        path = Path(name)
        if not path.is_file() or (status(path) != known.status and sha256(path) != known.sha256):
            raise UserError(
                f"{path} changed while this job was reading it.\n  Nothing of it is kept; run the same command again."
            )


def verified(path: Path) -> str:
    """The hash of a result, which is what its record says. Raises UserError, and sets it aside, where it is not."""
    try:
        known = read(path)
        job, damage = known.made.job, damage_of(path, known.files)
    except Unreadable as error:
        job, damage = "the job that makes it", str(error)
    if damage:
        kept = set_aside(path)
        raise UserError(
            f"{path} is not as {job} wrote it: {damage}.\n  It is not used, and lies at {kept} now; "
            "run the same command again, which makes it again"
        )
    return known.content


def damage_of(path: Path, files: Mapping[str, Entry]) -> str:
    """What is wrong with an output by its record, or nothing."""
    found = files_of(path)
    for name, known in files.items():
        file = path / name
        if name not in found or not file.is_file():
            return f"{file} is missing"
        size = file.stat().st_size
        if size != known.size:
            return f"{file} has {size} bytes, expected {known.size}"
        digest = sha256(file)
        if digest != known.sha256:
            return f"{file} has the SHA-256 {digest[:16]}..., expected {known.sha256[:16]}..."
    added = found.keys() - files.keys()
    return f"{path / min(added)} does not belong there" if added else ""


def set_aside(path: Path) -> Path:
    """Rename an output and drop its record, so that it is made again; returns where it lies now."""
    kept = path.with_name(path.name + ".damaged")
    if os.path.lexists(path):
        remove(kept)
        path.replace(kept)
    place = record_of(path)
    if place is not None:
        remove(place)
    return kept


def examine(results: Path, change: bool, since: int | None = None) -> dict[Path, Record | str]:
    """What is known of every output below `results` that has a record; of one that is not to be used, why.

    A file whose size and time are as recorded is not read here, only before it is used, unless it was written after
    `since` (nanoseconds since 1970): then somebody may have lost power, and size and time say nothing. With `change`,
    what is not to be used is set aside, and times are brought up to date where the content is the same.
    """
    known: dict[Path, Record | str] = {}
    for path, place in recorded(results):
        known[path] = found = examined(path, place, change, since)
        if not isinstance(found, str):
            continue
        if not change:
            logging.warning("%s; it would not be used, but made again", found)
        elif os.path.lexists(path):
            logging.warning("%s; not used, but made again (the damaged one is kept at %s)", found, set_aside(path))
        else:
            logging.warning("%s; it is made again", found)
            remove(place)
    return known


def examined(path: Path, place: Path, change: bool, since: int | None) -> Record | str:
    """The record of an output as it is by now, or why the output is not to be used."""
    try:
        known = read(path)
    except Unreadable as error:
        return f"{path}: {error}"
    found = files_of(path)
    try:
        same = {name: Entry(entry.sha256, **status(found[name])) for name, entry in known.files.items()}
    except (FileNotFoundError, NotADirectoryError, KeyError):
        return damage_of(path, known.files)
    trusted = since is None or all(entry.changed < since for entry in same.values())
    if trusted and same == known.files and same.keys() == found.keys():
        return known
    damage = damage_of(path, known.files)
    if damage:
        return damage
    if change and same != known.files:
        write(place, Record(known.made, same))
    return Record(known.made, same)
