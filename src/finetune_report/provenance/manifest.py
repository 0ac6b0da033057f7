"""Write down what made the report: commit, config, code, packages, machine, and the hash of every result file.

Reads all results that the write-up builds on, and the records of what made them. Writes the manifest that the write-up
carries.
"""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from finetune_report.config.recorded import recorded
from finetune_report.errors import UserError
from finetune_report.files import PROJECT, SNAKEMAKES, fingerprint, read_json, sha256, write_json
from finetune_report.processor import processor
from finetune_report.provenance.records import Made, Unreadable
from finetune_report.provenance.records import read as read_record


def main(
    results: list[Path],
    models: list[Path],
    ledger: Path,
    manifest: Path,
    config: dict[str, Any],
    stamps: dict[str, str],
    commit: str,
    dirty: bool,
    commit_time: int,
    root: str,
) -> None:
    """`results` and the folders `models` are named relative to `root`; `stamps` are the code of each rule.

    `ledger` holds the head of the ledger of test scorings.
    """
    timings = config["report"].get("timings", True)
    shown = recorded(config)
    hashed = [path for path in each_file([*results, *models]) if timings or path.name != "timing.json"]
    write_json(
        manifest,
        {
            "experiment": config["name"],
            "commit": commit,
            "dirty": dirty,
            "commit_time": commit_time,
            "config": shown,
            "config_fingerprint": fingerprint(shown),
            "code": stamps,
            "calls": recorded_calls([*results, *models], Path(root)),
            "packages": installed_packages(),
            "machine": machine(),
            "test_ledger": {name: read_json(ledger)["record"][name] for name in ("head", "lines")},
            "files": {path.relative_to(root).as_posix(): sha256(path) for path in sorted(hashed)},
        },
    )


def recorded_calls(outputs: list[Path], root: Path) -> dict[str, Any]:
    """What each job was called with that made one of the outputs, by its name: its parameters, the hashes of its inputs
    by name, and its outputs; and whether these were taken from a shared cache.

    Results are named relative to `root`, and no path leads out of the project, since a report is given to others.
    Raises UserError where it is not on record what made an output.
    """
    calls: dict[str, Any] = {}
    for path in outputs:
        try:
            made = read_record(path).made
        except Unreadable as error:
            raise UserError(f"{path}: {error}; run the same command again, which makes it again") from None
        if made.job not in calls:
            inputs = {
                name: {place(Path(given), root): digest for given, digest in hashes.items()}
                for name, hashes in made.inputs.items()
            }
            calls[made.job] = {"params": recorded_params(made), "inputs": inputs, "outputs": []}
            calls[made.job] |= {"shared": True} if made.shared else {}
        calls[made.job]["outputs"].append(path.relative_to(root).as_posix())
    return calls


def recorded_params(made: Made) -> dict[str, Any]:
    """The parameters of a job, with the paths of the config as a report may show them."""
    spec = recorded(made.params.get("spec", {}))
    if made.job.partition("/")[0] == "prepare_model" and "source" in spec:
        spec["source"] = recorded({"model": spec["source"]})["model"]
    return made.params | ({"spec": spec} if "spec" in made.params else {})


def place(path: Path, root: Path) -> str:
    """A file as the manifest names it: a result below `root`, a source below the project, of another its name alone."""
    for folder in (root, PROJECT, Path.cwd()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


def each_file(paths: list[Path]) -> Iterator[Path]:
    """The files among `paths` and in the folders among them; not what Snakemake keeps there."""
    for path in paths:
        below = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in below if file.is_file() and file.name != SNAKEMAKES)


def installed_packages() -> dict[str, str]:
    """Every package of the environment and its version, by name.

    Not those that setuptools carries for itself: once it is imported, Python finds them, in place of others even.
    """
    places = [place for place in sys.path if Path(place).name != "_vendor"]
    found = {item.metadata["Name"]: item.version for item in distributions(path=places)}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def machine() -> dict[str, Any]:
    """Processor, cores and system; no host or user name."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
    }
