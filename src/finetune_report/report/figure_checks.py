"""Compares the data that each figure shows with the table that was published for it.

The step that knows the numbers writes the table; the figure's rule draws it, and leaves it next to the picture.
"""

import csv
from itertools import zip_longest
from pathlib import Path

Rows = list[dict[str, str]]


def disagreements(figures: list[Path], tables: list[Path]) -> list[str]:
    """A sentence for each figure whose data are not its table.

    `tables` has one for each CSV file among `figures`, in the same order.
    """
    drawn = [path for path in figures if path.suffix == ".csv"]
    found = []
    for path, table in zip(drawn, tables, strict=True):
        if path.read_bytes() != table.read_bytes():
            found.append(f"the figure {path.name} does not show {table.name}: {first_difference(path, table)}")
    return found


def first_difference(path: Path, table: Path) -> str:
    """The first line in which two files differ."""
    lines = (file.read_text(encoding="utf-8", errors="replace").splitlines() for file in (path, table))
    for number, (found, expected) in enumerate(zip_longest(*lines, fillvalue="no such line"), start=1):
        if found != expected:
            return f"line {number} is {found!r}, the table has {expected!r}"
    return "they differ in their line ends"


def read_rows(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
