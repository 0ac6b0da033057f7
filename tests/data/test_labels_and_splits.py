"""Labels in several spellings, rows that are left out, splits that are missing, and texts in two splits."""

import json
import random
from pathlib import Path

from finetune_report.data.label_names import normal_form
from finetune_report.data.near_duplicates import grams, jaccard, near_duplicates
from finetune_report.errors import UserError
from tests.support.preparing import OUT, entry, message_of, prepare

import pyarrow.parquet as pq
import pytest


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def texts_of(split: str) -> list[str]:
    return pq.read_table(OUT / f"{split}.parquet")["text"].to_pylist()


def write(name: str, labels: list[str], words: str = "a text about") -> None:
    path = Path("d") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("text,label\n" + "".join(f"{words} {name} {n},{label}\n" for n, label in enumerate(labels)))


def test_one_class_in_several_spellings_is_asked_about_and_a_map_makes_one_of_them() -> None:
    write("train.csv", ["Billing", "billing", "Billing", "Delivery", "0.0", "0", "0"])
    write("validation.csv", ["Billing"])
    write("test.csv", ["BILLING"])
    message = message_of(path="d")
    assert "d/train.csv: some labels differ only in case, spaces, Unicode form or '.0'" in message
    assert "'Billing' (2 rows) and 'billing' (1 rows)" in message
    offered = json.loads(message.partition("data.label_map: ")[2].partition(", or keep")[0])
    assert offered == {"billing": "Billing", "0.0": "0"}
    assert message_of(path="d", label_map=offered).endswith(
        'if it is \'Billing\', say data.label_map: {"BILLING": "Billing"}'
    )
    summary = prepare(path="d", label_map=offered | {"BILLING": "Billing"})
    assert summary["splits"]["train"]["classes"] == {"0": 3, "Billing": 3, "Delivery": 1}
    every = ["Billing", "billing", "Delivery", "0", "0.0", "BILLING"]
    assert "no row has the label 'BILLING'" in message_of(path="d", labels=every)  # kept apart on request


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Straße", "STRASSE", True),
        ("caf\u00e9", "cafe\u0301", True),
        (" a  b", "A B", True),
        ("1", "1.0", True),
        ("\uff11", "1", True),
        ("1", "10", False),
        ("nan", "NaN", True),
        ("a", "b", False),
        ("inf", "infinity", False),
    ],
)
def test_which_spellings_count_as_one(one: str, other: str, same: bool) -> None:
    assert (normal_form(one) == normal_form(other)) is same


def test_a_label_mapped_to_null_leaves_its_rows_out_and_they_are_counted() -> None:
    write("train.csv", ["yes", "no", "-", "yes", "no"])
    write("validation.csv", ["yes"])
    write("test.csv", ["no", "-"])
    summary = prepare(path="d", label_map={"-": None, "yes": "entailed"})
    assert summary["labels"] == ["entailed", "no"]
    assert {split: facts["rows"] for split, facts in summary["splits"].items()} == {
        "train": 4,
        "validation": 1,
        "test": 1,
    }
    assert summary["left_out"]["train"] == {
        "invalid": 0,
        "by_label": 1,
        "rows": [{"place": "line 4 (row 3)", "reason": "the label '-' is left out by data.label_map"}],
    }


def test_invalid_rows_are_skipped_on_request_counted_and_listed() -> None:
    write("train.csv", ["yes", "", "no", "yes"])
    write("validation.csv", ["yes"])
    Path("d/test.csv").write_text("text,label\n  ,no\nfine,no\n")
    assert message_of(path="d").startswith("d/train.csv, line 3 (row 2), column 'label': the label is missing")
    summary = prepare(path="d", skip_invalid=True)
    assert summary["splits"]["train"]["rows"] == 3
    reason = "column 'label': the label is missing; fill it in or remove the row"
    assert summary["left_out"]["train"]["rows"] == [{"place": "line 3 (row 2)", "reason": reason}]
    assert summary["left_out"]["test"]["invalid"] == 1
    write("test.csv", ["", ""])
    assert message_of(path="d", skip_invalid=True).startswith("d/test.csv has no labels")


def test_keys_and_labels_that_yaml_takes_for_something_else() -> None:
    assert entry(path="d", label_map={0: "bad", 1: "good"})["label_map"] == {"0": "bad", "1": "good"}
    with pytest.raises(UserError, match=r"data\.label_map: found True, which YAML makes of a word such as yes"):
        entry(path="d", label_map={True: "good"})
    for words in (["no", "yes"], ["False", "True"], ["off", "on"]):
        for split in ("train.csv", "validation.csv", "test.csv"):
            write(split, words * 2)
        assert prepare(path="d", labels=[False, True])["labels"] == words


