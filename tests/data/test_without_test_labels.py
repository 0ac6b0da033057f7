"""A test split without labels, and none: what is prepared, what is refused, and never by accident."""

from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.loading import Source, sources_of
from tests.support.messages import refuses
from tests.support.preparing import OUT, prepare

import pyarrow.parquet as pq
import pytest

ROWS = {"train": [f"a text about {n},{n % 2}" for n in range(20)], "validation": ["v one,0", "v two,1"]}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for split, rows in ROWS.items():
        write(split, "text,label", rows)


def write(split: str, head: str, rows: list[str]) -> None:
    Path("d").mkdir(exist_ok=True)
    Path(f"d/{split}.csv").write_text("\n".join([head, *rows]) + "\n")


def whole(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return complete({"name": "x", "data": data, "model": {"path": "m"}, "settings": [{"name": "a"}], **more})


@pytest.mark.parametrize(
    ("head", "end"), [("text", ""), ("text,label", ","), ("text,label", ",-1")], ids=["no column", "empty", "-1"]
)
def test_texts_without_labels_keep_their_order_and_have_no_classes(head: str, end: str) -> None:
    texts = ["zebra", "a text about 3", "v one"]
    write("test", head, [text + end for text in texts])
    summary = prepare(path="d", test_split="unlabelled", near_duplicates=None)
    table = pq.read_table(OUT / "test.parquet")
    assert table.column_names == ["id", "text"]
    assert table.to_pylist() == [{"id": f"test-{n}", "text": text} for n, text in enumerate(texts, start=1)]
    assert summary["splits"]["test"]["rows"] == 3
    assert "classes" not in summary["splits"]["test"]
    assert summary["splits"]["validation"]["classes"] == {"0": 1, "1": 1}
    assert summary["overlap"] == {"train-validation": 0, "train-test": 1, "validation-test": 1}


def test_training_rows_can_be_dropped_that_stand_in_it() -> None:
    write("test", "text", ["a text about 3"])
    summary = prepare(path="d", test_split="unlabelled", near_duplicates=None, drop_overlap=True)
    assert (summary["splits"]["train"]["rows"], summary["dropped"]["train"]) == (19, 1)


@pytest.mark.parametrize("near", [None, 0.8])
def test_without_a_test_split_there_is_nothing_of_one(near: float | None) -> None:
    write("test", "text,label", ["never read,9"])
    summary = prepare(path="d", test_split="none", near_duplicates=near, slices=[])
    assert not (OUT / "test.parquet").exists()
    assert summary["splits"].keys() == {"train", "validation"}
    assert summary["overlap"].keys() == summary["near_duplicates"]["rows"].keys() == {"train-validation"}
    Path("d/test.csv").unlink()
    assert prepare(path="d", test_split="none", near_duplicates=near) == summary


def test_validation_rows_are_drawn_where_there_are_none() -> None:
    summary = prepare(files={"train": "d/train.csv"}, test_split="none", near_duplicates=None)
    assert {split: facts["rows"] for split, facts in summary["splits"].items()} == {"train": 18, "validation": 2}


def test_a_label_in_it_is_no_accident() -> None:
    write("test", "text,label", ["zebra,-1", "yak,1"])
    with refuses("d/test.csv, line 3 (row 2)", "'label'", "'1'", "data.test_split"):
        prepare(path="d", test_split="unlabelled")


def test_every_row_of_it_gets_a_class() -> None:
    write("test", "text,other", ["zebra,1", ",2"])
    with refuses("d/test.csv, line 3 (row 2)", "column 'text'", "empty"):
        prepare(path="d", test_split="unlabelled", skip_invalid=True)
    write("test", "sentence", ["zebra"])
    with refuses("d/test.csv", "no column 'text'", "'sentence'"):
        prepare(path="d", test_split="unlabelled")
    write("test", "text", [])
    with refuses("d/test.csv", "no rows"):
        prepare(path="d", test_split="unlabelled")


def test_what_is_refused_without_the_key_names_it() -> None:
    write("test", "text,label", ["zebra,-1"])
    with refuses("d/test.csv has no labels", "data.test_fraction: 0.2", "data.test_split: unlabelled"):
        prepare(path="d")
    Path("d/test.csv").unlink()
    with refuses("test.csv", "data.test_fraction: 0.2", "data.test_split: none"):
        prepare(path="d")
    with refuses("data.files", "'test' is missing", "data.test_split: none"):
        prepare(files={"train": "d/train.csv"})


MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "a drawn split": ({"test_split": "unlabelled", "test_fraction": 0.2}, {}, ("data.test_fraction", "0.2")),
    "a file for no split": (
        {"test_split": "none", "files": {"train": "a.csv", "test": "b.csv"}},
        {},
        ("data.files.test", "'b.csv'", "unlabelled"),
    ),
    "systems": (
        {"test_split": "none"},
        {"systems": [{"name": "gpt", "predictions": "g.csv"}]},
        ("systems: found 1", "data.test_split is none"),
    ),
    "declared systems": ({"test_split": "unlabelled"}, {"test": {"systems": ["winner"]}}, ("test.systems: found 1",)),
    "another word": ({"test_split": "unlabeled"}, {}, ("data.test_split", "unlabelled")),
}


@pytest.mark.parametrize(("data", "more", "parts"), MISTAKES.values(), ids=MISTAKES)
def test_a_config_that_contradicts_itself(data: dict[str, Any], more: dict[str, Any], parts: tuple[str, ...]) -> None:
    with refuses(*parts):
        whole(({} if "files" in data else {"path": "d"}) | data, **more)


@pytest.mark.parametrize("given", [{"test_split": "none"}, {"test_fraction": 0.2}])
def test_a_hub_data_set_need_not_have_a_split_that_is_not_read(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from finetune_report.data import loading

    import datasets

    rows = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    monkeypatch.setattr(loading, "load_from_hub", lambda hub, cache: datasets.DatasetDict(train=rows, validation=rows))
    found: dict[str, Source] = sources_of(whole({"hub": {"name": "org/x"}} | given)["data"], {}, "cache")
    assert found.keys() == {"train", "validation"}
