"""Tokenized, labelled examples, as training and evaluation read them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Examples:
    """Tokenized examples; `token_ids[i]` is a vector of integers, `labels[i]` an integer class, or -1 for none."""

    ids: list[str]
    token_ids: list[np.ndarray]
    token_types: list[np.ndarray] | None
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens of each example."""
        return [len(row) for row in self.token_ids]

    def subset(self, rows: np.ndarray) -> "Examples":
        """The examples at these places, in their order."""
        types = self.token_types
        return Examples(
            ids=[self.ids[row] for row in rows],
            token_ids=[self.token_ids[row] for row in rows],
            token_types=None if types is None else [types[row] for row in rows],
            labels=self.labels[rows],
        )


def read_examples(data: Path, tokens: Path) -> Examples:
    """Join a split's labels (`data`) and its tokens, row by row; both files keep the order of the rows."""
    file = pq.ParquetFile(data)
    rows = file.read([name for name in ("id", "label") if name in file.schema_arrow.names])
    table = pq.read_table(tokens)
    if rows["id"].to_pylist() != table["id"].to_pylist():
        raise ValueError(f"{tokens} was not made from {data}: their ids differ")
    known = "label" in rows.column_names
    labels = rows["label"].to_numpy().copy() if known else np.full(len(rows), -1)  # torch wants to own what it reads
    types = table["token_type_ids"].to_pylist() if "token_type_ids" in table.column_names else None
    return Examples(
        ids=rows["id"].to_pylist(),
        token_ids=[np.asarray(row, dtype=np.int64) for row in table["input_ids"].to_pylist()],
        token_types=None if types is None else [np.asarray(row, dtype=np.int64) for row in types],
        labels=labels,
    )
