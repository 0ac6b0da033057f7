"""Texts one after the other in a single row, so that a CPU computes nothing on padding.

Everything in a transformer but attention looks at one token at a time. So the texts of a chunk go through the model as
one row of tokens, each with positions of its own, and attention alone is computed for groups of texts of like length.
After the last attention only each text's first token goes on, where that is all that the classifier reads. The result
is what the model computes from padded texts, to rounding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from finetune_report.model.cpu.dropout import RANDOM_BITS, masked

import numpy as np
import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface

# Neither is documented; seen in transformers 5.23.0.
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "packed"  # the name by which `transformers` calls `attend`
SHORTEST = 0.75  # of the longest text in a group
GROUP_SCORES = 50_000  # of one head in a group at most, so that they stay in the cache


@dataclass(frozen=True)
class Group:
    """Texts of like length: `part` is their share of the padded vectors, `mask` [texts, 1, 1, length] or None."""

    part: slice
    length: int
    mask: torch.Tensor | None


@dataclass(frozen=True)
class Layout:
    """Where the texts of a packed row lie, and where their vectors, one a token and head, go in the padded groups.

    `first` is the place of each text's first token in the row. `gather_index` says which packed vector each padded one
    is, `scatter_index` which padded one each packed vector is, and `pad_index` which padded ones are none.
    """

    first: torch.Tensor
    gather_index: torch.Tensor
    scatter_index: torch.Tensor
    pad_index: torch.Tensor
    groups: list[Group]


def layout_of(lengths: list[int], heads: int) -> Layout:
    """The layout of texts of these lengths, longest first. Padded vectors are in the order of text, head and token."""
    starts = np.cumsum([0, *lengths])
    rows, groups, end = [], [], 0
    for texts in groups_of(lengths):
        token = np.arange(lengths[texts[0]])
        outside = token >= np.diff(starts)[texts, None]
        packed = (starts[texts, None] + token)[:, None] * heads + np.arange(heads)[:, None]
        rows.append(np.where(outside[:, None], -1, packed).ravel())
        mask = np.where(outside, -np.inf, 0)[:, None, None].astype(np.float32)
        part = slice(end, end + packed.size)
        groups.append(Group(part, len(token), torch.from_numpy(mask) if outside.any() else None))
        end = part.stop
    row = np.concatenate(rows)
    places = np.empty(starts[-1] * heads, dtype=np.int64)
    places[row[row >= 0]] = np.flatnonzero(row >= 0)
    return Layout(
        first=torch.from_numpy(starts[:-1]),
        gather_index=torch.from_numpy(np.maximum(row, 0)),
        scatter_index=torch.from_numpy(places),
        pad_index=torch.from_numpy(np.flatnonzero(row < 0)),
        groups=groups,
    )


def groups_of(lengths: list[int]) -> Iterator[np.ndarray]:
    """Runs of neighbouring texts that are padded to the same length for attention."""
    borders = [0]
    for text, length in enumerate(lengths):
        longest = lengths[borders[-1]]
        if length < SHORTEST * longest or (text - borders[-1] + 1) * longest**2 > GROUP_SCORES:
            borders.append(text)
    for start, stop in pairwise([*borders, len(lengths)]):
        if stop > start:
            yield np.arange(start, stop)


class PackedAttention(torch.autograd.Function):
    """Attention within each text, with dropout of the weights; all vectors are packed, [tokens * heads, size]."""

    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, layout: Layout, scale: float, drop: float
    ) -> torch.Tensor:
        padded = [packed.index_select(0, layout.gather_index) for packed in (query, key, value)]
        result = torch.empty_like(padded[0])
        kept, exact, dropped = [], [], []
        for group in layout.groups:
            queries, keys, values = (of_group(vectors, group) for vectors in padded)
            scores = torch.bmm(queries, keys.transpose(1, 2)).float().mul_(scale)
            if group.mask is not None:
                scores.view(len(group.mask), -1, group.length, group.length).add_(group.mask)
            weights = torch.softmax(scores, -1)
            exact.append(weights)
            weights = weights.to(value.dtype)
            if drop > 0:
                kept.append(RANDOM_BITS.kept(weights.shape, drop))
                weights = masked(weights, kept[-1], drop)
            dropped.append(weights)
            torch.bmm(weights, values, out=of_group(result, group))
        ctx.layout, ctx.scale, ctx.drop = layout, scale, drop
        ctx.padded, ctx.kept, ctx.exact, ctx.dropped = padded, kept, exact, dropped
        return result.index_select(0, layout.scatter_index)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        layout = ctx.layout
        gradient = gradients[0].index_select(0, layout.gather_index).index_fill_(0, layout.pad_index, 0)
        results = [torch.empty_like(vectors) for vectors in ctx.padded]
        for number, group in enumerate(layout.groups):
            queries, keys, values = (of_group(vectors, group) for vectors in ctx.padded)
            d_query, d_key, d_value = (of_group(vectors, group) for vectors in results)
            above = of_group(gradient, group)
            torch.bmm(ctx.dropped[number].transpose(1, 2), above, out=d_value)
            d_weights = torch.bmm(above, values.transpose(1, 2))
            if ctx.drop > 0:
                d_weights = masked(d_weights, ctx.kept[number], ctx.drop)
            # Private; seen in torch 2.13.0.
            d_scores = torch.ops.aten._softmax_backward_data(d_weights.float(), ctx.exact[number], -1, torch.float32)
            d_scores = d_scores.mul_(ctx.scale).to(queries.dtype)
            torch.bmm(d_scores, keys, out=d_query)
            torch.bmm(d_scores.transpose(1, 2), queries, out=d_key)
        return *(vectors.index_select(0, layout.scatter_index) for vectors in results), None, None, None


def of_group(vectors: torch.Tensor, group: Group) -> torch.Tensor:
    """A group's vectors, [texts * heads, length, size]."""
    return vectors[group.part].view(-1, group.length, vectors.shape[-1])


def attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    layout: Layout | None = None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as `transformers` calls it, with [1, heads, tokens, size]; without a layout it is PyTorch's own."""
    if layout is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
    _, heads, tokens, size = query.shape
    vectors = [tensor.transpose(1, 2).reshape(tokens * heads, size) for tensor in (query, key, value)]
    scale = size**-0.5 if scaling is None else scaling
    return PackedAttention.apply(*vectors, layout, scale, dropout).view(1, tokens, heads, size), None


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
