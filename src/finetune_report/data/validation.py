"""Turns rows as they were read into labelled examples, and rejects invalid rows, naming the location and the fix."""

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune_report.data import label_names
from finetune_report.data.readers import Row, has_field
from finetune_report.data.readers import field as field_of
from finetune_report.data.streams import suffix_of
from finetune_report.errors import UserError, clip, few

MOST_LISTED = 100  # rows left out that are listed one by one; all are counted


@dataclass
class LeftOut:
    """The rows of a split that were not taken: counts by reason, and the first of them with their places."""

    invalid: int = 0
    by_label: int = 0
    rows: list[dict[str, str]] = field(default_factory=list)

    def add(self, place: str, reason: str, by_label: bool = False) -> None:
        self.by_label += by_label
        self.invalid += not by_label
        if len(self.rows) < MOST_LISTED:
            self.rows.append({"place": place, "reason": reason})


RESERVED = ("id", "length", "text", "text_pair", "label", "cluster")  # length: the report breaks down by it anyway


def columns_of(data: dict[str, Any]) -> dict[str, str]:
    """The column behind each name that examples use: text, label, slices, perhaps text_pair and cluster."""
    columns = {name: str(data[name]) for name in READERS if data[name] is not None}
    for name in map(str, data["slices"]):
        if name in RESERVED:
            raise UserError(f"data.slices: the name '{name}' is taken by the prepared data; rename the column")
        columns[name] = name
    return columns


def place_of_row(number: int, line: int | None) -> str:
    """Where a row stands in its file, which may have no lines."""
    return f"row {number}" if line is None else f"line {line} (row {number})"


def examples(
    rows: Iterable[Row],
    source: str,
    split: str,
    data: dict[str, Any],
    classes: list[str] | None,
    left_out: LeftOut,
) -> Iterator[dict[str, str]]:
    """Each row as an example: `id` (split and row number from 1), texts, the label's name, and slices as strings.

    `classes` are the names that a label may have, None any. Rows whose label data.label_map maps to null, and with
    data.skip_invalid those that are not valid, go to `left_out`. Raises UserError at the first other invalid row.
    """
    columns = columns_of(data)
    number = taken = 0
    for number, (line, record) in enumerate(rows, start=1):
        if number == 1:
            require_columns(record, columns, source, data)
        place = place_of_row(number, line)
        try:
            example = {"id": f"{split}-{number}"} | values_of(record, columns)
        except InvalidField as error:
            if not data["skip_invalid"]:
                raise UserError(f"{source}, {place}, {error}") from None
            left_out.add(place, str(error))
            continue
        given = example["label"]
        label = mapped(given, data)
        if label is None:
            left_out.add(place, f"the label '{clip(given)}' is left out by data.label_map", by_label=True)
            continue
        if classes is not None and label not in classes:
            first = number == 1 and without_header(source, data)
            message = unknown_label(label, classes, data, first)
            raise UserError(f"{source}, {place}, column '{columns['label']}': {message}")
        taken += 1
        yield example | {"label": label}
    if not number:
        raise UserError(f"{source} holds no rows; put rows into it")
    if not taken:
        raise UserError(
            f"{source}: all {number} rows were left out, the first ({left_out.rows[0]['place']}) because "
            f"{left_out.rows[0]['reason']}; correct data.skip_invalid or data.label_map"
        )


