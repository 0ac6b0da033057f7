"""Count how long the texts are in tokens, how many were truncated, and how many tokens the model does not know.

Reads the tokens of the three splits. Writes the counts split by split.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import write_json
from finetune_report.runtime.job import run

import pyarrow.compute as pc
import pyarrow.parquet as pq

COUNTED_BY = (b"unknown_id", b"special_tokens")  # what tokenize_texts stores with the tokens
MANY_UNKNOWN = 0.1


def main(train: Path, validation: Path, test: Path, counts: Path, max_length: int) -> None:
    splits = {"train": train, "validation": validation, "test": test}
    found = {split: count(path) for split, path in splits.items()}
    write_json(counts, {"max_length": max_length, "splits": found})
    for split, row in found.items():
        if row["cut"]:
            logging.warning("%s: %d of %d texts are cut to %d tokens", split, row["cut"], row["texts"], max_length)
        if row["unknown_share"] > MANY_UNKNOWN:
            logging.warning(
                "%s: the model does not know %.0f%% of the tokens; it was made for another language or script",
                split,
                100 * row["unknown_share"],
            )


def count(path: Path) -> dict[str, Any]:
    """Texts, tokens in all, the longest text, how many were truncated, and how many of the tokens are unknown.

    `unknown_share` is of the tokens that are kept, special ones apart.
    """
    table = pq.read_table(path, columns=["input_ids", "cut"])
    known = {key.decode(): int(value) for key, value in (table.schema.metadata or {}).items() if key in COUNTED_BY}
    unknown = 0
    if "unknown_id" in known:
        unknown = pc.sum(pc.equal(pc.list_flatten(table["input_ids"]), known["unknown_id"])).as_py()
    lengths = pc.list_value_length(table["input_ids"])
    tokens = pc.sum(lengths).as_py()
    cut = pc.sum(table["cut"]).as_py()
    return {
        "texts": len(table),
        "tokens": tokens,
        "longest": pc.max(lengths).as_py(),
        "cut": cut,
        "share": cut / len(table),
        "unknown": unknown,
        "unknown_share": unknown / max(1, tokens - len(table) * known.get("special_tokens", 0)),
    }


if __name__ == "__main__":
    run(main)
