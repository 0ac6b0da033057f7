"""The only file that reaches into Snakemake's inside (seen in 9.27.1); a new version of it is to be looked at here.

Nothing of Snakemake is imported before it is needed: this module is read in every job.
"""

import os
import sys
from pathlib import Path


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
