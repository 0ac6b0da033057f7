"""Bad data: the exact message, with the place, and nothing half done."""

import random
from pathlib import Path

from finetune_report.errors import UserError
from tests.support.messages import assert_says
from tests.support.preparing import ROWS, message_of, prepare, table, write, write_format, write_splits

import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


ENCODING = "save the file as UTF-8, or name its encoding in data.encoding, such as cp1252 or utf-16"
LABELS_RULE = "fill it in or remove the row"
# What is in train.csv, what the config says beside the path, and the message.
BAD_TRAINING = {
    "missing column": (
        "txet,label\na,pos\n",
        {},
        "d/train.csv: no column 'text' (data.text); the columns are 'txet', 'label'; did you mean 'txet'?",
    ),
    "missing slice column": (
        "text,label,phenomena\na,pos,x\n",
        {"slices": ["phenomenon"]},
        "d/train.csv: no column 'phenomenon' (data.slices); the columns are 'text', 'label', 'phenomena'; "
        "did you mean 'phenomena'?",
    ),
    "a slice named as our own columns": (
        "text,label,id\na,pos,7\n",
        {"slices": ["id"]},
        "data.slices: the name 'id' is taken by the prepared data; rename the column",
    ),
    "a slice named as what the report has anyway": (
        "text,label,length\na,pos,7\n",
        {"slices": ["length"]},
        "data.slices: the name 'length' is taken by the prepared data; rename the column",
    ),
    "no header where one is declared": (
        "a fine film,pos\ndull,neg\n",
        {},
        "d/train.csv: no column 'text' (data.text); the columns are 'a fine film', 'pos'; correct the name; "
        "if the first line is a row already, set data.header: false and name the columns by number: 0, 1",
    ),
    "a header where none is declared": (
        "text,label\na,pos\nb,neg\nc,neg\n",
        {"header": False, "text": 0, "label": 1},
        "d/train.csv, line 1 (row 1): the label 'label' occurs in no other row, as if this line named the columns; "
        "set data.header: true, or list the classes in data.labels if it is one",
    ),
    "a header where none is declared, classes given": (
        "text,label\na,pos\nb,neg\nc,neg\n",
        {"header": False, "text": 0, "label": 1, "labels": ["pos", "neg"]},
        "d/train.csv, line 1 (row 1), column '1': the label 'label' is not among data.labels (pos, neg); correct it, "
        "or add it there; if the first line names the columns, set data.header: true",
    ),
    "names where there is no header": (
        "text,label\na,pos\nb,neg\n",
        {"header": False},
        "d/train.csv: no column 'text' (data.text); the columns are '0', '1'; correct the name; "
        "if the first line names the columns, set data.header: true",
    ),
    "a column named twice": (
        "text,label,label\na,pos,neg\n",
        {},
        "d/train.csv, line 1: the header names the column 'label' more than once; rename one, "
        "or set data.header: false if this line is a row",
    ),
    "empty text": (
        "text,label\na,pos\n  ,neg\n",
        {},
        f"d/train.csv, line 3 (row 2), column 'text': the text is empty; {LABELS_RULE}",
    ),
    "missing label": (
        'text,label\n"a\nb",pos\nc,\n',
        {},
        f"d/train.csv, line 4 (row 2), column 'label': the label is missing; {LABELS_RULE}",
    ),
    "label outside the classes": (
        "text,label\na,pos\nb,neg\nc,Pos\n",
        {"labels": ["neg", "pos"]},
        "d/train.csv, line 4 (row 3), column 'label': the label 'Pos' is not among data.labels (neg, pos); "
        'correct it, or add it there; if it is \'pos\', say data.label_map: {"Pos": "pos"}',
    ),
    "one class only": (
        "text,label\na,pos\nb,pos\n",
        {},
        "d/train.csv: every row has the label 'pos'; at least two classes are needed: "
        "add rows of another, or check data.label ('label')",
    ),
    "one row only": (
        "text,label\na,pos\n",
        {},
        "d/train.csv: every row has the label 'pos'; at least two classes are needed: "
        "add rows of another, or check data.label ('label')",
    ),
    "a class without rows": (
        "text,label\na,pos\nb,neg\nc,neg\n",
        {"labels": ["pos", "neg", "mixed"]},
        "d/train.csv: no row has the label 'mixed', which data.labels lists; add rows of it, or take it out",
    ),
    "fewer rows than classes": (
        "text,label\na,pos\nb,neg\n",
        {"labels": ["pos", "neg", "mixed"]},
        "d/train.csv: found 2 rows for 3 classes (pos, neg, mixed); every class needs training rows: "
        "add some, or shorten data.labels",
    ),
    "every row a label of its own": (
        "text,label\n" + "".join(f"a,{number}\n" for number in range(20)),
        {},
        "d/train.csv: found 20 different labels in 20 rows; data.label ('label') seems to name the wrong column",
    ),
    "undecodable bytes": (
        b"text,label\na,pos\ncaf\xe9,neg\n",
        {},
        f"d/train.csv, line 3: byte 4 of the line, 0xe9, is not UTF-8; {ENCODING}",
    ),
    "UTF-16": (
        "text,label\na,pos\n".encode("utf-16"),
        {},
        f"d/train.csv, line 1: byte 1 of the line, 0xff, is not UTF-8; {ENCODING}",
    ),
    "NUL character": (
        b"text,label\na,pos\nb\0,neg\n",
        {},
        "d/train.csv, line 3: holds a NUL character; remove it, or save the file as UTF-8",
    ),
    "empty file": (b"", {}, "d/train.csv is empty (0 bytes); put rows into it"),
    "header alone": ("text,label\n", {}, "d/train.csv holds no rows; put rows into it"),
    "too many fields": (
        "text,label\na,pos\nwell, well,neg\n",
        {},
        "d/train.csv, line 3: found 3 fields where the first line has 2; enclose a field that holds a comma in quotes",
    ),
    "too few fields": (
        "text,label\na,pos\nb\n",
        {},
        "d/train.csv, line 3: found 1 field where the first line has 2; enclose a field that holds a comma in quotes",
    ),
    "too many fields, no quoting": (
        'text,label\n"well, well",neg\n',
        {"quoting": False},
        "d/train.csv, line 2: found 3 fields where the first line has 2; "
        "enclose a field that holds a comma in quotes (with data.quoting: true)",
    ),
    "a quote that does not close": (
        'text,label\na,pos\n"b,neg\nc,neg\n',
        {},
        "d/train.csv, line 3: the row that starts here cannot be read (unexpected end of data); double a quote inside "
        "a quoted field, or set data.quoting: false if quotes are plain characters",
    ),
    "text after a closing quote": (
        'text,label\na,pos\n"b" or c,neg\n',
        {},
        "d/train.csv, line 3: the row that starts here cannot be read (',' expected after '\"'); double a quote inside "
        "a quoted field, or set data.quoting: false if quotes are plain characters",
    ),
}


