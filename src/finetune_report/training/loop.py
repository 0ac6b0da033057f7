"""The training loop: plain PyTorch, resumable at any optimizer step with bit-identical results.

All chance is derived from the seed and the place it is used at (the head's first weights, an epoch's order, a step's
dropout), and the learning rate is a function of the step. What a checkpoint must hold is therefore only weights,
moments, the place, and what has been measured so far.
"""

import logging
import math
import signal
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any

from finetune_report.data.examples import Examples
from finetune_report.errors import UserError
from finetune_report.model.batching import Indices, derive_seed, epoch_batches, fixed_sample
from finetune_report.model.cpu.dropout import RANDOM_BITS
from finetune_report.model.cpu.used_embedding import UsedRows
from finetune_report.model.evaluation import evaluate
from finetune_report.model.forward import Forward
from finetune_report.runtime.signals import REASONS, Stopped, when_asked_to_stop
from finetune_report.stats.selection import sort_key
from finetune_report.training.checkpoints import Checkpoints
from finetune_report.training.schedule import decay_product, learning_rate
from finetune_report.training.state import BestEpoch, TrainingState, outcome_of

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel

# Of a chunk in training: what a CPU's cache and memory stand, or what fills a GPU.
CHUNK_TOKENS = {"cpu": 4096, "cuda": 16384}
SECONDS_BETWEEN_LINES = 15.0