def unlabelled_examples(rows: Iterable[Row], source: str, data: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Each row of a test split without labels: `id` (split and row number from 1) and texts.

    Every row is to be classified, so data.skip_invalid leaves none out. Raises UserError at a row without a text, and
    at one that has a label: what has labels is to be scored, unless the config says otherwise.
    """
    columns = {name: str(data[name]) for name in ("text", "text_pair") if data[name] is not None}
    number = 0
    for number, (line, record) in enumerate(rows, start=1):
        if number == 1:
            require_columns(record, columns, source, data)
        place = place_of_row(number, line)
        label = field_of(record, str(data["label"])) if has_field(record, str(data["label"])) else None
        if not is_hidden(label):
            raise UserError(
                f"{source}, {place}, column '{data['label']}': found the label '{clip(label)}', but data.test_split is "
                f"unlabelled; say data.test_split: labelled to score on these rows, or take the column out"
            )
        try:
            yield {"id": f"test-{number}"} | values_of(record, columns)
        except InvalidField as error:
            raise UserError(f"{source}, {place}, {error}; each row of this file gets a prediction") from None
    if not number:
        raise UserError(f"{source} holds no rows; put rows into it")


class InvalidField(UserError):
    """A field of a row that cannot be a text, a label or a slice."""


def values_of(record: dict[str, Any], columns: dict[str, str]) -> dict[str, str]:
    """The fields of a row by the names that examples use. Raises InvalidField at the first that will not do."""
    found = {}
    for name, column in columns.items():
        try:
            found[name] = READERS.get(name, slice_of)(field_of(record, column))
        except UserError as error:
            raise InvalidField(f"column '{column}': {error}") from None
    return found


def mapped(label: str, data: dict[str, Any]) -> str | None:
    """The class that data.label_map gives a label; itself where it is not there, None where its rows are left out."""
    known = data["label_map"]
    if label not in known:
        return label
    return None if known[label] is None else str(known[label])


def require_columns(record: dict[str, Any], columns: dict[str, str], source: str, data: dict[str, Any]) -> None:
    """Raises UserError where a column that the config names is not among those of the first row."""
    absent = {name: column for name, column in columns.items() if not has_field(record, column)}
    if not absent:
        return
    name, column = next(iter(absent.items()))
    key = f"data.{name}" if name in READERS else "data.slices"
    close = difflib.get_close_matches(column, list(record), n=1)
    there = few(map(repr, record), 30)
    advice = f"did you mean '{close[0]}'?" if close else "correct the name"
    message = f"{source}: no column '{column}' ({key}); the columns are {there}; {advice}"
    if without_header(source, data):
        message += "; if the first line names the columns, set data.header: true"
    elif is_delimited(source, data) and len(absent) == len(columns):
        message += "; if the first line is a row already, set data.header: false and name the columns by number: 0, 1"
    raise UserError(message)


def is_delimited(source: str, data: dict[str, Any]) -> bool:
    return data["format"] == "delimited" or (data["format"] is None and suffix_of(Path(source)) in (".csv", ".tsv"))


def without_header(source: str, data: dict[str, Any]) -> bool:
    """Whether a source is delimited text whose first line is taken for a row."""
    return is_delimited(source, data) and not data["header"]


def is_hidden(value: Any) -> bool:
    """Whether a label is missing, or -1, with which shared tasks hide the labels of a test file."""
    return value is None or str(value).strip() in ("", "-1", "-1.0", "nan")


def hidden_labels(rows: Iterable[Row], source: str, split: str, data: dict[str, Any]) -> UserError | None:
    """The message on a split of which no row has a label, with the ways out; None where some have one."""
    number = 0
    for _, record in rows:
        number += 1
        if not is_hidden(field_of(record, str(data["label"]))):
            return None
    if not number:
        return None
    return UserError(
        f"{source} has no labels: in none of its {number} rows does the column '{data['label']}' hold one other than "
        f"-1. Nothing can be scored on it. Either draw the {split} split from the training rows "
        f"({FRACTIONS[split]}; this file is then not read), or name a file with labels as data.files.{split}"
        f"{IF_TEST * (split == 'test')}"
    )


IF_TEST = (
    ", such as the validation file: validation rows are then drawn from the training rows; or do without a test score: "
    "data.test_split: unlabelled classifies these texts, and every score is on the validation split"
)
FRACTIONS = {"test": "data.test_fraction: 0.2", "validation": "leave it out; data.validation_fraction says how many"}


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
        raise UserError(f"holds half of a character (U+{ord(text[error.start]):04X}); correct or remove it") from None
    return text


READERS = {"text": text_of, "text_pair": text_of, "label": label_of, "cluster": slice_of}


def unknown_label(label: str, classes: list[str], data: dict[str, Any], first: bool) -> str:
    """The message on a label that is none of the classes."""
    known = few(classes)
    if data["labels"] is not None:
        message = f"the label '{clip(label)}' is not among data.labels ({known}); correct it, or add it there"
    else:
        message = (
            f"the label '{clip(label)}' does not occur in the training split ({known}); correct it or remove the row"
        )
        if not first:
            message += f", or leave all such rows out: data.label_map: {label_names.as_yaml({label: None})}"
    alike = [name for name in classes if label_names.normal_form(name) == label_names.normal_form(label)]
    if alike:
        message += f"; if it is '{alike[0]}', say data.label_map: {label_names.as_yaml({label: alike[0]})}"
    if first:
        message += "; if the first line names the columns, set data.header: true"
    return message


def training_classes(labels: list[str], source: str, data: dict[str, Any], classes: list[str] | None) -> list[str]:
    """The classes, after checks that the training labels can be learned from.

    Whole numbers are sorted as numbers, anything else as text.
    """
    counts = Counter(labels)
    if classes is None:
        groups = label_names.look_alikes(counts)
        if groups:
            raise UserError(
                f"{source}: some labels differ only in case, spaces, Unicode form or '.0': "
                f"{label_names.spelled(counts, groups[:5])}; make them one by data.label_map: "
                f"{label_names.as_yaml(label_names.map_of(groups))}, or keep them apart by listing all classes in "
                f"data.labels"
            )
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
            f"{source}: found {len(labels)} rows for {len(classes)} classes ({few(classes)}); "
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
