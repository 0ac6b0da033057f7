"""Train one run again in a clean folder, and compare what comes out bit by bit with what is stored.

    finetune-report replay --draw 7
    finetune-report replay --setting baseline --seed 1

The whole way is gone again, from the data files on, by the same workflow, into `results/replay-<name>/`. Where a file
differs, code, packages, machine, threads and the like are compared with what is recorded of the stored run.
"""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.config.reading import read_config
from finetune_report.config.schema import complete
from finetune_report.errors import UserError
from finetune_report.files import PROJECT, read_json, sha256
from finetune_report.provenance.manifest import installed_packages, machine
from finetune_report.provenance.records import files_of
from finetune_report.provenance.stamp import stamp

SCRIPTS = PROJECT / "scripts"
STEPS = ("prepare_data", "prepare_model", "tokenize_texts", "finetune")  # that lead to a run
BEFORE = ["data/train.parquet", "data/validation.parquet", "tokens/train.parquet", "tokens/validation.parquet"]
OF_A_RUN = ["history.csv", "metrics.json", "predictions.parquet", "model"]  # all but the time it took
COMPUTE = ("device", "precision", "threads", "compiled")


def main(path: Path, setting: str | None, seed: int | None, draw: int) -> int:
    config = complete(read_config(path))
    setting, seed = chosen_run(config, setting, seed, draw)
    stored, again = Path("results") / config["name"], Path("results") / f"replay-{config['name']}"[:60].rstrip("-")
    run = f"runs/{setting}/seed{seed}"
    if not (stored / run / "metrics.json").is_file():
        raise UserError(f"{stored / run} holds no finished run; run the experiment first")
    print(f"Training {setting}, seed {seed}, again in {again} ...", flush=True)
    if not retrain(path, again, run):
        print("The run could not be trained again; see above.", file=sys.stderr)
        return 1
    names = [*BEFORE, *(f"{run}/{name}" for name in OF_A_RUN)]
    differing = [name for name in names if hashes(stored / name) != hashes(again / name)]
    for name in names:
        print(f"  {'DIFFERS  ' if name in differing else 'identical'}  {name}")
    if differing:
        found = list(causes(stored, again, run))
        print("What differs between then and now:" if found else NO_CAUSE)
        print("\n".join(f"  {line}" for line in found))
        return 1
    print("Every bit is the same.")
    return 0


NO_CAUSE = "Code, packages, machine, threads, data and model are the same: a fault of the project, worth a report."


def chosen_run(config: dict[str, Any], setting: str | None, seed: int | None, draw: int) -> tuple[str, int]:
    """Setting and seed of the run to repeat. Raises UserError where the config plans no such run."""
    planned = [(item["name"], each) for item in config["settings"] for each in config["seeds"]]
    fitting = [run for run in planned if setting in (None, run[0]) and seed in (None, run[1])]
    if not fitting:
        names = ", ".join(f"{name} {each}" for name, each in planned)
        raise UserError(f"the config plans no run of setting {setting}, seed {seed}; its runs are {names}")
    return random.Random(draw).choice(fitting) if setting is None else fitting[0]


def retrain(config: Path, folder: Path, run: str) -> bool:
    """Make one run in an empty results folder; returns whether that went well."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "--configfile", str(config), "--config", f"name={folder.name}"]
    done = subprocess.run([*command, "--", str(folder / run / "metrics.json")], stdout=sys.stderr)
    return done.returncode == 0


def hashes(path: Path) -> dict[str, str]:
    """The SHA-256 of a file, or of each file in a folder."""
    return {name: sha256(file) for name, file in files_of(path).items()} if path.exists() else {}


def causes(stored: Path, again: Path, run: str) -> Iterator[str]:
    """Why results may differ, one line a cause: by the metrics of both runs, and the manifest of the stored one."""
    then, now = read_json(stored / run / "metrics.json"), read_json(again / run / "metrics.json")
    for name in COMPUTE:
        yield from changed(name, then[name], now[name])
    yield from changed("setting", then["hyperparameters"], now["hyperparameters"])
    for name in sorted(then["fingerprints"].keys() | now["fingerprints"].keys()):
        yield from changed(f"content of {name}", then["fingerprints"].get(name), now["fingerprints"].get(name))
    if not (stored / "manifest.json").is_file():
        yield f"unknown: {stored / 'manifest.json'}, which names code, packages and machine, is not there"
        return
    manifest = read_json(stored / "manifest.json")
    for step in STEPS:
        yield from changed(f"code of {step}", code(manifest["code"][step]), code(stamp(SCRIPTS / f"{step}.py")))
    packages = installed_packages()
    for name in sorted(manifest["packages"].keys() | packages.keys()):
        yield from changed(f"package {name}", manifest["packages"].get(name), packages.get(name))
    for name, value in machine().items():
        yield from changed(f"machine: {name}", manifest["machine"][name], value)


def changed(what: str, then: Any, now: Any) -> Iterator[str]:
    if then != now:
        yield f"{what}: then {then}, now {now}"


def code(stamped: str) -> str:
    """The part of a stamp that stands for the code; the rest are packages."""
    return stamped.partition(" ")[0]
