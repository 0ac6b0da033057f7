"""How far a training run is, and what it has measured so far."""

from dataclasses import dataclass, field
from typing import Any

from finetune_report.model.evaluation import Scores

import numpy as np
import torch


@dataclass(frozen=True)
class BestEpoch:
    """The epoch that is best by the validation split, with its weights.

    `epoch` counts from 1; 0 is the model before training. `step` is how many optimizer steps were done by then, `train`
    has the scores of the sample of the training split, `validation` those of the validation split, and `probabilities`
    are those of the validation examples, [examples, classes].
    """

    epoch: int
    step: int
    train: dict[str, Any]
    validation: dict[str, Any]
    probabilities: torch.Tensor
    weights: dict[str, torch.Tensor]


def outcome_of(scores: Scores) -> dict[str, torch.Tensor]:
    """What a model made of each validation example, small enough to be kept of every epoch: every metric follows.

    The predicted class, its probability as `confidence`, and the loss; [examples] each.
    """
    confidence = scores.probabilities.max(axis=1).astype(np.float32)
    return {
        "prediction": torch.from_numpy(scores.predictions.astype(class_type(scores.probabilities.shape[1]))),
        "confidence": torch.from_numpy(confidence),
        "loss": torch.from_numpy(scores.loss.astype(np.float32)),
    }


def class_type(classes: int) -> type[np.unsignedinteger | np.signedinteger]:
    """The smallest integer for so many classes that PyTorch can save."""
    return np.uint8 if classes <= 256 else np.int16 if classes <= 2**15 else np.int32


@dataclass
class TrainingState:
    """How far a run is and what it has measured; with weights and moments, all that a checkpoint holds."""

    epoch: int = 0  # epochs finished
    batch: int = 0  # batches of the next epoch done
    step: int = 0  # optimizer steps done
    epoch_seconds: list[float] = field(default_factory=list)  # spent on each finished epoch
    seconds: float = 0.0  # spent on the part of the next one that is done
    epochs: list[dict[str, Any]] = field(default_factory=list)  # of each: number, learning_rate, train, validation
    outcomes: list[dict[str, torch.Tensor]] = field(default_factory=list)  # of each: that of every validation example
    best: BestEpoch | None = None
    diverged: dict[str, int] | None = None  # epoch and step (from 1) at which the loss was no longer finite

    @property
    def best_epoch(self) -> BestEpoch:
        """The best epoch; there is one as soon as an epoch is finished."""
        assert self.best is not None
        return self.best

    @property
    def history(self) -> list[dict[str, float]]:
        """A row an epoch, as history.csv has it."""
        return [
            {
                "epoch": row["epoch"],
                "train_loss": row["train"]["loss"],
                "train_accuracy": row["train"]["accuracy"],
                "validation_loss": row["validation"]["loss"],
                "validation_accuracy": row["validation"]["accuracy"],
                "learning_rate": row["learning_rate"],
            }
            for row in self.epochs
        ]

    @property
    def total_seconds(self) -> float:
        return sum(self.epoch_seconds) + self.seconds

    def as_plain(self) -> dict[str, Any]:
        """Dictionaries, lists, numbers and tensors, which `torch.load` reads without running code."""
        return vars(self) | {"best": vars(self.best) if self.best else None}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "TrainingState":
        return cls(**plain | {"best": BestEpoch(**plain["best"]) if plain["best"] else None})
