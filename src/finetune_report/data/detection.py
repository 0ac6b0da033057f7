"""Recognises what a data file holds: how it is to be read, and which columns are texts, labels and slices.

The whole file is read, in one pass. What is recognised is for a person to look at; what the workflow reads is written
into a config, and checked there.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune_report.data import label_names
from finetune_report.data.column_names import (
    LABEL_NAMES,
    LABEL_WORDS,
    TEXT_NAMES,
    TEXT_WORDS,
    last_step,
    second_of,
    words_of,
)
from finetune_report.data.columns import Column, profile
from finetune_report.data.dialects import encoding_of, is_tokens, recognise
from finetune_report.data.readers import Reading, Row, format_of, read_rows
from finetune_report.data.unsupported_tasks import refuse_other_tasks
from finetune_report.data.validation import RESERVED, label_of
from finetune_report.errors import UserError, clip, few

import pyarrow as pa
import pyarrow.parquet as pq

MOST_CLASSES, MOST_SLICES = 200, 20
KNOWN = {*LABEL_NAMES, *TEXT_NAMES, *LABEL_WORDS}
WORDS_OF_A_TEXT = 3  # on average, from which a column seems to hold texts


@dataclass(frozen=True)
class Shape:
    """How a file is to be read; columns are named as in the file, or numbered from 0 where it has no header."""

    reading: Reading
    columns: list[str]
    text: str
    text_pair: str | None
    label: str
    classes: dict[str, int]
    label_map: dict[str, str | None]
    slices: list[str]
    rows: int
    longest_words: int
    invalid: int  # rows whose text or label is missing
    notes: list[str] = field(default_factory=list, compare=False)

    @property
    def header(self) -> bool:
        return self.reading.header

    @property
    def quoting(self) -> bool:
        return self.reading.quoting


@dataclass(frozen=True)
class Choice:
    """The columns and the encoding that a person names; None leaves them to be recognised."""

    text: str | None = None
    label: str | None = None
    text_pair: str | None = None
    encoding: str | None = None


def infer(path: Path, text: str | None = None, label: str | None = None, text_pair: str | None = None) -> Shape:
    """The most likely shape of a file; columns that are given are taken as they are. See `infer_file`."""
    return infer_file(path, Choice(text, label, text_pair))


def infer_file(path: Path, choice: Choice) -> Shape:
    """The most likely shape of a file.

    Raises UserError where a given column is not there, no column can be the text or the label, or the file is made for
    another task than the classification of texts.
    """
    return shape_of(str(path), *read_file(path, choice), choice)


def read_file(path: Path, choice: Choice) -> tuple[Reading, dict[str, Column]]:
    """How a file is to be read, and what its columns hold. Raises UserError where it is made for another task."""
    if choice.label is None and looks_like_tokens(path):
        raise UserError(
            f"{path}: one token per line, as in CoNLL files: labels of tokens. This project classifies whole texts; "
            f"write one text and one label per row to use these texts"
        )
    reading = recognise(path, choice.encoding)
    return read_columns(path, reading, choice)


def looks_like_tokens(path: Path) -> bool:
    if path.suffix.lower() in (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".gz", ".zip"):
        return False
    return path.stat().st_size > 0 and is_tokens(path, encoding_of(path))


def read_columns(path: Path, reading: Reading, choice: Choice) -> tuple[Reading, dict[str, Column]]:
    """The columns of a whole file, and how it is read, the header included."""
    if format_of(path, reading) == "parquet":
        return reading, profile(parquet_rows(path))
    if format_of(path, reading) != "delimited":
        return reading, profile(row for _, row in read_rows(path, reading))
    bare = Reading(**{**vars(reading), "header": False})
    rows = (row for _, row in read_rows(path, bare))
    first = next(rows, None)
    if first is None:
        raise UserError(f"{path} holds no rows; put rows into it")
    sample: dict[str, Column] = {}
    try:
        columns = profile(rows, sample)
    except UserError:
        refuse_other_tasks(str(path), renamed(sample, first) if has_header(first, sample) else sample, choice.label)
        raise
    if not columns and any(str(name).strip().lower() in KNOWN for name in first.values()):
        raise UserError(f"{path} holds no rows; put rows into it")
    if not has_header(first, columns):
        for name, column in columns.items():
            column.add(first[name])
        return bare, columns or profile([first])
    # The reader's own check of the names, and its own names for blank ones.
    next(read_rows(path, Reading(**{**vars(reading), "header": True})))
    return reading, renamed(columns, first)


def renamed(columns: dict[str, Column], first: dict[str, str]) -> dict[str, Column]:
    """Columns by the names in a header."""
    for number, column in columns.items():
        column.name = first[number] if first[number].strip() else f"Unnamed: {number}"
    return {column.name: column for column in columns.values()}


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        classes = class_names(pq.read_schema(path))
        for batch in pq.ParquetFile(path).iter_batches(1000):
            yield from (with_class_names(row, classes) for row in batch.to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} cannot be read as Parquet ({' '.join(str(error).split())}); write it again") from None


def rows_of_file(path: Path, reading: Reading) -> Iterator[Row]:
    """The rows of a file of any format, each with its line where the format has lines."""
    if format_of(path, reading) == "parquet":
        yield from ((None, row) for row in parquet_rows(path))
    else:
        yield from read_rows(path, reading)


def class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """The names behind label numbers that `datasets` stores with a Parquet file, by column."""
    features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    return {name: kind["names"] for name, kind in features.items() if isinstance(kind, dict) and "names" in kind}


def with_class_names(row: dict[str, Any], classes: dict[str, list[str]]) -> dict[str, Any]:
    """A row with names in the place of label numbers; a negative one, which hides a label, is none."""
    for column, names in classes.items():
        number = row[column]
        row[column] = None if number is None or number < 0 else names[number]
    return row


def has_header(first: dict[str, Any], columns: dict[str, Column]) -> bool:
    """Whether the first row names the columns: known names, or short ones over a label that no other row has."""
    names = {number: str(value).strip() for number, value in first.items()}
    given = [name for name in names.values() if name]
    if len(set(given)) < len(given) or not given or not columns:
        return False
    for number, name in names.items():
        column = columns[number]
        if not name and not (column.is_index or column.is_empty):
            return False
    if any(name.lower() in KNOWN and not holds(columns[number], name) for number, name in names.items()):
        return True
    label = likely_label(columns)
    short = all(len(name.split()) <= 4 and not re.fullmatch(r"[-\d.,]+", name) for name in given)
    return short and label is not None and not holds(columns[label], names[label]) and columns[label].distinct > 1


def holds(column: Column, value: str) -> bool:
    return column.counts is not None and value in column.counts


def shape_of(source: str, reading: Reading, columns: dict[str, Column], choice: Choice) -> Shape:
    """The shape of a table of which the columns are known. Raises UserError as `infer_file` does."""
    for name in (choice.text, choice.label, choice.text_pair):
        if name is not None and name not in columns:
            raise UserError(f"{source}: no column '{name}'; the columns are {few(columns, 30)}")
    refuse_other_tasks(source, columns, choice.label)
    label = choice.label or likely_label(without(columns, choice.text, choice.text_pair))
    if label is None:
        raise UserError(
            f"{source}: no column has from 2 to {MOST_CLASSES} different values that repeat, as labels do; the columns "
            f"are {few(columns, 30)}; name it with --label"
        )
    text = choice.text or likely_text(without(columns, label, choice.text_pair))
    if text is None:
        raise UserError(f"{source}: no column holds texts; the columns are {few(columns, 30)}; name it with --text")
    pair = choice.text_pair or second_of(text, without(columns, text, label))
    if choice.text is None and choice.text_pair is None and pair is None:
        first = next((name for name in without(columns, text, label) if second_of(name, columns) == text), None)
        text, pair = (text, None) if first is None else (first, text)
    counts = columns[label].counts
    if counts is None:
        raise UserError(
            f"{source}: the column '{label}' has more than {columns[label].distinct - 1} different values; labels "
            f"repeat: name another column with --label"
        )
    classes = class_counts(source, label, counts)
    if len(classes) < 2:
        raise UserError(
            f"{source}: every row has the label '{clip(next(iter(classes), ''))}' in the column '{label}'; at least "
            f"two classes are needed: name another column with --label, or add rows"
        )
    used = [name for name in (text, pair, label) if name is not None]
    label_map: dict[str, str | None] = dict(label_names.map_of(label_names.look_alikes(classes)))
    if label == "gold_label" and "-" in classes:
        label_map["-"] = None  # no majority among the annotators of SNLI and MultiNLI
    texts = [columns[name] for name in (text, pair) if name is not None]
    return Shape(
        reading,
        list(columns),
        text,
        pair,
        label,
        classes,
        label_map,
        slices_of(columns, used),
        columns[text].rows,
        sum(len(column.longest.split()) for column in texts),
        max(column.rows - column.filled for column in [*texts, columns[label]]),
        notes_on(columns, text, pair, label, classes, label_map),
    )


def without(columns: dict[str, Column], *names: str | None) -> dict[str, Column]:
    return {name: column for name, column in columns.items() if name not in names}


def class_counts(source: str, label: str, counts: dict[str, int]) -> dict[str, int]:
    """Rows by label as the workflow names it."""
    named: dict[str, int] = {}
    for value, count in counts.items():
        if value:
            try:
                name = label_of(value)
            except UserError as error:
                raise UserError(f"{source}, column '{label}': {error}") from None
            named[name] = named.get(name, 0) + count
    return dict(sorted(named.items()))


def slices_of(columns: dict[str, Column], used: Iterable[str]) -> list[str]:
    """Further columns with few values that repeat: neither an index nor names that the prepared data need."""
    return [
        name
        for name, column in columns.items()
        if name not in (*used, *RESERVED)
        and "." not in name
        and not column.is_index
        and not column.is_real
        and not column.lists
        and 2 <= column.distinct <= MOST_SLICES
        and column.repeats
        and column.mean_words < 2 * WORDS_OF_A_TEXT
    ]


def notes_on(
    columns: dict[str, Column],
    text: str,
    pair: str | None,
    label: str,
    classes: dict[str, int],
    label_map: dict[str, str | None],
) -> list[str]:
    """What a person should know of a file, besides what is read."""
    notes = []
    rest = without(columns, text, pair, label)
    index = [name for name, column in rest.items() if column.is_index or column.is_empty]
    if index:
        notes.append(f"not read: {few(index)} (an index, or empty)")
    texts = [
        name
        for name, column in rest.items()
        if column.mean_words >= WORDS_OF_A_TEXT and not column.repeats and name not in index
    ]
    if texts and pair is None:
        notes.append(
            f"{few(texts)} hold{'s' * (len(texts) == 1)} texts too, which are not read; if two texts belong together, "
            f"as in a pair of sentences, say --text {text} --text-pair {texts[0]}"
        )
    dropped = [name for name, other in label_map.items() if other is None]
    if dropped:
        notes.append(f"rows with the label {few(dropped)} are left out (label_map)")
    groups = label_names.look_alikes(classes)
    if groups:
        spelled = label_names.spelled(classes, groups[:5])
        notes.append(f"labels that differ only in spelling are made one (label_map): {spelled}; is that right?")
    nested = sum(count for name, count in classes.items() if ":" in name)
    if len(classes) > 10 and nested == sum(classes.values()):
        coarse = {name.partition(":")[0] for name in classes}
        notes.append(f"labels look like coarse:fine, {len(coarse)} coarse ones; label_map can make those of them")
    return notes


def likely_label(columns: dict[str, Column]) -> str | None:
    """The column named as labels are, else the one with the fewest values that repeat; the later of equals."""
    filled = {name: column for name, column in columns.items() if column.filled and not column.lists}
    exact = [name for known in LABEL_NAMES for name in filled if last_step(name) == known]
    words = [name for name in filled if LABEL_WORDS & set(words_of(name))]
    named = [name for name in (*exact, *words) if not filled[name].is_real and filled[name].counts is not None]
    if named:
        return named[0]
    possible = [
        name
        for name, column in filled.items()
        if 2 <= column.distinct <= MOST_CLASSES
        and column.repeats
        and not column.is_real
        and column.filled >= 0.95 * column.rows
    ]
    return min(reversed(possible), key=lambda name: filled[name].distinct, default=None)


def likely_text(columns: dict[str, Column]) -> str | None:
    """The column named as texts are, else the one with the most words."""
    filled = {name: column for name, column in columns.items() if column.filled and column.numbers < column.filled}
    exact = [name for known in TEXT_NAMES for name in filled if last_step(name) == known]
    if exact:
        return exact[0]
    named = [name for name in filled if TEXT_WORDS & set(words_of(name)) and filled[name].mean_words >= 2]
    return max(named or filled, key=lambda name: filled[name].words, default=None)
