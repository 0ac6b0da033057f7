"""Compare the systems on the test split, the declared pairs of them as a family of its own.

Reads what was scored on the test split, the split and the selection. Writes the comparisons and publishes them.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from finetune_report.config.comparisons import Pair
from finetune_report.files import read_json, write_json
from finetune_report.report.comparisons import publish_comparisons
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.comparisons import Pairs, family_results
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.run_scores import Floats, clusters_of, run_scores
from finetune_report.stats.systems import has_probabilities, resolved_pairs, scored_systems

import numpy as np
import pandas as pd


def main(
    predictions: Path,
    others: Path,
    baselines: Path,
    elsewhere: list[Path],
    test: Path,
    summary: Path,
    selection: Path,
    comparisons: Path,
    values: Path,
    pairs: list[Pair],
    declared_as: str,
    metric: str,
    margin: float | None,
) -> None:
    """`pairs` are the declared ones, and `declared_as` says in words which these are.

    `metric` and `margin` are those that the settings are compared by. Where the metric is of probabilities and a system
    gives classes alone, as the simple methods do, accuracy takes its place.
    """
    labels, data, selected = read_json(summary)["labels"], pd.read_parquet(test), read_json(selection)["winner"]
    systems = scored_systems(predictions, others, baselines, elsewhere)
    compared = resolved_pairs(pairs, systems, selected)
    used = {name: systems[name] for pair in compared for name in pair} or {"winner": systems["winner"]}
    seen = METRICS[metric].needs == "predictions" or all(has_probabilities(runs, labels) for runs in used.values())
    by, margin = (metric, margin) if seen else ("accuracy", None)
    seeds = max(map(len, used.values()))
    scores = {name: of_seeds(run_scores(runs, data["id"].tolist(), labels, by), seeds) for name, runs in used.items()}
    facts, found = family_results(scores, compared, margin, by, clusters_of(data))
    facts |= {"text": f"{declared_as}, by test {METRICS[by].label}"}
    write_json(comparisons, {"family": facts, "pairs": with_names(found, pairs, selected)})
    publish(comparisons, values)
    logging.info("%d comparisons on the test split", len(compared))


def of_seeds(scores: Floats, seeds: int) -> Floats:
    """Scores of as many seeds: a system of a single run is the same with every seed."""
    return np.repeat(scores, seeds, axis=1) if scores.shape[1] == 1 else scores


def with_names(found: Pairs, pairs: Sequence[Pair], selected: str) -> Pairs:
    """Comparisons of the winner also by the setting's own name, where a declared pair has it."""
    if not any(selected in pair for pair in pairs):
        return found
    others = dict(found.get("winner", {}))
    turned = {a: row | ({selected: row["winner"]} if "winner" in row else {}) for a, row in found.items()}
    return turned | ({selected: others} if others else {})


def publish(comparisons: Path, values: Path) -> None:
    """`comparison.test.<a>.<b>.<what>` of each pair, both ways round, and `family.test.<what>`."""
    collector = Collector(values)
    publish_comparisons(collector, comparisons, "test")
    collector.write()


if __name__ == "__main__":
    run(main)
