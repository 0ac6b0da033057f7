"""Compare the selected setting with the simple methods on the test split, as a family of its own.

Reads what was scored on the test split, and the split. Writes the comparisons and publishes them.
"""

import logging
from pathlib import Path

from finetune_report.files import read_json, write_json
from finetune_report.report.comparisons import publish_comparisons
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.comparisons import family_results
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.run_scores import by_seed, clusters_of, run_scores

import numpy as np
import pandas as pd

WINNER = "winner"  # how the selected setting is called here, as among the values


def main(
    predictions: Path,
    baselines: Path,
    test: Path,
    summary: Path,
    comparisons: Path,
    values: Path,
    metric: str,
    margin: float | None,
) -> None:
    """`metric` and `margin` are those that the settings are compared by.

    The simple methods give classes alone: where the metric is of probabilities, accuracy takes its place.
    """
    labels, data = read_json(summary)["labels"], pd.read_parquet(test)
    by, margin = (metric, margin) if METRICS[metric].needs == "predictions" else ("accuracy", None)
    ids, simple = data["id"].tolist(), pd.read_parquet(baselines)
    runs = by_seed(pd.read_parquet(predictions))
    scores = {WINNER: run_scores(runs, ids, labels, by)}
    for name in simple.columns.drop(["id", "label"]):
        once = run_scores([simple.rename(columns={name: "prediction"})], ids, labels, by)
        scores[str(name)] = np.repeat(once, len(runs), axis=1)  # the same with every seed
    pairs = [(WINNER, name) for name in scores if name != WINNER]
    facts, found = family_results(scores, pairs, margin, by, clusters_of(data))
    facts |= {"text": f"the selected setting against each simple method, by test {METRICS[by].label}"}
    write_json(comparisons, {"family": facts, "pairs": found})
    publish(comparisons, values)
    logging.info("%d comparisons on the test split", len(pairs))


def publish(comparisons: Path, values: Path) -> None:
    """`comparison.test.winner.<method>.<what>` and the other way round, and `family.test.<what>`."""
    collector = Collector(values)
    publish_comparisons(collector, comparisons, "test")
    collector.write()


if __name__ == "__main__":
    run(main)
