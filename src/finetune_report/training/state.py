"""How far a training run is, and what it has measured so far."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Progress:
    """How far a run is and what it has measured; with weights and moments, all that a checkpoint holds."""

    epoch: int = 0  # epochs finished
    batch: int = 0  # batches of the next epoch done
    step: int = 0  # optimizer steps done
    epoch_seconds: list[float] = field(default_factory=list)  # spent on each finished epoch
    seconds: float = 0.0  # spent on the part of the next one that is done
    history: list[dict[str, float]] = field(default_factory=list)
    validations: list[dict[str, Any]] = field(default_factory=list)  # each epoch's validation scores, with its number
    best: dict[str, Any] | None = None  # epoch, step, weights and validation scores of the best epoch
    diverged: dict[str, int] | None = None  # epoch and step (from 1) at which the loss was no longer finite

    @property
    def kept(self) -> dict[str, Any]:
        """The best epoch; there is one as soon as an epoch is finished."""
        assert self.best is not None
        return self.best

    @property
    def total_seconds(self) -> float:
        return sum(self.epoch_seconds) + self.seconds
