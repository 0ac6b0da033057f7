"""The record of test scorings: a repetition counts once, everything else is added and never taken away."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.provenance.test_ledger import (
    check_ledger,
    declare,
    declared_when,
    predictions_fingerprints,
    read_ledger,
    record_scoring,
    summary_of,
    weights_fingerprint,
)

import pandas as pd
import pytest
import recall_scorings
from keep_ledger import main as keep_ledger


def scoring(setting: str, model: str = "m1", data: str = "d1") -> dict[str, Any]:
    return {"data": data, "setting": setting, "models": {"1": model}}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A ledger of three scorings below an experiment's results."""
    path = tmp_path / "test-ledger.jsonl"
    for setting in "abc":
        record_scoring(path, scoring(setting))
    return path


def test_the_same_scoring_counts_once_and_another_is_added(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    assert record_scoring(ledger, scoring("a")).scorings == [scoring("a")]
    before = ledger.read_text()
    assert record_scoring(ledger, scoring("a")).scorings == [scoring("a")]
    assert ledger.read_text() == before
    assert record_scoring(ledger, scoring("b")).scorings == [scoring("a"), scoring("b")]
    assert record_scoring(ledger, scoring("b", model="trained again")).scorings[2]["models"] == {"1": "trained again"}
    assert ledger.read_text().startswith(before)
    assert read_ledger(ledger).scorings[0] == scoring("a")
    assert ledger.read_text().count('"at": "20') == 3
    assert read_ledger(ledger).problems == []


def test_the_head_depends_on_what_was_scored_and_in_which_order_and_not_on_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = record_scoring(tmp_path / "one", scoring("a")).head
    second = record_scoring(tmp_path / "one", scoring("b")).head
    later = datetime(2040, 1, 1, tzinfo=UTC)
    clock = type("Later", (), {"now": staticmethod(lambda zone: later)})
    monkeypatch.setattr("finetune_report.provenance.test_ledger.datetime", clock)
    assert record_scoring(tmp_path / "two", scoring("a")).head == first
    assert record_scoring(tmp_path / "two", scoring("b")).heads == ["", first, second]
    record_scoring(tmp_path / "three", scoring("b"))
    assert record_scoring(tmp_path / "three", scoring("a")).head not in (first, second)


@pytest.mark.parametrize(
    "torn", ['{"at": "20', "", "\0\0\0", "[1]", '{"at": 1}', "[" * 100_000], ids=lambda text: text[:9]
)
def test_a_line_that_cannot_be_read_is_passed_over_and_told_of(kept: Path, torn: str) -> None:
    with kept.open("a") as stream:
        stream.write(torn)
    found = record_scoring(kept, scoring("d"))
    assert [each["setting"] for each in found.scorings] == ["a", "b", "c", "d"]
    assert found.problems == (["line 4 of it cannot be read"] if torn else [])
    assert summary_of(found.scorings, "d1", found.problems)["text"].endswith(
        "; line 4 of it cannot be read" if torn else "for a, b, c and d"
    )


def without_line(lines: list[str], number: int) -> list[str]:
    return lines[:number] + lines[number + 1 :]


EDITS: dict[str, Callable[[list[str]], list[str]]] = {
    "a setting renamed": lambda lines: [lines[0], lines[1].replace('"b"', '"x"'), lines[2]],
    "the first line taken out": lambda lines: without_line(lines, 0),
    "a line taken out": lambda lines: without_line(lines, 1),
    "two lines swapped": lambda lines: [lines[1], lines[0], lines[2]],
    "a line put in": lambda lines: [lines[0], lines[0].replace('"a"', '"x"'), *lines[1:]],
    "no hash": lambda lines: [lines[0], json.dumps(without_key(json.loads(lines[1]), "chain")), lines[2]],
    "another hash": lambda lines: [lines[0], json.dumps(json.loads(lines[1]) | {"chain": "0"}), lines[2]],
}


def without_key(value: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name != key}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_in_the_middle_is_told_of(kept: Path, edit: Callable[[list[str]], list[str]]) -> None:
    kept.write_text("\n".join(edit(kept.read_text().splitlines())) + "\n")
    problems = read_ledger(kept).problems
    assert problems
    assert all(re.fullmatch(r"line \d of it does not follow from the line before it", each) for each in problems)


@pytest.mark.parametrize("lines", [None, 0, 1, 2], ids=str)
@pytest.mark.parametrize("witness", ["manifest.json", "ledger.json", "test/scorings.json"])
def test_a_ledger_that_lost_its_last_lines_or_all_says_since_when(kept: Path, lines: int | None, witness: str) -> None:
    results, known = kept.parent, read_ledger(kept)
    key = "test_ledger" if witness == "manifest.json" else "record"
    write_json(results / witness, {key: known.described()})
    assert check_ledger(kept, results, change=True) == []
    content = kept.read_text().splitlines(keepends=True)
    kept.unlink()
    if lines is not None:
        kept.write_text("".join(content[:lines]))
    planned = check_ledger(kept, results, change=False)
    assert planned == ["lines are missing from it that earlier results know of"]
    [said] = check_ledger(kept, results, change=True)
    assert re.fullmatch(r"it was begun again at 20\d\d-.*, and what it held before is not in it", said)
    assert len(read_ledger(kept).scorings) == (lines or 0)
    # Results are made from it by then, and it goes on.
    write_json(results / witness, {key: read_ledger(kept).described()})
    assert check_ledger(kept, results, change=True) == [said]
    assert record_scoring(kept, scoring("d")).problems == [said]


def test_a_ledger_that_grew_is_whole(kept: Path) -> None:
    write_json(kept.parent / "manifest.json", {"test_ledger": read_ledger(kept).described()})
    record_scoring(kept, scoring("d"))
    before = kept.read_bytes()
    assert check_ledger(kept, kept.parent, change=True) == []
    for damage in ("", "[", "[]", '{"test_ledger": 7}', '{"test_ledger": {"head": 7}}'):
        (kept.parent / "manifest.json").write_text(damage)
        assert check_ledger(kept, kept.parent, change=True) == []
    assert kept.read_bytes() == before


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
    scorings = [scoring("a", data="test data"), scoring("b", data="test data")]
    record = {"head": "1f2e", "lines": 3, "problems": ["line 2 of it cannot be read"]}
    since = {"at": "2026-11-28T12:00:00+00:00", "added": ["b"], "left_out": [], "changed": False}
    write_json(tmp_path / "scorings.json", {"scorings": scorings, "record": record, "declared": since})
    write_json(tmp_path / "baselines.json", {"majority": {"train": {}, "validation": {}, "test": {}}})
    keep_ledger(
        tmp_path / "summary.json",
        tmp_path / "runs.json",
        [tmp_path / "predictions.parquet"],
        tmp_path / "scorings.json",
        tmp_path / "baselines.json",
        tmp_path / "ledger.json",
        tmp_path / "values/keep_ledger.json",
    )
    found = read_json(tmp_path / "ledger.json")
    assert found["validation"] == {"runs": 1, "scored": 3}
    text = "the test set was scored twice, for a and b, and once for each simple method (majority); added after the "
    text += "first score: b, as far as the ledger tells; line 2 of it cannot be read"
    assert found["test"]["text"] == text
    assert found["record"] == record
    published = read_json(tmp_path / "values/keep_ledger.json")
    assert published["ledger.test.declared_at"]["value"] == since["at"]
    assert published["ledger.test.added"]["value"] == 1
    assert [(row["split"], row.get("setting", row.get("method"))) for row in found["scorings"]] == [
        ("validation", "a"),
        ("test", "a"),
        ("test", "b"),
        ("validation", "majority"),
        ("test", "majority"),
    ]


def systems(*names: str, **how: Any) -> dict[str, Any]:
    return {"systems": list(names), "with": "winner", **how}


def declared_in(ledger: Path, now: dict[str, Any], data: str = "d1") -> dict[str, Any]:
    return declared_when(read_ledger(ledger), data, now)


def test_what_was_declared_before_the_first_score_is_told_from_what_came_and_went_after(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    declare(ledger, systems("winner", "a"))
    declare(ledger, systems("winner", "a", "b"))  # nothing was scored by then
    record_scoring(ledger, scoring("a"))
    before, first = ledger.read_text(), declared_in(ledger, systems("winner", "a", "b"))
    declare(ledger, systems("winner", "a", "b"))
    assert ledger.read_text() == before
    assert first["at"].startswith("20")
    assert {**first, "at": ""} == {"at": "", "added": [], "left_out": [], "changed": False}
    later = systems("winner", "b", "c")
    declare(ledger, later)
    assert declared_in(ledger, later) == first | {"added": ["c"], "left_out": ["a"]}
    again = systems("winner", "b", margin=0.02) | {"with": "all-pairs"}
    declare(ledger, again)
    assert declared_in(ledger, again) == first | {"left_out": ["a", "c"], "changed": True}
    # By other data nothing of it was seen.
    assert declared_in(ledger, again, "d2")["left_out"] == []
    assert read_ledger(ledger).problems == []
    assert [each["setting"] for each in read_ledger(ledger).scorings] == ["a"]


def test_a_ledger_from_before_there_were_declarations_says_what_came_since(kept: Path) -> None:
    now = systems("winner", "base", "majority")
    declare(kept, now)
    assert declared_in(kept, now)["added"] == ["base"]  # the winner and the simple methods were always scored


def test_other_predictions_of_a_system_are_another_scoring(tmp_path: Path) -> None:
    path, table = tmp_path / "elsewhere.parquet", pd.DataFrame({"id": ["a", "b"], "prediction": [0, 1]})
    pd.concat([table.assign(system="gpt"), table.assign(system="other")]).to_parquet(path)
    first = predictions_fingerprints([path])
    assert list(first) == ["gpt", "other"]
    pd.concat([table.assign(system="gpt", prediction=0), table.assign(system="other")]).to_parquet(path)
    second = predictions_fingerprints([path])
    assert (first["gpt"] == second["gpt"], first["other"] == second["other"]) == (False, True)
    assert predictions_fingerprints([]) == {}


def test_a_declaration_is_part_of_the_chain(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    declare(ledger, systems("winner"))
    record_scoring(ledger, scoring("a"))
    ledger.write_text(ledger.read_text().replace('["winner"]', '["winner","b"]'))
    assert read_ledger(ledger).problems == ["line 1 of it does not follow from the line before it"]


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ({}, "what is scored and compared there was declared before the first score"),
        ({"added": ["b"], "left_out": ["a"]}, "added after the first score: b; left out after the first score: a"),
        ({"changed": True}, "how they are compared was changed after the first score"),
    ],
)
def test_the_summary_says_what_was_declared_late(since: dict[str, Any], said: str) -> None:
    found = {"at": "", "added": [], "left_out": [], "changed": False} | since
    summary = summary_of([scoring("a")], "d1", declared=found)
    assert summary["text"] == f"the test set was scored once, for a; {said}"
    assert (summary["added"], summary["left_out"]) == (len(found["added"]), len(found["left_out"]))


def test_without_test_labels_the_ledger_tells_what_was_scored_before(tmp_path: Path) -> None:
    path, told = tmp_path / "ledger.jsonl", tmp_path / "scorings.json"
    recall_scorings.main(tmp_path / "summary.json", told, str(path), [])
    assert read_json(told) == {"scorings": [], "record": {"head": "", "lines": 0, "problems": []}, "declared": None}
    assert summary_of([], None)["text"] == "there is no test set with labels, so that none was scored"
    for setting in ("a", "b"):
        record_scoring(path, {"data": "f", "setting": setting, "models": {}})
    recall_scorings.main(tmp_path / "summary.json", told, str(path), ["line 7 of it cannot be read"])
    found = summary_of(read_json(told)["scorings"], None, ["line 7 of it cannot be read"])
    assert "other test data were scored twice before, for a, b" in found["text"]
    assert "line 7 of it cannot be read" in found["text"]
    assert (found["scored"], found["other_data"]) == (0, 2)
