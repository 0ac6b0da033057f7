"""Metrics as means over examples, so that one formula serves them all.

The influence value of example i is metric + the metric's slope at that example's weight; the values' mean is the
metric, and their variance over n is its variance to first order (Hampel 1974; the infinitesimal jackknife, Efron 1982).
So influence values stand in wherever a score of an example is asked for. Each function takes one run and gives
[examples].
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SMALLEST = float(np.finfo(np.float32).tiny)  # a probability stored as 0 was smaller than this


# Of predicted classes


def accuracy(labels: ArrayLike, predictions: ArrayLike) -> Floats:
    """1 or 0 for right or wrong."""
    return (np.asarray(labels) == np.asarray(predictions)).astype(float)


def macro_f1(labels: ArrayLike, predictions: ArrayLike) -> Floats:
    """Of the mean F1 over the classes that occur among labels or predictions, as in scikit-learn."""
    return of_cells(labels, predictions, macro_f1_slope)


def weighted_f1(labels: ArrayLike, predictions: ArrayLike) -> Floats:
    """Of the mean F1 over classes, weighted by their share of the labels."""
    return of_cells(labels, predictions, weighted_f1_slope)


def balanced_accuracy(labels: ArrayLike, predictions: ArrayLike) -> Floats:
    """Of the mean recall over the classes that occur among the labels."""
    return of_cells(labels, predictions, balanced_accuracy_slope)


def matthews(labels: ArrayLike, predictions: ArrayLike) -> Floats:
    """Of Matthews' correlation for any number of classes (Gorodkin 2004).

    Where all labels or all predictions are equal it is 0, and so are its influence values.
    """
    return of_cells(labels, predictions, matthews_slope)


Slope = Callable[[Floats], tuple[float, Floats]]


def of_cells(labels: ArrayLike, predictions: ArrayLike, slope: Slope) -> Floats:
    """Influence values of a function of the confusion matrix, from its value and its slope at each cell's share."""
    true, predicted = np.asarray(labels, dtype=int), np.asarray(predictions, dtype=int)
    classes = max(2, int(true.max()) + 1, int(predicted.max()) + 1)
    shares = np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes) / len(true)
    value, slopes = slope(shares)
    return value + slopes[true, predicted] - float((slopes * shares).sum())


