"""How often each claim of a report is wrong, and how often it finds what is there, by simulation.

`simulated_runs.py` has the runs, whose truth is known, and `inference_tables.py` what is counted of them.

`python benchmarks/inference.py` takes about ten minutes on two cores and writes the tables into docs/statistics.md;
`--short` takes seconds, prints them and writes nothing.
"""

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from inference_tables import (
    designs,
    table_of_agreement,
    table_of_designs,
    table_of_families,
    table_of_metrics,
    table_of_outcomes,
    table_of_related,
    table_of_selection,
    table_of_streams,
    table_of_the_rest,
    table_of_troubles,
)

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "statistics.md"
BEGIN, END = "<!-- tables by benchmarks/inference.py: begin -->", "<!-- end -->"

TABLES: list[Callable[[np.random.Generator, int], list[str]]] = [
    table_of_streams,
    table_of_troubles,
    table_of_families,
    table_of_outcomes,
    table_of_selection,
    table_of_metrics,
    table_of_the_rest,
    table_of_related,
    table_of_agreement,
]


def report(repetitions: int, sizes: list[int], processes: int) -> str:
    """All tables as Markdown. Each has its own random numbers, so that they do not depend on the processes."""
    with ProcessPoolExecutor(processes) as pool:
        found = [pool.submit(designs, np.random.default_rng(n), repetitions, n) for n in sorted(sizes, reverse=True)]
        tables = [pool.submit(part, np.random.default_rng(place), repetitions) for place, part in enumerate(TABLES)]
        cells = {key: cell for part in reversed(found) for key, cell in part.result().items()}
        lines = [preface(repetitions), "", *table_of_designs(cells)]
        for table in tables:
            lines += ["", *table.result()]
    return "\n".join(lines)


def preface(repetitions: int) -> str:
    """How sure the numbers are: the half-width of a 95% interval for a share of 5%."""
    few = max(20, repetitions // 3)
    first, last = (196 * (0.05 * 0.95 / count) ** 0.5 for count in (repetitions, few))
    return (
        f"Each number of the first three tables is from {repetitions:,} simulated reports (half as many at n = 5,000), "
        f"so that 5% is measured to within {first:.1f} points; those of the others are from a half to an eighth of as "
        f"many, within {last:.1f} points and more, but for other metrics, slices and calibration, which have as many."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000, help="of each experiment; fewer of the large ones")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--short", action="store_true", help="a few repetitions, printed only")
    options = parser.parse_args()
    started = time.perf_counter()
    text = report(
        40 if options.short else options.repetitions, [300, 872, 5000][: 2 if options.short else 3], options.processes
    )
    print(text)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if not options.short:
        document = DOCUMENT.read_text()
        before, after = document.split(BEGIN)[0], document.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


if __name__ == "__main__":
    main()
