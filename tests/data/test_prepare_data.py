"""Data preparation: what comes out for good data of every form, and the exact message for bad data."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.locations import data_files
from finetune_report.errors import UserError
from tests.support.messages import assert_says

import datasets
import huggingface_hub
import prepare_data
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

OUT = Path("out")
ROWS = [("a fine film", "pos"), ("dull", "neg"), ("I laughed, twice", "pos"), ("never again", "neg")]


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def prepare(**data: Any) -> dict[str, Any]:
    """Run the script on a data entry of a config; its summary."""
    config = {"name": "x", "data": data, "model": {"path": "m"}, "settings": [{"name": "a"}]}
    entry = complete(config)["data"]
    OUT.mkdir(exist_ok=True)
    splits = {split: OUT / f"{split}.parquet" for split in ("train", "validation")}
    prepare_data.main(
        list(data_files(entry).values()),
        summary=OUT / "summary.json",
        test=[OUT / "test.parquet"],
        data=entry,
        **splits,
    )
    return json.loads((OUT / "summary.json").read_text())


def rows_of(split: str) -> list[dict[str, Any]]:
    return pq.read_table(OUT / f"{split}.parquet").to_pylist()


def message_of(**data: Any) -> str:
    with pytest.raises(UserError) as caught:
        prepare(**data)
    assert not list(OUT.iterdir())  # nothing half done
    return str(caught.value)


def write(name: str, content: str | bytes) -> None:
    path = Path("d") / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def table(rows: list[tuple[str, ...]], header: tuple[str, ...] | None = ("text", "label"), delimiter: str = ",") -> str:
    lines = [header, *rows] if header else rows
    quoted = [[f'"{field}"' if delimiter in field else field for field in line] for line in lines]
    return "".join(delimiter.join(line) + "\n" for line in quoted)


def write_splits(train: str | bytes, suffix: str = ".csv", held_out: str | bytes | None = None) -> None:
    write(f"train{suffix}", train)
    for split in ("validation", "test"):
        write(f"{split}{suffix}", held_out if held_out is not None else table([("so so", "pos")]))


def test_csv_with_header_and_slices():
    header = ("phenomenon", "label", "text", "other")
    write("train.csv", table([("", "pos", "a fine, film", "x"), ("negation", "neg", "not\tfine", "y")], header))
    write("validation.csv", table([("negation", "neg", "no", "z")], header))
    write("test.csv", table([("", "pos", "yes yes yes", "z")], header))
    summary = prepare(path="d", slices=["phenomenon"])
    assert rows_of("train") == [
        {"id": "train-1", "text": "a fine, film", "label": 1, "phenomenon": ""},
        {"id": "train-2", "text": "not\tfine", "label": 0, "phenomenon": "negation"},
    ]
    assert rows_of("test") == [{"id": "test-1", "text": "yes yes yes", "label": 1, "phenomenon": ""}]
    assert pq.read_schema(OUT / "train.parquet").types == [pa.string(), pa.string(), pa.int64(), pa.string()]
    fingerprints = {split: facts.pop("fingerprint") for split, facts in summary["splits"].items()}
    assert {len(value) for value in fingerprints.values()} == {64}
    assert len(set(fingerprints.values())) == 3
    assert summary["source"]["path"] == "d"
    del summary["source"]
    assert summary == {
        "labels": ["neg", "pos"],
        "splits": {
            "train": {
                "rows": 2,
                "classes": {"neg": 1, "pos": 1},
                "words": {"min": 2, "mean": 2.5, "max": 3},
                "duplicates": 0,
            },
            "validation": {
                "rows": 1,
                "classes": {"neg": 1, "pos": 0},
                "words": {"min": 1, "mean": 1.0, "max": 1},
                "duplicates": 0,
            },
            "test": {
                "rows": 1,
                "classes": {"neg": 0, "pos": 1},
                "words": {"min": 3, "mean": 3.0, "max": 3},
                "duplicates": 0,
            },
        },
        "overlap": {"train-validation": 0, "train-test": 0, "validation-test": 0},
        "near_duplicates": {"threshold": 0.8, "rows": {"train-validation": 0, "train-test": 0, "validation-test": 0}},
        "dropped": {"train": 0, "validation": 0},
        "left_out": {split: {"invalid": 0, "by_label": 0, "rows": []} for split in ("train", "validation", "test")},
        "carved": None,
        "test_carved": None,
        "slices": {
            "phenomenon": {"train": {"": 1, "negation": 1}, "validation": {"negation": 1}, "test": {"": 1}},
        },
    }


def write_format(form: str, rows: list[tuple[str, str]], name: str) -> None:
    if form == ".parquet":
        write(name + form, b"")
        pq.write_table(
            pa.table({"text": [text for text, _ in rows], "label": [label for _, label in rows]}), f"d/{name}{form}"
        )
    elif form == ".jsonl":
        write(name + form, "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    else:
        write(name + form, table(rows, delimiter="," if form == ".csv" else "\t"))


def test_every_format_gives_the_same_bytes():
    digests = {}
    for form in (".csv", ".tsv", ".jsonl", ".parquet"):
        for split, rows in {"train": ROWS, "validation": ROWS[:1], "test": ROWS[1:2]}.items():
            write_format(form, rows, split)
        prepare(files={split: f"d/{split}{form}" for split in ("train", "validation", "test")})
        assert [(row["text"], row["label"]) for row in rows_of("train")] == [
            ("a fine film", 1),
            ("dull", 0),
            ("I laughed, twice", 1),
            ("never again", 0),
        ]
        digests[form] = [hashlib.sha256((OUT / f"{s}.parquet").read_bytes()).hexdigest() for s in ("train", "test")]
    assert len(set(map(tuple, digests.values()))) == 1


def test_without_header_and_quoting_columns_are_numbers():
    train = 'the "best" film\t1\n"half a quote\t0\nten\t10\ntwo\t2\nten again\t10\n'
    write_splits(train, ".tsv", "\u201cwell\u201d\t2\n")
    summary = prepare(path="d", header=False, quoting=False, text=0, label=1)
    assert summary["labels"] == ["0", "1", "2", "10"]  # numbers, not text
    assert [row["text"] for row in rows_of("train")][:2] == ['the "best" film', '"half a quote']
    assert [row["label"] for row in rows_of("train")] == [1, 0, 3, 2, 3]


def test_sentence_pairs_and_label_order_from_the_config():
    header = ("premise", "hypothesis", "gold")
    write("train.csv", table([("It rains.", "It is wet.", "yes"), ("It snows.", "It is hot.", "no")], header))
    write("test.csv", table([("Sun.", "Light.", "yes")], header))
    write("validation.csv", table([("Fog.", "No view.", "yes")], header))
    summary = prepare(path="d", text="premise", text_pair="hypothesis", label="gold", labels=["yes", "no"])
    assert summary["labels"] == ["yes", "no"]
    assert rows_of("train") == [
        {"id": "train-1", "text": "It rains.", "text_pair": "It is wet.", "label": 0},
        {"id": "train-2", "text": "It snows.", "text_pair": "It is hot.", "label": 1},
    ]
    assert summary["splits"]["train"]["words"] == {"min": 5, "mean": 5.0, "max": 5}


def test_typed_labels_of_json():
    lines = [{"text": "a", "label": 1}, {"text": "b", "label": 0}, {"text": "c", "label": 1.0}]
    write_splits("".join(json.dumps(line) + "\n" for line in lines), ".jsonl", '{"label": 0, "text": "d"}\n')
    assert prepare(path="d")["labels"] == ["0", "1"]
    assert [row["label"] for row in rows_of("train")] == [1, 0, 1]


def test_parquet_of_datasets_keeps_its_class_names():
    kinds = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    Path("d").mkdir()
    for split, labels in {"train": [1, 0], "validation": [0], "test": [1]}.items():
        content = {"text": [f"{split} {number}" for number in labels], "label": labels}
        datasets.Dataset.from_dict(content, features=kinds).to_parquet(f"d/{split}.parquet")
    assert prepare(path="d")["labels"] == ["neg", "pos"]
    assert [row["label"] for row in rows_of("train")] == [1, 0]


GOOD_ODDITIES = {
    "byte order mark": b"\xef\xbb\xbftext,label\na,pos\nb,neg\n",
    "CRLF": b"text,label\r\na,pos\r\nb,neg\r\n",
    "blank lines and no newline at the end": b"\ntext,label\na,pos\n\nb,neg",
    "spaces around labels": b"text,label\na, pos\nb,neg \n",
}


@pytest.mark.parametrize("content", GOOD_ODDITIES.values(), ids=GOOD_ODDITIES)
def test_oddities_that_are_no_mistakes(content):
    write_splits(content)
    assert prepare(path="d")["labels"] == ["neg", "pos"]
    assert [(row["text"], row["label"]) for row in rows_of("train")] == [("a", 1), ("b", 0)]


def test_texts_of_every_kind_come_through_unchanged():
    texts = [
        'she said "wow", twice',
        "a tab\tand a line\nbreak, and a comma",
        "\u05d4\u05e1\u05e8\u05d8 \u05de\u05e6\u05d5\u05d9\u05df",  # right to left
        "\U0001f44d\U0001f3fd \U0001f469\u200d\U0001f680",  # emoji of several code points
        "line\u2028separator and a \x85 next line",
        "long " * 100_000,
    ]
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    write_splits("text,label\n" + "".join(f"{text},{'pos' if i % 2 else 'neg'}\n" for i, text in enumerate(quoted)))
    summary = prepare(path="d")
    assert [row["text"] for row in rows_of("train")] == texts
    assert summary["splits"]["train"]["words"]["max"] == 100_000


def test_carving_is_stratified_seeded_and_keeps_ids_and_order():
    rows = [(f"text {i}", "rare" if i % 10 == 0 else "common") for i in range(200)]
    write("train.csv", table(rows))
    write("test.csv", table([("x", "rare")]))
    summary = prepare(path="d", validation_fraction=0.2, split_seed=7)
    assert summary["carved"] == {"fraction": 0.2, "seed": 7}
    assert summary["splits"]["train"]["classes"] == {"common": 144, "rare": 16}
    assert summary["splits"]["validation"]["classes"] == {"common": 36, "rare": 4}
    carved = [int(row["id"].removeprefix("train-")) for row in rows_of("validation")]
    kept = [int(row["id"].removeprefix("train-")) for row in rows_of("train")]
    assert carved == sorted(carved)
    assert kept == sorted(kept)
    assert sorted(carved + kept) == list(range(1, 201))
    assert all(row["text"] == f"text {int(row['id'][6:]) - 1}" for row in rows_of("validation"))
    prepare(path="d", validation_fraction=0.2, split_seed=8)
    assert [int(row["id"][6:]) for row in rows_of("validation")] != carved


def clustered(count: int) -> list[dict[str, str]]:
    """Each author has five rows, of which some are rare; every seventh row has no author."""
    return [
        {
            "text": f"text {i}",
            "label": "rare" if i % 4 == 0 else "common",
            "author": "" if i % 7 == 0 else f"author {i // 5}",
        }
        for i in range(count)
    ]


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.35, 0.6])
def test_rows_of_a_cluster_stay_together_where_a_split_is_drawn(fraction: float) -> None:
    rows = clustered(400)
    write("train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    write("test.jsonl", f"{json.dumps(rows[0])}\n{json.dumps(rows[1])}\n")
    summary = prepare(path="d", cluster="author", validation_fraction=fraction)
    train, validation = ({row["cluster"] for row in rows_of(split)} - {""} for split in ("train", "validation"))
    assert not train & validation
    shares = [
        summary["splits"]["validation"]["classes"][name] / count for name, count in (("common", 300), ("rare", 100))
    ]
    assert shares == pytest.approx([fraction] * 2, abs=0.08)
    assert sum("" in {row["cluster"]} for row in rows_of("validation")) > 1  # rows without one are drawn one by one
    before = rows_of("validation")
    prepare(path="d", cluster="author", validation_fraction=fraction)
    assert rows_of("validation") == before
    prepare(path="d", cluster="author", validation_fraction=fraction, split_seed=1)
    assert rows_of("validation") != before


def test_a_column_of_too_many_values_is_refused_as_slices() -> None:
    rows = [{"text": f"text {i}", "label": str(i % 2), "author": f"author {i}"} for i in range(1001)]
    for split in ("train", "test"):
        write(f"{split}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert_says(
        message_of(path="d", slices=["author"]),
        "data.slices: the column 'author' has 1,001 values in the test split; a report breaks the accuracy down by "
        "1,000 at most. Name a column with fewer",
    )


def test_a_split_of_one_cluster_is_refused_before_anything_is_trained() -> None:
    rows = clustered(400)
    write("train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    write("test.jsonl", "".join(json.dumps(row | {"author": "one"}) + "\n" for row in rows[:3]))
    assert_says(
        message_of(path="d", cluster="author"),
        "data.cluster: all 3 rows of a split belong to 'one'; without a second cluster there is no variance to be "
        "known. Name another column, or none",
    )


def test_clusters_that_no_class_can_be_drawn_from_are_refused() -> None:
    rows = [{"text": f"t {i}", "label": "pos" if i < 20 else "neg", "author": str(i // 20)} for i in range(40)]
    write("train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    write("test.jsonl", json.dumps(rows[0]) + "\n")
    message = message_of(path="d", cluster="author", validation_fraction=0.5)
    assert_says(
        message,
        "d/train.jsonl: 40 rows of 2 classes, those of a cluster together, are too few to draw a "
        "validation split by data.validation_fraction: 0.5; add rows",
    )


def test_a_share_of_the_training_rows_is_drawn_by_class_and_seed():
    rows = [(f"text {i}", "rare" if i % 10 == 0 else "common") for i in range(200)] + [("lone", "single")]
    write("train.csv", table(rows))
    write("validation.csv", table([("x", "rare")]))
    write("test.csv", table([("y", "rare")]))
    summary = prepare(path="d", train_rows=41, split_seed=7)
    assert summary["train_drawn"] == {"of": 201, "seed": 7}
    assert summary["splits"]["train"]["classes"] == {"common": 36, "rare": 4, "single": 1}
    kept = [int(row["id"].removeprefix("train-")) for row in rows_of("train")]
    assert kept == sorted(kept)
    assert all(row["text"] == f"text {int(row['id'][6:]) - 1}" for row in rows_of("train")[:-1])
    prepare(path="d", train_rows=41, split_seed=8)
    assert [int(row["id"][6:]) for row in rows_of("train")] != kept


@pytest.mark.parametrize("rows", [4, 5, None])
def test_all_training_rows_are_used_where_there_are_no_more(rows):
    write_splits("text,label\n" + "".join(f"text {i},{'pos' if i % 2 else 'neg'}\n" for i in range(4)))
    summary = prepare(path="d", train_rows=rows)
    assert "train_drawn" not in summary
    assert summary["splits"]["train"]["rows"] == 4


@pytest.mark.parametrize(("rows", "found"), [(1, "3 classes"), (5, "rare")])
def test_a_sample_without_a_class_is_refused(rows, found):
    table_rows = [(f"text {i}", "ab"[i % 2]) for i in range(98)] + [("x", "rare"), ("y", "rare")]
    write("train.csv", table(table_rows))
    write("validation.csv", table([("x", "a")]))
    write("test.csv", table([("y", "a")]))
    with pytest.raises(UserError, match=rf"train\.csv.*data\.train_rows: {rows}.*{found}"):
        prepare(path="d", train_rows=rows)


def write_overlapping() -> None:
    write("train.csv", table([("One", "pos"), ("one ", "neg"), ("two", "neg"), ("three", "pos"), ("four", "neg")]))
    write("validation.csv", table([("TWO", "neg"), ("five", "pos"), ("six", "neg")]))
    write("test.csv", table([("one", "pos"), ("six", "neg"), ("six", "neg")]))


def test_duplicates_and_overlaps_are_counted():
    write_overlapping()
    summary = prepare(path="d")
    assert {split: facts["duplicates"] for split, facts in summary["splits"].items()} == {
        "train": 1,
        "validation": 0,
        "test": 1,
    }
    assert summary["overlap"] == {"train-validation": 1, "train-test": 1, "validation-test": 2}
    assert summary["dropped"] == {"train": 0, "validation": 0}


def test_overlaps_can_be_dropped():
    write_overlapping()
    write("validation.csv", table([("TWO", "neg"), ("five", "pos"), ("six", "neg")]))
    summary = prepare(path="d", drop_overlap=True)
    assert summary["overlap"] == {"train-validation": 1, "train-test": 1, "validation-test": 2}
    assert summary["dropped"] == {"train": 3, "validation": 1}
    assert [row["id"] for row in rows_of("train")] == ["train-4", "train-5"]
    assert [row["id"] for row in rows_of("validation")] == ["validation-1", "validation-2"]
    assert [row["id"] for row in rows_of("test")] == ["test-1", "test-2", "test-3"]


def test_dropping_must_leave_every_class():
    write("train.csv", table([("one", "pos"), ("two", "neg"), ("three", "neg")]))
    write("validation.csv", table([("five", "pos")]))
    write("test.csv", table([("one", "pos")]))
    assert_says(
        message_of(path="d", drop_overlap=True),
        "data.drop_overlap: 1 of 3 train rows also stand in later splits, and without them a class is gone; "
        "separate the splits, or set drop_overlap: false",
    )


def test_a_fingerprint_is_of_the_content():
    def fingerprint(rows, **data):
        write_splits(table(rows))
        return prepare(path="d", **data)["splits"]["train"]["fingerprint"]

    first = fingerprint(ROWS)
    assert fingerprint(ROWS) == first
    assert fingerprint([*ROWS[:3], ("never, again", "neg")]) != first
    assert fingerprint([*ROWS[:3], ("never again", "pos")]) != first
    assert fingerprint(ROWS[::-1]) != first
    assert fingerprint(ROWS, labels=["pos", "neg"]) != first


def test_nothing_of_an_earlier_run_is_used(monkeypatch):
    """The same file name with other rows gives the other rows, and the user's cache stays as it was."""
    caches = []
    original = datasets.Dataset.from_generator
    monkeypatch.setattr(
        datasets.Dataset,
        "from_generator",
        staticmethod(lambda *args, **kwargs: (caches.append(kwargs["cache_dir"]), original(*args, **kwargs))[1]),
    )
    for word in ("first", "second"):
        write_splits(table([(word, "pos"), ("x", "neg")]))
        prepare(path="d")
        assert rows_of("train")[0]["text"] == word
    assert len(set(caches)) == 2
    assert not any(Path(cache).exists() for cache in caches)


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


