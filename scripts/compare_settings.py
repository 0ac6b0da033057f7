"""Compare pairs of settings on the validation set by a paired test, before any sentence asks for it.

Each is compared with the settings that the config names, and with the selected one; two points of a sweep are not
compared, since their pairs would grow with the square of its size.

Reads the predictions of all runs and the selection. Writes a comparison for each pair and metric; p-values are not yet
corrected for their number, since how many count is known only where a document cites them.
"""

import logging
from pathlib import Path

from finetune_report.files import read_json, write_json
from finetune_report.runtime.job import run
from finetune_report.stats.paired_tests import METRICS, compare, scores

import pandas as pd


def main(
    predictions: list[Path], summary: Path, selection: Path, comparisons: Path, settings: list[str], named: list[str]
) -> None:
    """`predictions` are at `runs/<setting>/seed<seed>/predictions.parquet`; `named` are the settings not of a sweep."""
    labels = read_json(summary)["labels"]
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in settings}
    for path in predictions:
        tables[path.parts[-3]].append(pd.read_parquet(path))
    pairs = asked_pairs(settings, {*named, read_json(selection)["winner"]})
    found = []
    for metric in METRICS:
        scored = {name: scores(tables[name], labels, metric) for name in settings}
        found += [compare(a, b, metric, scored[a], scored[b]) for a, b in pairs]
    write_json(comparisons, {"comparisons": [comparison.as_json() for comparison in found]})
    logging.info("%d comparisons of %d settings", len(found), len(settings))


def asked_pairs(settings: list[str], central: set[str]) -> list[tuple[str, str]]:
    """The pairs of settings of which at least one is `central`, in the order of the config."""
    place = {name: number for number, name in enumerate(settings)}
    with_all = [name for name in settings if name in central]
    return [
        (a, b)
        for a in settings
        for b in (settings[place[a] + 1 :] if a in central else with_all)
        if place[b] > place[a]
    ]


if __name__ == "__main__":
    run(main)
