"""Reads the rows of data files one at a time, strictly: where a file is not well formed, the message names the line.

`datasets` and pandas guess in such places, and lose the line numbers; so delimited text and JSON are read with Python's
own parsers here, as the config's data entry says.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.data import json_rows
from finetune_report.data.streams import BY_SUFFIX, suffix_of, text_lines
from finetune_report.errors import UserError, clip

# The line that a row starts on (None where there are no lines), and its fields by column.
Row = tuple[int | None, dict[str, Any]]

MARKS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar", " ": "space"}

csv.field_size_limit(sys.maxsize)


@dataclass(frozen=True)
class Reading:
    """How a file is to be read: the keys of the config's data entry that bear these names."""

    format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    header: bool = True
    quoting: bool = True
    records: str | None = None


def reading_of(data: dict[str, Any]) -> Reading:
    """What a config's data entry says on reading; what it leaves out takes the defaults."""
    return Reading(**{name: data[name] for name in Reading.__dataclass_fields__ if name in data})


def format_of(path: Path, reading: Reading) -> str | None:
    """The format of a file: the one that is given, else by its extension; None where neither tells."""
    return reading.format or BY_SUFFIX.get(suffix_of(path))


def delimiter_of(path: Path, reading: Reading) -> str:
    """What separates the fields of a file: what is given, else a comma in .csv and a tab in any other."""
    if reading.delimiter is not None:
        return reading.delimiter
    return " " if reading.format == "label-first" else "," if suffix_of(path) == ".csv" else "\t"


def read_rows(path: Path, reading: Reading = Reading()) -> Iterator[Row]:
    """The rows of a text file. Raises UserError naming file and line where the file is not well formed."""
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty (0 bytes); put rows into it")
    lines = text_lines(path, reading.encoding)
    match format_of(path, reading):
        case "delimited":
            yield from delimited(path, lines, delimiter_of(path, reading), reading.header, reading.quoting)
        case "label-first":
            yield from label_first(path, lines, delimiter_of(path, reading))
        case "lines":
            yield from ((number, {"text": line.rstrip("\r\n")}) for number, line in enumerate(lines, 1) if line.strip())
        case "jsonl":
            yield from json_rows.objects(path, lines)
        case "json":
            yield from json_rows.document(path, lines, reading.records)
        case _:
            raise UserError(f"{path} ends in '{path.suffix}', which tells no format; name it in data.format")


def delimited(path: Path, lines: Iterator[str], delimiter: str, header: bool, quoting: bool) -> Iterator[Row]:
    """The rows of delimited text; blank lines do not count. Without a header columns are called 0, 1, ..."""
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    names: list[str] = []
    for line, fields in fields_of(path, reader, quoting):
        if not names:
            names = column_names(path, line, fields) if header else [str(number) for number in range(len(fields))]
            if header:
                continue
        if len(fields) != len(names):
            enclosed = "" if quoting else " (with data.quoting: true)"
            mark = MARKS.get(delimiter, repr(delimiter))
            raise UserError(
                f"{path}, line {line}: found {len(fields)} {'field' if len(fields) == 1 else 'fields'} where the "
                f"first line has {len(names)}; enclose a field that holds a {mark} in quotes{enclosed}"
            )
        yield line, dict(zip(names, fields, strict=True))


def column_names(path: Path, line: int, fields: list[str]) -> list[str]:
    """The names in a header; a blank one takes the name that pandas gives it. Raises UserError at a repeated one."""
    names = [name if name.strip() else f"Unnamed: {number}" for number, name in enumerate(fields)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"{path}, line {line}: the header names the column '{clip(twice[0])}' more than once; "
            f"rename one, or set data.header: false if this line is a row"
        )
    return names


def fields_of(path: Path, reader: Any, quoting: bool) -> Iterator[tuple[int, list[str]]]:
    """The fields of each row that `csv` reads, with the line that the row starts on."""
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            advice = "double a quote inside a quoted field, or set data.quoting: false if quotes are plain characters"
            raise UserError(
                f"{path}, line {line}: the row that starts here cannot be read ({error})" + f"; {advice}" * quoting
            ) from None
        if fields is None:
            return
        if fields:
            yield line, fields


def label_first(path: Path, lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """Rows that are a label, the delimiter, and the rest of the line as the text: TREC's questions, fastText."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        label, found, text = line.rstrip("\r\n").lstrip().partition(delimiter)
        if not found:
            mark = MARKS.get(delimiter, repr(delimiter))
            raise UserError(f"{path}, line {number}: found '{clip(line)}'; expected a label, a {mark}, and a text")
        yield number, {"label": label, "text": text}


def field(record: dict[str, Any], column: str) -> Any:
    """The value of a column, by name or, in nested records, by a path such as meta.label; None where there is none."""
    if column in record:
        return record[column]
    value: Any = record
    for step in column.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return value


def has_field(record: dict[str, Any], column: str) -> bool:
    """Whether a record has a column, by name or by a path."""
    *steps, last = column.split(".")
    inner = field(record, ".".join(steps)) if steps else record
    return column in record or (isinstance(inner, dict) and last in inner)
