"""Recognises how a text file is to be read: its encoding, format, delimiter and quotes.

The encoding is a guess of charset-normalizer where the file is not Unicode; the rest is tried out with the reader that
will read the file, so that what is recognised is what can be read.
"""

import codecs
import csv
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from finetune_report.data.readers import Reading, format_of
from finetune_report.data.streams import BY_SUFFIX, open_bytes, suffix_of, text_lines
from finetune_report.errors import UserError

from charset_normalizer import from_bytes

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What files are found in; among the hundred that Python knows, old ones of other machines would win by chance.
LATIN = ("cp1252", "cp1250", "cp1254", "cp1257")
OTHER_SCRIPTS = ("cp1251", "cp1253", "cp1255", "cp1256", "koi8_r", "cp932", "gb18030", "big5", "cp949", "euc_jp")
SAMPLE = 1 << 16  # bytes of the lines that tell an encoding
CLOSE = 0.05  # a difference of coherence that says nothing
RARE = 0.03  # of the letters; so few that are not ASCII are signs, and signs are those of cp1252
MANY = 0.3  # of the letters; in other scripts more are not ASCII
ROWS = 2000  # rows that tell the delimiter
LABEL_WORD = re.compile(r"__label__\S+|\w+:\w+|[-+]?\d+|[A-Z_]{2,}")  # fastText's, TREC's, numbers, names in capitals
DELIMITERS = (",", ";", "\t", "|")


def encoding_of(path: Path) -> str:
    """The encoding of a text file. Unicode is certain, since the whole file is decoded; of others it is a guess."""
    with open_bytes(path) as stream:
        head = stream.read(SAMPLE)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if head.count(0) > len(head) / 8:
        even, odd = head[::2].count(0), head[1::2].count(0)
        return "utf-16-le" if odd > even else "utf-16-be"
    if decodes(path, "utf-8"):
        return "utf-8"
    return next((name for name in guesses(foreign_lines(path)) if decodes(path, name)), "latin-1")


