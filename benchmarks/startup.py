"""CPU seconds that a script's job spends on imports and exit, beside the same with Python's own garbage collection.

    .venv/bin/python benchmarks/startup.py [script ...]

Medians of turns; `finetune_report` and `finetune_report.runtime.job.run` say what they do about collection.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

from loop import called

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
IN_A_JOB = "snakemake = None; import {script}, gc; gc.freeze()"
PLAIN = "import {script}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scripts", nargs="*", default=sorted(path.stem for path in SCRIPTS.glob("*.py")))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{'':>20} {'in a job':>9} {'plain':>9}")
    for script in options.scripts:
        commands = [[sys.executable, "-c", form.format(script=script)] for form in (IN_A_JOB, PLAIN)]
        turns = [[called(command, SCRIPTS)[1] for command in commands] for _ in range(options.rounds)]
        ours, plain = (median(column) for column in zip(*turns, strict=True))
        print(f"{script:>20} {ours:9.2f} {plain:9.2f}", flush=True)


if __name__ == "__main__":
    main()
