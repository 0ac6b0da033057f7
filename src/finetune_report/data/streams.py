"""Opens data files as lines of text: compressed or not, in any encoding, with line ends of Unix, Windows, old Macs."""

import codecs
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from finetune_report.errors import UserError

# The format of a file by its extension. Other files need data.format.
BY_SUFFIX = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}
COMPRESSED = (".gz", ".zip")
DAMAGE = (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile)
PEEK = 1 << 16  # bytes in which the line ends of a file show


def suffix_of(path: Path) -> str:
    """The extension that tells a file's format, in lower case: of `train.csv.gz` and of a zip of `train.csv`, .csv."""
    match path.suffix.lower():
        case ".gz":
            return Path(path.stem).suffix.lower()
        case ".zip" if path.is_file():
            return PurePosixPath(member_of(path)).suffix.lower()
        case ".zip":
            return Path(path.stem).suffix.lower()
        case suffix:
            return suffix


def members(path: Path) -> list[str]:
    """The files in a zip archive, without those that macOS adds. Raises UserError where it is not an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except DAMAGE as error:
        raise UserError(f"{path} cannot be read as a zip archive ({error}); download or write it again") from None
    return [name for name in names if not name.startswith("__MACOSX/") and PurePosixPath(name).name != ".DS_Store"]


def member_of(path: Path) -> str:
    """The only file in a zip archive. Raises UserError where it holds none or several."""
    names = members(path)
    if len(names) != 1:
        found = ", ".join(names[:5]) + ", ..." * (len(names) > 5) or "nothing"
        raise UserError(f"{path} holds {found}; one file was expected: unpack it, and name the files in data.files")
    return names[0]


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked where it is compressed."""
    match path.suffix.lower():
        case ".gz":
            return cast(BinaryIO, gzip.open(path))
        case ".zip":
            return cast(BinaryIO, io.BytesIO(zipfile.ZipFile(path).read(member_of(path))))
        case _:
            return path.open("rb")


def codec_of(encoding: str) -> str:
    """The codec of an encoding by any of its names; UTF-8 takes a byte order mark. Raises UserError if unknown."""
    try:
        name = codecs.lookup(encoding).name
        b"x".decode(name, errors="replace")
    except LookupError:
        raise UserError(
            f"data.encoding: '{encoding}' is not an encoding that Python knows; such are utf-8, utf-16, cp1252, latin-1"
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def text_lines(path: Path, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a text file with their ends, decoded strictly.

    Raises UserError with the place of what is not `encoding` and of NUL characters, and for damaged compressed files.
    """
    codec = codec_of(encoding)
    try:
        end = line_end(path, codec)
        with open_bytes(path) as stream, io.TextIOWrapper(stream, codec, newline=end) as lines:
            for number, line in enumerate(lines, start=1):
                if "\0" in line:
                    raise UserError(
                        f"{path}, line {number}: holds a NUL character; remove it, or save the file as UTF-8"
                    )
                yield line
    except UnicodeError:
        raise UserError(undecodable(path, encoding, codec)) from None
    except DAMAGE as error:
        raise UserError(f"{path} cannot be unpacked ({error}); download or write it again") from None


def line_end(path: Path, codec: str) -> str:
    """What ends the lines of a file: a carriage return where it stands alone, as on old Macs; else a line feed."""
    with open_bytes(path) as stream:
        text = stream.read(PEEK).decode(codec, errors="replace").rstrip("\r")
    returns = text.count("\r") - text.count("\r\n")
    return "\r" if returns > text.count("\n") else "\n"


def undecodable(path: Path, encoding: str, codec: str) -> str:
    """The message on the first bytes of a file that are not of its encoding, with their place."""
    with open_bytes(path) as stream:
        content = stream.read()
    try:
        content.decode(codec)
    except UnicodeDecodeError as error:
        # "utf-8-sig" counts from behind the byte order mark.
        start = error.start + (3 if codec == "utf-8-sig" and content.startswith(codecs.BOM_UTF8) else 0)
        before = content[:start].decode(codec, errors="replace")
        end = line_end(path, codec)
        place = f"line {before.count(end) + 1}"
        if codec == "utf-8-sig":
            column = start - (content.rfind(end.encode(), 0, start) + 1) + 1
            if before.count(end) == 0:
                column -= 3 * content.startswith(codecs.BOM_UTF8)
            return f"{path}, {place}: byte {column} of the line, 0x{content[start]:02x}, is not UTF-8; {REMEDY}"
        return f"{path}, {place}: the byte 0x{content[start]:02x} is not {encoding}; correct data.encoding"
    except UnicodeError as error:
        return f"{path}, line 1: is not {encoding} ({error}); correct data.encoding"
    return f"{path} is not {encoding}; correct data.encoding"


REMEDY = "save the file as UTF-8, or name its encoding in data.encoding, such as cp1252 or utf-16"
