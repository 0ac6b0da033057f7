"""Texts without labels, of which the classes are to be predicted."""

from pathlib import Path
from typing import Any

from finetune_report.data.locations import missing
from finetune_report.data.readers import field, format_of, has_field, read_rows, reading_of
from finetune_report.data.validation import text_of
from finetune_report.errors import UserError, few


def predicted_file(config: dict[str, Any]) -> Path | None:
    """The file that the config's `predict` names. Raises UserError where it is not there, or of no known format."""
    if config["predict"] is None:
        return None
    path = Path(config["predict"]).expanduser()
    if not path.is_file():
        raise UserError(missing("predict", path))
    kind = format_of(path, reading_of(config["data"]))
    if kind is None or kind == "parquet":
        raise UserError(f"predict: {path} is not a text file of the same format as the data; write it as they are")
    return path


def texts_of(path: Path, data: dict[str, Any]) -> list[list[str]]:
    """The column of texts, or the two of pairs, by the names and the reading that a config's data entry gives.

    Raises UserError, naming the place, at a row without a text.
    """
    names = [str(data[name]) for name in ("text", "text_pair") if data[name] is not None]
    texts: list[list[str]] = [[] for _ in names]
    for number, (line, record) in enumerate(read_rows(path, reading_of(data)), start=1):
        for name, column in zip(names, texts, strict=True):
            place = f"{path}, {f'line {line} (row {number})' if line else f'row {number}'}"
            if not has_field(record, name):
                raise UserError(f"{place}: no column '{name}'; the columns are {few(record)}; name it as in the data")
            try:
                column.append(text_of(field(record, name)))
            except UserError as error:
                raise UserError(f"{place}, column '{name}': {error}") from None
    if not texts[0]:
        raise UserError(f"{path} holds no rows; put rows into it")
    return texts
