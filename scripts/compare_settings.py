"""Compare every pair of settings on the validation set by a paired test, before any sentence asks for it.

Reads the predictions of all runs. Writes a comparison for each pair and metric; p-values are not yet corrected for
their number, since how many count is known only where a document cites them.
"""

import logging
from itertools import combinations
from pathlib import Path

import pandas as pd
from lib.files import read_json, write_json
from lib.job import run
from lib.paired_tests import METRICS, compare, scores


def main(predictions: list[Path], summary: Path, comparisons: Path, settings: list[str]) -> None:
    """`predictions` are at `runs/<setting>/seed<seed>/predictions.parquet`."""
    labels = read_json(summary)["labels"]
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in settings}
    for path in predictions:
        tables[path.parts[-3]].append(pd.read_parquet(path))
    found = []
    for metric in METRICS:
        scored = {name: scores(tables[name], labels, metric) for name in settings}
        found += [compare(a, b, metric, scored[a], scored[b]) for a, b in combinations(settings, 2)]
    write_json(comparisons, {"comparisons": [comparison.as_json() for comparison in found]})
    logging.info("%d comparisons of %d settings", len(found), len(settings))


if __name__ == "__main__":
    run(main)
