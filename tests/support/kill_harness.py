"""Kills a small experiment at random moments and runs the same command again, until it ends as if never killed.

    python -m tests.support.kill_harness --kills 100
    python -m tests.support.kill_harness --power-losses 50

Each kill is SIGKILL, to the workflow's whole process group or to the workflow alone, whose jobs then live on. It falls
at a random moment, or shortly after a rule that was drawn has begun. Whenever the experiment completes, every
result is compared with those of an uninterrupted run, the epochs that the logs call finished are counted, and it starts
again from nothing.

A loss of power kills everything at once, and what was written last is not what it was: files that are cut, empty,
full of zeros or not there, or still under the name from which they were to be renamed; Snakemake's own files among
them. Only the ledger of test scorings is spared, whose lines are forced to the disk one by one.
"""

import argparse
import os
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from finetune_report.files import sha256
from tests.support.projects import Project, kill, make_project

# Everything else there is either the record of a time, or no result.
NOT_COMPARED = {"logs", "records", "checkpoints", "lock", "locks", "journal.log", "test-ledger.jsonl"}
FINISHED = re.compile(r" (finetune/\S+): finished epoch (\d+)/\d+, ")
LEDGER = "test-ledger.jsonl"
PATIENCE = 600.0  # seconds without a word, after which a run counts as hanging


@dataclass
class Tally:
    """What the kills met: by kind, and the rule whose log was the last to be written to when each fell."""

    kills: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    damage: Counter[str] = field(default_factory=Counter)
    completed: int = 0


