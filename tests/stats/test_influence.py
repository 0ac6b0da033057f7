"""Metrics as means of influence values."""

from collections.abc import Callable

from finetune_report.stats import influence

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

CLASSES = {
    "accuracy": metrics.accuracy_score,
    "macro_f1": lambda labels, found: metrics.f1_score(labels, found, average="macro"),
    "weighted_f1": lambda labels, found: metrics.f1_score(labels, found, average="weighted"),
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "matthews": metrics.matthews_corrcoef,
}
SCORES = {
    "auc": metrics.roc_auc_score,
    "pearson": lambda labels, found: stats.pearsonr(labels, found)[0],
    "spearman": lambda labels, found: stats.spearmanr(labels, found)[0],
}


def classes(chance: np.random.Generator, n: int = 120, count: int = 3) -> tuple[np.ndarray, np.ndarray]:
    labels = chance.integers(0, count, n)
    return labels, np.where(chance.random(n) < 0.6, labels, chance.integers(0, count, n))


def scored(name: str, chance: np.random.Generator, n: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """With ties."""
    labels = (chance.random(n) < 0.4).astype(int) if name == "auc" else np.round(chance.normal(size=n), 1)
    return labels, np.round(labels + chance.normal(size=n), 1)


def jackknife(metric: Callable[..., float], labels: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Pseudo-values, which leave one example out at a time."""
    whole, n = metric(labels, found), len(labels)
    left_out = [metric(np.delete(labels, i), np.delete(found, i)) for i in range(n)]
    return n * whole - (n - 1) * np.array(left_out)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_of_classes(name: str, count: int) -> None:
    labels, found = classes(np.random.default_rng(count), count=count)
    values = influence.OF_CLASSES[name](labels, found)
    assert values.mean() == pytest.approx(CLASSES[name](labels, found))
    expected = jackknife(CLASSES[name], labels, found)
    assert values.std() == pytest.approx(expected.std(), rel=0.12)
    assert np.abs(values - expected).max() < 0.2


@pytest.mark.parametrize("name", SCORES)
def test_of_scores_with_ties(name: str) -> None:
    labels, found = scored(name, np.random.default_rng(7))
    values = influence.OF_SCORES[name](labels, found)
    assert values.mean() == pytest.approx(SCORES[name](labels, found))
    expected = jackknife(SCORES[name], labels, found)
    assert values.std() == pytest.approx(expected.std(), rel=0.04)
    assert np.corrcoef(values, expected)[0, 1] > 0.995


def test_the_variance_of_the_area_is_that_of_delong() -> None:
    """By the definition: all pairs of a positive and a negative example."""
    labels, found = scored("auc", np.random.default_rng(8), 60)
    positive, negative = found[labels == 1], found[labels == 0]
    pairs = (positive[:, None] > negative).astype(float) + (positive[:, None] == negative) / 2
    expected = pairs.mean(axis=1).var() / len(positive) + pairs.mean(axis=0).var() / len(negative)
    assert influence.auc(labels, found).var() / len(labels) == pytest.approx(expected)


def test_classes_that_never_occur_count_as_in_scikit_learn() -> None:
    labels, found = np.array([0, 0, 2, 2, 0]), np.array([0, 2, 2, 2, 0])
    assert influence.macro_f1(labels, found).mean() == pytest.approx(metrics.f1_score(labels, found, average="macro"))
    balanced = metrics.balanced_accuracy_score(labels, found)
    assert influence.balanced_accuracy(labels, found).mean() == pytest.approx(balanced)


def test_one_answer_for_all_has_no_correlation() -> None:
    assert not influence.matthews([0, 1, 1, 0], [1, 1, 1, 1]).any()


def test_log_loss_and_brier_are_scikit_learns() -> None:
    chance = np.random.default_rng(9)
    labels, chances = chance.integers(0, 3, 40), chance.dirichlet([1, 1, 1], 40)
    assert influence.log_loss(labels, chances).mean() == pytest.approx(metrics.log_loss(labels, chances))
    one = metrics.brier_score_loss((labels == 1).astype(int), chances[:, 1])
    two = np.stack([1 - chances[:, 1], chances[:, 1]], axis=1)
    assert influence.brier((labels == 1).astype(int), two).mean() == pytest.approx(2 * one)
    assert np.isfinite(influence.log_loss([0], [[0.0, 1.0]])).all()


def test_what_has_no_value_is_refused() -> None:
    with pytest.raises(ValueError, match="both classes"):
        influence.auc([1, 1], [0.2, 0.3])
    with pytest.raises(ValueError, match="values that differ"):
        influence.pearson([1.0, 2.0], [0.5, 0.5])


def test_runs_are_columns() -> None:
    labels, found = classes(np.random.default_rng(10))
    values = influence.influence_values("macro_f1", labels, [found, labels])
    assert values.shape == (120, 2)
    assert values[:, 1].mean() == pytest.approx(1.0)
