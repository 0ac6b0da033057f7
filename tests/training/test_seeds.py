"""Several seeds: each use of chance apart, and a run that diverges."""

from dataclasses import replace
from pathlib import Path

from finetune_report.training import loop as training
from finetune_report.training.loop import Hyperparameters, Run
from finetune_report.training.state import BestEpoch, TrainingState
from tests.support.models import few_examples, make_run

import finetune
import numpy as np
import pytest
import torch

SETTING = Hyperparameters(8, 5e-3, 2, 0.01, 0.1, "linear", 1.0, None, None)


def trained(folder: Path, order: int, dropout: int | None, rate: float = 0.1) -> torch.Tensor:
    run = make_run(folder / f"{order}-{dropout}-{rate}", SETTING, rate, order, dropout_seed=dropout)
    run.train()
    return run.model.classifier.weight.detach().clone()


def test_order_and_dropout_have_seeds_of_their_own(tmp_path: Path) -> None:
    first = trained(tmp_path, order=1, dropout=1)
    assert torch.equal(first, trained(tmp_path, order=1, dropout=None))
    assert not torch.equal(first, trained(tmp_path, order=2, dropout=1))
    assert not torch.equal(first, trained(tmp_path, order=1, dropout=2))
    without = trained(tmp_path, order=1, dropout=1, rate=0.0)
    assert torch.equal(without, trained(tmp_path, order=1, dropout=2, rate=0.0))


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_run_that_diverges_keeps_the_best_epoch_so_far_or_the_model_as_it_began(
    epoch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, replace(SETTING, learning_rate=1e-3), record_divergence=True)
    begun = run.model.classifier.weight.detach().clone()
    step = training.Run.train_step

    def break_then_step(self: Run, batch: np.ndarray) -> None:
        if self.state.epoch == epoch - 1 and self.state.batch == 2:
            with torch.no_grad():
                self.model.classifier.weight.fill_(float("nan"))
        step(self, batch)

    monkeypatch.setattr(training.Run, "train_step", break_then_step)
    state = run.train()
    assert state.diverged == {"epoch": epoch, "step": 5 * (epoch - 1) + 3}
    assert state.best_epoch.epoch == epoch - 1
    assert [row["epoch"] for row in state.history] == [epoch - 1]
    assert torch.equal(run.model.classifier.weight, begun) == (epoch == 1)
    assert torch.isfinite(run.model.classifier.weight).all()
    found = finetune.results(state, run.validation_set, ["no", "yes"])
    assert found["status"] == "diverged"
    assert found["diverged"] == {"epoch": epoch, "step": 5 * (epoch - 1) + 3}


@pytest.mark.parametrize(("correct", "status"), [(12, "failed"), (13, "trained")])
def test_a_run_no_better_than_the_majority_class_failed(correct: int, status: str) -> None:
    validation = few_examples(20)
    validation.labels[:] = [1] * 12 + [0] * 8
    summary = {"loss": 0.5, "accuracy": correct / 20, "correct": correct, "count": 20}
    best = BestEpoch(1, 5, summary, summary, torch.tensor([[0.1, 0.9]] * 20), {})
    state = TrainingState(epoch=1, step=5, best=best)
    assert finetune.results(state, validation, ["no", "yes"])["status"] == status
