"""Reads rows from JSON: an object per line, a list of objects, or a list inside a document; each with its line."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError

Row = tuple[int | None, dict[str, Any]]
EXAMPLE = '{"text": "...", "label": "..."}'


def objects(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    """The rows of a file with one JSON object per line; blank lines do not count. A list of objects is taken too."""
    first = next((line for line in lines_if_any(lines)), None)
    if first is None:
        return
    skipped, line = first
    rest = itertools.chain([line], lines)
    if begins_list(line):
        yield from elements(path, "\n" * skipped + "".join(rest))
        return
    for number, line in enumerate(rest, start=skipped + 1):
        if line.strip():
            yield number, parsed_object(path, number, line)


def lines_if_any(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with the number of lines before each."""
    return ((number, line) for number, line in enumerate(lines) if line.strip())


def begins_list(line: str) -> bool:
    """Whether a first line opens a list of objects rather than being a row of its own."""
    stripped = "".join(line.split())
    return stripped == "[" or stripped.startswith("[{")


def parsed_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}, line {number}: is not JSON ({error}); every line must be one JSON object") from None
    if not isinstance(record, dict):
        raise UserError(
            f"{path}, line {number}: found {short(line)}; every line must be one JSON object such as {EXAMPLE}"
        )
    return record


def document(path: Path, lines: Iterator[str], records: str | None) -> Iterator[Row]:
    """The rows of a JSON file: a list of objects, the list at the dotted path `records`, or an object per line."""
    text = "".join(lines)
    if not text.strip():
        return
    if records is not None:
        yield from ((None, row) for row in list_at(path, parsed(path, text), records))
    elif text.lstrip().startswith("["):
        yield from elements(path, text)
    elif is_object(text.strip().splitlines()[0]):
        yield from objects(path, iter(text.splitlines(keepends=True)))
    else:
        found = parsed(path, text)
        keys = ", ".join(list(found)[:10]) if isinstance(found, dict) else short(text)
        raise UserError(
            f"{path} holds one JSON object with the keys {keys}; expected a list of objects such as {EXAMPLE}: "
            f"name the key of the list in data.records"
        )


def is_object(line: str) -> bool:
    """Whether a line is a whole JSON object that is a row: not all of its values are objects or lists."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def elements(path: Path, text: str) -> Iterator[Row]:
    """The objects of a JSON list, each with the line that it starts on."""
    decoder = json.JSONDecoder()
    place = len(text) - len(text.lstrip()) + 1
    line, counted = 1, 0
    while True:
        while place < len(text) and (text[place].isspace() or text[place] == ","):
            place += 1
        line, counted = line + text.count("\n", counted, place), place
        if place >= len(text):
            raise UserError(f"{path}, line {line}: the list does not end; expected ']'")
        if text[place] == "]":
            return
        try:
            record, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}, line {line}: is not JSON ({error}); expected a list of objects") from None
        if not isinstance(record, dict):
            raise UserError(f"{path}, line {line}: found {short(record)}; expected an object such as {EXAMPLE}")
        yield line, record


def parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON ({error}); write it again") from None


def list_at(path: Path, value: Any, records: str) -> list[dict[str, Any]]:
    """The list of objects at a dotted path."""
    for step in records.split("."):
        if not isinstance(value, dict) or step not in value:
            keys = ", ".join(list(value)[:10]) if isinstance(value, dict) else "none"
            raise UserError(f"{path}: data.records names '{records}', but there is no '{step}'; the keys are {keys}")
        value = value[step]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise UserError(f"{path}: what is at data.records ('{records}') is not a list of objects such as {EXAMPLE}")
    return value


def short(value: object, most: int = 40) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= most else text[:most] + "..."
