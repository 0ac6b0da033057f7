"""Several seeds: each use of chance apart, and a run that diverges."""

from dataclasses import replace
from pathlib import Path

from finetune_report.model.device import Compute, resolve_compute
from finetune_report.training import loop as training
from finetune_report.training.checkpoints import Checkpoints
from finetune_report.training.loop import Hyperparameters, Run
from finetune_report.training.state import Progress

import finetune
import numpy as np
import pytest
import torch
from tiny import few_examples, tiny_bert

SETTING = Hyperparameters(8, 5e-3, 2, 0.01, 0.1, "linear", 1.0, None, None)


@pytest.fixture
def compute() -> Compute:
    return resolve_compute("cpu", "fp32", 1)


def trained(folder: Path, compute: Compute, order: int, dropout: int | None, rate: float = 0.1) -> torch.Tensor:
    checkpoints = Checkpoints(folder / f"run-{order}-{dropout}-{rate}", "0" * 64)
    train, validation = few_examples(40), few_examples(20, seed=1)
    run = Run(
        tiny_bert(rate), train, validation, SETTING, order, "accuracy", compute, checkpoints, dropout_seed=dropout
    )
    run.train()
    return run.model.classifier.weight.detach().clone()


def test_order_and_dropout_have_seeds_of_their_own(tmp_path: Path, compute: Compute) -> None:
    first = trained(tmp_path, compute, order=1, dropout=1)
    assert torch.equal(first, trained(tmp_path, compute, order=1, dropout=None))
    assert not torch.equal(first, trained(tmp_path, compute, order=2, dropout=1))
    assert not torch.equal(first, trained(tmp_path, compute, order=1, dropout=2))
    without = trained(tmp_path, compute, order=1, dropout=1, rate=0.0)
    assert torch.equal(without, trained(tmp_path, compute, order=1, dropout=2, rate=0.0))


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_run_that_diverges_keeps_the_best_epoch_so_far_or_the_model_as_it_began(
    epoch: int, tmp_path: Path, compute: Compute, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, validation = few_examples(40), few_examples(20, seed=1)
    run = Run(
        tiny_bert(),
        train,
        validation,
        replace(SETTING, learning_rate=1e-3),
        1,
        "accuracy",
        compute,
        Checkpoints(tmp_path / "run", "0" * 64),
        record_divergence=True,
    )
    begun = run.model.classifier.weight.detach().clone()
    step = training.Run.train_step

    def break_then_step(self: Run, batch: np.ndarray) -> None:
        if self.progress.epoch == epoch - 1 and self.progress.batch == 2:
            with torch.no_grad():
                self.model.classifier.weight.fill_(float("nan"))
        step(self, batch)

    monkeypatch.setattr(training.Run, "train_step", break_then_step)
    progress = run.train()
    assert progress.diverged == {"epoch": epoch, "step": 5 * (epoch - 1) + 3}
    assert progress.kept["epoch"] == epoch - 1
    assert [row["epoch"] for row in progress.history] == [epoch - 1]
    assert torch.equal(run.model.classifier.weight, begun) == (epoch == 1)
    assert torch.isfinite(run.model.classifier.weight).all()
    found = finetune.results(progress, validation, ["no", "yes"])
    assert found["status"] == "diverged"
    assert found["diverged"] == {"epoch": epoch, "step": 5 * (epoch - 1) + 3}


@pytest.mark.parametrize(("correct", "status"), [(12, "failed"), (13, "trained")])
def test_a_run_no_better_than_the_commonest_class_failed(correct: int, status: str) -> None:
    validation = few_examples(20)
    validation.labels[:] = [1] * 12 + [0] * 8
    summary = {"loss": 0.5, "accuracy": correct / 20, "correct": correct, "count": 20}
    best = {"epoch": 1, "train": summary, "validation": summary, "probabilities": torch.tensor([[0.1, 0.9]] * 20)}
    progress = Progress(epoch=1, step=5, best=best)
    assert finetune.results(progress, validation, ["no", "yes"])["status"] == status