@pytest.mark.parametrize(("train", "data", "message"), BAD_TRAINING.values(), ids=BAD_TRAINING)
def test_bad_training_files(train, data, message):
    write_splits(train)
    assert_says(message_of(path="d", **data), message)


# What is in train.jsonl, and the message.
BAD_LINES = {
    "not JSON": (
        '{"text": "a", "label": "pos"}\n{"text": "b"\n',
        "d/train.jsonl, line 2: is not JSON (Expecting ',' delimiter: line 2 column 1 (char 13)); "
        "every line must be one JSON object",
    ),
    "not an object": (
        '["a", "pos"]\n',
        'd/train.jsonl, line 1: found ["a", "pos"]; '
        'every line must be one JSON object such as {"text": "...", "label": "..."}',
    ),
    "a text that is a number": (
        '{"text": "a", "label": "pos"}\n\n{"text": 7, "label": "neg"}\n',
        "d/train.jsonl, line 3 (row 2), column 'text': the text is 7 (int); expected a string",
    ),
    "a label that is a list": (
        '{"text": "a", "label": ["pos"]}\n',
        "d/train.jsonl, line 1 (row 1), column 'label': the label is ['pos'] (list); expected a name or a whole number",
    ),
    "a label that is a fraction": (
        '{"text": "a", "label": 0.5}\n',
        "d/train.jsonl, line 1 (row 1), column 'label': the label is 0.5 (float); expected a name or a whole number",
    ),
    "a key that is missing": (
        '{"text": "a", "label": "pos"}\n{"text": "b"}\n',
        f"d/train.jsonl, line 2 (row 2), column 'label': the label is missing; {LABELS_RULE}",
    ),
    "null": (
        '{"text": null, "label": "pos"}\n',
        f"d/train.jsonl, line 1 (row 1), column 'text': the text is empty; {LABELS_RULE}",
    ),
    "an escaped NUL": (
        '{"text": "a\\u0000", "label": "pos"}\n',
        "d/train.jsonl, line 1 (row 1), column 'text': holds a NUL character; remove it",
    ),
    "half a character": (
        '{"text": "a\\ud83d", "label": "pos"}\n',
        "d/train.jsonl, line 1 (row 1), column 'text': holds half of a character (U+D83D); correct or remove it",
    ),
}


