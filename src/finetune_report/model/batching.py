"""Batches of token sequences: in which order they come, and how they are padded.

Vocabulary: a *batch* is the set of examples behind one optimizer step. It is worked off in *chunks* of similar length,
whose gradients add up to the batch's, so that short sentences are not padded to the longest of the batch.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch

Indices = np.ndarray


@dataclass(frozen=True)
class Examples:
    """Tokenized examples; `token_ids[i]` is a vector of integers, `labels[i]` an integer class."""

    ids: list[str]
    token_ids: list[np.ndarray]
    token_types: list[np.ndarray] | None
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def read_examples(data: Path, tokens: Path) -> Examples:
    """Join a split's labels (`data`) and its tokens, row by row; both files keep the order of the rows."""
    rows = pq.read_table(data, columns=["id", "label"])
    table = pq.read_table(tokens)
    if rows["id"].to_pylist() != table["id"].to_pylist():
        raise ValueError(f"{tokens} was not made from {data}: their ids differ")
    types = table["token_type_ids"].to_pylist() if "token_type_ids" in table.column_names else None
    return Examples(
        ids=rows["id"].to_pylist(),
        token_ids=[np.asarray(row, dtype=np.int64) for row in table["input_ids"].to_pylist()],
        token_types=None if types is None else [np.asarray(row, dtype=np.int64) for row in types],
        labels=rows["label"].to_numpy().copy(),  # torch wants to own what it reads
    )


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose, so that each use of chance is its own stream and needs no state to resume."""
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


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
