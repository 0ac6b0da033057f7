"""Precision, recall and F1 by class over seeds."""

from finetune_report.stats.class_shares import class_shares
from finetune_report.stats.crossed import mean_over_seeds
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.shares import share_interval

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

NAMES = ["a", "b", "c"]


def drawn(chance: np.random.Generator, count: int, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    labels = chance.integers(0, 3, count)
    hard = chance.random((count, 1))
    right = hard + chance.normal(0, 0.2, (count, seeds)) < 0.7
    return labels, np.where(right, labels[:, None], (labels[:, None] + 1) % 3)


def test_one_seed_is_scikit_learns_with_wilson_intervals() -> None:
    labels, predictions = drawn(np.random.default_rng(0), 90, 1)
    found = class_shares(labels, predictions, NAMES)
    precision, recall, f1, counts = precision_recall_fscore_support(labels, predictions[:, 0])
    for number, row in enumerate(found.values()):
        assert (row["precision"], row["recall"], row["f1"]) == pytest.approx(
            (precision[number], recall[number], f1[number])
        )
        assert row["count"] == counts[number]
        right, named = ((labels == number) & (predictions[:, 0] == number)).sum(), (predictions == number).sum()
        assert row["precision_interval"] == pytest.approx(wilson_interval(right, named))
        assert row["recall_interval"] == pytest.approx(wilson_interval(right, counts[number]))


def test_seeds_are_put_together_and_a_recall_is_an_accuracy_within_the_class() -> None:
    labels, predictions = drawn(np.random.default_rng(1), 3000, 4)
    found = class_shares(labels, predictions, NAMES)
    pooled = precision_recall_fscore_support(np.repeat(labels, 4), predictions.ravel())
    for number, row in enumerate(found.values()):
        assert row["precision"] == pytest.approx(pooled[0][number])
        assert row["f1"] == pytest.approx(pooled[2][number])
        own = labels == number
        within = share_interval(mean_over_seeds((predictions[own] == number).astype(float)))
        assert row["recall_interval"] == pytest.approx(within, abs=2e-3)


def test_a_class_that_nobody_predicts_has_no_precision() -> None:
    found = class_shares(np.array([0, 0, 1]), np.array([[0, 0], [0, 0], [0, 0]]), NAMES)
    assert (found["b"]["precision"], found["b"]["precision_interval"]) == (0.0, None)
    low, high = found["b"]["recall_interval"]
    assert low == 0
    assert 0.5 < high < 1
    assert found["c"] == dict.fromkeys(("precision", "recall", "f1"), 0.0) | {
        "precision_interval": None,
        "recall_interval": None,
        "count": 0,
    }


def test_intervals_hold_the_truth_in_about_95_of_100_cases() -> None:
    chance = np.random.default_rng(2)
    labels, predictions = drawn(chance, 400_000, 1)
    truth = class_shares(labels, predictions, NAMES)["a"]
    held = dict.fromkeys(("precision", "recall"), 0)
    for _ in range(400):
        row = class_shares(*drawn(chance, 150, 3), NAMES)["a"]
        for name in held:
            low, high = row[f"{name}_interval"]
            held[name] += low <= truth[name] <= high
    assert all(0.925 < count / 400 < 0.98 for count in held.values()), held
