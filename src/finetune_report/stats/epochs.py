"""What a run made of each validation example after every epoch: which epoch is best, and what a metric is over them."""

from dataclasses import dataclass
from pathlib import Path

from finetune_report.stats.calibration import BINS, bin_numbers
from finetune_report.stats.influence import OF_CLASSES
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.selection import sort_key, tie_breaker
from finetune_report.stats.winners_curse import Evaluator, of_confusion, of_means, of_sums

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EpochOutcomes:
    """Of one run, [examples, epochs] each: the predicted class, its probability, and the loss.

    `numbers` are those of the epochs, from 1; 0 is the model before training. Examples are in the order of their split.
    Arrays are as small as they were stored, since a sweep has thousands of runs.
    """

    numbers: list[int]
    predictions: NDArray[np.integer]
    confidences: NDArray[np.floating]
    losses: NDArray[np.floating]

    def first(self, count: int) -> "EpochOutcomes":
        """The first `count` epochs alone."""
        return EpochOutcomes(
            self.numbers[:count], self.predictions[:, :count], self.confidences[:, :count], self.losses[:, :count]
        )


def read_epochs(path: Path) -> EpochOutcomes:
    """From a run's epochs.parquet, which has the epochs one below the other.

    Raises ValueError where they are not of the same number of examples each.
    """
    table = pq.read_table(path)
    epochs = table["epoch"].to_numpy()
    numbers = list(dict.fromkeys(epochs.tolist()))
    if len(epochs) % max(1, len(numbers)) or (epochs != np.repeat(numbers, len(epochs) // len(numbers))).any():
        raise ValueError(f"the epochs in {path.name} are not of the same examples")
    columns = (table[name].to_numpy().reshape(len(numbers), -1).T for name in ("prediction", "confidence", "loss"))
    predictions, confidences, losses = columns
    return EpochOutcomes(numbers, predictions, confidences, losses)


def evaluator(metric: str, labels: NDArray[np.int64], run: EpochOutcomes) -> Evaluator:
    """The metric after each epoch for any weights of the examples."""
    right = run.predictions == labels[:, None]
    if metric == "accuracy":
        return of_means(right)
    if metric == "loss":
        return of_means(run.losses)
    if metric == "calibration_error":
        gaps = [
            (right[:, place] - run.confidences[:, place].astype(float))[:, None]
            * np.eye(BINS + 1)[bin_numbers(run.confidences[:, place])]
            for place in range(right.shape[1])
        ]
        return of_sums(gaps, lambda sums: np.abs(sums).sum(axis=1))
    of_margins = METRICS[metric].of_margins
    assert of_margins is not None
    return of_confusion(labels, run.predictions, of_margins)


def tie_evaluator(metric: str, labels: NDArray[np.int64], run: EpochOutcomes) -> Evaluator:
    """What decides where the metric is equal, such that more is better."""
    second = tie_breaker(metric)
    found, sign = evaluator(second, labels, run), METRICS[second].sign
    return lambda weights: sign * found(weights)


def by_epoch(metric: str, labels: NDArray[np.int64], run: EpochOutcomes) -> Floats:
    """The metric after each epoch, [epochs]."""
    result: Floats = evaluator(metric, labels, run)(np.ones((1, len(labels))))[0]
    return result


def best_place(metric: str, labels: NDArray[np.int64], run: EpochOutcomes) -> int:
    """The place of the epoch that is best by the metric, then by its tie breaker; the first of equals."""
    names = (metric, tie_breaker(metric))
    columns = [by_epoch(name, labels, run).tolist() for name in names]
    scores = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return max(range(len(scores)), key=lambda place: sort_key(scores[place], metric))


def scores_of_best(
    metric: str, selected_by: str, labels: NDArray[np.int64], runs: list[EpochOutcomes], budget: int
) -> Floats:
    """[examples, runs] by `metric`, each run at the best of its first `budget` epochs, as it is `selected_by`."""
    columns = []
    for run in (run.first(budget) for run in runs):
        place = best_place(selected_by, labels, run)
        predictions = run.predictions[:, place]
        columns.append(
            OF_CLASSES[metric](labels, predictions) if metric in OF_CLASSES else run.losses[:, place].astype(float)
        )
    return np.stack(columns, axis=1)