@dataclass(frozen=True)
class Hyperparameters:
    """A setting, as the config's schema describes it."""

    batch_size: int
    learning_rate: float
    epochs: int
    weight_decay: float
    warmup: float
    schedule: str
    clip_norm: float | None
    dropout: float | None
    patience: int | None

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of optimizer step `step` (from 0) of `steps`."""
        return learning_rate(step, steps, self.learning_rate, self.warmup, self.schedule)


class Diverged(UserError):
    """The training loss is no longer finite."""


class Run:
    """One fine-tuning run: `resume` takes up its last checkpoint, `train` goes on and leaves the best epoch's weights.

    A run trains once: at the end the model has its whole embedding back, and is ready to be saved.
    """

    def __init__(
        self,
        forward: Forward,
        train: Examples,
        validation: Examples,
        hyperparameters: Hyperparameters,
        seed: int,
        metric: str,
        checkpoints: Checkpoints,
        dropout_seed: int | None = None,
        embedding: UsedRows | None = None,
        record_divergence: bool = False,
        train_sample: int | None = None,
        checkpoint_minutes: float = 5.0,
    ) -> None:
        """`seed` decides the order of the examples, and dropout where `dropout_seed` is None.

        `embedding` is the part of the model's embedding that is trained, where it is not trained whole. After each
        epoch `train_sample` training examples are evaluated, always the same: None for all, 0 for none.
        """
        self.forward, self.model, self.compute = forward, forward.model, forward.compute
        self.train_set, self.validation_set = train, validation
        size = len(train) if train_sample is None else train_sample
        self.train_sample = train.subset(fixed_sample(len(train), size)) if size < len(train) else train
        self.hyper, self.seed, self.metric = hyperparameters, seed, metric
        self.dropout_seed = seed if dropout_seed is None else dropout_seed
        self.checkpoints, self.checkpoint_seconds = checkpoints, checkpoint_minutes * 60
        self.embedding = embedding
        self.batches_per_epoch = math.ceil(len(train) / hyperparameters.batch_size)
        self.steps = self.batches_per_epoch * hyperparameters.epochs
        self.last_step = self.steps
        self.state = TrainingState()
        self.initial = self.copied_weights() if record_divergence else None
        self.optimizer = adamw(self.model, hyperparameters)
        self.stop_asked = ""  # why, once someone asks
        self.saved = self.said = time.monotonic()

    def resume(self, last_epoch: float = math.inf) -> None:
        """Take up the newest checkpoint that is not beyond `last_epoch`, where there is one."""
        checkpoint = self.checkpoints.load(self.compute.device, last_epoch * self.batches_per_epoch)
        if checkpoint is None:
            return
        self.put_weights(checkpoint["weights"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.state = TrainingState.from_plain(checkpoint["state"])
        logging.info("going on from the checkpoint after step %d; %s", self.state.step, self.progress_line())

    def train(self, last_epoch: int | None = None) -> TrainingState:
        """Train to the end, or the first `last_epoch` epochs of the very same run. Raises Stopped when asked to stop.

        Whatever stops it, the state is saved. A loss that is not finite raises UserError, or ends the run where
        divergence is to be recorded.
        """
        last_epoch = self.hyper.epochs if last_epoch is None else last_epoch
        self.last_step = last_epoch * self.batches_per_epoch
        with when_asked_to_stop(self.ask_to_stop):
            while self.state.epoch < last_epoch and not self.out_of_patience():
                try:
                    self.train_epoch()
                except Diverged:
                    if self.initial is None:
                        raise
                    self.fall_back(self.initial)
                    break
                self.evaluate_epoch(self.state.epoch + 1)
                self.save()
                logging.info("finished %s", self.progress_line())
        self.restore_best()
        return self.state

    def train_epoch(self) -> None:
        state, started = self.state, time.monotonic()
        seconds_before = state.seconds
        batches = epoch_batches(len(self.train_set), self.hyper.batch_size, self.seed, state.epoch)
        self.model.train()
        while state.batch < len(batches):
            self.train_step(batches[state.batch])
            state.batch, state.step = state.batch + 1, state.step + 1
            state.seconds = seconds_before + time.monotonic() - started
            self.save_or_stop()

    def train_step(self, batch: Indices) -> None:
        """One optimizer step on one batch; the chunks' gradients add up to that of the batch's mean loss."""
        step, rate = self.state.step, self.hyper.rate(self.state.step, self.steps)
        dropout_seed = derive_seed(self.dropout_seed, "dropout", step)
        torch.manual_seed(dropout_seed)
        RANDOM_BITS.seed(dropout_seed)  # what dropout draws from on a CPU
        total = torch.zeros((), device=self.compute.device)
        with self.compute.autocast():
            for chunk in self.forward.chunks(self.train_set, batch, CHUNK_TOKENS[self.compute.device]):
                labels = torch.from_numpy(self.train_set.labels[chunk]).to(self.compute.device)
                logits = self.forward(self.train_set, chunk)
                loss = F.cross_entropy(logits, labels, reduction="sum") / len(batch)
                loss.backward()
                total += loss.detach()
        if not torch.isfinite(total):
            raise Diverged(
                f"the training loss became {total.item()} in epoch {self.state.epoch + 1} at step {step + 1} "
                f"(learning rate {rate:.3g}).\n  A lower learning_rate, a longer warmup or a smaller clip_norm is the "
                "usual remedy; precision: fp32 rules out rounding."
            )
        if self.hyper.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.trainable().values(), self.hyper.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def evaluate_epoch(self, epoch: int) -> None:
        """Evaluate both splits at the end of `epoch`; keeps the weights where validation is the best yet.

        Of the training split it is the sample that counts; `train_scores` has the best epoch's on all of it.
        """
        state, started = self.state, time.monotonic()
        sample = self.train_sample
        train = evaluate(self.forward, sample, self.save_or_stop).summary() if len(sample) else {}
        scores = evaluate(self.forward, self.validation_set, self.save_or_stop)
        validation = scores.summary()
        state.epoch, state.batch = epoch, 0
        rate = self.hyper.rate(max(0, state.step - 1), self.steps)
        state.epochs.append({"epoch": epoch, "learning_rate": rate, "train": train, "validation": validation})
        state.outcomes.append(outcome_of(scores))
        if state.best is None or sort_key(validation, self.metric) > sort_key(state.best.validation, self.metric):
            probabilities = torch.from_numpy(scores.probabilities)
            state.best = BestEpoch(epoch, state.step, train, validation, probabilities, self.copied_weights())
        state.epoch_seconds.append(state.seconds + time.monotonic() - started)
        state.seconds = 0.0

    def train_scores(self) -> dict[str, Any]:
        """The best epoch's scores on the whole training split, once the run has trained."""
        if len(self.train_sample) == len(self.train_set):
            return self.state.best_epoch.train
        started = time.monotonic()
        scores = evaluate(self.forward, self.train_set).summary()
        self.state.seconds += time.monotonic() - started
        return scores

    def fall_back(self, initial: dict[str, torch.Tensor]) -> None:
        """After a divergence the best epoch so far counts; where there is none, the model as it began, as epoch 0."""
        state = self.state
        state.diverged = {"epoch": state.epoch + 1, "step": state.step + 1}
        logging.warning("the training loss is no longer finite in epoch %(epoch)d at step %(step)d", state.diverged)
        if state.best is None:
            self.put_weights(initial)
            state.step = 0
            self.evaluate_epoch(0)

    def out_of_patience(self) -> bool:
        best, patience = self.state.best, self.hyper.patience
        return best is not None and patience is not None and self.state.epoch - best.epoch >= patience

    def save_or_stop(self) -> None:
        """Between two steps, or chunks of an evaluation: save when it is time, stop when asked, say how far it is."""
        state, now = self.state, time.monotonic()
        if self.stop_asked or now - self.saved > self.checkpoint_seconds:
            self.save()
        if self.stop_asked:
            raise Stopped(
                f"stopped in epoch {state.epoch + 1} after step {state.step}, {self.stop_asked}; a checkpoint is "
                "saved, and the same command goes on from there"
            )
        if now - self.said > SECONDS_BETWEEN_LINES:
            logging.info("%s", self.progress_line())
            self.said = now

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_asked = REASONS[signal.Signals(number)]

    def progress_line(self) -> str:
        """Where the run is: epoch, step, last validation accuracy, time left at the pace so far."""
        state = self.state
        left = state.total_seconds / max(1, state.step) * (self.steps - state.step)
        accuracy = f"validation accuracy {state.epochs[-1]['validation']['accuracy']:.4f}" if state.epochs else ""
        epoch = min(state.epoch + (state.batch > 0), self.hyper.epochs)
        clock = f"{int(left) // 60}:{int(left) % 60:02d}"
        return (
            f"epoch {epoch}/{self.hyper.epochs}, step {state.step}/{self.steps}, {accuracy or 'first epoch'}, "
            f"{clock} left"
        )

    def trainable(self) -> dict[str, nn.Parameter]:
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def copied_weights(self) -> dict[str, torch.Tensor]:
        return {name: weight.detach().clone() for name, weight in self.trainable().items()}

    def put_weights(self, weights: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self.trainable().items():
                weight.copy_(weights[name])

    def save(self) -> None:
        weights = {name: weight.detach() for name, weight in self.trainable().items()}
        checkpoint = {"weights": weights, "optimizer": self.optimizer.state_dict(), "state": self.state.as_plain()}
        self.checkpoints.save(self.state.step, checkpoint, self.last_step)
        self.saved = time.monotonic()

    def restore_best(self) -> None:
        """Put the best epoch's weights and the whole embedding back into the model."""
        best, hyper = self.state.best_epoch, self.hyper
        self.put_weights(best.weights)
        if self.embedding is None:
            return
        decay = decay_product(
            best.step, self.steps, hyper.learning_rate, hyper.warmup, hyper.schedule, hyper.weight_decay
        )
        self.model.set_input_embeddings(self.embedding.full_embedding(decay))


def adamw(model: PreTrainedModel, hyper: Hyperparameters) -> torch.optim.AdamW:
    """AdamW as `Trainer` sets it up: matrices decay, biases and norms' weights do not (Loshchilov & Hutter 2019)."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": hyper.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=hyper.learning_rate, fused=True)
