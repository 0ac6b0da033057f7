"""Seconds of the author's loop: nothing to do, a dry run, an edit of prose, an edit of a figure's script.

Beside it, where latexmk is installed, an edit of the same text as LaTeX to its PDF, which checks nothing.

Works on a finished experiment in a copy of the repository, so that what it edits is not yours. Give it the repository
that holds the results: `python benchmarks/loop.py --config config.yaml`, after `make report`.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pypandoc
import yaml
from records import report

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config.yaml")
    parser.add_argument("--repository", type=Path, default=ROOT, help="where results/ holds the finished experiment")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="keep the results as those to compare with")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(options.repository, copy, ignore=shutil.ignore_patterns(".venv*", "checkpoints", ".mypy_cache"))
        run(copy, options.config)  # whatever is not up to date in the copy
        steps: dict[str, tuple[Callable[[], None], list[str]]] = {
            "nothing to do": (lambda: None, []),
            "dry run": (lambda: None, ["--dry-run"]),
            "prose": (lambda: append(copy / "report/write-up.md", "\n\nOne more sentence.\n"), []),
            "figure": (lambda: append(copy / "scripts/plot_heads.py", "\nEDITED = 'x'\n"), []),
        }
        print(f"{'':>14} {'seconds':>8} {'CPU':>6}")
        ratios = {}
        for name, (edit, arguments) in steps.items():
            taken = []
            for _ in range(options.rounds):
                edit()
                taken.append(run(copy, options.config, *arguments))
            wall, cpu = (median(column) for column in zip(*taken, strict=True))
            print(f"{name:>14} {wall:8.2f} {cpu:6.2f}", flush=True)
            ratios[f"3 CPU seconds to {name}"] = 3 / cpu
        if shutil.which("latexmk"):
            wall, cpu = latexmk(copy, options.config, options.rounds)
            print(f"{'latexmk':>14} {wall:8.2f} {cpu:6.2f}")
        else:
            print("latexmk is not installed, and not compared")
    report("loop", ratios, options.record)


def latexmk(copy: Path, config: str, rounds: int) -> tuple[float, float]:
    """Wall and CPU seconds from an edit of the last report's text, as LaTeX, to a new PDF."""
    name = yaml.safe_load((copy / config).read_text())["name"]
    filled = copy / "results" / name / "write-up.md"
    tex = filled.with_suffix(".tex")
    columns = ["--columns", "100000"]  # what the workflow gives pandoc, so that tables keep their widths
    text = filled.read_text().replace("−", "-")  # the sign for minus is none of pdfLaTeX's
    pandoc = [pypandoc.get_pandoc_path(), "--from", "markdown", "--to", "latex", "--standalone", *columns]
    source = subprocess.run(pandoc, input=text, capture_output=True, text=True, check=True).stdout
    make = ["latexmk", "-pdf", "-interaction=nonstopmode", "-silent", tex.name]
    tex.write_text(source)
    called(make, tex.parent)
    taken = []
    for edit in range(rounds):
        tex.write_text(source.replace(r"\end{document}", "One more sentence. " * (edit + 1) + r"\end{document}"))
        taken.append(called(make, tex.parent))
    return median(wall for wall, _ in taken), median(cpu for _, cpu in taken)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def run(folder: Path, config: str, *arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of one call of the workflow, its jobs with it."""
    return called([str(SNAKEMAKE), "--configfile", config, *arguments], folder)


def called(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command and of all that it starts."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit((done.stdout + done.stderr)[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, cpu


if __name__ == "__main__":
    main()
