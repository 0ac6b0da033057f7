"""Measure how long planning takes, and how much memory, as the number of runs grows.

Plans (a dry run, from nothing) the experiment of a config with its first setting and a random sample around it, for
each number of runs asked for. Prints a Markdown table.

    .venv/bin/python benchmarks/planning.py 10 100 1000 10000
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """What a dry run took: wall-clock and CPU seconds, and the most memory in MB."""

    runs: int
    seconds: float
    processor_seconds: float
    megabytes: float


def experiment(config: Path, runs: int) -> dict:
    """The config with so many runs in all: its first setting, and a sample of learning rates."""
    base = yaml.safe_load(config.read_text(encoding="utf-8"))
    over = {"learning_rate": {"range": [1e-5, 1e-3], "scale": "log"}}
    sweep = [{"name": "random", "method": "random", "count": runs - 1, "over": over}]
    return base | {"name": f"plan-{runs}", "seeds": [1], "settings": base["settings"][:1], "sweep": sweep}


def plan(config: Path, runs: int) -> Cost:
    """Plan once, in a process of its own. Raises RuntimeError where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(yaml.safe_dump(experiment(config, runs)), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "--configfile", str(file), "--dry-run", "--quiet", "all"]
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        complaint = process.stderr.read().decode() if process.stderr else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started
    if status:
        raise RuntimeError(f"planning {runs} runs failed:\n{complaint}")
    return Cost(runs, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=int, nargs="+", help="numbers of runs, from 2 on")
    parser.add_argument("--config", type=Path, default=ROOT / "config.yaml")
    arguments = parser.parse_args()
    print("| runs | seconds | of the processor | memory, MB |")
    print("|-----:|--------:|-----------------:|-----------:|")
    for runs in arguments.runs:
        cost = plan(arguments.config, runs)
        print(
            f"| {cost.runs:,} | {cost.seconds:.1f} | {cost.processor_seconds:.1f} | {cost.megabytes:,.0f} |", flush=True
        )


if __name__ == "__main__":
    main()
