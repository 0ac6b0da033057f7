"""Rows that are drawn for a split, rows of clusters, and texts that stand in two splits."""

import json

from finetune_report.errors import UserError
from tests.support.messages import assert_says
from tests.support.preparing import message_of, prepare, rows_of, table, write, write_splits

import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
