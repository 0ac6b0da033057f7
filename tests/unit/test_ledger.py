"""The record of test scorings: a repetition counts once, everything else is added and never taken away."""

from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.provenance.test_ledger import read_scorings, record_scoring, summary_of, weights_fingerprint

import pytest
from keep_ledger import main as keep_ledger


def scoring(setting: str, model: str = "m1", data: str = "d1") -> dict[str, Any]:
    return {"data": data, "setting": setting, "models": {"1": model}}


def test_the_same_scoring_counts_once_and_another_is_added(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    assert record_scoring(ledger, scoring("a")) == [scoring("a")]
    before = ledger.read_text()
    assert record_scoring(ledger, scoring("a")) == [scoring("a")]
    assert ledger.read_text() == before
    assert record_scoring(ledger, scoring("b")) == [scoring("a"), scoring("b")]
    assert record_scoring(ledger, scoring("b", model="trained again"))[2]["models"] == {"1": "trained again"}
    assert ledger.read_text().startswith(before)
    assert read_scorings(ledger)[0] == scoring("a")
    assert ledger.read_text().count('"at": "20') == 3


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    record_scoring(ledger, scoring("a"))
    ledger.write_text(ledger.read_text() + '{"at": "20')
    with pytest.raises(UserError, match=r"ledger\.jsonl, line 2"):
        record_scoring(ledger, scoring("b"))


@pytest.mark.parametrize(
    ("scorings", "text"),
    [
        ([], "the test set was never scored"),
        ([scoring("a")], "the test set was scored once, for a"),
        ([scoring("a"), scoring("a", "m2")], "the test set was scored twice, for a"),
        ([scoring("a"), scoring("b")], "the test set was scored twice, for a and b"),
        (
            [scoring("a"), scoring("b"), scoring("c"), scoring("b", "m2")],
            "the test set was scored 4 times, for a, b (twice) and c",
        ),
        ([scoring("a", data="d2"), scoring("b")], "the test set was scored once, for b"),
    ],
)
def test_the_summary_says_how_often_and_for_whom(scorings: list[dict[str, Any]], text: str) -> None:
    found = summary_of(scorings, "d1")
    assert found["text"] == text
    assert found["scored"] + found["other_data"] == len(scorings)


def test_weights_are_known_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"one")
    first = weights_fingerprint(tmp_path)
    assert len(first) == 64
    (tmp_path / "config.json").write_text("{}")
    assert weights_fingerprint(tmp_path) == first
    (tmp_path / "a.safetensors").write_bytes(b"two")
    assert weights_fingerprint(tmp_path) != first


def test_the_ledger_lists_every_scoring_of_both_splits(tmp_path: Path) -> None:
    splits = {split: {"fingerprint": f"{split} data"} for split in ("train", "validation", "test")}
    write_json(tmp_path / "summary.json", {"splits": splits})
    write_json(tmp_path / "runs.json", [{"setting": "a", "seed": 1, "epochs_run": 3}])
    (tmp_path / "predictions.parquet").write_bytes(b"predictions")
    write_json(tmp_path / "scorings.json", [scoring("a", data="test data"), scoring("b", data="test data")])
    write_json(tmp_path / "baselines.json", {"majority": {"train": {}, "validation": {}, "test": {}}})
    keep_ledger(
        tmp_path / "summary.json",
        tmp_path / "runs.json",
        [tmp_path / "predictions.parquet"],
        tmp_path / "scorings.json",
        tmp_path / "baselines.json",
        tmp_path / "ledger.json",
    )
    found = read_json(tmp_path / "ledger.json")
    assert found["validation"] == {"runs": 1, "scored": 3}
    assert found["test"]["text"] == "the test set was scored twice, for a and b"
    assert [(row["split"], row.get("setting", row.get("method"))) for row in found["scorings"]] == [
        ("validation", "a"),
        ("test", "a"),
        ("test", "b"),
        ("validation", "majority"),
        ("test", "majority"),
    ]
