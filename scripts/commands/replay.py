"""Train one run again in a clean folder, and compare what comes out bit by bit with what is stored.

    PYTHONPATH=scripts python -m commands.replay config.yaml --draw 7
    PYTHONPATH=scripts python -m commands.replay config.yaml --setting baseline --seed 1

The whole way is gone again, from the data files on, by the same workflow, into `results/replay-<name>/`. Where a file
differs, code, packages, machine, threads and the like are compared with what is recorded of the stored run.
"""

import argparse
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.config import complete, read_config
from lib.errors import UserError
from lib.files import read_json, sha256
from lib.records import files_of
from lib.stamp import stamp
from lib.terminal import say, visible
from write_manifest import installed_packages, machine

SCRIPTS = Path(__file__).parents[1]
STEPS = ("prepare_data", "prepare_model", "tokenize_texts", "finetune")  # that lead to a run
BEFORE = ["data/train.parquet", "data/validation.parquet", "tokens/train.parquet", "tokens/validation.parquet"]
OF_A_RUN = ["history.csv", "metrics.json", "predictions.parquet", "model"]  # all but the time it took
COMPUTE = ("device", "precision", "threads", "compiled")


def main() -> None:
    options = arguments()
    try:
        config = complete(read_config(options.config))
        stored = Path("results") / config["name"]
        again, run, differing = replayed(options.config, config, stored, options.setting, options.seed, options.draw)
    except UserError as error:
        sys.exit(visible(str(error), kept="\n"))
    for name in compared_files(run):
        say(f"  {'DIFFERS  ' if name in differing else 'identical'}  {name}")
    if differing:
        found = list(causes(stored, again, run))
        say("What differs between then and now:" if found else NO_CAUSE)
        sys.exit("\n".join(f"  {visible(line)}" for line in found) or 1)
    say("Every bit is the same.")


def replayed(
    path: Path, config: dict[str, Any], stored: Path, setting: str | None, seed: int | None, draw: int
) -> tuple[Path, str, list[str]]:
    """Train one run of the config at `path` again: the folder it is in, its name, and which files differ from `stored`.

    Raises UserError where there is no such run, or it cannot be trained.
    """
    setting, seed = chosen_run(config, setting, seed, draw)
    again, run = Path("results") / f"replay-{config['name']}"[:60].rstrip("-"), f"runs/{setting}/seed{seed}"
    if not (stored / run / "metrics.json").is_file():
        raise UserError(f"{stored / run} holds no finished run; run the experiment first")
    say(f"Training {setting}, seed {seed}, again in {again} ...")
    retrain(path, again, run)
    return again, run, [name for name in compared_files(run) if hashes(stored / name) != hashes(again / name)]


def compared_files(run: str) -> list[str]:
    return [*BEFORE, *(f"{run}/{name}" for name in OF_A_RUN)]


NO_CAUSE = "Code, packages, machine, threads, data and model are the same: a fault of the project, worth a report."


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="replay", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--setting", help="the setting to train again; without it a run is drawn")
    parser.add_argument("--seed", type=int, help="and its seed; without it the first one")
    parser.add_argument("--draw", type=int, default=0, help="the seed by which a run is drawn (default: 0)")
    return parser.parse_args()


def chosen_run(config: dict[str, Any], setting: str | None, seed: int | None, draw: int) -> tuple[str, int]:
    """Setting and seed of the run to repeat. Raises UserError where the config plans no such run."""
    planned = [(item["name"], each) for item in config["settings"] for each in config["seeds"]]
    fitting = [run for run in planned if setting in (None, run[0]) and seed in (None, run[1])]
    if not fitting:
        names = ", ".join(f"{name} {each}" for name, each in planned)
        raise UserError(f"the config plans no run of setting {setting}, seed {seed}; its runs are {names}")
    return random.Random(draw).choice(fitting) if setting is None else fitting[0]


def retrain(config: Path, folder: Path, run: str) -> None:
    """Make one run in an empty results folder. Raises UserError where that fails."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "--configfile", str(config), "--config", f"name={folder.name}"]
    done = subprocess.run([*command, "--", str(folder / run / "metrics.json")], stdout=sys.stderr)
    if done.returncode:
        raise UserError("the run could not be trained again; see above")


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


if __name__ == "__main__":
    main()
