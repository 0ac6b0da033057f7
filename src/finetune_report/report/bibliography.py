"""The keys of the bibliography, and what no bibliography may hold."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.terminal import visible

ENTRY = re.compile(r"@(\w+)\s*\{\s*([^\s,]+)\s*,")
ZERO_WIDTH_JOINERS = "\u200c\u200d"  # unseen, and part of Persian words and of emoji
FIELD = re.compile(
    r"\b(title|subtitle|booktitle|note|annote|addendum|howpublished)\s*=\s*"
    r"(\{(?:[^{}]|\{[^{}]*\})*\}|\"[^\"]*\")",
    re.IGNORECASE,
)
NO_ENTRIES = {"comment", "preamble", "string"}


def citable(paths: Iterable[Path]) -> set[str]:
    """The keys of all entries.

    Raises UserError, naming file and line, where a file is not UTF-8, holds signs that no reader sees (some of which
    turn the direction of what follows), or has a key a second time: pandoc would take the last of them without a word.
    """
    places: dict[str, str] = {}
    for path in paths:
        text = text_of(path)
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
            if visible(line, kept=ZERO_WIDTH_JOINERS + "\t") != line:
                raise UserError(f"{path}, line {number}: found a sign that no reader sees ({visible(line)}); remove it")
        for entry in ENTRY.finditer(text):
            kind, key = entry.groups()
            if kind.lower() in NO_ENTRIES:
                continue
            place = f"{path}, line {text.count(chr(10), 0, entry.start()) + 1}"
            if key in places:
                raise UserError(f"{place}: the key '{key}' is also that of {places[key]}; rename or remove one of them")
            places[key] = place
    return set(places)


def words_of_sources(paths: Iterable[Path], keys: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Of each cited entry its key, and the name and text of each field that is printed and may hold sentences."""
    for path in paths:
        text = text_of(path)
        entries = list(ENTRY.finditer(text))
        for entry, after in zip(entries, [*entries[1:], None], strict=True):
            if entry[2] in keys:
                body = text[entry.end() : after.start() if after else len(text)]
                for name, words in FIELD.findall(body):
                    yield entry[2], name.lower(), " ".join(re.sub(r"[{}]", "", words).split())


def text_of(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: found the byte 0x{content[error.start]:02x}, which is no UTF-8; save the "
            "bibliography as UTF-8"
        ) from None
