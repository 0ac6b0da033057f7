"""Bring predictions from elsewhere into the form that all others have, matched with the test texts row by row.

Reads the files and the prepared test split; nobody sees a score of them here, so that this can come before selection,
and a mistake in a file shows before anything is trained. Writes all systems' predictions, one below the other.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.data.predictions import matched, read_predictions
from finetune_report.files import read_json
from finetune_report.runtime.job import run

import pandas as pd


def main(
    files: list[Path], test: Path, summary: Path, elsewhere: Path, names: list[str], label_map: dict[str, Any]
) -> None:
    """`files` are those of the systems `names`; labels in them may be named as `label_map` maps them."""
    labels, data = read_json(summary)["labels"], pd.read_parquet(test)
    tables = []
    for name, path in zip(names, files, strict=True):
        tables.append(matched(read_predictions(path), str(path), data, labels, label_map).assign(system=name))
        logging.info("%s: a prediction for each of %d texts", name, len(data))
    pd.concat(tables).to_parquet(elsewhere, index=False)


if __name__ == "__main__":
    run(main)
