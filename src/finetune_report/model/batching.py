"""Batches of token sequences: in which order they come, and how they are padded.

Vocabulary: a *batch* is the set of examples behind one optimizer step. It is worked off in *chunks* of similar length,
whose gradients add up to the batch's, so that short sentences are not padded to the longest of the batch.
"""

import hashlib
from collections.abc import Sequence

from finetune_report.data.examples import Examples

import numpy as np
import torch

Indices = np.ndarray


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose, so that each use of chance is its own stream and needs no state to resume."""
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def nested_part(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The places of a part of the examples, in their order: of each class its share, and one at least.

    All parts share one draw, so that a larger one holds the smaller ones.
    """
    chance = np.random.default_rng(derive_seed(seed, "fraction"))
    places = []
    for label in np.unique(labels):
        drawn = chance.permutation(np.flatnonzero(labels == label))
        places.append(drawn[: max(1, round(share * len(drawn)))])
    return np.sort(np.concatenate(places))


def fixed_sample(count: int, size: int) -> np.ndarray:
    """The places of `size` of `count` examples, in their order; all of them where there are no more.

    They are drawn once and for all: the same for every setting, seed and epoch, so that their curves can be compared.
    """
    if size >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(derive_seed(0, "sample")).permutation(count)[:size])


def epoch_batches(count: int, batch_size: int, seed: int, epoch: int) -> list[Indices]:
    """The batches of one epoch: all examples in an order drawn from seed and epoch; the last batch may be smaller."""
    order = np.random.default_rng(derive_seed(seed, "order", epoch)).permutation(count)
    return [order[start : start + batch_size] for start in range(0, count, batch_size)]


def chunks_by_length(indices: Indices, lengths: Sequence[int], max_tokens: int) -> list[Indices]:
    """Split a batch, sorted by length, into chunks of at most `max_tokens` tokens after padding (one text at least)."""
    chunks: list[list[int]] = []
    for index in sorted(indices, key=lambda i: (-lengths[i], i)):
        if chunks and (len(chunks[-1]) + 1) * lengths[chunks[-1][0]] <= max_tokens:
            chunks[-1].append(index)
        else:
            chunks.append([index])
    return [np.array(chunk) for chunk in chunks]


def packs(indices: Indices, lengths: Sequence[int], max_tokens: int) -> list[Indices]:
    """Split a batch, sorted by length, into the fewest chunks of at most about `max_tokens` tokens, of like size."""
    order = np.array(sorted(indices, key=lambda i: (-lengths[i], i)))
    ends = np.cumsum([lengths[i] for i in order])
    count = -(-int(ends[-1]) // max_tokens)
    borders = np.searchsorted(ends, ends[-1] * np.arange(1, count) / count, side="right")
    return [chunk for chunk in np.split(order, borders) if len(chunk)]


def padded(examples: Examples, indices: Indices, pad_id: int, device: str) -> dict[str, torch.Tensor]:
    """The model's inputs for some examples, padded on the right; every tensor is [examples, longest]."""
    rows = [examples.token_ids[i] for i in indices]
    shape = (len(rows), max(map(len, rows)))
    inputs = {"input_ids": np.full(shape, pad_id), "attention_mask": np.zeros(shape, dtype=np.int64)}
    if examples.token_types is not None:
        inputs["token_type_ids"] = np.zeros(shape, dtype=np.int64)
    for row, (index, tokens) in enumerate(zip(indices, rows, strict=True)):
        inputs["input_ids"][row, : len(tokens)] = tokens
        inputs["attention_mask"][row, : len(tokens)] = 1
        if examples.token_types is not None:
            inputs["token_type_ids"][row, : len(tokens)] = examples.token_types[index]
    return {name: torch.from_numpy(array).to(device) for name, array in inputs.items()}
