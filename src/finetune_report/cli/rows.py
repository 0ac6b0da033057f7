"""How many examples an experiment has, and what they look like, before its data are prepared and after."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.data.locations import data_files
from finetune_report.data.readers import field, read_rows, reading_of
from finetune_report.data.text_sample import Sample
from finetune_report.errors import UserError
from finetune_report.files import read_json

Texts = list[tuple[str, str | None]]


def split_rows(config: dict[str, Any]) -> dict[str, int] | None:
    """Training and validation rows: as the data were prepared, or else as the files have them; None where not known."""
    prepared = Path("results") / config["name"] / "data/summary.json"
    try:
        return {split: int(read_json(prepared)["splits"][split]["rows"]) for split in ("train", "validation")}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    data = config["data"]
    try:
        files = data_files(data)
        counts = {split: sum(1 for _ in read_rows(path, reading_of(data))) for split, path in files.items()}
    except UserError:  # the workflow says it better
        return None
    if "train" not in counts:
        return None
    train = round(counts["train"] * (1 - (data["test_fraction"] or 0)))
    validation = counts.get("validation")
    if validation is None:
        validation = round(train * data["validation_fraction"])
        train -= validation
    return {"train": min(train, data["train_rows"] or train), "validation": validation}


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
