"""The selected setting's score without the luck of the selection."""

from finetune_report.stats.metrics import macro_f1_of
from finetune_report.stats.winners_curse import (
    best_places,
    chosen_scores,
    correct_winner,
    draw_weights,
    of_confusion,
    of_means,
)

import numpy as np
import pytest
from sklearn.metrics import f1_score


def runs(chance: np.random.Generator, settings: int, epochs: int, n: int = 200) -> list[list[np.ndarray]]:
    example = chance.normal(0.7, 1, (n, 1))
    return [[(example + chance.normal(0, 0.7, (n, epochs)) > 0).astype(float)] for _ in range(settings)]


def test_the_winner_is_the_best_mean_over_the_runs_best_epochs() -> None:
    tables = [
        [np.array([[1, 0], [0, 0], [0, 0], [1, 0]]), np.array([[1, 1], [0, 1], [0, 1], [0, 0]])],
        [np.array([[1, 1], [0, 1], [0, 0], [0, 1]]), np.array([[1, 0], [1, 0], [0, 0], [1, 0]])],
    ]
    found = correct_winner([[of_means(run) for run in setting] for setting in tables], 4, resamples=50)
    assert (found.selected, found.epochs, found.score) == (1, (1, 0), 0.75)
    assert found.candidates == 4


def test_among_equals_the_tie_breaker_decides_as_in_the_selection() -> None:
    """Settings and epochs alike; in draws too, where most epochs of few examples are equal to another."""
    chance = np.random.default_rng(5)
    right = np.array([[1, 1], [0, 0], [1, 1], [1, 1]])
    losses = [np.array([[0.5, 0.4]] * 4), np.array([[0.3, 0.2]] * 4), np.array([[0.3, 0.2]] * 4)]
    settings, ties = [[of_means(right)]] * 3, [[of_means(-loss)] for loss in losses]
    found = correct_winner(settings, 4, resamples=10, ties=ties)
    assert (found.selected, found.epochs) == (1, (1,))
    assert (correct_winner(settings, 4, resamples=10).selected, correct_winner(settings, 4).epochs) == (0, (0,))
    # Worse on what is not drawn, and of a lower loss throughout: selected wherever a draw makes it equal.
    tables = [(chance.random((12, 3)) < 0.7).astype(float) for _ in range(4)]
    seconds = [chance.normal(size=(12, 3)) for _ in range(4)]
    weights = draw_weights(200, 12, None, chance)
    expected = []
    for row in weights:
        rows = []
        for table, second in zip(tables, seconds, strict=True):
            inside, tie, outside = (
                np.average(t, axis=0, weights=w) for t, w in ((table, row), (second, row), (table, row == 0))
            )
            best = max(range(3), key=lambda epoch: (round(inside[epoch], 9), tie[epoch]))
            rows.append((round(inside[best], 9), tie[best], outside[best]))
        expected.append(max(rows, key=lambda found: found[:2])[2])
    candidates = [[(of_means(table), of_means(second))] for table, second in zip(tables, seconds, strict=True)]
    inside, outside, of_ties = chosen_scores(candidates, weights, (weights == 0).astype(float), 1)
    chosen = outside[np.arange(200), best_places(inside, of_ties)]
    assert chosen == pytest.approx(expected)


def test_one_candidate_has_nothing_to_correct() -> None:
    table = runs(np.random.default_rng(0), 1, 1)
    found = correct_winner([[of_means(table[0][0])]], 200)
    assert found.optimism == pytest.approx(0.0, abs=0.003)


def test_candidates_that_are_alike_are_corrected_to_what_they_are() -> None:
    """Over many data sets the corrected score is right to within a point, and the uncorrected one is not."""
    chance = np.random.default_rng(1)
    found = []
    for _ in range(60):
        tables = runs(chance, 16, 2)
        one = correct_winner([[of_means(run) for run in setting] for setting in tables], 200, resamples=100)
        found.append((one.score, one.corrected))
    truth = 0.7169  # normal(0.7 / sqrt(1 + 0.7^2))
    score, corrected = np.mean(found, axis=0)
    assert score - truth > 0.02
    assert abs(corrected - truth) < 0.012


def test_a_loss_is_corrected_upwards() -> None:
    tables = runs(np.random.default_rng(2), 8, 3)
    found = correct_winner([[of_means(1 - run) for run in setting] for setting in tables], 200, higher_is_better=False)
    assert found.corrected > found.score
    mirrored = correct_winner([[of_means(run) for run in setting] for setting in tables], 200)
    assert found.corrected == pytest.approx(1 - mirrored.corrected)


def test_confusion_matrices_serve_other_metrics() -> None:
    chance = np.random.default_rng(3)
    labels = chance.integers(0, 3, 80)
    predictions = np.where(chance.random((80, 2)) < 0.6, labels[:, None], chance.integers(0, 3, (80, 2)))
    weights = draw_weights(4, 80, None, chance)
    found = of_confusion(labels, predictions, macro_f1_of)(weights)
    for draw in range(4):
        for epoch in range(2):
            expected = f1_score(labels, predictions[:, epoch], average="macro", sample_weight=weights[draw])
            assert found[draw, epoch] == pytest.approx(expected)


def test_clusters_are_drawn_whole() -> None:
    clusters = np.array(["x", "y", "x", "z", "z", "x"])
    weights = draw_weights(50, 6, clusters, np.random.default_rng(4))
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