def lose_power(project: Project, chance: random.Random) -> Counter[str]:
    """Damage some of the files that were written last, as a machine without power does; returns how."""
    folders = [project.root / "results", project.root / ".snakemake"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != LEDGER]
    files.sort(key=lambda path: path.stat().st_mtime_ns)
    latest = files[-chance.choice([5, 20, 60]) :]
    done: Counter[str] = Counter()
    for path in chance.sample(latest, min(len(latest), chance.randint(1, 12))):
        kind = chance.choice(["cut", "empty", "zeros", "noise", "lost", "not renamed"])
        before, content = path.stat(), path.read_bytes()
        if kind == "lost":
            path.unlink()
        elif kind == "not renamed":
            path.replace(path.with_name(path.name + ".part"))
        else:
            noise = chance.randbytes(len(content)) if kind == "noise" else b""
            path.write_bytes({"cut": content[: len(content) // 2], "zeros": bytes(len(content))}.get(kind, noise))
            if chance.random() < 0.5:  # the name was on the disk, and the content was not
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        done[kind] += 1
    return done


def results(project: Project) -> dict[str, str]:
    """The SHA-256 of every result, by its path below the results folder."""
    folder = project.results
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".snakemake_timestamp"]
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        name: sha256(path)
        for name, path in named.items()
        if name.partition("/")[0] not in NOT_COMPARED
        and path.name != "timing.json"
        and ".damaged" not in name
        and path.suffix != ".part"
    }


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def epochs_finished_twice(project: Project) -> list[str]:
    """Epochs that the journal calls finished more than once. Raises ValueError where it names none at all."""
    counts = Counter(FINISHED.findall(project.journal.read_text(encoding="utf-8")))
    if not counts:
        raise ValueError("the journal calls no epoch finished")
    return [f"{run}, epoch {epoch}: {count} times" for (run, epoch), count in counts.items() if count > 1]


def clean(project: Project) -> None:
    """Forget every result, and what Snakemake knows of them."""
    for folder in (project.root / "results", project.root / ".snakemake"):
        shutil.rmtree(folder, ignore_errors=True)


def logs_begun(project: Project) -> set[str]:
    folder = project.results / "logs"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.log")}


def run_and_kill(
    project: Project,
    phases: list[str],
    seconds: float,
    chance: random.Random,
    tally: Tally,
    spare: bool,
    power: bool,
    targets: Sequence[str],
) -> bool:
    """Start the workflow and kill it, unless it completes before; returns whether it did.

    `phases` are the logs of a whole run, `seconds` is how long that takes; with `spare` it is not killed. With `power`
    a kill is a loss of power.
    """
    waiting = sorted(set(phases) - logs_begun(project))
    training = [name for name in waiting if name.startswith("finetune/")]
    by_phase = bool(waiting) and chance.random() < 0.7
    phase = chance.choice(training if training and chance.random() < 0.4 else waiting) if by_phase else ""
    moment = chance.uniform(0, 1.5) if by_phase else chance.uniform(0, seconds)
    group = power or chance.random() < 0.7
    process = project.start(*targets, cores=2)
    reached = None if by_phase else time.monotonic()
    while process.poll() is None:
        now = time.monotonic()
        if reached is None and phase in logs_begun(project):
            reached = now
        if not spare and reached is not None and now - reached >= moment:
            kill(process, group)
            process.wait()
            tally.kills["power" if power else "group" if group else "workflow alone"] += 1
            tally.rules[latest_rule(project)] += 1
            if power:
                tally.damage += lose_power(project, chance)
            return False
        if time.time() - project.output.stat().st_mtime > PATIENCE:
            kill(process, group=True)
            raise TimeoutError(f"the workflow hangs; see {project.output}")
        time.sleep(0.01)
    if process.returncode:
        output = project.output.read_text(encoding="utf-8")
        raise RuntimeError(f"the workflow failed after {sum(tally.kills.values())} kills:\n{output[-4000:]}")
    return True


def latest_rule(project: Project) -> str:
    """The rule whose log was written to last; nothing before there is any."""
    folder = project.results / "logs"
    logs = list(folder.rglob("*.log"))
    return max(logs, key=lambda path: path.stat().st_mtime).relative_to(folder).parts[0] if logs else ""


def hunt(
    project: Project,
    expected: dict[str, str],
    phases: list[str],
    seconds: float,
    kills: int,
    seed: int,
    power: bool = False,
    targets: Sequence[str] = (),
) -> Tally:
    """Kill the experiment so many times, and check it each time it completes. Raises AssertionError on a difference.

    With `targets` it completes when these results are there; `expected` has the hashes of them and of what they need.
    """
    chance, tally = random.Random(seed), Tally()
    clean(project)
    while True:
        enough = sum(tally.kills.values()) >= kills
        if not run_and_kill(project, phases, seconds, chance, tally, enough, power, targets):
            continue
        wrong = differences(expected, results(project))
        assert not wrong, f"differ from an uninterrupted run: {', '.join(wrong)}"
        twice = [] if power else epochs_finished_twice(project)  # a checkpoint may be lost
        assert not twice, f"trained more than once: {'; '.join(twice)}"
        tally.completed += 1
        print(f"{sum(tally.kills.values())} kills, {tally.completed} completed runs, all identical so far", flush=True)
        if enough:
            return tally
        clean(project)


def whole_run(project: Project) -> tuple[dict[str, str], list[str], float]:
    """The results of an uninterrupted run, the logs it wrote, and the seconds it took."""
    began = time.monotonic()
    process = project.start(cores=2)
    if process.wait(timeout=2 * PATIENCE):
        raise RuntimeError(project.output.read_text(encoding="utf-8")[-4000:])
    return results(project), sorted(logs_begun(project)), time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--power-losses", type=int, default=0, help="lose power so many times instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work, and to leave everything for a look")
    options = parser.parse_args()
    with nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        expected, phases, seconds = whole_run(project)
        print(f"an uninterrupted run: {len(expected)} results in {seconds:.0f} s", flush=True)
        many = options.power_losses or options.kills
        tally = hunt(project, expected, phases, seconds, many, options.seed, power=bool(options.power_losses))
    print(f"{sum(tally.kills.values())} kills ({dict(tally.kills)}), {tally.completed} completed runs, all identical")
    print("files damaged:", dict(sorted(tally.damage.items())))
    print("the last rule at work when a kill fell:", dict(sorted(tally.rules.items())))


if __name__ == "__main__":
    main()
