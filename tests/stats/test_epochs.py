"""What each epoch made of the validation examples, and what follows of it."""

from pathlib import Path

from finetune_report.model.evaluation import Scores
from finetune_report.stats.epochs import EpochOutcomes, best_place, by_epoch, evaluator, read_epochs, scores_of_best
from finetune_report.stats.metrics import METRICS, Outcome, measured
from finetune_report.training.state import TrainingState, outcome_of

import numpy as np
import pandas as pd
import pytest
import torch
from finetune import write_epochs
from scipy.special import softmax

EPOCHS, CLASSES, COUNT = 4, 3, 60


def state(chance: np.random.Generator, labels: np.ndarray) -> tuple[TrainingState, list[dict[str, float]]]:
    """A finished run's, and each epoch's metrics."""
    found, scores = TrainingState(), []
    for epoch in range(1, EPOCHS + 1):
        chances = softmax(chance.normal(0, 1, (len(labels), CLASSES)) + 0.3 * epoch * np.eye(CLASSES)[labels], axis=1)
        losses = -np.log(chances[np.arange(len(labels)), labels])
        found.epochs.append({"epoch": epoch})
        found.outcomes.append(outcome_of(Scores(losses, chances, labels)))
        scores.append(measured(Outcome(labels, chances.argmax(axis=1), chances, losses)))
    return found, scores


def test_every_metric_of_every_epoch_follows_from_what_is_kept(tmp_path: Path) -> None:
    labels = np.arange(COUNT) % CLASSES
    found, scores = state(np.random.default_rng(0), labels)
    resumed = TrainingState.from_plain(found.as_plain())
    write_epochs(tmp_path / "epochs.parquet", resumed)
    kept = read_epochs(tmp_path / "epochs.parquet")
    assert kept.numbers == [1, 2, 3, 4]
    for metric in METRICS:
        assert by_epoch(metric, labels, kept) == pytest.approx([row[metric] for row in scores], rel=1e-6), metric
        weights = np.random.default_rng(1).multinomial(COUNT, np.full(COUNT, 1 / COUNT), size=3).astype(float)
        drawn = np.repeat(np.arange(COUNT), weights[2].astype(int))
        again = EpochOutcomes(kept.numbers, kept.predictions[drawn], kept.confidences[drawn], kept.losses[drawn])
        expected = by_epoch(metric, labels[drawn], again)
        assert evaluator(metric, labels, kept)(weights)[2] == pytest.approx(expected), metric


def test_what_is_kept_of_an_epoch_is_small() -> None:
    labels = np.arange(1000) % CLASSES
    found, _ = state(np.random.default_rng(0), labels)
    assert sum(column.numel() * column.element_size() for column in found.outcomes[0].values()) == 9 * 1000
    many = np.eye(300)[np.arange(300)]
    prediction = outcome_of(Scores(np.zeros(300), many, np.arange(300)))["prediction"]
    assert prediction.dtype == torch.int16
    assert prediction.max() == 299


def test_the_best_epoch_is_the_first_of_equals_by_the_tie_breaker() -> None:
    labels = np.array([0, 1, 1, 0])
    predictions = np.stack([[0, 1, 0, 1], [0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]], axis=1)
    losses = np.repeat([[0.5, 0.4, 0.3, 0.3]], 4, axis=0)
    run = EpochOutcomes([1, 2, 3, 4], predictions, np.full((4, 4), 0.9), losses)
    assert best_place("accuracy", labels, run) == 2
    assert best_place("accuracy", labels, run.first(2)) == 1
    assert best_place("loss", labels, run.first(1)) == 0


def test_at_equal_budgets_no_run_has_more_epochs_to_choose_from() -> None:
    labels = np.array([0, 1, 1, 0])
    long = EpochOutcomes(
        [1, 2], np.stack([[0, 1, 0, 1], labels], axis=1), np.full((4, 2), 0.9), np.ones((4, 2)) * [0.7, 0.1]
    )
    assert scores_of_best("accuracy", "accuracy", labels, [long], 2)[:, 0].tolist() == [1, 1, 1, 1]
    assert scores_of_best("accuracy", "accuracy", labels, [long], 1)[:, 0].tolist() == [1, 1, 0, 0]
    assert scores_of_best("loss", "accuracy", labels, [long], 1)[:, 0] == pytest.approx([0.7] * 4)


def test_epochs_of_different_examples_are_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"epoch": [1, 1, 2], "prediction": [0, 1, 0], "confidence": [0.9] * 3, "loss": [0.1] * 3})
    table.to_parquet(tmp_path / "epochs.parquet")
    with pytest.raises(ValueError, match="same examples"):
        read_epochs(tmp_path / "epochs.parquet")