@pytest.mark.parametrize(("train", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_bad_lines_of_json(train, message):
    write_splits(train, ".jsonl", '{"text": "a", "label": "pos"}\n')
    assert_says(message_of(path="d"), message)


def test_a_test_label_that_training_does_not_know():
    write("train.csv", table(ROWS))
    write("test.csv", table([("fine", "pos"), ("so so", "mixed")]))
    assert_says(
        message_of(path="d"),
        "d/test.csv, line 3 (row 2), column 'label': the label 'mixed' does not occur in the training split "
        '(neg, pos); correct it or remove the row, or leave all such rows out: data.label_map: {"mixed": null}',
    )


def test_a_header_in_the_test_file_alone():
    write("train.csv", table(ROWS, header=None))
    write("test.csv", table(ROWS))
    assert_says(
        message_of(path="d", header=False, text=0, label=1),
        "d/test.csv, line 1 (row 1), column '1': the label 'label' does not occur in the training split (neg, pos); "
        "correct it or remove the row; if the first line names the columns, set data.header: true",
    )


def test_too_few_rows_to_carve():
    write("test.csv", table([("x", "pos")]))
    write("train.csv", table(ROWS))
    assert_says(
        message_of(path="d"),
        "d/train.csv: 4 rows of 2 classes are too few to draw a validation split by "
        "data.validation_fraction: 0.1; add rows, change the fraction, or give a validation split",
    )


def test_one_bad_row_in_a_hundred_thousand():
    lines = [f"text number {number},{'pos' if number % 2 else 'neg'}" for number in range(1, 100_001)]
    lines[73_123] = "an unlabelled text,"
    write_splits("text,label\n" + "\n".join(lines))
    assert_says(
        message_of(path="d"),
        f"d/train.csv, line 73125 (row 73124), column 'label': the label is missing; {LABELS_RULE}",
    )


def test_a_damaged_parquet_file():
    for split in ("train", "validation", "test"):
        write_format(".parquet", ROWS, split)
    content = Path("d/train.parquet").read_bytes()
    write("train.parquet", content[: len(content) // 2])
    message = message_of(path="d")
    assert message.startswith("d/train.parquet cannot be read as Parquet (")
    assert message.endswith("); write it again")
    assert "\n" not in message


def test_an_empty_text_in_parquet_is_named_by_row():
    for split in ("train", "validation", "test"):
        write_format(".parquet", ROWS, split)
    write_format(".parquet", [*ROWS, ("", "pos")], "train")
    assert_says(message_of(path="d"), f"d/train.parquet, row 5, column 'text': the text is empty; {LABELS_RULE}")


def test_random_bytes_are_prepared_or_refused_in_one_message():
    chance = random.Random(0)
    alphabet = [b'"', b",", b"\n", b"\r", b"\t", b"a", b"pos", b"neg", b"\xff", b"\0", b" ", "é".encode()]
    weights = [2, 6, 6, 1, 1, 6, 6, 6, 0.1, 0.1, 2, 1]
    refusals, count = [], 80
    for _ in range(count):
        write_splits(b"text,label\nx,pos\ny,neg\n" + b"".join(chance.choices(alphabet, weights, k=10)))
        try:
            prepare(path="d")
        except UserError as error:
            refusals.append(str(error))
    assert 0 < len(refusals) < count
    assert all(message.startswith("d/train.csv") and "\n" not in message for message in refusals)
