"""The metrics by which predictions are measured, each registered once: name, label, direction, kind, how to compute it.

scikit-learn and SciPy are imported where they are needed: they take a second, and many scripts need a metric's
direction alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from finetune_report.stats.calibration import expected_calibration_error
from finetune_report.stats.influence import OF_CLASSES, OF_PROBABILITIES
from finetune_report.stats.intervals import wilson_interval

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
DRAWN_AT_ONCE = 10_000_000  # counts of cells

Interval = tuple[float, float]
SHARE = (0.0, 1.0)


@dataclass(frozen=True)
class Outcome:
    """What a method made of labelled examples: `labels` and `predictions` are classes, [n].

    `probabilities`, [n, classes], and `losses`, [n], are there where the method gives them.
    """

    labels: np.ndarray
    predictions: np.ndarray
    probabilities: np.ndarray | None = None
    losses: np.ndarray | None = None


@dataclass(frozen=True)
class Margins:
    """Of confusion matrices, [tables, classes]: the diagonals, and the examples by true and by predicted class."""

    right: NDArray[np.float64]
    true: NDArray[np.float64]
    predicted: NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One metric.

    `label` names it in prose; `kind` says how its values are printed. `compute` gives its value for an outcome, and
    `interval` a 95% interval from counts by true and predicted class, where there is one; accuracy's is Wilson's, from
    the counts of examples. `needs` names what an outcome must have beyond predictions. No value lies beyond `bounds`.
    """

    name: str
    label: str
    higher_is_better: bool
    kind: str
    bounds: Interval
    compute: Callable[[Outcome], float]
    needs: str = "predictions"
    of_margins: Callable[[Margins], NDArray[np.float64]] | None = None

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.higher_is_better else -1

    @property
    def is_share(self) -> bool:
        """Whether differences are told in percentage points."""
        return self.bounds == SHARE

    @property
    def reach(self) -> float:
        """How far two values can lie apart, inf where there is no end to it."""
        return self.bounds[1] - self.bounds[0]

    @property
    def is_mean(self) -> bool:
        """Whether it is a mean over examples, or to first order one: only by such are settings compared."""
        return self.name in OF_CLASSES | OF_PROBABILITIES


def counter(labels: ArrayLike, predictions: ArrayLike) -> Callable[[NDArray[Any]], Margins]:
    """What the metrics of confusion matrices need of one, for any weights of the examples, [tables, examples].

    The matrix itself has a cell for each two classes, which for hundreds of them is more than memory holds.
    """
    from scipy.sparse import csr_array

    true, predicted = np.asarray(labels, dtype=int), np.asarray(predictions, dtype=int)
    rows, classes = np.arange(len(true)), max(int(true.max()), int(predicted.max())) + 1
    right, ones = (true == predicted).astype(float), np.ones(len(true))
    by_class = [
        csr_array((values, (rows, columns)), shape=(len(rows), classes))
        for columns, values in ((true, right), (true, ones), (predicted, ones))
    ]
    return lambda weights: Margins(*(np.asarray(weights @ each, dtype=float) for each in by_class))


def margins(labels: ArrayLike, predictions: ArrayLike, weights: NDArray[Any]) -> Margins:
    """The same for one set of weights."""
    return counter(labels, predictions)(weights)


def by_class(
    labels: np.ndarray, predictions: np.ndarray, names: list[str], seeds: int = 1
) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of each class, its examples, and how often it was predicted.

    Precision and recall come with Wilson intervals, None where there is nothing to divide by. Where the predictions of
    several `seeds` are put together, counts are those of one seed in the mean: more seeds are not more examples.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    classes = range(len(names))
    table = confusion_matrix(labels, predictions, labels=classes)
    measures = precision_recall_fscore_support(labels, predictions, labels=classes, zero_division=0)
    rows = zip(names, *measures, table.diagonal(), table.sum(axis=0), strict=True)
    return {
        name: {
            "precision": float(precision),
            "precision_interval": wilson_interval(right / seeds, predicted / seeds) if predicted else None,
            "recall": float(recall),
            "recall_interval": wilson_interval(right / seeds, count / seeds) if count else None,
            "f1": float(f1),
            "count": whole(count / seeds),
            "predicted": whole(predicted / seeds),
        }
        for name, precision, recall, f1, count, right, predicted in rows
    }


