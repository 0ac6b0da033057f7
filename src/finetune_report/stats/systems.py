"""The systems that were scored on the test split: what each of their runs predicted, and what that comes to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from finetune_report.config.comparisons import Pair
from finetune_report.stats.crossed import mean_over_seeds
from finetune_report.stats.metrics import METRICS, Outcome, measured, whole
from finetune_report.stats.run_scores import by_seed, clusters_of, on_examples, run_scores
from finetune_report.stats.shares import share_interval

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

Runs = list[pd.DataFrame]  # a table a seed: id, label, prediction and, where there are any, p_<label>


def scored_systems(predictions: Path, others: Path, baselines: Path, elsewhere: Sequence[Path]) -> dict[str, Runs]:
    """The runs of each system by name: of the winner and of further settings one a seed, of any other system one.

    `predictions` of the winner, of `others` and from `elsewhere`, if there are any, stand below one another;
    `baselines` have a column a method.
    """
    winner, settings, simple = map(pd.read_parquet, (predictions, others, baselines))
    found = {"winner": by_seed(winner)}
    found |= {str(name): by_seed(rows) for name, rows in settings.groupby("setting", sort=False)}
    for name in simple.columns.drop(["id", "label"]):
        found[str(name)] = [simple[["id", "label"]].assign(prediction=simple[name])]
    for path in elsewhere:
        for system, rows in pd.read_parquet(path).groupby("system", sort=False):
            found[str(system)] = [rows.drop(columns="system").dropna(axis="columns", how="all")]
    return found


def system_classes(runs: Runs, ids: Sequence[str], labels: list[str]) -> np.ndarray:
    """The class of each example: of several runs that of the highest mean probability."""
    tables = [on_examples(run, ids) for run in runs]
    if len(tables) == 1:
        return tables[0]["prediction"].to_numpy()
    chances = [table[[f"p_{label}" for label in labels]].to_numpy(dtype=float) for table in tables]
    return np.mean(chances, axis=0).argmax(axis=1)


def has_probabilities(runs: Runs, labels: list[str]) -> bool:
    """Whether there are probabilities, and none of 0, by which a loss could be infinite."""
    return all(f"p_{label}" in run.columns and (run[f"p_{label}"] > 0).all() for run in runs for label in labels)


def resolved_pairs(pairs: Sequence[Pair], systems: Mapping[str, Any], selected: str) -> list[Pair]:
    """The declared pairs of systems that were scored, each once; the setting that was `selected` is the winner."""
    found: dict[frozenset[str], Pair] = {}
    for pair in pairs:
        a, b = ("winner" if name == selected else name for name in pair)
        if a != b and a in systems and b in systems:
            found.setdefault(frozenset((a, b)), (a, b))
    return list(found.values())


def system_summary(runs: Runs, data: pd.DataFrame, labels: list[str]) -> dict[str, Any]:
    """The metrics of a system that its predictions allow, over its runs, and how many examples it gets right."""
    scores = [run_metrics(on_examples(run, data["id"].tolist()), labels) for run in runs]
    counts = {name: whole(fmean(score[name] for score in scores)) for name in ("correct", "count")}
    return over_seeds(scores, metric_intervals(runs, data, labels)) | counts | {"seeds": len(runs)}


def run_metrics(table: pd.DataFrame, labels: list[str]) -> dict[str, Any]:
    """What a run's predictions come to; loss and calibration error only where there are probabilities."""
    true, predicted = table["label"].to_numpy(), table["prediction"].to_numpy()
    found = Outcome(true, predicted)
    if has_probabilities([table], labels):
        chances = table[[f"p_{label}" for label in labels]].to_numpy(dtype=float)
        with np.errstate(divide="ignore"):
            found = Outcome(true, predicted, chances, -np.log(chances[np.arange(len(true)), true]))
    return measured(found) | {"correct": int((true == predicted).sum()), "count": len(true)}


def class_metrics(true: np.ndarray, predicted: np.ndarray, clusters: ArrayLike | None) -> dict[str, Any]:
    """The metrics of predicted classes, and where there are clusters the accuracy's interval.

    Without them it follows from the counts.
    """
    right = true == predicted
    found = measured(Outcome(true, predicted)) | {"correct": int(right.sum()), "count": len(true)}
    if clusters is None:
        return found
    return found | {"interval": share_interval(mean_over_seeds(right[:, None].astype(float), clusters))}


def metric_intervals(runs: Runs, data: pd.DataFrame, labels: list[str]) -> dict[str, tuple[float, float]]:
    """The 95% interval of each metric that is a mean over examples, or nearly one, from predictions of all seeds."""
    ids, clusters = data["id"].tolist(), clusters_of(data)
    found = {}
    for name, metric in METRICS.items():
        if metric.is_mean and (metric.needs == "predictions" or has_probabilities(runs, labels)):
            estimate = mean_over_seeds(run_scores(runs, ids, labels, name), clusters)
            exact = name == "accuracy"
            low, high = share_interval(estimate) if exact else estimate.sure_at_most(metric.reach).interval()
            least, most = metric.bounds
            found[name] = (max(low, least), min(high, most))
    return found


def over_seeds(scores: list[dict[str, Any]], intervals: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """Of each metric the mean, its interval where there is one, and where there are several seeds their standard
    deviation (n - 1) and ends.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in (name for name in METRICS if name in scores[0]):
        values = [score[name] for score in scores]
        found[name] = {"mean": fmean(values), "interval": intervals.get(name), "values": values}
        if len(values) > 1:
            found[name] |= {"sd": stdev(values), "least": min(values), "most": max(values)}
    return found
