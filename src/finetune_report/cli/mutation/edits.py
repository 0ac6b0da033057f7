"""Ways to falsify a result file: each returns the bytes of the file with something changed in it."""

import copy
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.files import read_json
from finetune_report.json_pointer import at, put, step
from finetune_report.report.publishing import MOST_ROWS

import pandas as pd


def numeric_leaves(document: Any, pointer: str = "") -> Iterator[str]:
    """The pointers of all numbers, but not those in long lists."""
    if isinstance(document, dict):
        for name, item in document.items():
            yield from numeric_leaves(item, f"{pointer}/{step(name)}")
    elif isinstance(document, list) and len(document) <= MOST_ROWS:
        for place, item in enumerate(document):
            yield from numeric_leaves(item, f"{pointer}/{place}")
    elif isinstance(document, int | float) and not isinstance(document, bool):
        yield pointer


def falsified(value: Any, names: list[str]) -> list[Any]:
    """Other values in the place of `value`, far enough from it to be printed otherwise; texts become one of `names`."""
    match value:
        case None | bool():
            return [0.123]
        case int():
            return [value + 1, value - 1, 10 * value + 7, 0]
        case float():
            shift = 0.11 + 0.37 * abs(value)
            return [value + shift, value - shift, value / 1000, 10 * value + 7]
        case str():
            return [*(name for name in names if value in names and name != value), f"{value} changed"]
        case list():
            return [value[:-1], [*value, *value[-1:]]]
        case dict():
            return [dict(list(value.items())[:-1])]
    return []


def json_edit(path: Path, changes: dict[str, Any]) -> bytes:
    """A JSON file with other values at some pointers."""
    document = copy.deepcopy(read_json(path))
    for pointer, value in changes.items():
        put(document, pointer, value)
    return json.dumps(document).encode()


def csv_edit(path: Path, row: int, column: str, value: Any) -> bytes:
    """A CSV file with another entry in one place; rows count from 0 below the header."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rows[row][column] = value
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def flipped_prediction(path: Path, row: int) -> bytes:
    """A file of predictions in which one example falls into the next class, with the probability of the one before."""
    table = pd.read_parquet(path).reset_index(drop=True)
    columns = [name for name in table.columns if str(name).startswith("p_")]
    before = int(table["prediction"].iloc[row])
    after = (before + 1) % len(columns)
    one, other = columns[before], columns[after]
    table.loc[row, [one, other]] = table.loc[row, [other, one]].to_numpy()
    table.loc[row, "prediction"] = after
    return table.to_parquet(index=False)


def flipped_epoch(path: Path, row: int) -> bytes:
    """A file of what each epoch made of the examples, in which a right one becomes wrong, or the other way round.

    What is right stands in the predictions next to it.
    """
    table = pd.read_parquet(path)
    labels = pd.read_parquet(path.with_name("predictions.parquet"), columns=["label"])["label"].to_numpy()
    label, before = int(labels[row % len(labels)]), int(table["prediction"].iloc[row])
    kind = table["prediction"].dtype
    table.loc[row, "prediction"] = (label + 1) % (int(labels.max()) + 1) if before == label else label
    return table.astype({"prediction": kind}).to_parquet(index=False)


def edits_at(root: Path, source: str, pointer: str, names: list[str]) -> Iterator[bytes]:
    """Every way in which what stands at `pointer` of a result file below `root` can be falsified."""
    path = root / source
    for value in falsified(at(read_json(path), pointer), names):
        yield json_edit(path, {pointer: value})
