"""Records of what each job wrote, by hash, so that no later job uses a file that has changed since.

`results/<name>/records/` holds one small file for each output. A job drops the records of its outputs when it starts,
compares its inputs with theirs, and writes those of its outputs when it has ended well.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import SNAKEMAKES, read_json, sha256, write_json


def results_folder(path: Path) -> Path | None:
    """The experiment's folder that a result lies in; None for a file that is no result, such as a data set's."""
    return Path(*path.parts[:2]) if path.parts[0] == "results" and len(path.parts) > 2 else None


def record_of(path: Path) -> Path | None:
    """Where the record of an output lies; None for a file that is no result."""
    folder = results_folder(path)
    return folder / "records" / path.relative_to(folder).with_name(path.name + ".json") if folder else None


def clear(outputs: Iterable[Path]) -> None:
    """Remove outputs and what is known of them before they are made anew.

    An orphan of a killed workflow may have left some.
    """
    for path in outputs:
        record = record_of(path)
        if record is not None:
            record.unlink(missing_ok=True)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def recorded(results: Path) -> Iterator[tuple[Path, Path]]:
    """Every output below `results` that has a record, and the record."""
    folder = results / "records"
    for place in sorted(folder.rglob("*.json")):
        yield results / place.relative_to(folder).with_suffix(""), place


def record(outputs: Iterable[Path], job: str) -> None:
    """Write down the hash, size and time of every file that `job` wrote."""
    for path in outputs:
        place = record_of(path)
        if place is not None:
            write_json(place, {"job": job, "files": {name: described(file) for name, file in files_of(path).items()}})


def files_of(path: Path) -> dict[str, Path]:
    """The files of an output by their place in it; of one that is a file itself, that file by the name ''."""
    if not path.is_dir():
        return {"": path}
    found = (file for file in sorted(path.rglob("*")) if file.is_file() and file.name != SNAKEMAKES)
    return {file.relative_to(path).as_posix(): file for file in found}


def described(file: Path) -> dict[str, Any]:
    return {"sha256": sha256(file), **status(file)}


def status(file: Path) -> dict[str, int]:
    """What changes with a file's content unless someone hides it, and costs nothing to look at."""
    return {"size": file.stat().st_size, "changed": file.stat().st_mtime_ns}


def verify(inputs: Iterable[Path]) -> None:
    """Raises UserError where an input is not what the job that made it has written; that input is set aside."""
    for path in inputs:
        place = record_of(path)
        if place is None:
            continue
        try:
            known = read_json(place)
            job, damage = known["job"], damage_of(path, known["files"])
        except FileNotFoundError:
            job, damage = "the job that makes it", "it has no record, so that nobody knows what it should hold"
        if damage:
            kept = set_aside(path)
            raise UserError(
                f"{path} is not as {job} wrote it: {damage}.\n  It is not used, and lies at {kept} now; "
                "run the same command again, which makes it anew"
            )


def damage_of(path: Path, files: dict[str, Any]) -> str:
    """What is wrong with an output by its record, or nothing."""
    found = files_of(path)
    for name, known in files.items():
        file = path / name
        if name not in found or not file.is_file():
            return f"{file} is missing"
        size = file.stat().st_size
        if size != known["size"]:
            return f"{file} has {size} bytes, expected {known['size']}"
        digest = sha256(file)
        if digest != known["sha256"]:
            return f"{file} has the SHA-256 {digest[:16]}..., expected {known['sha256'][:16]}..."
    added = found.keys() - files.keys()
    return f"{path / min(added)} does not belong there" if added else ""


def set_aside(path: Path) -> Path:
    """Rename an output, so that Snakemake makes it again; returns where it lies now."""
    kept = path.with_name(path.name + ".damaged")
    if kept.is_dir():
        shutil.rmtree(kept)
    if path.exists():
        path.replace(kept)
    return kept


def set_aside_changed(results: Path) -> None:
    """Set aside every result below `results` that is not as its job wrote it, so that this very call makes it again.

    A file whose size and time are as recorded is not read here, only before it is used. Sizes and times are brought up
    to date where the content is the same.
    """
    for path, place in recorded(results):
        try:
            known = read_json(place)
            found = files_of(path)
            same = {name: {"sha256": entry["sha256"], **status(found[name])} for name, entry in known["files"].items()}
        except (FileNotFoundError, KeyError):
            continue  # a job is just making it, or it is gone: either way Snakemake sees to it
        if same == known["files"] and same.keys() == found.keys():
            continue
        damage = damage_of(path, known["files"])
        if damage:
            logging.warning("%s; not used, but made again (the damaged one is kept at %s)", damage, set_aside(path))
        else:
            write_json(place, known | {"files": same})
