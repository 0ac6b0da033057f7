"""Evaluates a classifier on examples."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from finetune_report.data.examples import Examples
from finetune_report.model.device import Compute
from finetune_report.model.forward import Forward, prepare_forward
from finetune_report.stats.metrics import Outcome, measured

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F
from transformers import PreTrainedModel

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
    logits = logits_of(forward, examples, after_chunk)
    loss = F.cross_entropy(logits, torch.from_numpy(examples.labels), reduction="none")
    return Scores(loss.numpy(), logits.softmax(dim=1).numpy(), examples.labels)


def logits_of(forward: Forward, examples: Examples, after_chunk: Callable[[], None] = lambda: None) -> torch.Tensor:
    """What the model makes of every example, without dropout: [n, classes], in double precision."""
    forward.model.eval()
    logits = torch.empty(len(examples), len(forward.model.config.id2label or {}))
    with forward.compute.autocast():
        for chunk in forward.chunks(examples, np.arange(len(examples)), EVALUATION_TOKENS):
            logits[torch.from_numpy(chunk)] = forward(examples, chunk).cpu()
            after_chunk()
    return logits.double()


@torch.inference_mode()
def classified(
    models: Iterable[PreTrainedModel], examples: Examples, labels: list[str], compute: Compute
) -> pd.DataFrame:
    """A row an example, whose labels nobody need know: `prediction`, a class by name, and `p_<class>` of each.

    The probabilities are the means over the models, and the class is the likeliest by these.
    """
    found = [logits_of(prepare_forward(model, examples, compute), examples).softmax(dim=1).numpy() for model in models]
    chances = np.mean(found, axis=0)
    table = pd.DataFrame({"prediction": [labels[number] for number in chances.argmax(axis=1)]})
    return table.assign(**{f"p_{label}": chances[:, number] for number, label in enumerate(labels)})
