"""Train one run again in a clean folder, and compare what comes out bit by bit with what is stored.

    finetune-report replay --draw 7
    finetune-report replay --setting baseline --seed 1

The whole way is gone again, from the data files on, by the same workflow, into `results/replay-<name>/`. Where a file
differs, code, packages, machine, threads and the like are compared with what is recorded of the stored run.
"""

import os
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
from finetune_report.provenance.lineage import Job, Lineage
from finetune_report.provenance.manifest import installed_packages, machine, recorded_calls
from finetune_report.provenance.records import files_of, recorded
from finetune_report.provenance.stamp import stamp
from finetune_report.runtime.shared_results import CACHE
from finetune_report.terminal import say

SCRIPTS = PROJECT / "scripts"
CLOCK = "timing.json"  # the one output of a run that differs each time
COMPUTE = ("device", "precision", "threads", "compiled")


class NotTrained(UserError):
    """A run was begun again and did not come to its end."""


def main(path: Path, setting: str | None, seed: int | None, draw: int) -> int:
    config = complete(read_config(path))
    stored = Path("results") / config["name"]
    try:
        again, run, differing = replayed(path, config, stored, setting, seed, draw)
    except NotTrained as error:
        print(error, file=sys.stderr)
        return 1
    for name in made_files(again, run):
        say(f"  {'DIFFERS  ' if name in differing else 'identical'}  {name}")
    if differing:
        found = list(causes(stored, again, run))
        say("What differs between then and now:" if found else NO_CAUSE, *(f"  {line}" for line in found))
        return 1
    say("Every bit is the same.")
    return 0


def replayed(
    path: Path, config: dict[str, Any], stored: Path, setting: str | None, seed: int | None, draw: int
) -> tuple[Path, str, list[str]]:
    """Train one run of the config at `path` again: the folder it is in, its name, and which files differ from `stored`.

    Raises UserError where there is no such run, NotTrained where it cannot be trained.
    """
    setting, seed = chosen_run(config, setting, seed, draw)
    again, run = Path("results") / f"replay-{config['name']}"[:60].rstrip("-"), f"runs/{setting}/seed{seed}"
    if not (stored / run / "metrics.json").is_file():
        raise UserError(f"{stored / run} holds no finished run; run the experiment first")
    say(f"Training {setting}, seed {seed}, again in {again} ...")
    if not retrain(path, again, run):
        raise NotTrained("The run could not be trained again; see above.")
    return again, run, [name for name in made_files(again, run) if hashes(stored / name) != hashes(again / name)]


def steps_to(again: Path, run: str) -> list[Job]:
    """The jobs that made a run in a folder of its own, the first ones first, by their records."""
    lineage = Lineage(recorded_calls([path for path, _ in recorded(again)], again))
    last = lineage.maker(f"{run}/metrics.json")
    assert last is not None  # it has just been made
    return [*reversed(lineage.upstream(last)), last]


def made_files(again: Path, run: str) -> list[str]:
    """What these jobs made that has to be the same again: all but the time it took."""
    return [name for job in steps_to(again, run) for name in job.outputs if not name.endswith(CLOCK)]


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
    """Make one run in an empty results folder, and take nothing from a cache; returns whether that went well."""
    shutil.rmtree(folder, ignore_errors=True)
    alone = {name: value for name, value in os.environ.items() if name != CACHE}
    command = [sys.executable, "-m", "snakemake", "--configfile", str(config), "--config", f"name={folder.name}"]
    done = subprocess.run([*command, "--", str(folder / run / "metrics.json")], env=alone, stdout=sys.stderr)
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
    for rule in dict.fromkeys(job.rule for job in steps_to(again, run)):
        yield from changed(f"code of {rule}", code(manifest["code"].get(rule, "")), code(stamp(SCRIPTS / f"{rule}.py")))
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