def f1_parts(shares: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Each class's F1, and its slope at the cell on the diagonal, and at the others of its row and of its column."""
    right, total = shares.diagonal(), shares.sum(axis=0) + shares.sum(axis=1)
    safe = np.where(total > 0, total, 1.0)
    f1 = 2 * right / safe
    return f1, np.where(total > 0, 2 / safe, 0.0), np.where(total > 0, -f1 / safe, 0.0), total > 0


def macro_f1_slope(shares: Floats) -> tuple[float, Floats]:
    f1, diagonal, margin, occurs = f1_parts(shares)
    classes = int(occurs.sum())
    return float(f1[occurs].mean()), (np.diag(diagonal) + margin[:, None] + margin[None, :]) / classes


def weighted_f1_slope(shares: Floats) -> tuple[float, Floats]:
    f1, diagonal, margin, _ = f1_parts(shares)
    weights = shares.sum(axis=1)
    slopes = np.diag(weights * diagonal) + (weights * margin)[:, None] + (weights * margin)[None, :]
    return float(weights @ f1), slopes + f1[:, None]


def balanced_accuracy_slope(shares: Floats) -> tuple[float, Floats]:
    right, rows = shares.diagonal(), shares.sum(axis=1)
    occurs, safe = rows > 0, np.where(rows > 0, rows, 1.0)
    recall, classes = right / safe, int((rows > 0).sum())
    slopes = (np.diag(np.where(occurs, 1 / safe, 0.0)) - np.where(occurs, recall / safe, 0.0)[:, None]) / classes
    return float(recall[occurs].mean()), slopes


def matthews_slope(shares: Floats) -> tuple[float, Floats]:
    rows, columns, right = shares.sum(axis=1), shares.sum(axis=0), float(np.trace(shares))
    total = float(shares.sum())
    shared = right * total - float(rows @ columns)
    of_rows, of_columns = total**2 - float(rows @ rows), total**2 - float(columns @ columns)
    if of_rows <= 1e-15 or of_columns <= 1e-15:
        return 0.0, np.zeros_like(shares)
    value = shared / np.sqrt(of_rows * of_columns)
    shared_slope = np.eye(len(shares)) * total + right - columns[:, None] - rows[None, :]
    rows_slope, columns_slope = 2 * (total - rows)[:, None], 2 * (total - columns)[None, :]
    relative = (rows_slope / of_rows + columns_slope / of_columns) / 2
    return float(value), shared_slope / np.sqrt(of_rows * of_columns) - value * relative


# Of predicted probabilities


def log_loss(labels: ArrayLike, probabilities: ArrayLike) -> Floats:
    """Minus the natural logarithm of the true class's probability; probabilities are [examples, classes]."""
    chances = np.asarray(probabilities, dtype=float)
    return -np.log(np.maximum(chances[np.arange(len(chances)), np.asarray(labels, dtype=int)], SMALLEST))


def brier(labels: ArrayLike, probabilities: ArrayLike) -> Floats:
    """Squared distance between probabilities and the truth, summed over classes (Brier 1950): 0 to 2."""
    chances = np.asarray(probabilities, dtype=float)
    return ((chances - np.eye(chances.shape[1])[np.asarray(labels, dtype=int)]) ** 2).sum(axis=1)


# Of scores that rank


def auc(labels: ArrayLike, scores: ArrayLike) -> Floats:
    """Of the area under the ROC curve for labels of 0 and 1, by placements (DeLong, DeLong & Clarke-Pearson 1988).

    Raises ValueError where just one of both classes occurs.
    """
    positive, values = np.asarray(labels) == 1, np.asarray(scores, dtype=float)
    if positive.all() or not positive.any():
        raise ValueError("the area under the ROC curve needs examples of both classes")
    above_negatives = below_share(np.sort(values[~positive]), values)
    below_positives = 1 - below_share(np.sort(values[positive]), values)
    placements = np.where(positive, above_negatives, below_positives)
    area = float(above_negatives[positive].mean())
    share = np.where(positive, positive.mean(), 1 - positive.mean())
    return area + (placements - area) / share


def pearson(labels: ArrayLike, scores: ArrayLike) -> Floats:
    """Of Pearson's correlation. Raises ValueError where either side is constant."""
    a, b = standardised(labels), standardised(scores)
    r = float((a * b).mean())
    return r + a * b - r * (a**2 + b**2) / 2


def spearman(labels: ArrayLike, scores: ArrayLike) -> Floats:
    """Of Spearman's correlation, with what an example does to the ranks of the others; ties share their mean rank."""
    first, second = np.asarray(labels, dtype=float), np.asarray(scores, dtype=float)
    ranks = [below_share(np.sort(x), x) for x in (first, second)]
    a, b = standardised(ranks[0]), standardised(ranks[1])
    r = float((a * b).mean())
    by_ranks = above_mean(first, (b - r * a) / ranks[0].std()) + above_mean(second, (a - r * b) / ranks[1].std())
    return r + a * b - r * (a**2 + b**2) / 2 + by_ranks


def standardised(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=float)
    spread = numbers.std()
    if not spread > 0:
        raise ValueError("a correlation needs values that differ")
    return (numbers - numbers.mean()) / spread


def below_share(ordered: Floats, values: Floats) -> Floats:
    """The share of `ordered` that lies below each value; what equals it counts half."""
    low, high = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return (low + high) / (2 * len(ordered))


def above_mean(values: Floats, of: Floats) -> Floats:
    """For each value the sum of `of` over what lies above it, divided by n; what equals it counts half."""
    order = np.argsort(values, kind="stable")
    ordered, sums = values[order], np.concatenate([[0.0], np.cumsum(of[order])])
    low, high = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return (2 * sums[-1] - sums[low] - sums[high]) / (2 * len(values))


# By name, with what each takes beside the labels

OF_CLASSES = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
    "balanced_accuracy": balanced_accuracy,
    "matthews": matthews,
}
OF_PROBABILITIES = {"loss": log_loss, "brier": brier}
OF_SCORES = {"auc": auc, "pearson": pearson, "spearman": spearman}


def influence_values(metric: str, labels: ArrayLike, runs: list[Any]) -> Floats:
    """[examples, seeds] for a metric by name and what each run predicted (classes, probabilities or scores).

    Raises KeyError where there is no such metric.
    """
    function = (OF_CLASSES | OF_PROBABILITIES | OF_SCORES)[metric]
    return np.stack([function(labels, run) for run in runs], axis=1)
