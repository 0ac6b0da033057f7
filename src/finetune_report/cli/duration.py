"""How long a workflow will take on this machine, from a few measured steps, before anyone waits for it.

Run as a process of its own (`python -m finetune_report.cli.duration`, what to estimate as JSON on standard input):
it computes as a job does, with that job's threads, while Snakemake's own process has better things to do.
"""

import heapq
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune_report.cli.rows import Texts, sampled_texts, split_rows
from finetune_report.config.models import folder_of, model_of, used_models
from finetune_report.config.settings import resolved_settings
from finetune_report.errors import UserError
from finetune_report.files import read_json
from finetune_report.model.token_lengths import local_folder, warnings_on

if TYPE_CHECKING:
    from finetune_report.training.pace import Pace

Job = tuple[str, dict[str, str]]  # the rule and its wildcards

TRAINS = ("finetune", "train_rung", "train_fraction")
LIGHT = 0.5  # of what it takes to start a process that trains, a step that does not: 0.2 to 0.6 (docs/performance.md)
TEXTS = 400


def start(config: dict[str, Any], jobs: Iterable[Job], cores: int) -> "subprocess.Popen[str] | None":
    """A process that prints how long `jobs` will take, and ends; None where nothing is to be trained."""
    listed = list(jobs)
    if not any(rule in TRAINS for rule, _ in listed):
        return None
    command = [sys.executable, "-m", "finetune_report.cli.duration"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps({"config": config, "jobs": listed, "cores": cores}))
    process.stdin.close()
    return process


def main() -> None:
    given = json.load(sys.stdin)
    for warning in data_warnings(given["config"]):
        print(f"Warning: {warning}.", flush=True)
    print(line(**given), flush=True)


def data_warnings(config: dict[str, Any]) -> list[str]:
    """What training would not mend: texts that are truncated, tokens that the model does not know."""
    texts, folders = sampled_texts(config, TEXTS), model_folders(config)
    if texts is None:
        return []
    found = {name: warnings_on(texts, folder, config["max_length"]) for name, folder in folders.items() if folder}
    return [f"{f'models.{name}: ' if name else ''}{warning}" for name, said in found.items() for warning in said]


def line(config: dict[str, Any], jobs: list[Job], cores: int) -> str:
    """What to say of the time, or why nothing can be said."""
    rows, texts, folders = split_rows(config), sampled_texts(config, TEXTS), model_folders(config)
    if rows is None or texts is None or None in folders.values():
        return "How long this takes is known once data and model are here; plan again then."
    settings = resolved_settings(config)
    runs: list[float] = []
    startup = 0.0
    for name, folder in folders.items():
        of_model = [job for job in jobs if job[0] in TRAINS and model_of(setting_of(job, settings)) == name]
        if not of_model or folder is None:
            continue
        try:
            pace = measured(config, texts, folder, [row for row in settings.values() if model_of(row) == name])
        except UserError as error:
            return f"How long this takes could not be measured: {error}"
        runs += [pace.startup + trained(config, setting_of(job, settings), job, rows, pace) for job in of_model]
        startup = max(startup, pace.startup)
    training = makespan(runs, max(1, cores // config["threads"]))
    others = len(jobs) - len(runs)
    rest = others * LIGHT * startup / cores
    return (
        f"This takes about {shown(training + rest)} on {cores} cores of this machine, by a few steps of training: "
        f"{shown(training)} for {counted(len(runs), 'run')}, {shown(rest)} for {counted(others, 'other step')}."
    )


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown(seconds: float) -> str:
    """A time in the unit that people use for it."""
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} seconds"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    hours = seconds / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"


def model_folders(config: dict[str, Any]) -> dict[str, Path | None]:
    """Where the files of each model are, by its name; None where they have to be downloaded first."""
    results, models = Path("results") / config["name"], used_models(config, resolved_settings(config).values())
    return {name: model_folder(source, results / folder_of(name) / "model.json") for name, source in models.items()}


def model_folder(source: dict[str, Any], recorded: Path) -> Path | None:
    if "name" not in source or not recorded.is_file():
        return local_folder(source)
    from finetune_report.model.pretrained import located

    try:
        return located(read_json(recorded))
    except (UserError, ValueError, KeyError):
        return None


def setting_of(job: Job, settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What a job trains; of a part of the training split the first setting, since which one wins is not known yet."""
    return settings[job[1].get("setting", next(iter(settings)))]


def measured(config: dict[str, Any], texts: Texts, folder: Path, settings: list[dict[str, Any]]) -> "Pace":
    """The pace of one model; `settings` are those that train it."""
    started = time.perf_counter()
    from finetune_report.model.device import resolve
    from finetune_report.training.pace import measure

    compute = resolve(*(config[name] for name in ("device", "precision", "threads", "compile")))
    imports = time.perf_counter() - started
    classes = len(config["data"]["labels"] or ("a", "b"))
    pace = measure(texts, classes, folder, config["max_length"], settings, compute)
    return replace(pace, startup=imports + pace.startup)


def trained(config: dict[str, Any], setting: dict[str, Any], job: Job, rows: dict[str, int], pace: "Pace") -> float:
    """Seconds that a job trains a setting; with halving, in the mean over the settings, of which some go no further."""
    rule, wildcards = job
    rungs, keep = config["halving"]["rungs"], config["halving"]["keep"]
    share = float(wildcards.get("percent", 100)) / 100
    if rule == "train_rung":
        rung = int(wildcards["rung"])
        epochs = (rungs[rung - 1] - [0, *rungs][rung - 1]) * keep ** (rung - 1)
    else:
        epochs = (setting["epochs"] - [0, *rungs][-1]) * keep ** len(rungs)
    sample = min(config["train_sample"] or rows["train"], rows["train"])
    train = round(share * rows["train"])
    return pace.epochs(epochs, train, setting["batch_size"], rows["validation"] + sample) + train * pace.evaluated


def makespan(seconds: Iterable[float], slots: int) -> float:
    """How long jobs take on so many slots, the longest first, as the workflow starts them."""
    ends = [0.0] * slots
    for each in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)


if __name__ == "__main__":
    main()
