"""What predictions are measured by, beyond how many are right."""

from typing import Any

from finetune_report.stats.intervals import wilson_interval

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

BINS = 10
RESAMPLES = 2000


def extra_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Macro-F1, Matthews' correlation and the calibration error; [n] and [n, classes].

    Macro-F1 is the mean over the classes that occur among labels or predictions, as in scikit-learn.
    """
    named = class_metrics(labels, probabilities.argmax(axis=1))
    return named | {"calibration_error": calibration_error(labels, probabilities)}


def class_metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Those of them that need no probabilities."""
    tables = confusion(labels, predictions)[None]
    return {"macro_f1": float(macro_f1_of(tables)[0]), "matthews": float(matthews_of(tables)[0])}


def confusion(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Counts by true class (rows) and predicted class; two classes at least, since scikit-learn warns of one."""
    classes = max(2, int(labels.max()) + 1, int(predictions.max()) + 1)
    return confusion_matrix(labels, predictions, labels=range(classes)).astype(float)


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The expected calibration error: how far confidence and accuracy lie apart, over ten bins of equal width.

    Guo, Pleiss, Sun & Weinberger 2017; a bin holds its upper bound, not its lower one.
    """
    confidence = probabilities.max(axis=1)
    gaps = (probabilities.argmax(axis=1) == labels) - confidence
    bins = np.ceil(confidence * BINS).astype(int)  # 1 to BINS
    return float(np.abs(np.bincount(bins, weights=gaps)).sum() / len(labels))


def by_class(
    labels: np.ndarray, predictions: np.ndarray, names: list[str], seeds: int = 1
) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of each class, its examples, and how often it was predicted.

    Precision and recall come with Wilson intervals, None where there is nothing to divide by. Where the predictions of
    several `seeds` are put together, counts are those of one seed in the mean: more seeds are not more examples.
    """
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


def intervals(labels: np.ndarray, predictions: np.ndarray) -> dict[str, tuple[float, float]]:
    """95% percentile bootstrap intervals of macro-F1 and Matthews' correlation over the examples; the same each time.

    To draw examples anew is to draw the counts of the confusion matrix's cells from a multinomial distribution.
    """
    counts = confusion(labels, predictions)
    drawn = np.random.default_rng(0).multinomial(len(labels), counts.ravel() / len(labels), size=RESAMPLES)
    tables = drawn.reshape(RESAMPLES, *counts.shape).astype(float)
    found = {"macro_f1": macro_f1_of(tables), "matthews": matthews_of(tables)}
    return {name: tuple(np.quantile(values, [0.025, 0.975]).tolist()) for name, values in found.items()}


def macro_f1_of(tables: np.ndarray) -> np.ndarray:
    """Macro-F1 of each confusion matrix, [tables, classes, classes]."""
    right, total = np.diagonal(tables, axis1=1, axis2=2), tables.sum(axis=1) + tables.sum(axis=2)
    return np.nanmean(2 * right / np.where(total > 0, total, np.nan), axis=1)


def matthews_of(tables: np.ndarray) -> np.ndarray:
    """Matthews' correlation of each confusion matrix (Gorodkin 2004); 0 where all labels or predictions are equal."""
    true, predicted, count = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    right = np.trace(tables, axis1=1, axis2=2)
    shared = right * count - (true * predicted).sum(axis=1)
    spread = (count**2 - (true**2).sum(axis=1)) * (count**2 - (predicted**2).sum(axis=1))
    return np.divide(shared, np.sqrt(spread), out=np.zeros_like(shared), where=spread > 0)
