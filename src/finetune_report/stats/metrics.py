"""The metrics by which predictions are measured, each registered once: name, label, direction, kind, how to compute it.

scikit-learn is imported where it is needed: it takes a second, and many scripts need a metric's direction alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from finetune_report.stats.calibration import expected_calibration_error
from finetune_report.stats.influence import OF_CLASSES, OF_PROBABILITIES
from finetune_report.stats.intervals import wilson_interval

import numpy as np

RESAMPLES = 2000

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
    of_tables: Callable[[np.ndarray], np.ndarray] | None = None

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


def confusion(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Counts by true class (rows) and predicted class; two classes at least, since scikit-learn warns of one."""
    from sklearn.metrics import confusion_matrix

    classes = max(2, int(labels.max()) + 1, int(predictions.max()) + 1)
    return confusion_matrix(labels, predictions, labels=range(classes)).astype(float)


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
    fixed.
    """
    counts = confusion(labels, predictions)
    drawn = np.random.default_rng(0).multinomial(len(labels), counts.ravel() / len(labels), size=RESAMPLES)
    tables = drawn.reshape(RESAMPLES, *counts.shape).astype(float)
    found = {name: metric.of_tables(tables) for name, metric in METRICS.items() if metric.of_tables}
    return {name: tuple(np.quantile(values, [0.025, 0.975]).tolist()) for name, values in found.items()}


def macro_f1_of(tables: np.ndarray) -> np.ndarray:
    """Macro-F1 of each confusion matrix, [tables, classes, classes]."""
    right, total = np.diagonal(tables, axis1=1, axis2=2), tables.sum(axis=1) + tables.sum(axis=2)
    return np.nanmean(2 * right / np.where(total > 0, total, np.nan), axis=1)


def balanced_accuracy_of(tables: np.ndarray) -> np.ndarray:
    """The mean recall over the true classes of each confusion matrix (Brodersen, Ong, Stephan & Buhmann 2010)."""
    right, true = np.diagonal(tables, axis1=1, axis2=2), tables.sum(axis=2)
    return np.nanmean(right / np.where(true > 0, true, np.nan), axis=1)


def matthews_of(tables: np.ndarray) -> np.ndarray:
    """Matthews' correlation of each confusion matrix (Gorodkin 2004); 0 where all labels or predictions are equal."""
    true, predicted, count = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    right = np.trace(tables, axis1=1, axis2=2)
    shared = right * count - (true * predicted).sum(axis=1)
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


def of_confusion(of_tables: Callable[[np.ndarray], np.ndarray]) -> Callable[[Outcome], float]:
    """A metric of the confusion matrix, for one outcome."""
    return lambda found: float(of_tables(confusion(found.labels, found.predictions)[None])[0])


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
            of_tables=balanced_accuracy_of,
        ),
        Metric("macro_f1", "macro-F1", True, "real", SHARE, of_confusion(macro_f1_of), of_tables=macro_f1_of),
        Metric(
            *("matthews", "Matthews correlation", True, "real", (-1.0, 1.0), of_confusion(matthews_of)),
            of_tables=matthews_of,
        ),
        Metric("loss", "loss", False, "loss", (0.0, inf), mean_loss, "losses"),
        Metric("calibration_error", "calibration error", False, "real", SHARE, calibration_error, "probabilities"),
    )
}