def decodes(path: Path, encoding: str) -> bool:
    """Whether a whole file is of an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with open_bytes(path) as stream:
        try:
            while piece := stream.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def foreign_lines(path: Path) -> bytes:
    """The first lines that are not ASCII, enough of them to tell an encoding."""
    found, size = [], 0
    with open_bytes(path) as stream:
        for line in stream:
            if not line.isascii():
                found.append(line[:SAMPLE])
                size += len(line)
                if size > SAMPLE:
                    break
    return b"".join(found)


def guesses(sample: bytes) -> list[str]:
    """Encodings that a sample may be of, the most likely first.

    Many single-byte encodings decode anything. Western Europe's goes first where it does as well as the best.
    """
    letters = sum(byte > 127 or chr(byte).isalpha() for byte in sample)
    foreign = sum(byte > 127 for byte in sample)
    if foreign < RARE * letters:
        return ["cp1252"]
    matches = list(from_bytes(sample, cp_isolation=[*LATIN, *(OTHER_SCRIPTS if foreign > MANY * letters else ())]))
    if not matches:
        return ["cp1252"]
    best = matches[0]
    west = next((match for match in matches if match.encoding == "cp1252"), None)
    try:
        same = sample.decode("cp1252") == str(best)
    except UnicodeError:
        same = False
    as_good = west is not None and west.chaos <= best.chaos and west.coherence >= best.coherence - CLOSE
    return (["cp1252"] if same or as_good else []) + [match.encoding for match in matches]


def recognise(path: Path, encoding: str | None = None) -> Reading:
    """How a file is to be read, but for its header. Raises UserError where the file is empty, or no way reads it."""
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty (0 bytes); put rows into it")
    kind = BY_SUFFIX.get(suffix_of(path))
    if kind == "parquet":
        return Reading()
    name = encoding or encoding_of(path)
    if kind in ("json", "jsonl"):
        return Reading(encoding=name)
    first = next((line for line in text_lines(path, name) if line.strip()), "")
    if kind is None and first.lstrip().startswith(("{", "[{")):
        return Reading(format="jsonl", encoding=name)
    found = delimited(path, name, "," if suffix_of(path) == ".csv" else "\t")
    if found is None and kind is None:
        found = label_first(path, name)
    if found is None and kind is None:
        raise UserError(
            f"{path}: no delimiter (comma, semicolon, tab, vertical bar) gives rows of equally many fields; each "
            f"row needs a text and a label"
        )
    return found or Reading(encoding=name)


def delimited(path: Path, encoding: str, usual: str) -> Reading | None:
    """The delimiter and quotes by which most of the first rows have equally many fields, two at least.

    Of equals the usual delimiter of the file's extension wins, then one whose quotes enclose fields.
    """
    lines = list(itertools.islice(text_lines(path, encoding), ROWS))
    tried = [
        (regularity(lines, delimiter, quoting), quoting, delimiter)
        for delimiter in sorted(DELIMITERS, key=lambda mark: mark != usual)
        for quoting in (True, False)
    ]
    share, quoting, delimiter = max(tried, key=lambda item: item[0])
    if share < 0.5:
        return None
    if quoting and (share, False, delimiter) in tried:
        quoting = quotes_enclose(lines, delimiter)
    kind = BY_SUFFIX.get(suffix_of(path))
    return Reading(
        format=None if kind == "delimited" else "delimited",
        encoding=encoding,
        delimiter=None if delimiter == usual else delimiter,
        quoting=quoting,
    )


def quotes_enclose(lines: list[str], delimiter: str) -> bool:
    """Whether quotes enclose fields, where rows have equally many fields either way.

    They do where no field begins with one, a quoted field holds a doubled one, or all fields of a column are quoted.
    Otherwise they belong to texts that begin with one.
    """
    rows = [fields for fields in csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE) if fields]
    opened = [[len(field) > 1 and field[0] == '"' == field[-1] for field in fields] for fields in rows]
    begins = any(field.startswith('"') for fields in rows for field in fields)
    doubled = any('""' in field[1:-1] for fields in rows for field in fields if field[:1] == '"' == field[-1:])
    width = min(map(len, opened), default=0)
    body = opened[1:] or opened  # a header need not be quoted
    return not begins or doubled or any(all(fields[number] for fields in body) for number in range(width))


def regularity(lines: list[str], delimiter: str, quoting: bool) -> float:
    """The share of rows with as many fields as the first; 0 where that is one, or quotes are not well formed."""
    reader = csv.reader(
        iter(lines), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE, strict=True
    )
    counts = list(field_counts(reader))
    if not counts or counts[0] < 2 or (counts[-1] < 0 and reader.line_num < len(lines)):
        return 0.0
    if counts[-1] < 0:  # the last of the first lines may be the beginning of a row
        counts.pop()
    return sum(count == counts[0] for count in counts) / max(1, len(counts))


def field_counts(reader: Iterator[list[str]]) -> Iterator[int]:
    """How many fields each row has; -1 at the end where a row cannot be read."""
    while True:
        try:
            fields = next(reader, None)
        except csv.Error:
            yield -1
            return
        if fields is None:
            return
        if fields:
            yield len(fields)


def label_first(path: Path, encoding: str) -> Reading | None:
    """Whether every line is a word that looks like a label and returns on other lines, then a text."""
    lines = [line.split(maxsplit=1) for line in itertools.islice(text_lines(path, encoding), ROWS) if line.strip()]
    words = {line[0] for line in lines}
    if len(lines) < 4 or any(len(line) < 2 for line in lines) or not 2 <= len(words) <= len(lines) / 2:
        return None
    if not all(LABEL_WORD.fullmatch(word) for word in words):
        return None
    return Reading(format="label-first", encoding=encoding)


def is_tokens(path: Path, encoding: str) -> bool:
    """Whether a file has a token per line and blank lines between sentences, as CoNLL's have."""
    lines = list(itertools.islice(text_lines(path, encoding), ROWS))
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    blank = sum(not line.strip() for line in lines)
    same = {len(row) for row in rows}
    return len(rows) > 3 and blank > 1 and len(same) == 1 and 2 <= next(iter(same)) <= 20 and blank >= len(rows) / 60


def described(path: Path, reading: Reading) -> str:
    """How a file is read, in words."""
    kind = format_of(path, reading)
    if kind == "parquet":
        return "Parquet"
    if kind in ("json", "jsonl"):
        return f"JSON, {reading.encoding}"
    if kind == "label-first":
        return f"a label and a text per line, {reading.encoding}"
    mark = reading.delimiter or ("," if suffix_of(path) == ".csv" else "\t")
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
    quotes = "" if reading.quoting else ", quotes are plain characters"
    return f"fields separated by {names.get(mark, repr(mark))}, {reading.encoding}{quotes}"
