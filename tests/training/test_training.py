"""The training loop against `transformers.Trainer`, against itself when interrupted, and its pieces by hand."""

import copy
from dataclasses import replace
from pathlib import Path

from finetune_report.data.examples import Examples
from finetune_report.errors import UserError
from finetune_report.model.batching import chunks_by_length, epoch_batches, padded
from finetune_report.model.cpu.used_embedding import UsedRows
from finetune_report.model.evaluation import evaluate
from finetune_report.model.forward import prepare_forward
from finetune_report.runtime.signals import Stopped
from finetune_report.training.checkpoints import Checkpoints
from finetune_report.training.loop import Hyperparameters
from finetune_report.training.schedule import decay_product, learning_rate
from finetune_report.training.state import TrainingState
from tests.support.models import SETTING, few_examples, make_run, on_cpu, tiny_bert

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
from torch import nn
from transformers import Trainer, TrainerCallback, TrainingArguments, get_scheduler


class Batches(torch.utils.data.Dataset):
    """The batches that our loop takes, in its order, one by one for `Trainer`."""

    def __init__(self, examples: Examples, setting: Hyperparameters, seed: int) -> None:
        epochs = range(setting.epochs)
        self.batches = [b for e in epochs for b in epoch_batches(len(examples), setting.batch_size, seed, e)]
        self.examples = examples

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, position: int) -> dict[str, torch.Tensor]:
        batch = self.batches[position]
        return padded(self.examples, batch, 0, "cpu") | {"labels": torch.from_numpy(self.examples.labels[batch])}


class Losses(TrainerCallback):
    def __init__(self) -> None:
        self.values: list[float] = []

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        if "loss" in logs:
            self.values.append(logs["loss"])


def test_losses_agree_with_trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """fp32, no dropout, the same batches: every step's loss agrees to 1e-4."""
    setting = SETTING
    run = make_run(tmp_path, setting, dropout=0.0)
    reference = copy.deepcopy(tiny_bert(0.0))
    ours: list[float] = []
    step = run.train_step

    def recording_step(batch: np.ndarray) -> None:
        with torch.no_grad():
            inputs = padded(run.train_set, batch, 0, "cpu")
            labels = torch.from_numpy(run.train_set.labels[batch])
            ours.append(float(nn.functional.cross_entropy(run.model(**inputs).logits, labels)))
        step(batch)

    monkeypatch.setattr(run, "train_step", recording_step)
    run.train()
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "trainer"),
        per_device_train_batch_size=1,
        num_train_epochs=1,
        learning_rate=setting.learning_rate,
        weight_decay=setting.weight_decay,
        warmup_steps=int(np.ceil(0.2 * run.steps)),
        lr_scheduler_type="linear",
        max_grad_norm=1.0,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
        train_sampling_strategy="sequential",
    )
    losses = Losses()
    Trainer(
        reference,
        arguments,
        train_dataset=Batches(run.train_set, setting, 1),
        data_collator=lambda batches: batches[0],
        callbacks=[losses],
    ).train()
    assert len(ours) == run.steps == 21
    assert ours == pytest.approx(losses.values, abs=1e-4)
    assert max(ours) - min(ours) > 0.05  # it did move


@pytest.mark.parametrize("stop_after", [1, 7, 11, 20])
def test_an_interrupted_run_ends_in_identical_bits(tmp_path: Path, stop_after: int) -> None:
    whole = make_run(tmp_path / "whole")
    expected = whole.train()

    broken = make_run(tmp_path / "broken")
    step = broken.train_step

    def stop_then_step(batch: np.ndarray) -> None:
        broken.stop_asked = "told to end" if broken.state.step + 1 == stop_after else ""
        step(batch)

    broken.train_step = stop_then_step  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        broken.train()
    resumed = make_run(tmp_path / "broken")
    found = resumed.train()

    assert found.step == expected.step
    assert found.history == expected.history
    for kept, whole_kept in zip(found.outcomes, expected.outcomes, strict=True):
        assert all(torch.equal(kept[name], column) for name, column in whole_kept.items())
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, resumed.model.state_dict()[name]), name


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "run", "0" * 64)
    for step in (1, 2, 3):
        checkpoints.save(step, {"step": torch.tensor(step)})
    newest, older = checkpoints.newest_first(3)
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    state = checkpoints.load("cpu")
    assert state is not None
    assert state["step"] == 2
    older.write_bytes(older.read_bytes()[:-10])
    assert checkpoints.load("cpu") is None


