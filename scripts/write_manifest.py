"""Write down what made the report: commit, config, code, packages, machine, and the hash of every result file.

Reads all results that the write-up builds on. Writes the manifest that the write-up carries.
"""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from lib.config import recorded
from lib.files import fingerprint, sha256, write_json
from lib.job import run


def main(
    results: list[Path],
    models: list[Path],
    manifest: Path,
    config: dict[str, Any],
    stamps: dict[str, str],
    calls: dict[str, Any],
    commit: str,
    dirty: bool,
    commit_time: int,
    root: str,
) -> None:
    """`results` and the folders `models` hold what to hash, named relative to `root`; `stamps` the code of each rule.

    `calls` say how values are collected and the report is rendered from them, so that both can be repeated.
    """
    timings = config["report"]["timings"]
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
            "calls": calls,
            "packages": installed_packages(),
            "machine": machine(),
            "files": {path.relative_to(root).as_posix(): sha256(path) for path in sorted(hashed)},
        },
    )


def each_file(paths: list[Path]) -> Iterator[Path]:
    """The files among `paths` and in the folders among them; not what Snakemake keeps there."""
    for path in paths:
        below = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in below if file.is_file() and file.name != ".snakemake_timestamp")


def installed_packages() -> dict[str, str]:
    """Every package of the environment and its version, by name."""
    found = {item.metadata["Name"]: item.version for item in distributions()}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def machine() -> dict[str, Any]:
    """Processor, cores and system; no host or user name."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
    }


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


if __name__ == "__main__":
    run(main)
