"""How far a training run is, and what it has measured so far."""

from dataclasses import dataclass, field
from typing import Any

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


@dataclass
class TrainingState:
    """How far a run is and what it has measured; with weights and moments, all that a checkpoint holds."""

    epoch: int = 0  # epochs finished
    batch: int = 0  # batches of the next epoch done
    step: int = 0  # optimizer steps done
    epoch_seconds: list[float] = field(default_factory=list)  # spent on each finished epoch
    seconds: float = 0.0  # spent on the part of the next one that is done
    epochs: list[dict[str, Any]] = field(default_factory=list)  # of each: number, learning_rate, train, validation
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
