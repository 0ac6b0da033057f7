"""Evaluates a classifier on examples."""

from collections.abc import Callable
from dataclasses import dataclass

from finetune_report.data.examples import Examples
from finetune_report.model.forward import Forward
from finetune_report.stats.metrics import Outcome, measured

import numpy as np
import torch
from torch.nn import functional as F

EVALUATION_TOKENS = 4096  # of a chunk; large enough to keep the device busy, small enough for the cache


@dataclass(frozen=True)
class Scores:
    """What a model makes of examples: `loss` and `probabilities` in the examples' order; [n] and [n, classes]."""

    loss: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray

    @property
    def predictions(self) -> np.ndarray:
        return self.probabilities.argmax(axis=1)

    def summary(self) -> dict[str, float | int]:
        """Every metric of `stats.metrics`, and the counts behind the accuracy."""
        correct = int((self.predictions == self.labels).sum())
        found = measured(Outcome(self.labels, self.predictions, self.probabilities, self.loss))
        return found | {"correct": correct, "count": len(self.labels)}


@torch.inference_mode()
def evaluate(forward: Forward, examples: Examples, after_chunk: Callable[[], None] = lambda: None) -> Scores:
    """Cross-entropy and class probabilities of every example, without dropout; `after_chunk` is called after each."""
    forward.model.eval()
    logits = torch.empty(len(examples), len(forward.model.config.id2label or {}))
    with forward.compute.autocast():
        for chunk in forward.chunks(examples, np.arange(len(examples)), EVALUATION_TOKENS):
            logits[torch.from_numpy(chunk)] = forward(examples, chunk).cpu()
            after_chunk()
    loss = F.cross_entropy(logits.double(), torch.from_numpy(examples.labels), reduction="none")
    return Scores(loss.numpy(), logits.double().softmax(dim=1).numpy(), examples.labels)
