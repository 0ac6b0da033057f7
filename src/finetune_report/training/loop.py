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

from finetune_report.errors import UserError
from finetune_report.model.batching import Examples, derive_seed, epoch_batches
from finetune_report.model.classifier import score
from finetune_report.model.cpu.dropout import RANDOM_BITS
from finetune_report.model.cpu.used_embedding import reduce_embedding, used_tokens
from finetune_report.model.device import Compute
from finetune_report.model.forward import Forward
from finetune_report.runtime.signals import REASONS, Stopped, when_asked_to_stop
from finetune_report.stats.selection import merit
from finetune_report.training.checkpoints import Checkpoints
from finetune_report.training.schedule import decay_product, learning_rate
from finetune_report.training.state import Progress

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


class Diverged(UserError):
    """The training loss is no longer finite."""


class Run:
    """One fine-tuning run: `train` goes on from the last checkpoint and leaves the model at the best epoch."""

    def __init__(
        self,
        model: PreTrainedModel,
        train: Examples,
        validation: Examples,
        hyperparameters: Hyperparameters,
        seed: int,
        metric: str,
        compute: Compute,
        checkpoints: Checkpoints,
        checkpoint_minutes: float = 5.0,
        dropout_seed: int | None = None,
        record_divergence: bool = False,
    ) -> None:
        """`seed` decides the order of the examples, and dropout where `dropout_seed` is None."""
        nn.Module.to(model, compute.device)
        self.model = model
        self.train_set, self.validation_set = train, validation
        self.hyper, self.seed, self.metric = hyperparameters, seed, metric
        self.dropout_seed = seed if dropout_seed is None else dropout_seed
        self.compute, self.checkpoints = compute, checkpoints
        self.checkpoint_seconds = checkpoint_minutes * 60
        self.forward, self.validating = Forward(model, train, compute), Forward(model, validation, compute)
        self.batches_per_epoch = math.ceil(len(train) / hyperparameters.batch_size)
        self.steps = self.batches_per_epoch * hyperparameters.epochs
        self.progress = Progress()
        self.embedding = reduce_embedding(model, used_tokens(train, validation) | {model.config.pad_token_id or 0})
        self.start = {name: weight.detach().clone() for name, weight in self.trainable().items() if record_divergence}
        self.optimizer = adamw(model, hyperparameters)
        self.stop_asked = ""  # why, once someone asks
        self.saved = self.said = time.monotonic()

    def train(self, until: int | None = None) -> Progress:
        """Train to the end, or the first `until` epochs of the very same run. Raises Stopped when asked to stop.

        Whatever stops it, the state is saved. A checkpoint from beyond `until` is passed over. A loss that is not
        finite raises UserError, or ends the run where divergence is to be recorded.
        """
        last = self.hyper.epochs if until is None else until
        self.checkpoints.last_step = last * self.batches_per_epoch
        self.resume()
        with when_asked_to_stop(self.ask_to_stop):
            while self.progress.epoch < last and not self.out_of_patience():
                try:
                    self.train_epoch()
                except Diverged:
                    if not self.start:
                        raise
                    self.fall_back()
                    break
                self.measure_epoch()
                self.save()
                logging.info("finished %s", self.progress_line())
        self.restore_best()
        return self.progress

    def train_epoch(self) -> None:
        done, started = self.progress, time.monotonic()
        seconds_before = done.seconds
        batches = epoch_batches(len(self.train_set), self.hyper.batch_size, self.seed, done.epoch)
        self.model.train()
        while done.batch < len(batches):
            self.train_step(batches[done.batch])
            done.batch, done.step = done.batch + 1, done.step + 1
            done.seconds = seconds_before + time.monotonic() - started
            self.pause()

    def pause(self) -> None:
        """Between two steps, or chunks of a measurement: save when it is time, stop when asked, say how far it is."""
        done, now = self.progress, time.monotonic()
        if self.stop_asked or now - self.saved > self.checkpoint_seconds:
            self.save()
        if self.stop_asked:
            raise Stopped(
                f"stopped in epoch {done.epoch + 1} after step {done.step}, {self.stop_asked}; a checkpoint is saved, "
                "and the same command goes on from there"
            )
        if now - self.said > SECONDS_BETWEEN_LINES:
            logging.info("%s", self.progress_line())
            self.said = now

    def train_step(self, batch: Any) -> None:
        """One optimizer step on one batch; the chunks' gradients add up to that of the batch's mean loss."""
        step, hyper = self.progress.step, self.hyper
        rate = learning_rate(step, self.steps, hyper.learning_rate, hyper.warmup, hyper.schedule)
        for seed in (torch.manual_seed, RANDOM_BITS.seed):
            seed(derive_seed(self.dropout_seed, "dropout", step))
        total = torch.zeros((), device=self.compute.device)
        with self.compute.autocast():
            for chunk in self.forward.chunks(batch, CHUNK_TOKENS[self.compute.device]):
                labels = torch.from_numpy(self.train_set.labels[chunk]).to(self.compute.device)
                loss = F.cross_entropy(self.forward(chunk), labels, reduction="sum") / len(batch)
                loss.backward()
                total += loss.detach()
        if not torch.isfinite(total):
            raise Diverged(
                f"the training loss became {total.item()} in epoch {self.progress.epoch + 1} at step {step + 1} "
                f"(learning rate {rate:.3g}).\n  A lower learning_rate, a longer warmup or a smaller clip_norm is the "
                "usual remedy; precision: fp32 rules out rounding."
            )
        if hyper.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.trainable().values(), hyper.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def measure_epoch(self) -> None:
        """Loss and accuracy on both splits after an epoch; keeps the weights where validation is best yet."""
        done, started = self.progress, time.monotonic()
        train = score(self.forward, self.pause).summary()
        validation_scores = score(self.validating, self.pause)
        validation = validation_scores.summary()
        done.epoch, done.batch = done.epoch + 1, 0
        rate = learning_rate(
            max(0, done.step - 1), self.steps, self.hyper.learning_rate, self.hyper.warmup, self.hyper.schedule
        )
        done.history.append(
            {
                "epoch": done.epoch,
                "train_loss": train["loss"],
                "train_accuracy": train["accuracy"],
                "validation_loss": validation["loss"],
                "validation_accuracy": validation["accuracy"],
                "learning_rate": rate,
            }
        )
        done.validations.append({"epoch": done.epoch} | validation)
        if done.best is None or merit(validation, self.metric) > merit(done.best["validation"], self.metric):
            done.best = {
                "epoch": done.epoch,
                "step": done.step,
                "train": train,
                "validation": validation,
                "probabilities": torch.from_numpy(validation_scores.probabilities),
                "weights": {name: weight.detach().clone() for name, weight in self.trainable().items()},
            }
        done.epoch_seconds.append(done.seconds + time.monotonic() - started)
        done.seconds = 0.0

    def fall_back(self) -> None:
        """After a divergence the best epoch so far counts; where there is none, the model as it began, as epoch 0."""
        done = self.progress
        done.diverged = {"epoch": done.epoch + 1, "step": done.step + 1}
        logging.warning("the training loss is no longer finite in epoch %(epoch)d at step %(step)d", done.diverged)
        if done.best is None:
            self.put_weights(self.start)
            done.epoch, done.step = -1, 0
            self.measure_epoch()

    def out_of_patience(self) -> bool:
        best, patience = self.progress.best, self.hyper.patience
        return best is not None and patience is not None and self.progress.epoch - best["epoch"] >= patience

    def progress_line(self) -> str:
        """Where the run is: epoch, step, last validation accuracy, time left at the pace so far."""
        done = self.progress
        left = done.total_seconds / max(1, done.step) * (self.steps - done.step)
        accuracy = (
            f"validation accuracy {done.history[-1]['validation_accuracy']:.4f}" if done.history else "first epoch"
        )
        epoch = min(done.epoch + (done.batch > 0), self.hyper.epochs)
        clock = f"{int(left) // 60}:{int(left) % 60:02d}"
        return f"epoch {epoch}/{self.hyper.epochs}, step {done.step}/{self.steps}, {accuracy}, {clock} left"

    def trainable(self) -> dict[str, nn.Parameter]:
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_asked = REASONS[signal.Signals(number)]

    def save(self) -> None:
        weights = {name: weight.detach() for name, weight in self.trainable().items()}
        state = {"weights": weights, "optimizer": self.optimizer.state_dict(), "progress": vars(self.progress)}
        self.checkpoints.save(self.progress.step, state)
        self.saved = time.monotonic()

    def resume(self) -> None:
        state = self.checkpoints.load(self.compute.device)
        if state is None:
            return
        self.put_weights(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        logging.info("going on from the checkpoint after step %d; %s", self.progress.step, self.progress_line())

    def put_weights(self, weights: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self.trainable().items():
                weight.copy_(weights[name])

    def restore_best(self) -> None:
        """Put the best epoch's weights and the whole embedding back into the model."""
        best, hyper = self.progress.kept, self.hyper
        self.put_weights(best["weights"])
        if self.embedding is None:
            return
        decay = decay_product(
            best["step"], self.steps, hyper.learning_rate, hyper.warmup, hyper.schedule, hyper.weight_decay
        )
        self.model.set_input_embeddings(self.embedding.full_embedding(decay))


def adamw(model: PreTrainedModel, hyper: Hyperparameters) -> torch.optim.AdamW:
    """AdamW as `Trainer` sets it up: matrices decay, biases and norms' weights do not (Loshchilov & Hutter 2019)."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": hyper.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=hyper.learning_rate, fused=True)
