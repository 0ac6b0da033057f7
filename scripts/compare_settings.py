"""Compare settings on the validation split: the declared pairs as one family, and others as exploratory ones.

One statistic gives p and interval: examples crossed with seeds, or with one seed the score test of two trained models.
Of a declared pair both are simultaneous over the family. A setting that is named in the config, and the selected one,
is also compared with all others that no one declared, without a correction, so that no claim can rest on it.

Where it is asked for, runs are compared at the best of as many first epochs as all of them have.

Reads the predictions of all runs, the validation split and the selection. Writes all comparisons and, as a table for
the figure, the differences of the declared ones; publishes the former.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.config.comparisons import Pair
from finetune_report.files import read_json, write_json, write_text
from finetune_report.report.comparisons import publish_comparisons
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.comparisons import add_exploratory, best_p_values, family_results
from finetune_report.stats.epochs import Floats, read_epochs, scores_of_best
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.run_scores import clusters_of, run_scores
from finetune_report.stats.selection import paths_by_setting

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DRAWN = 20  # pairs in a figure that can be read


def main(
    predictions: list[Path],
    epochs: list[Path],
    validation: Path,
    summary: Path,
    selection: Path,
    comparisons: Path,
    table: Path,
    values: Path,
    settings: list[str],
    named: list[str],
    pairs: list[Pair],
    declared_as: str,
    metric: str,
    margin: float | None,
) -> None:
    """`predictions` are at `runs/<setting>/seed<seed>/predictions.parquet`; `named` are the settings not of a sweep.

    `epochs`, at the same places, are there where epochs are to be equal in number. `pairs` are the declared ones, by
    `metric`, and `declared_as` says in words which these are.
    """
    labels, chosen = read_json(summary)["labels"], read_json(selection)
    data, winner = pd.read_parquet(validation), chosen["winner"]
    if epochs:
        scores, budget = equal_scores(epochs, data["label"].to_numpy(), metric, chosen["metric"])
    else:
        runs = {name: list(map(pd.read_parquet, paths)) for name, paths in paths_by_setting(predictions).items()}
        scores = {name: run_scores(runs[name], data["id"].tolist(), labels, metric) for name in settings}
        budget = None
    clusters = clusters_of(data)
    declared = [(a, b) for a, b in pairs]
    facts, found = family_results(scores, declared, margin, metric, clusters)
    add_exploratory(found, scores, asked_pairs(settings, {*named, winner}), metric, clusters)
    at = {None: "", 1: ", each run after its first epoch"}.get(
        budget, f", each run at the best of its first {budget} epochs"
    )
    facts |= {"text": f"{declared_as}, by validation {METRICS[metric].label}{at}", "epochs": budget}
    best = best_p_values(scores, metric, clusters)
    write_json(comparisons, {"family": facts, "pairs": found, "best": best})
    write_text(table, pd.DataFrame(rows_of(found, drawn(declared, {*named, winner}))).to_csv(index=False))
    publish(comparisons, values)
    logging.info("%d declared comparisons of %d settings", len(declared), len(settings))


def equal_scores(
    epochs: list[Path], labels: NDArray[np.int64], metric: str, selected_by: str
) -> tuple[dict[str, Floats], int]:
    """Scores by setting, and the number of epochs that are looked at: as many as every run has."""
    runs = {name: list(map(read_epochs, paths)) for name, paths in paths_by_setting(epochs).items()}
    budget = min(len(run.numbers) for of_setting in runs.values() for run in of_setting)
    return {name: scores_of_best(metric, selected_by, labels, found, budget) for name, found in runs.items()}, budget


def asked_pairs(settings: list[str], central: set[str]) -> list[Pair]:
    """The pairs of settings of which at least one is `central`, in the order of the config."""
    place = {name: number for number, name in enumerate(settings)}
    with_all = [name for name in settings if name in central]
    return [
        (a, b)
        for a in settings
        for b in (settings[place[a] + 1 :] if a in central else with_all)
        if place[b] > place[a]
    ]


def drawn(declared: list[Pair], central: set[str]) -> list[Pair]:
    """The declared pairs that the figure shows: those of two `central` settings first, as many as can be read."""
    ranked = sorted(declared, key=lambda pair: not central.issuperset(pair))
    return [pair for pair in declared if pair in ranked[:DRAWN]]


def rows_of(found: dict[str, dict[str, Any]], pairs: list[Pair]) -> list[dict[str, Any]]:
    """A row a pair: its difference with the simultaneous interval, and the outcome."""
    rows = []
    for a, b in pairs:
        row = found[a][b]
        low, high = row["interval"]
        kept = {name: row[name] for name in ("difference", "outcome")}
        rows.append({"a": a, "b": b} | kept | {"low": low, "high": high})
    return rows


def publish(comparisons: Path, values: Path) -> None:
    collector = Collector(values)
    publish_comparisons(collector, comparisons)
    collector.write()


if __name__ == "__main__":
    run(main)
