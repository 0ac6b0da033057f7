"""Data preparation: what comes out for good data of every form, the same each time."""

import hashlib
import json
from pathlib import Path

from tests.support.preparing import OUT, ROWS, prepare, rows_of, table, write, write_format, write_splits

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
        "language": {"tag": None, "guessed": None},
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
