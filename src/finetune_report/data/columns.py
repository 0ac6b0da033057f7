"""What the columns of a table hold, in one pass over all rows: values, words, numbers, lists."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_VALUES = 2000  # different values that are counted one by one
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?")


@dataclass
class Column:
    """The values of one column. `counts` is None where there are too many different ones to be labels."""

    name: str
    rows: int = 0
    filled: int = 0
    words: int = 0
    numbers: int = 0
    fractions: int = 0
    lists: int = 0
    several: int = 0  # lists of two values or more
    objects: int = 0
    rising: bool = True  # whole numbers, each one more than the one before
    longest: str = ""
    counts: Counter[str] | None = field(default_factory=Counter)
    last: int | None = None

    def add(self, value: Any) -> None:
        self.rows += 1
        self.lists += isinstance(value, list)
        self.several += isinstance(value, list) and len(value) > 1
        self.objects += isinstance(value, dict)
        text = named(value)
        self.filled += bool(text)
        self.words += text.count(" ") + bool(text)
        if len(text) > len(self.longest):
            self.longest = text
        if len(text) < 25 and NUMBER.fullmatch(text):
            self.numbers += 1
            self.fractions += not float(text.replace(",", ".")).is_integer()
        self.follow(text)
        if self.counts is not None:
            self.counts[text] += 1
            if len(self.counts) > MOST_VALUES:
                self.counts = None

    def follow(self, text: str) -> None:
        if self.rising and re.fullmatch(r"\d{1,12}", text):
            self.rising = self.last is None or int(text) == self.last + 1
            self.last = int(text)
        else:
            self.rising = False

    @property
    def distinct(self) -> int:
        return MOST_VALUES + 1 if self.counts is None else len(self.counts)

    @property
    def mean_words(self) -> float:
        return self.words / max(1, self.filled)

    @property
    def is_index(self) -> bool:
        """Whether it only counts the rows, as pandas' index does."""
        return self.rows > 2 and self.rising

    @property
    def is_empty(self) -> bool:
        return not self.filled

    @property
    def is_real(self) -> bool:
        """Whether it holds numbers, some of them fractions: scores rather than classes."""
        return self.filled > 0 and self.numbers == self.filled and self.fractions > 0

    @property
    def repeats(self) -> bool:
        """Whether values come twice on average, at least."""
        return 2 * self.distinct <= self.rows


def named(value: Any) -> str:
    """A value as the workflow names a label: truth values in lower case, whole numbers without a fraction."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return "" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    return str(value).strip()


def profile(rows: Iterable[dict[str, Any]], columns: dict[str, Column] | None = None) -> dict[str, Column]:
    """The columns of a table by name; those of nested JSON by their paths, such as meta.label.

    They are added to `columns`, where a caller finds them even if `rows` fails.
    """
    columns = {} if columns is None else columns
    for number, row in enumerate(rows):
        for name, value in flat(row):
            if name not in columns:
                columns[name] = Column(name, rows=number, rising=not number)
            columns[name].add(value)
        for name, column in columns.items():
            if column.rows <= number:
                column.add(row.get(name))
    return columns


def flat(row: dict[str, Any], stem: str = "") -> Iterable[tuple[str, Any]]:
    """The fields of a row, those of objects by path."""
    for name, value in row.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{stem}{name}.")
        else:
            yield f"{stem}{name}", value