def whole(number: float) -> float | int:
    """A number as an integer where it is one, so that counts look like counts."""
    return int(number) if float(number).is_integer() else float(number)


def intervals(labels: np.ndarray, predictions: np.ndarray) -> dict[str, Interval]:
    """95% percentile bootstrap intervals over the examples of every metric that is one of the confusion matrix.

    To draw examples again is to draw the counts of the matrix's cells from a multinomial distribution; the seed is
    fixed. An empty cell stays empty.
    """
    cells, counts = np.unique(np.stack([labels, predictions]), axis=1, return_counts=True)
    generator, found = np.random.default_rng(0), []
    count = counter(cells[0], cells[1])
    at_once = int(np.clip(DRAWN_AT_ONCE // len(counts), 1, RESAMPLES))
    for first in range(0, RESAMPLES, at_once):
        size = min(at_once, RESAMPLES - first)
        drawn = generator.multinomial(len(labels), counts / len(labels), size=size).astype(float)
        tables = count(drawn)
        found.append({name: metric.of_margins(tables) for name, metric in METRICS.items() if metric.of_margins})
    values = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return {name: tuple(np.quantile(drawn, [0.025, 0.975]).tolist()) for name, drawn in values.items()}


def macro_f1_of(tables: Margins) -> NDArray[np.float64]:
    """Macro-F1 of each confusion matrix."""
    total = tables.true + tables.predicted
    return np.asarray(np.nanmean(2 * tables.right / np.where(total > 0, total, np.nan), axis=1))


def balanced_accuracy_of(tables: Margins) -> NDArray[np.float64]:
    """The mean recall over the true classes of each confusion matrix (Brodersen, Ong, Stephan & Buhmann 2010)."""
    return np.asarray(np.nanmean(tables.right / np.where(tables.true > 0, tables.true, np.nan), axis=1))


def matthews_of(tables: Margins) -> NDArray[np.float64]:
    """Matthews' correlation of each confusion matrix (Gorodkin 2004); 0 where all labels or predictions are equal."""
    true, predicted, count = tables.true, tables.predicted, tables.true.sum(axis=1)
    shared = tables.right.sum(axis=1) * count - (true * predicted).sum(axis=1)
    spread = (count**2 - (true**2).sum(axis=1)) * (count**2 - (predicted**2).sum(axis=1))
    return np.divide(shared, np.sqrt(spread), out=np.zeros_like(shared), where=spread > 0)


def accuracy(found: Outcome) -> float:
    return int((found.predictions == found.labels).sum()) / len(found.labels)


def mean_loss(found: Outcome) -> float:
    assert found.losses is not None
    return float(found.losses.mean())


def calibration_error(found: Outcome) -> float:
    assert found.probabilities is not None
    return expected_calibration_error(found.labels, found.probabilities)


def of_confusion(of_margins: Callable[[Margins], NDArray[np.float64]]) -> Callable[[Outcome], float]:
    """A metric of the confusion matrix, for one outcome."""

    def compute(found: Outcome) -> float:
        return float(of_margins(margins(found.labels, found.predictions, np.ones((1, len(found.labels)))))[0])

    return compute


def measured(found: Outcome) -> dict[str, float]:
    """Every metric that an outcome has what it takes for, by name."""
    return {name: metric.compute(found) for name, metric in METRICS.items() if getattr(found, metric.needs) is not None}


# The first is what settings are selected by unless the config says otherwise.
METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", True, "accuracy", SHARE, accuracy),
        Metric(
            *("balanced_accuracy", "balanced accuracy", True, "accuracy", SHARE, of_confusion(balanced_accuracy_of)),
            of_margins=balanced_accuracy_of,
        ),
        Metric("macro_f1", "macro-F1", True, "real", SHARE, of_confusion(macro_f1_of), of_margins=macro_f1_of),
        Metric(
            *("matthews", "Matthews correlation", True, "real", (-1.0, 1.0), of_confusion(matthews_of)),
            of_margins=matthews_of,
        ),
        Metric("loss", "loss", False, "loss", (0.0, inf), mean_loss, "losses"),
        Metric("calibration_error", "calibration error", False, "real", SHARE, calibration_error, "probabilities"),
    )
}