@pytest.mark.parametrize("labels", [["-1", "-1"], ["", ""]])
def test_a_test_file_without_labels_ends_in_one_message_with_ways_out(labels: list[str]) -> None:
    write("train.csv", ["a", "b"] * 10)
    write("test.csv", labels)
    message = message_of(path="d")
    assert message.startswith("d/test.csv has no labels: in none of its 2 rows does the column 'label' hold one")
    assert "data.test_fraction: 0.2" in message
    summary = prepare(path="d", test_fraction=0.2)
    assert [summary["splits"][split]["rows"] for split in ("train", "validation", "test")] == [14, 2, 4]
    assert summary["test_carved"] == {"fraction": 0.2, "seed": 0}
    everything = sorted(text for split in ("train", "validation", "test") for text in texts_of(split))
    assert everything == sorted(f"a text about train.csv {n}" for n in range(20))


def test_a_test_file_without_a_label_column() -> None:
    write("train.csv", ["a", "b"] * 10)
    Path("d/test.csv").write_text("text\nx\ny\n")
    assert message_of(path="d").startswith("d/test.csv has no labels")


def test_minus_one_is_a_label_where_others_are_too() -> None:
    write("train.csv", ["-1", "1"] * 10)
    write("test.csv", ["-1", "1"])
    assert prepare(path="d")["labels"] == ["-1", "1"]


def test_a_class_with_one_row_stays_in_training() -> None:
    write("train.csv", ["a", "b"] * 10 + ["rare"])
    write("test.csv", ["a"])
    summary = prepare(path="d")
    assert summary["splits"]["train"]["classes"]["rare"] == 1
    assert summary["splits"]["validation"]["classes"]["rare"] == 0


def test_many_classes_are_not_all_listed_in_a_message() -> None:
    write("train.csv", [f"class {n}" for n in range(711) for _ in range(3)])
    write("validation.csv", ["class 1"])
    write("test.csv", ["class x"])
    message = message_of(path="d")
    assert "and 701 more" in message
    assert len(message) < 600


WORDS = [f"word{n}" for n in range(200)]


def test_near_duplicates_against_all_pairs() -> None:
    chance = random.Random(0)
    base = [" ".join(chance.choices(WORDS, k=12)) for _ in range(60)]
    changed = [text.replace("word1", "word9", chance.randint(0, 2)) for text in base]
    texts = {"train": base, "validation": changed[:30], "test": changed[30:] + base[:5]}
    found = near_duplicates(texts, 0.8)
    for pair, rows in found.items():
        first, second = pair.split("-")
        expected = [
            row
            for row, text in enumerate(texts[first])
            if text not in texts[second] and any(jaccard(grams(text), grams(other)) >= 0.8 for other in texts[second])
        ]
        assert set(rows) <= set(expected)  # never a false one
        assert len(rows) >= 0.9 * len(expected)
    assert found["train-validation"]


def test_near_duplicates_are_counted_and_dropped() -> None:
    text = "the delivery came three days late and the box was damaged on one side"
    Path("d").mkdir()
    Path("d/train.csv").write_text(f"text,label\n{text},a\nanother text,b\n{text} again,b\nyet another one,a\n")
    Path("d/validation.csv").write_text("text,label\nsomething else,b\n")
    Path("d/test.csv").write_text(f"text,label\n{text}!,a\n")
    summary = prepare(path="d")
    assert summary["near_duplicates"]["rows"] == {"train-validation": 0, "train-test": 2, "validation-test": 0}
    assert summary["overlap"]["train-test"] == 0
    assert prepare(path="d", drop_near_duplicates=True)["dropped"] == {"train": 2, "validation": 0}
    assert texts_of("train") == ["another text", "yet another one"]
    assert prepare(path="d", near_duplicates=None)["near_duplicates"]["rows"]["train-test"] == 0


def test_columns_by_a_path_in_nested_json() -> None:
    Path("d").mkdir()
    for split in ("train", "validation", "test"):
        rows = [{"data": {"text": f"{split} {n}"}, "meta": {"label": n % 2}} for n in range(4)]
        Path(f"d/{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert prepare(path="d", text="data.text", label="meta.label")["labels"] == ["0", "1"]
    assert texts_of("train")[0] == "train 0"
    assert "no column 'meta.lable' (data.label)" in message_of(path="d", text="data.text", label="meta.lable")
