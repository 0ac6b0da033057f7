"""Guesses how a data file is to be read: header, quotes, and which columns hold texts, labels and slices.

A guess is for a person to look at; what the workflow reads is written into a config, and checked there.
"""

import itertools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.data.readers import read_rows
from finetune_report.data.validation import label_of
from finetune_report.errors import UserError

import pyarrow.parquet as pq

LABEL_NAMES = (
    "label",
    "labels",
    "class",
    "category",
    "target",
    "sentiment",
    "topic",
    "intent",
    "polarity",
    "stance",
    "y",
)
TEXT_NAMES = (
    *("text", "text1", "sentence", "sentence1", "premise", "question1", "content", "review", "body", "document"),
    *("message", "comment", "tweet", "post", "utterance", "abstract", "description"),
)
PAIR_NAMES = ("text_pair", "sentence2", "hypothesis", "question2", "text2")
MOST_CLASSES, MOST_SLICES = 50, 20
SAMPLE = 20_000  # rows that are looked at


@dataclass(frozen=True)
class Shape:
    """How a file is to be read; columns are named as in the file, or numbered from 0 where it has no header."""

    header: bool
    quoting: bool
    columns: list[str]
    text: str
    text_pair: str | None
    label: str
    classes: dict[str, int]
    slices: list[str]
    rows: int
    longest_words: int


def infer(path: Path, text: str | None = None, label: str | None = None, text_pair: str | None = None) -> Shape:
    """The most likely shape of a file; columns that are given are taken as they are.

    Raises UserError where a given column is not there, or no column can be the text or the label.
    """
    header, quoting, rows = read_table(path)
    columns = list(rows[0])
    for name in (text, label, text_pair):
        if name is not None and name not in columns:
            raise UserError(f"{path}: no column '{name}'; the columns are {', '.join(columns)}")
    label = label or likely_label(rows, [name for name in columns if name not in (text, text_pair)])
    if label is None:
        raise UserError(
            f"{path}: no column has from 2 to {MOST_CLASSES} different values that repeat, as labels do; the columns "
            f"are {', '.join(columns)}; name it with --label"
        )
    text = text or likely_text(rows, [name for name in columns if name not in (label, text_pair)])
    if text is None:
        raise UserError(f"{path}: no column holds texts; the columns are {', '.join(columns)}; name it with --text")
    text_pair = text_pair or next((name for name in PAIR_NAMES if name in columns and name not in (text, label)), None)
    others = [name for name in columns if name not in (text, text_pair, label)]
    return Shape(
        header,
        quoting,
        columns,
        text,
        text_pair,
        label,
        dict(sorted(Counter(label_of(row[label]) for row in rows).items())),
        [name for name in others if 2 <= distinct(rows, name) <= MOST_SLICES and repeats(rows, name)],
        len(rows),
        max(len(str(row[text]).split()) + len(str(row[text_pair]).split() if text_pair else []) for row in rows),
    )


def read_table(path: Path) -> tuple[bool, bool, list[dict[str, Any]]]:
    """Whether a file has a header and quotes, and its first rows."""
    if path.suffix.lower() == ".parquet":
        return True, True, pq.read_table(path).slice(0, SAMPLE).to_pylist()
    if path.suffix.lower() == ".jsonl":
        return True, True, some_rows(path, True, True)
    try:
        rows, quoting = some_rows(path, False, True), True
    except UserError:
        rows, quoting = some_rows(path, False, False), False
    header = has_header(rows)
    return header, quoting, some_rows(path, header, quoting)


def some_rows(path: Path, header: bool, quoting: bool) -> list[dict[str, Any]]:
    rows = [row for _, row in itertools.islice(read_rows(path, header, quoting), SAMPLE)]
    if not rows:
        raise UserError(f"{path} holds no rows; put rows into it")
    return rows


def has_header(rows: list[dict[str, Any]]) -> bool:
    """Whether the first row names the columns: known names, or a label that no other row has."""
    first, rest = rows[0], rows[1:]
    names = [str(value).strip().lower() for value in first.values()]
    if len(set(names)) < len(names) or not all(names):
        return False
    if any(name in (*LABEL_NAMES, *TEXT_NAMES, *PAIR_NAMES) for name in names):
        return True
    column = likely_label(rest, list(first)) if rest else None
    return column is not None and first[column] not in {row[column] for row in rest} and distinct(rest, column) > 1


def likely_label(rows: list[dict[str, Any]], columns: list[str]) -> str | None:
    """The column named as labels are, else the one with the fewest values that repeat; the later of equals."""
    named = [name for known in LABEL_NAMES for name in columns if name.lower() == known]
    if named:
        return named[0]
    possible = [name for name in columns if 2 <= distinct(rows, name) <= MOST_CLASSES and repeats(rows, name)]
    return min(reversed(possible), key=lambda name: distinct(rows, name), default=None)


def likely_text(rows: list[dict[str, Any]], columns: list[str]) -> str | None:
    """The column named as texts are, else the one with the most words."""
    named = [name for known in TEXT_NAMES for name in columns if name.lower() == known]
    words = {name: sum(len(str(row[name]).split()) for row in rows) for name in columns}
    return named[0] if named else max(words, key=lambda name: words[name], default=None)


def distinct(rows: list[dict[str, Any]], column: str) -> int:
    return len({str(row.get(column)) for row in rows})


def repeats(rows: list[dict[str, Any]], column: str) -> bool:
    """Whether values come twice on average, at least."""
    return 2 * distinct(rows, column) <= len(rows)
