"""Precision, recall and F1 of each class over seeds, with intervals over examples, clusters and seeds."""

from collections.abc import Sequence
from typing import Any

from finetune_report.stats.crossed import mean_over_seeds
from finetune_report.stats.metrics import whole
from finetune_report.stats.shares import share_interval

import numpy as np
from numpy.typing import ArrayLike, NDArray

Truths = NDArray[np.bool_]
Interval = tuple[float, float]


def class_shares(
    labels: ArrayLike, predictions: ArrayLike, names: Sequence[str], clusters: ArrayLike | None = None
) -> dict[str, dict[str, Any]]:
    """Of each class, from labels [examples] and predicted classes [examples, seeds], all seeds put together.

    `count` has the class's examples. Precision and recall come with an interval, None where there is nothing to divide
    by; the share is 0 then, as in scikit-learn.
    """
    true, predicted = np.asarray(labels), np.asarray(predictions)
    found = {}
    for number, name in enumerate(names):
        is_class, is_predicted = np.broadcast_to((true == number)[:, None], predicted.shape), predicted == number
        right, both = is_class & is_predicted, int(is_class.sum() + is_predicted.sum())
        precision, recall = (share_of(right, of, clusters) for of in (is_predicted, is_class))
        found[name] = {
            "precision": precision[0],
            "precision_interval": precision[1],
            "recall": recall[0],
            "recall_interval": recall[1],
            "f1": 2 * int(right.sum()) / both if both else 0.0,
            "count": whole(int((true == number).sum())),
        }
    return found


def share_of(right: Truths, of: Truths, clusters: ArrayLike | None) -> tuple[float, Interval | None]:
    """The share of `right` among `of`, both [examples, seeds], with its interval.

    The influence values of a ratio (Hampel 1974) take the place of scores, so that one formula serves this share too.
    """
    total = int(of.sum())
    if not total:
        return 0.0, None
    share = int(right.sum()) / total
    values = share + of * (right - share) / of.mean()
    return share, share_interval(mean_over_seeds(values, clusters), count=total / of.shape[1])