WAYS_OUT = (
    "Either draw the test split from the training rows (data.test_fraction: 0.2; this file is then not read), or name "
    "a file with labels as data.files.test, such as the validation file: validation rows are then drawn from the "
    "training rows"
)
HUB = {"name": "org/reviews", "revision": "main"}
FIRST, SECOND = "a" * 40, "b" * 40


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub cache as `huggingface_hub` keeps it, with two revisions of a data set, and no network."""
    repository = tmp_path / "hub" / "datasets--org--reviews"
    kinds = datasets.Features(
        {"sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    for commit, word in {FIRST: "old", SECOND: "new"}.items():
        snapshot = repository / "snapshots" / commit
        (snapshot / "data").mkdir(parents=True)
        (repository / "blobs").mkdir(exist_ok=True)
        for split, labels in {"train": [1, 0, 1, 0], "validation": [0, 1], "test": [1, 0], "hidden": [-1, -1]}.items():
            content = {"sentence": [f"{word} {split} {i}" for i in range(len(labels))], "label": labels}
            blob = repository / "blobs" / f"{word}-{split}"
            datasets.Dataset.from_dict(content, features=kinds).to_parquet(blob)
            (snapshot / "data" / f"{split}.parquet").symlink_to(blob)
        files = "".join(
            f"  - split: {s}\n    path: data/{s}.parquet\n" for s in ("train", "validation", "test", "hidden")
        )
        readme = f"---\nconfigs:\n- config_name: plain\n  data_files:\n{files}---\n"
        (snapshot / "README.md").write_text(readme)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(SECOND)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.mark.usefixtures("hub")
def test_a_hub_data_set_by_revision():
    assert prepare(hub=HUB, text="sentence")["labels"] == ["neg", "pos"]
    assert rows_of("train")[0] == {"id": "train-1", "text": "new train 0", "label": 1}
    assert len(rows_of("validation")) == len(rows_of("test")) == 2
    prepare(hub=HUB | {"revision": FIRST, "configuration": "plain"}, text="sentence")
    assert rows_of("train")[0]["text"] == "old train 0"


@pytest.mark.usefixtures("hub")
def test_a_hub_data_set_with_a_carved_validation_split_and_another_test_split():
    summary = prepare(hub=HUB | {"validation": None, "test": "validation"}, text="sentence", validation_fraction=0.5)
    assert summary["carved"] == {"fraction": 0.5, "seed": 0}
    assert [row["text"] for row in rows_of("test")] == ["new validation 0", "new validation 1"]


HUB_MISTAKES = {
    "no such split": (
        {"validation": "dev"},
        "data.hub.validation: org/reviews has no split 'dev'; its splits are train, validation, test, hidden; "
        "name one of them or null to carve one out of the training split",
    ),
    "hidden labels": (
        {"test": "hidden"},
        "org/reviews, split hidden has no labels: in none of its 2 rows does the column 'label' hold one other than "
        f"-1. Nothing can be scored on it. {WAYS_OUT}",
    ),
    "no such configuration": (
        {"configuration": "fancy"},
        "data.hub: org/reviews (configuration fancy, revision main) cannot be loaded (BuilderConfig 'fancy' not found. "
        "Available: ['plain']); check name, configuration and revision",
    ),
    "not there and no network": (
        {"name": "org/unknown"},
        "data.hub: org/unknown (revision main) cannot be reached and no earlier download of it is there; "
        "connect to the network, or download the files and name them in data.path",
    ),
    "a revision that is not there, and no network": (
        {"revision": "c" * 40},
        f"data.hub: org/reviews (revision {'c' * 40}) cannot be reached and no earlier download of it is there; "
        "connect to the network, or download the files and name them in data.path",
    ),
}


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(("change", "message"), HUB_MISTAKES.values(), ids=HUB_MISTAKES)
def test_hub_mistakes(change, message):
    assert_says(message_of(hub=HUB | change, text="sentence"), message)


@pytest.mark.usefixtures("hub")
def test_a_local_folder_never_stands_in_for_a_hub_data_set():
    Path("org/unknown").mkdir(parents=True)
    Path("org/unknown/train.csv").write_text(table(ROWS))
    assert "cannot be reached" in message_of(hub=HUB | {"name": "org/unknown"})


def test_the_hub_is_asked_for_name_configuration_and_revision(monkeypatch):
    asked = {}

    def load_dataset(name, configuration, revision, cache_dir):
        asked.update(name=name, configuration=configuration, revision=revision)
        split = datasets.Dataset.from_dict({"text": ["a", "b"], "label": ["pos", "neg"]})
        return datasets.DatasetDict(train=split, validation=split, test=split)

    monkeypatch.setattr("finetune_report.data.loading.load_dataset", load_dataset)
    prepare(hub={"name": "org/reviews", "configuration": "plain", "revision": "v1"})
    assert asked == {"name": "hf://datasets/org/reviews", "configuration": "plain", "revision": "v1"}
