"""Dropout from cheap random bits, for a CPU, where PyTorch draws a Bernoulli number an element, one by one.

A step's bits follow from the seed given before it, so that a resumed run drops what the whole one would have dropped.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

LEVELS = 2**15  # of the random integers that decide; a probability is met to within 1 / 65536
INTEGERS = {2: torch.int16, 4: torch.int32}  # as wide as bf16 and fp32


class RandomBits:
    """Random integers from a generator that is several times faster than PyTorch's."""

    def __init__(self) -> None:
        self.seed(0)

    def seed(self, seed: int) -> None:
        self.generator = np.random.SFC64(seed)

    def kept(self, shape: torch.Size, probability: float) -> torch.Tensor:
        """For each element -1 (all bits set) if it is kept and 0 if it is dropped, with `probability`; int16."""
        count = shape.numel()
        words = self.generator.random_raw((count + 3) // 4)
        bits = torch.from_numpy(words.view(np.int16))[:count].bitwise_and_(LEVELS - 1)
        bits = bits.neg_().add_(round(probability * LEVELS) - 1)  # negative, that is with its sign bit set, where kept
        return bits.bitwise_right_shift_(15).view(shape)


RANDOM_BITS = RandomBits()


def masked(values: torch.Tensor, kept: torch.Tensor, probability: float) -> torch.Tensor:
    """`values` with 0 where `kept` is 0, scaled so that the mean stays what it was."""
    integers = INTEGERS[values.element_size()]
    left = values.view(integers) & kept.to(integers)
    return left.view(values.dtype).mul_(1 / (1 - round(probability * LEVELS) / LEVELS))


class Drop(torch.autograd.Function):
    """Dropout (Srivastava et al. 2014); the gradient is dropped and scaled as the values were."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, probability: float) -> torch.Tensor:
        ctx.kept, ctx.probability = RANDOM_BITS.kept(values.shape, probability), probability
        return masked(values, ctx.kept, probability)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return masked(gradients[0], ctx.kept, ctx.probability), None


class FastDropout(nn.Dropout):
    """`nn.Dropout` by cheap random bits, for bf16 and fp32 on a CPU."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return Drop.apply(values, self.p) if self.training and self.p > 0 else values


def exchange_dropout(model: nn.Module) -> None:
    """Exchange every dropout module of a model for the faster one."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, FastDropout(child.p).train(child.training))
