"""Tables of rows, wherever they come from: a file, several files, texts and labels in two files, folders of texts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from finetune_report.data.columns import Column, profile
from finetune_report.data.detection import Choice, read_file, rows_of_file
from finetune_report.data.dialects import described, encoding_of
from finetune_report.data.readers import Reading, Row, format_of
from finetune_report.data.streams import text_lines
from finetune_report.errors import UserError


@dataclass(frozen=True)
class Table:
    """Rows that can be read again and again, and what their columns hold. `file` is the one that has them all."""

    name: str
    rows: Callable[[], Iterator[Row]]
    columns: dict[str, Column]
    said: str
    file: Path | None = None
    reading: Reading = field(default_factory=Reading)


def table_of_file(path: Path, choice: Choice) -> Table:
    """A data file as it is recognised. Raises UserError where it is not one, or made for another task."""
    reading, columns = read_file(path, choice)
    header = f"; {header_of(path, reading)}" if format_of(path, reading) == "delimited" else ""
    rows = partial(rows_of_file, path, reading)
    return Table(str(path), rows, columns, described(path, reading) + header, path, reading)


def header_of(path: Path, reading: Reading) -> str:
    return "the first line names the columns" if reading.header else "no header, columns count from 0"


def joined(tables: list[Table]) -> Table:
    """The rows of several tables, one after another; each of them tells its file in the column `file`."""
    if len(tables) == 1:
        return tables[0]

    def rows() -> Iterator[Row]:
        for table in tables:
            for line, row in table.rows():
                yield line, {**row, "file": Path(table.name).name}

    columns = profile(row for _, row in rows())
    absent = [name for name in tables[0].columns if any(name not in table.columns for table in tables)]
    if absent:
        raise UserError(f"{tables[1].name} has no column '{absent[0]}', which {tables[0].name} has; name one of them")
    said = f"{len(tables)} files, the first: {tables[0].said}"
    return Table(" and ".join(table.name for table in tables), rows, columns, said)


def texts_and_labels(texts: Path, labels: Path, names: dict[str, str]) -> Table:
    """A file with a text per line and one with their labels, whose `names` another file may give."""
    encoding = encoding_of(texts)

    def rows() -> Iterator[Row]:
        pairs = zip_longest(text_lines(texts, encoding), text_lines(labels, encoding_of(labels)))
        for number, (text, label) in enumerate(pairs, start=1):
            if text is None or label is None:
                longer, shorter = (texts, labels) if label is None else (labels, texts)
                raise UserError(
                    f"{longer}, line {number}: {shorter} has only {number - 1} lines; each text needs a label"
                )
            label = label.strip()
            yield number, {"text": text.rstrip("\r\n"), "label": names.get(label, label)}

    said = f"a text per line, {encoding}, with its label on the same line of {labels.name}"
    return Table(str(texts), rows, profile(row for _, row in rows()), said)


def folders_of_texts(folder: Path, classes: list[str]) -> Table:
    """A folder for each class, with a text per file."""

    def rows() -> Iterator[Row]:
        for name in classes:
            for path in text_files(folder / name):
                yield None, {"text": decoded(path), "label": name, "file": f"{name}/{path.name}"}

    return Table(str(folder), rows, profile(row for _, row in rows()), f"a folder for each of {len(classes)} classes")


def text_files(folder: Path) -> list[Path]:
    """The files of texts in a folder: .txt, or named by a number as newsgroups' messages are."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and is_text_name(path.name))


def is_text_name(name: str) -> bool:
    return not name.startswith(".") and (name.lower().endswith(".txt") or Path(name).stem.isdecimal())


def decoded(path: Path) -> str:
    """A whole text: UTF-8, or what such files are in otherwise."""
    content = path.read_bytes().replace(b"\0", b"")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    return content.decode("latin-1")


def all_rows(tables: list[Table]) -> Iterator[dict[str, Any]]:
    return (row for row in chain.from_iterable((row for _, row in table.rows()) for table in tables))
