"""How many examples an experiment has, and what they look like, before its data are prepared and after."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from finetune_report.data.locations import data_files
from finetune_report.data.readers import Reading, field, read_rows, reading_of
from finetune_report.data.text_sample import Sample
from finetune_report.errors import UserError
from finetune_report.files import read_json

Texts = list[tuple[str, str | None]]


def split_rows(config: dict[str, Any]) -> dict[str, int] | None:
    """Training and validation rows; None where not both are known."""
    train, validation = training_rows(config), validation_rows(config)
    return None if train is None or validation is None else {"train": train, "validation": validation}


def validation_rows(config: dict[str, Any]) -> int | None:
    """How many there are: as the data were prepared, or else as the files have them; None where that is not known."""
    for known in (prepared_rows(config, "validation"), file_rows(config["data"], "validation")):
        if known is not None:
            return known
    left = rows_left_by_test(config["data"])
    return None if left is None else round(left * config["data"]["validation_fraction"])


def training_rows(config: dict[str, Any]) -> int | None:
    """How many there are, as of validation; where rows are drawn from them, what is left."""
    known = prepared_rows(config, "train")
    if known is not None:
        return known
    data, left = config["data"], rows_left_by_test(config["data"])
    if left is None:
        return None
    if file_rows(data, "validation") is None:
        left -= round(left * data["validation_fraction"])
    return min(round(left), data["train_rows"] or round(left))


def prepared_rows(config: dict[str, Any], split: str) -> int | None:
    try:
        return int(read_json(Path("results") / config["name"] / "data/summary.json")["splits"][split]["rows"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def rows_left_by_test(data: dict[str, Any]) -> float | None:
    rows = file_rows(data, "train")
    return None if rows is None else rows * (1 - (data["test_fraction"] or 0))


def file_rows(data: dict[str, Any], split: str) -> int | None:
    """The rows of a split's file; None where there is none, or it cannot be read, which the workflow says better."""
    try:
        path = data_files(data).get(split)
        return None if path is None else rows_of(path, reading_of(data))
    except UserError:
        return None


@lru_cache
def rows_of(path: Path, reading: Reading) -> int:
    return sum(1 for _ in read_rows(path, reading))


def sampled_texts(config: dict[str, Any], count: int) -> Texts | None:
    """Some training texts, by chance, and where the data are pairs the second text of each; None where none is here."""
    sample = Sample()
    prepared = Path("results") / config["name"] / "data/train.parquet"
    try:
        for text, pair in prepared_texts(prepared) if prepared.is_file() else texts_of_file(config["data"]):
            sample.add(text, pair)
    except (UserError, OSError, ValueError):  # the workflow says it better
        return None
    return sample.chosen[:count] or None


def prepared_texts(path: Path) -> Iterator[tuple[str, str | None]]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    table = file.read([name for name in ("text", "text_pair") if name in file.schema_arrow.names])
    for row in table.to_pylist():
        yield row["text"], row.get("text_pair")


def texts_of_file(data: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    path = data_files(data).get("train")
    if path is None:
        return
    columns = [name if name is None else str(name) for name in (data["text"], data["text_pair"])]
    for _, record in read_rows(path, reading_of(data)):
        text, pair = (None if column is None else field(record, column) for column in columns)
        if text:
            yield str(text), None if pair is None else str(pair)
