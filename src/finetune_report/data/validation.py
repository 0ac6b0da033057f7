"""Turns rows as they were read into labelled examples, and refuses what is none: with its place and a remedy."""

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from finetune_report.data.readers import Row, clip
from finetune_report.errors import UserError


def columns_of(data: dict[str, Any]) -> dict[str, str]:
    """The column behind each name that examples use: text, text_pair where there is one, label, and the slices."""
    columns = {name: str(data[name]) for name in READERS if data[name] is not None}
    for name in map(str, data["slices"]):
        if name in ("id", "length", *READERS):  # length: the report breaks down by it anyway
            raise UserError(f"data.slices: the name '{name}' is taken by the prepared data; rename the column")
        columns[name] = name
    return columns


def examples(
    rows: Iterable[Row], source: str, split: str, data: dict[str, Any], classes: list[str] | None
) -> Iterator[dict[str, str]]:
    """Each row as an example: `id` (split and row number from 1), texts, the label's name, and slices as strings.

    `classes` are the names that a label may have, None any. Raises UserError at the first row that will not do.
    """
    columns = columns_of(data)
    number = 0
    for number, (line, record) in enumerate(rows, start=1):
        if number == 1:
            require_columns(record, columns, source, data)
        example = {"id": f"{split}-{number}"}
        for name, column in columns.items():
            try:
                example[name] = READERS.get(name, slice_of)(record.get(column))
                if name == "label" and classes is not None and example[name] not in classes:
                    first = number == 1 and without_header(source, data)
                    raise UserError(unknown_label(example[name], classes, data, first))
            except UserError as error:
                row = f"row {number}" if line is None else f"line {line} (row {number})"
                raise UserError(f"{source}, {row}, column '{column}': {error}") from None
        yield example
    if not number:
        raise UserError(f"{source} holds no rows; put rows into it")


def require_columns(record: dict[str, Any], columns: dict[str, str], source: str, data: dict[str, Any]) -> None:
    """Raises UserError where a column that the config names is not among those of the first row."""
    absent = {name: column for name, column in columns.items() if column not in record}
    if not absent:
        return
    name, column = next(iter(absent.items()))
    key = f"data.{name}" if name in READERS else "data.slices"
    close = difflib.get_close_matches(column, list(record), n=1)
    there = ", ".join(repr(clip(other)) for other in record)
    advice = f"did you mean '{close[0]}'?" if close else "correct the name"
    message = f"{source}: no column '{column}' ({key}); the columns are {there}; {advice}"
    if without_header(source, data):
        message += "; if the first line names the columns, set data.header: true"
    elif is_delimited(source) and len(absent) == len(columns):
        message += "; if the first line is a row already, set data.header: false and name the columns by number: 0, 1"
    raise UserError(message)


def is_delimited(source: str) -> bool:
    return source.lower().endswith((".csv", ".tsv"))


def without_header(source: str, data: dict[str, Any]) -> bool:
    """Whether a source is a CSV or TSV file whose first line is taken for a row."""
    return is_delimited(source) and not data["header"]


def text_of(value: Any) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise UserError("the text is empty; fill it in or remove the row")
    if not isinstance(value, str):
        raise UserError(f"the text is {clip(value)} ({type(value).__name__}); expected a string")
    return storable(value)


def label_of(value: Any) -> str:
    """The name of a label: text without outer spaces, or a whole number."""
    match value:
        case None | "":
            name = ""
        case bool():
            name = str(value).lower()
        case int():
            name = str(value)
        case str():
            name = storable(value.strip())
        case float() if math.isnan(value):
            name = ""
        case float() if value.is_integer():
            name = str(int(value))
        case _:
            raise UserError(f"the label is {clip(value)} ({type(value).__name__}); expected a name or a whole number")
    if not name:
        raise UserError("the label is missing; fill it in or remove the row")
    return name


def slice_of(value: Any) -> str:
    return "" if value is None else storable(str(value).strip())


def storable(text: str) -> str:
    """`text`, unless it holds what no text holds and UTF-8 or other tools do not carry."""
    if "\0" in text:
        raise UserError("holds a NUL character; remove it")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(f"holds half of a character (U+{ord(text[error.start]):04X}); mend or remove it") from None
    return text


READERS = {"text": text_of, "text_pair": text_of, "label": label_of}


def unknown_label(label: str, classes: list[str], data: dict[str, Any], first: bool) -> str:
    """The message on a label that is none of the classes."""
    known = ", ".join(classes)
    if data["labels"] is not None:
        message = f"the label '{clip(label)}' is not among data.labels ({known}); correct it, or add it there"
    else:
        message = (
            f"the label '{clip(label)}' does not occur in the training split ({known}); correct it or remove the row"
        )
    if first:
        message += "; if the first line names the columns, set data.header: true"
    return message


def training_classes(labels: list[str], source: str, data: dict[str, Any], classes: list[str] | None) -> list[str]:
    """The classes, after checks that the training labels can be learned from.

    Whole numbers are sorted as numbers, anything else as text.
    """
    counts = Counter(labels)
    if classes is None:
        if looks_like_header(labels, counts, source, data):
            raise UserError(
                f"{source}, line 1 (row 1): the label '{clip(labels[0])}' occurs in no other row, as if this line "
                f"named the columns; set data.header: true, or list the classes in data.labels if it is one"
            )
        if len(counts) > max(10, len(labels) / 2):
            raise UserError(
                f"{source}: found {len(counts)} different labels in {len(labels)} rows; "
                f"data.label ('{data['label']}') seems to name the wrong column"
            )
        numeric = all(map(is_number, counts))
        classes = sorted(counts, key=lambda label: (int(label), label)) if numeric else sorted(counts)
    if len(labels) < len(classes):
        raise UserError(
            f"{source}: found {len(labels)} rows for {len(classes)} classes ({', '.join(classes)}); "
            f"every class needs training rows: add some, or shorten data.labels"
        )
    if len(counts) == 1:
        raise UserError(
            f"{source}: every row has the label '{clip(labels[0])}'; at least two classes are needed: "
            f"add rows of another, or check data.label ('{data['label']}')"
        )
    absent = [label for label in classes if label not in counts]
    if absent:
        raise UserError(
            f"{source}: no row has the label '{absent[0]}', which data.labels lists; add rows of it, or take it out"
        )
    return classes


def looks_like_header(labels: list[str], counts: Counter[str], source: str, data: dict[str, Any]) -> bool:
    """Whether the first row of a file without a header seems to be one: its label is a word, and of no other row."""
    return without_header(source, data) and counts[labels[0]] == 1 and len(counts) > 2 and not is_number(labels[0])


def is_number(label: str) -> bool:
    return re.fullmatch(r"-?\d+", label) is not None
