"""A folder in which experiments, checkouts and people share what takes long to make, so that it is made once.

`FINETUNE_REPORT_CACHE` names it; without it nothing is shared. An entry is a folder by the hash of what its files
follow from: code and packages, config, the content of every input, and the machine where that matters. It holds these
facts, the files and their hashes. What is taken is compared with the hashes, which tells of damage; it does not tell
of whoever may write into the folder (docs/security.md).
"""

import json
import logging
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report import regular_files as regular
from finetune_report.files import fingerprint, sha256, sync, write_json
from finetune_report.provenance.records import Made, files_of, remove, results_folder

CACHE = "FINETUNE_REPORT_CACHE"
FACTS = "entry.json"
LARGEST = 2**24  # bytes of the facts
Outputs = Mapping[str, Path]  # by their names in the rule


class Damaged(Exception):
    """An entry that is not as it was put there; the message tells what is wrong."""


@dataclass(frozen=True)
class SharedEntry:
    """The results of one job in the cache, whether or not they lie there: `facts` are what they follow from."""

    folder: Path
    facts: dict[str, Any]
    outputs: Outputs

    @classmethod
    def of(cls, cache: Path, made: Made, outputs: Outputs, hardware: str) -> "SharedEntry":
        """`hardware` is what the results depend on besides code, config and inputs."""
        root = next(str(results_folder(path)) for path in outputs.values())
        facts = {
            "job": made.job,
            "params": without(root, made.params),
            "inputs": {name: list(hashes.values()) for name, hashes in made.inputs.items()},
            "outputs": sorted(outputs),
            "hardware": hardware,
        }
        key = fingerprint(facts)
        return cls(cache / key[:2] / key, facts, outputs)

    def take(self) -> bool:
        """Copy the files to where the job would write them; False, and nothing there, where they cannot be used."""
        if not self.folder.is_dir():
            return False
        try:
            listed = files_in(self.folder)
            if listed.keys() != self.outputs.keys():
                raise Damaged(f"{FACTS} lists other outputs")
            for name, path in self.outputs.items():
                copy(self.folder, name, listed[name], path)
        except (Damaged, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            logging.warning("%s in the shared cache is not used, but made again: %s", self.folder, why)
            for path in self.outputs.values():
                remove(path)
            discard(self.folder)
            return False
        return True

    def put(self) -> None:
        """Leave the job's results there, whole or not at all; what goes wrong is said, and no failure of the job."""
        part = self.folder.with_name(f".{self.folder.name}.{uuid.uuid4().hex}")
        files: dict[str, dict[str, str]] = {}
        try:
            for name, path in self.outputs.items():
                found = files_of(path)
                files[name] = {place: sha256(file) for place, file in found.items()}
                for place, file in found.items():
                    target = part / name / place
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)
                    sync(target)
            write_json(part / FACTS, {"of": self.facts, "files": files})
            part.replace(self.folder)
        except OSError as error:
            if not self.folder.is_dir():  # or somebody else was faster
                logging.warning("%s cannot be left in the shared cache: %s", self.folder, error.strerror)
        finally:  # also of a job that is asked to stop
            discard(part)


def without(root: str, value: Any) -> Any:
    """A JSON-like value in which paths below an experiment's folder do not tell whose it is."""
    match value:
        case dict():
            return {name: without(root, below) for name, below in value.items()}
        case list():
            return [without(root, below) for below in value]
        case str() if value.startswith(f"{root}/"):
            return value.replace(root, "results", 1)
    return value


def files_in(entry: Path) -> dict[str, dict[str, str]]:
    """The hash of each file of each output by its place there; '' is that of an output that is a file itself."""
    try:
        found = json.loads(regular.read(entry, FACTS, LARGEST))
        files, facts = found["files"], found["of"]
        hashes = [digest for places in files.values() for digest in places.values()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Damaged(f"{FACTS} cannot be read") from None
    if fingerprint(facts) != entry.name or not all(isinstance(digest, str) for digest in hashes):
        raise Damaged(f"{FACTS} is that of something else")
    return {name: dict(places) for name, places in files.items()}


def copy(entry: Path, name: str, places: Mapping[str, str], path: Path) -> None:
    """Copy one output. Raises Damaged where a file has another hash, and OSError where it is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for place, digest in places.items():
        if place:
            regular.steps(place)  # below the output, and nowhere else
        if regular.digest(entry, f"{name}/{place}" if place else name, path / place) != digest:
            raise Damaged(f"{name}/{place} has not the hash that was recorded")


def discard(entry: Path) -> None:
    try:
        remove(entry)
    except OSError:
        logging.warning("%s cannot be removed; whoever made it can", entry)
