"""Files as people have them: encodings, delimiters, compression, JSON of every shape; and where a mistake is."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

from finetune_report.data.readers import Reading, read_rows
from finetune_report.data.streams import text_lines
from finetune_report.errors import UserError

import pytest

ROWS = [{"text": "schöne Größe", "label": "gut"}, {"text": "naïve, café", "label": "so; so"}]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def table(delimiter: str = ",", end: str = "\n") -> str:
    lines = ["text,label".replace(",", delimiter), *(f'"{r["text"]}"{delimiter}"{r["label"]}"' for r in ROWS)]
    return end.join(lines) + end


def read(name: str, content: bytes, **reading: Any) -> list[dict[str, Any]]:
    Path(name).write_bytes(content)
    return [row for _, row in read_rows(Path(name), Reading(**reading))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_any_line_end(encoding: str, end: str) -> None:
    assert read("a.csv", table(end=end).encode(encoding), encoding=encoding) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter(delimiter: str) -> None:
    assert read("a.data", table(delimiter).encode(), format="delimited", delimiter=delimiter) == ROWS


def test_compressed_files() -> None:
    assert read("a.csv.gz", gzip.compress(table().encode())) == ROWS
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("folder/a.csv", table("\t").replace("\t", ","))
        archive.writestr("__MACOSX/folder/._a.csv", "x")
    assert [row for _, row in read_rows(Path("a.zip"))] == ROWS


def test_a_zip_of_several_files_and_a_damaged_one() -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")
    with pytest.raises(UserError, match=r"a\.zip holds a\.csv, b\.csv; one file was expected"):
        list(read_rows(Path("a.zip")))
    with pytest.raises(UserError, match=r"a\.csv\.gz cannot be unpacked"):
        read("a.csv.gz", gzip.compress(table().encode())[:-12])
    with pytest.raises(UserError, match=r"a\.csv\.gz cannot be unpacked"):
        read("a.csv.gz", table().encode())


def test_a_blank_name_in_a_header_is_pandas_index_column() -> None:
    assert read("a.csv", b",text,label,,\n0,a,x,,\n") == [
        {"Unnamed: 0": "0", "text": "a", "label": "x", "Unnamed: 3": "", "Unnamed: 4": ""}
    ]


def test_a_label_then_the_text() -> None:
    content = b"DESC:manner How did it begin ?\nENTY:cremat What films are there ?\n"
    assert read("train_5500.label", content, format="label-first") == [
        {"label": "DESC:manner", "text": "How did it begin ?"},
        {"label": "ENTY:cremat", "text": "What films are there ?"},
    ]
    with pytest.raises(UserError, match=r"a\.label, line 2: found 'word'; expected a label, a space, and a text"):
        read("a.label", b"A b\nword\n", format="label-first")


@pytest.mark.parametrize("indent", [None, 1])
def test_a_json_list_with_the_line_of_each_row(indent: int | None) -> None:
    content = json.dumps(ROWS, indent=indent, ensure_ascii=False).encode()
    for name in ("a.json", "a.jsonl"):
        assert read(name, content) == ROWS
    lines = [line for line, _ in read_rows(Path("a.json"))]
    assert lines == ([1, 1] if indent is None else [2, 6])


def test_json_lines_in_a_json_file_and_a_list_inside_a_document() -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    assert read("a.json", lines.encode()) == ROWS
    document = json.dumps({"version": 1, "result": {"items": ROWS}}, indent=1)
    assert read("a.json", document.encode(), records="result.items") == ROWS
    with pytest.raises(UserError, match=r"one JSON object with the keys version, result; .* in data\.records"):
        read("a.json", document.encode())
    with pytest.raises(UserError, match=r"names 'result\.rows', but there is no 'rows'; the keys are items"):
        read("a.json", document.encode(), records="result.rows")


PLACES = {
    "a byte that is not UTF-8": (
        b"text,label\na,b\nc\xe9,d\n",
        {},
        r"a\.csv, line 3: byte 2 of the line, 0xe9, is not",
    ),
    "the same behind a byte order mark": (b"\xef\xbb\xbfte\xe9,label\n", {}, r"line 1: byte 3 of the line, 0xe9"),
    "half a character of UTF-16": (
        "text,label\na,b\n".encode("utf-16-le") + b"c\0\xd8",
        {"encoding": "utf-16-le"},
        r"a\.csv, line 3: the byte 0xd8 is not utf-16-le; correct data\.encoding",
    ),
    "a lone carriage return in a Unix file": (b"text,label\na\rb,c\nd,e\n", {}, r"a\.csv, line 2: the row that starts"),
    "a list that does not end": (b'[{"text": "a"},\n', {"format": "json"}, r"a\.csv, line 2: the list does not end"),
    "a list of words": (b'[{"text": "a"},\n "b"]', {"format": "json"}, r"a\.csv, line 2: found b; expected an object"),
    "NUL": (b"text,label\na\0,b\n", {}, r"a\.csv, line 2: holds a NUL character"),
}


@pytest.mark.parametrize(("content", "reading", "message"), PLACES.values(), ids=PLACES)
def test_the_place_of_a_mistake(content: bytes, reading: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read("a.csv", content, **reading)


def test_an_unknown_encoding() -> None:
    Path("a").write_text("x")
    for name in ("utf-9", "zip", "rot13"):
        with pytest.raises(UserError, match=rf"^data\.encoding: '{name}' is not an encoding that Python knows"):
            list(text_lines(Path("a"), name))
