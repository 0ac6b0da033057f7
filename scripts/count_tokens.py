"""Count how long the texts are in tokens, and how many were cut to the longest length allowed.

Reads the tokens of the three splits. Writes the counts split by split.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import write_json
from finetune_report.runtime.job import run

import pyarrow.compute as pc
import pyarrow.parquet as pq


def main(train: Path, validation: Path, test: Path, counts: Path, max_length: int) -> None:
    splits = {"train": train, "validation": validation, "test": test}
    found = {split: count(path) for split, path in splits.items()}
    write_json(counts, {"max_length": max_length, "splits": found})
    for split, row in found.items():
        if row["cut"]:
            logging.warning("%s: %d of %d texts are cut to %d tokens", split, row["cut"], row["texts"], max_length)


def count(path: Path) -> dict[str, Any]:
    """Texts, tokens in all, the longest text, and how many were cut."""
    table = pq.read_table(path, columns=["input_ids", "cut"])
    lengths = pc.list_value_length(table["input_ids"])
    cut = pc.sum(table["cut"]).as_py()
    return {
        "texts": len(table),
        "tokens": pc.sum(lengths).as_py(),
        "longest": pc.max(lengths).as_py(),
        "cut": cut,
        "share": cut / len(table),
    }


if __name__ == "__main__":
    run(main)
