"""Hands a rule's files and settings to its script's `main`, and turns what goes wrong into one message."""

import inspect
import json
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.errors import UserError
from lib.locks import hold_or_wait


def run(main: Callable[..., None]) -> None:
    """Call `main` with what Snakemake passes: inputs and outputs by name as paths, what `params.spec` holds as values.

    An input of several files arrives as a list of paths; a `main` that asks for the `stamp` gets it. Exits with status
    1 and one message on a `UserError`; on any other exception the traceback goes to the rule's log file, and the
    message says where.
    """
    snakemake = main.__globals__["snakemake"]  # Snakemake puts it into the script before it runs
    log = Path(snakemake.log[0])
    label = "/".join([snakemake.rule, *snakemake.wildcards])
    start_log(log, label)
    hold_or_wait(log)  # a job that outlived its workflow and the one that follows it must not both write
    try:
        main(**arguments(main, snakemake))
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        with log.open("a") as stream:
            traceback.print_exc(file=stream)
        logging.error("stopped by %s: %s\n  The traceback is in %s", type(error).__name__, error, log)
        sys.exit(1)


def start_log(path: Path, label: str) -> None:
    """Send log records to `path` with the time, and to standard error with the job's `label` before each line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(path, mode="a")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    to_terminal = logging.StreamHandler()
    to_terminal.setFormatter(logging.Formatter(f"{label}: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file, to_terminal], force=True)
    for noisy in ("matplotlib", "fontTools", "datasets", "httpx", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def arguments(main: Callable[..., None], snakemake: Any) -> dict[str, Any]:
    """The keyword arguments for `main`; a rule and a script that disagree about them are an error of ours."""
    given: dict[str, Any] = {}
    for name, value in [*snakemake.input.items(), *snakemake.output.items()]:
        given[name] = Path(value) if isinstance(value, str) else [Path(item) for item in value]
    given |= json.loads(snakemake.params.get("spec", "{}"))
    if "stamp" in inspect.signature(main).parameters:
        given["stamp"] = snakemake.params.stamp
    inspect.signature(main).bind(**given)
    return given