def test_checkpoints_of_another_key_are_not_seen_and_removed_when_a_run_ends(tmp_path: Path) -> None:
    Checkpoints(tmp_path / "a-seed1", "1" * 64).save(1, {"step": 1})
    Checkpoints(tmp_path / "ab-seed1", "1" * 64).save(1, {"step": 1})
    changed = Checkpoints(tmp_path / "a-seed1", "2" * 64)
    assert changed.load("cpu") is None
    changed.remove_others()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a-seed1-{'2' * 16}", f"ab-seed1-{'1' * 16}"]


def test_a_loss_that_is_not_finite_stops_with_epoch_step_and_remedy(tmp_path: Path) -> None:
    run = make_run(tmp_path, replace(SETTING, learning_rate=1.0, clip_norm=None))
    with torch.no_grad():
        run.model.classifier.weight.fill_(float("nan"))
    with pytest.raises(UserError, match=r"loss became nan in epoch 1 at step 1 .*\n.*lower learning_rate"):
        run.train()


def test_patience_stops_early_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    run = make_run(tmp_path, replace(SETTING, epochs=30, patience=2, learning_rate=1e-2))
    state = run.train()
    assert state.epoch == state.best_epoch.epoch + 2 < 30
    best = max(state.history, key=lambda row: (row["validation_accuracy"], -row["validation_loss"]))
    assert state.best_epoch.epoch == best["epoch"]
    again = evaluate(run.forward, run.validation_set)
    assert np.array_equal(again.probabilities, state.best_epoch.probabilities.numpy())


def test_scores_agree_with_scikit_learn() -> None:
    examples = few_examples(30)
    scores = evaluate(prepare_forward(tiny_bert(), examples, on_cpu()), examples)
    summary = scores.summary()
    assert summary["accuracy"] == accuracy_score(examples.labels, scores.predictions)
    assert summary["loss"] == pytest.approx(log_loss(examples.labels, scores.probabilities), abs=1e-9)


def test_chunks_cover_the_batch_and_keep_to_their_size() -> None:
    lengths = [3, 9, 4, 4, 7, 2]
    chunks = chunks_by_length(np.arange(6), lengths, max_tokens=10)
    assert [chunk.tolist() for chunk in chunks] == [[1], [4], [2, 3], [0, 5]]


def test_batches_of_an_epoch_hold_every_example_once_in_an_order_of_their_own() -> None:
    first, second = (np.concatenate(epoch_batches(23, 5, seed=3, epoch=e)) for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(23))
    assert first.tolist() != second.tolist()
    assert [len(batch) for batch in epoch_batches(23, 5, seed=3, epoch=0)] == [5, 5, 5, 5, 3]


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_learning_rates_are_those_of_transformers(schedule: str) -> None:
    name = "constant_with_warmup" if schedule == "constant" else schedule
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=3, num_training_steps=13)
    for step in range(13):
        assert learning_rate(step, 13, 0.3, 0.2, schedule) == pytest.approx(scheduler.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        scheduler.step()


def test_rows_left_out_of_training_end_as_adamw_would_have_left_them() -> None:
    torch.manual_seed(0)
    whole = nn.Embedding(10, 4, padding_idx=0)
    reduced = UsedRows(copy.deepcopy(whole), used={3, 5})
    rates = [learning_rate(step, 8, 0.1, 0.25, "linear") for step in range(8)]
    for embedding in (whole, reduced):
        optimizer = torch.optim.AdamW([embedding.weight], lr=0.1, weight_decay=0.2)
        for rate in rates:
            optimizer.param_groups[0]["lr"] = rate
            (embedding(torch.tensor([[3, 5, 3, 0]])) ** 2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    decay = decay_product(8, 8, 0.1, 0.25, "linear", 0.2)
    assert torch.allclose(reduced.full_embedding(decay).weight, whole.weight, atol=1e-7)


def test_a_line_of_progress_names_epoch_step_accuracy_and_time(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    epochs = [{"validation": {"accuracy": 0.75}}]
    run.state = TrainingState(epoch=1, batch=3, step=10, epoch_seconds=[12.0], seconds=8.0, epochs=epochs)
    assert run.progress_line() == "epoch 2/3, step 10/21, validation accuracy 0.7500, 0:22 left"
