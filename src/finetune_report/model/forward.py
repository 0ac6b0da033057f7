"""From examples to logits: on a CPU packed into one row where the model allows it, otherwise padded to the longest.

Where training is to be compiled, its steps get padded texts: packing is made of what a compiler cannot look into.
"""

from dataclasses import dataclass

from finetune_report.data.examples import Examples
from finetune_report.model.batching import Indices, chunks_by_length, packs, padded
from finetune_report.model.compiled import Compiled
from finetune_report.model.cpu.acceleration import accelerate_for_cpu
from finetune_report.model.cpu.packing import Packing
from finetune_report.model.device import Compute

import numpy as np
import torch
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Forward:
    """A model's logits for some examples; `chunks` says how many go through it at a time."""

    model: PreTrainedModel
    compute: Compute
    packing: Packing | None = None
    compiled: Compiled | None = None  # for training steps; measurements never use it

    def __call__(self, examples: Examples, chunk: Indices) -> torch.Tensor:
        """Logits in fp32, [texts, classes], in the order of `chunk`, which `chunks` has made."""
        if self.packed:
            return self.packed.logits(examples, chunk).float()
        network = self.compiled if self.compiled and self.model.training else self.model
        return network(**padded(examples, chunk, self.pad, self.compute.device)).logits.float()

    def chunks(self, examples: Examples, indices: Indices, max_tokens: int) -> list[Indices]:
        """The examples in chunks of about `max_tokens` tokens, sorted by length."""
        split = packs if self.packed else chunks_by_length
        return split(indices, examples.lengths, max_tokens)

    @property
    def packed(self) -> Packing | None:
        """How to run packed texts, where that is what to do now."""
        return None if self.compiled and self.model.training else self.packing

    @property
    def pad(self) -> int:
        return self.model.config.pad_token_id or 0


def prepare_forward(model: PreTrainedModel, examples: Examples, compute: Compute) -> Forward:
    """Move a model to its device and make it ready to run there; `examples` are some of those that it will see."""
    torch.nn.Module.to(model, compute.device)  # `PreTrainedModel.to` takes other arguments by its annotations
    compiled = Compiled(model, longest_text(model, examples, compute)) if compute.compiled else None
    packing = accelerate_for_cpu(model, examples, compute.compiled) if compute.device == "cpu" else None
    return Forward(model, compute, packing, compiled)


def longest_text(model: PreTrainedModel, examples: Examples, compute: Compute) -> dict[str, torch.Tensor]:
    longest = np.array([np.argmax(examples.lengths)])
    return padded(examples, longest, model.config.pad_token_id or 0, compute.device)
