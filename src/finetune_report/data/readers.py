"""Reads the rows of text files one at a time, strictly: where a file is not well formed, the message names the line.

`datasets` and pandas guess in such places, and lose the line numbers; so CSV, TSV and JSONL are read with Python's own
parsers here, as UTF-8 (with or without a byte order mark), with the line endings of Unix or Windows.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError

# The line that a row starts on (None where there are no lines), and its fields by column.
Row = tuple[int | None, dict[str, Any]]

csv.field_size_limit(sys.maxsize)


def read_rows(path: Path, header: bool = True, quoting: bool = True) -> Iterator[Row]:
    """The rows of a CSV, TSV or JSONL file, by its extension.

    `header` and `quoting` count for CSV and TSV: whether the first line names the columns (otherwise "0", "1", ...),
    and whether quotes enclose fields. Raises UserError naming file and line where the file is not well formed.
    """
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty (0 bytes); put rows into it")
    match path.suffix.lower():
        case ".csv":
            yield from read_delimited(path, ",", header, quoting)
        case ".tsv":
            yield from read_delimited(path, "\t", header, quoting)
        case ".jsonl":
            yield from read_json_lines(path)


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text file with their endings."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{path}, line {number}: byte {error.start + 1} of the line, 0x{line[error.start]:02x}, "
                    f"is not UTF-8; save the file as UTF-8"
                ) from None
            if "\0" in text:
                raise UserError(f"{path}, line {number}: holds a NUL character; remove it, or save the file as UTF-8")
            yield text


def read_delimited(path: Path, delimiter: str, header: bool, quoting: bool) -> Iterator[Row]:
    """The rows of a CSV or TSV file; blank lines do not count."""
    reader = csv.reader(
        lines_of(path),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    names: list[str] = []
    for line, fields in fields_of(path, reader, quoting):
        if not names:
            names = fields if header else [str(number) for number in range(len(fields))]
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise UserError(
                    f"{path}, line {line}: the header names the column '{clip(twice[0])}' more than once; "
                    f"rename one, or set data.header: false if this line is a row"
                )
            if header:
                continue
        if len(fields) != len(names):
            enclosed = "" if quoting else " (with data.quoting: true)"
            mark = "tab" if delimiter == "\t" else "comma"
            raise UserError(
                f"{path}, line {line}: found {len(fields)} {'field' if len(fields) == 1 else 'fields'} where the "
                f"first line has {len(names)}; enclose a field that holds a {mark} in quotes{enclosed}"
            )
        yield line, dict(zip(names, fields, strict=True))


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


def read_json_lines(path: Path) -> Iterator[Row]:
    """The rows of a file with one JSON object a line; blank lines do not count."""
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise UserError(
                f"{path}, line {number}: is not JSON ({error}); every line must be one JSON object"
            ) from None
        if not isinstance(record, dict):
            raise UserError(
                f"{path}, line {number}: found {clip(line.strip())}; "
                f'every line must be one JSON object such as {{"text": "...", "label": "..."}}'
            )
        yield number, record


def clip(value: object, most: int = 40) -> str:
    """`value` as text of one line for a message, cut after `most` characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= most else text[:most] + "..."
