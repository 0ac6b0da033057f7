"""Hands a rule's files and settings to its script's `main`, and turns what goes wrong into one message."""

import gc
import inspect
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.provenance import records
from finetune_report.runtime.loaded_code import LoadedCode, planned_stamp, refuse_other_commit
from finetune_report.runtime.locks import hold_or_wait, refuse_if_superseded
from finetune_report.runtime.shared_results import CACHE, SharedEntry
from finetune_report.runtime.signals import Stopped, stop, when_asked_to_stop
from finetune_report.runtime.snakemake_compat import job_of_script, paths, script_of_job
from finetune_report.runtime.system_errors import trouble

Hardware = Callable[[dict[str, Any]], str]  # by the values of `params.spec`, what results depend on of the machine
GRACE = 60  # seconds before a time limit at which a job stops by itself, while there is time to save


def run(main: Callable[..., None], hardware: Hardware | None = None) -> None:
    """Call `main` with what Snakemake passes: inputs and outputs by name as paths, what `params.spec` holds as values.

    An input of several files arrives as a list of paths; a `main` that asks for the `stamp` gets it. Inputs are
    compared with what their jobs wrote, and what this job writes is recorded. Results of a script with `hardware` may
    be taken from a shared cache instead, and are left there. Exits with status 1 and one message on a `UserError`, on
    trouble of the machine and when asked to stop; on any other exception the traceback goes to the rule's log file, and
    the message says where.
    """
    # What was imported stays: there is nothing to collect in it, neither in the job nor at its exit (it took a second).
    gc.freeze()
    gc.enable()
    snakemake = job_of_script()
    log = Path(snakemake.log[0])
    label = "/".join([rule_of(snakemake), *snakemake.wildcards])
    outputs = paths(snakemake.output)
    root = records.results_folder(outputs[0])
    assert root is not None  # every rule writes below its experiment's folder
    try:
        with when_asked_to_stop(stop):
            start_log(log, root / "journal.log", label)
            set_time_limit(snakemake.resources.get("runtime"))
            # A job that outlived its workflow and the one that follows it must not both write, and the other must not
            # end for its sake. What it makes is not recorded once there is another workflow, which may want else.
            refuse_if_superseded()
            hold_or_wait(root / "locks" / label.replace("/", "-"))
            refuse_if_superseded()
            code = loaded_code(snakemake)
            records.clear(outputs)
            made = made_from(snakemake, label)
            entry = shared_entry(snakemake, made, hardware)
            if entry and entry.take():
                made = replace(made, shared=True)
                logging.info("taken from the shared cache: %s", entry.folder)
            else:
                with code.watched():
                    main(**arguments(main, snakemake))
            records.refuse_changed(made.sources)
            refuse_moved_checkout(made, code)
            refuse_if_superseded()
            if entry and not made.shared:
                entry.put()
            records.record(outputs, made)
            set_time_limit(None)  # the system's answer to the signal is to kill, even where only the exit is left
    except (UserError, Stopped) as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        known = trouble(error)
        if known:
            logging.error("%s", ": ".join([*getattr(error, "__notes__", []), known]))
            sys.exit(1)
        with log.open("a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
        logging.error("stopped by %s: %s\n  The traceback is in %s", type(error).__name__, error, log)
        sys.exit(1)


def rule_of(snakemake: Any) -> str:
    """The rule of a job by its own name, which its script has too; in a study the experiment's stands before it."""
    own, name = script_of_job()[0].stem, str(snakemake.rule)
    return own if name.endswith(f"_{own}") else name


def set_time_limit(minutes: float | None) -> None:
    """Have this process asked to stop shortly before `minutes` (Snakemake's `runtime`) are over; None: never."""
    signal.setitimer(signal.ITIMER_REAL, max(minutes * 60 - GRACE, minutes * 30) if minutes else 0)


def start_log(log: Path, journal: Path, label: str) -> None:
    """Send log records to the rule's `log` and to the experiment's `journal`, and to standard error.

    Snakemake empties a rule's log when the rule runs again; the journal keeps what every attempt said.
    """
    for path in (log, journal):
        path.parent.mkdir(parents=True, exist_ok=True)
    handlers: dict[logging.Handler, str] = {
        logging.FileHandler(log, encoding="utf-8"): "%(asctime)s %(levelname)s %(message)s",
        logging.FileHandler(journal, encoding="utf-8"): f"%(asctime)s {label}: %(message)s",
        logging.StreamHandler(): f"{label}: %(message)s",
    }
    for handler, form in handlers.items():
        handler.setFormatter(logging.Formatter(form))
    logging.raiseExceptions = False  # a full disk must not turn each line into a traceback
    logging.basicConfig(level=logging.INFO, handlers=list(handlers), force=True)
    for noisy in ("matplotlib", "fontTools", "datasets", "httpx", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def loaded_code(snakemake: Any) -> LoadedCode:
    """The code of this job's script. Raises UserError where it is not what was planned."""
    return LoadedCode(*script_of_job(), planned_stamp(rule_of(snakemake), snakemake.params.get("stamp")))


def refuse_moved_checkout(made: records.Made, code: LoadedCode) -> None:
    """Raises UserError where a job records a commit that is not checked out any more."""
    planned = made.params.get("spec", {})
    if "commit" in planned:
        refuse_other_commit(planned["commit"], planned["dirty"], code.script.parent)


def made_from(snakemake: Any, label: str) -> records.Made:
    """What this job is called with, its inputs by content. Raises UserError where one is not as its job wrote it."""
    given = {name: [Path(value)] if isinstance(value, str) else paths(value) for name, value in snakemake.input.items()}
    inputs, sources = records.verify(given)
    return records.Made(label, records.parameters(dict(snakemake.params.items())), inputs, sources)


def shared_entry(snakemake: Any, made: records.Made, hardware: Hardware | None) -> SharedEntry | None:
    """The place of this job's results in the shared cache; None where there is no cache, or they are not shared."""
    cache = os.environ.get(CACHE)
    if not cache or hardware is None:
        return None
    outputs: dict[str, Path] = {}
    for name, value in snakemake.output.items():
        several = {f"{name}.{number}": Path(path) for number, path in enumerate(value)}
        outputs |= {name: Path(value)} if isinstance(value, str) else several
    return SharedEntry.of(Path(cache).expanduser(), made, outputs, hardware(made.params.get("spec", {})))


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
