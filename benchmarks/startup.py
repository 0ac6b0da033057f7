"""CPU seconds that a script's job spends on imports and exit, beside the same with Python's own garbage collection.

    .venv/bin/python benchmarks/startup.py [script ...]

Medians of turns; `lib/__init__.py` and `lib.job.run` say what they do about collection.
"""

import argparse
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

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
        turns = [(taken(IN_A_JOB, script), taken(PLAIN, script)) for _ in range(options.rounds)]
        ours, plain = (median(column) for column in zip(*turns, strict=True))
        print(f"{script:>20} {ours:9.2f} {plain:9.2f}", flush=True)


def taken(form: str, script: str) -> float:
    """CPU seconds of a process that imports a script and ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", form.format(script=script)], cwd=SCRIPTS, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
