"""The write-up that a new experiment begins with has no finding as it stands, whatever the data hold."""

from pathlib import Path
from typing import Any

from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json
from finetune_report.report.findings import check_document
from finetune_report.report.keys import join
from finetune_report.report.rendering import parse
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.template import Filled, fill
from finetune_report.report.values import Value, read_values
from tests.support.golden import make_recorded

import panflute as pf
import pytest

SKELETON = ROOT / "report/skeleton/write-up.md"
ODD = [
    *("accuracy", "validation accuracy", "test accuracy", "macro-F1", "Matthews", "the training loss", "precision"),
    *(
        "better",
        "beats the baseline",
        "baseline",
        "small-batch",
        "winner",
        "the selected model",
        "bag of words",
        "majority",
    ),
    *("twice", "95%", "p", "2000", "Level 1", "most", "significantly higher", "none", ""),
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_recorded("tiny", tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def evidence(recorded: Path) -> Evidence:
    selection = read_json(recorded / "selection.json")
    return Evidence(
        read_values(recorded / "values.json"),
        list(dict.fromkeys(run["setting"] for run in selection["runs"])),
        read_json(recorded / "data/summary.json")["labels"],
        selection,
        read_curves(recorded / "curves.csv"),
    )


def put(evidence: Evidence, value: Any, kind: str, *parts: str) -> None:
    key, interval = join(*parts), (0.4, 0.6) if kind == "accuracy" else None
    evidence.values[key] = Value(key, value, kind, interval, "x.json", "/x")


def checked(evidence: Evidence, text: Path = SKELETON) -> tuple[list[str], Filled]:
    filled = fill(text, evidence)
    found = check_document(parse(filled.text, text), filled, text)
    return [str(finding) for finding in found.findings], filled


def test_names_of_slices_and_classes_that_mean_something_to_a_check(evidence: Evidence) -> None:
    for name in ODD:
        put(evidence, 20, "count", "slices", "accuracy better", name, "count")
        put(evidence, 0.5, "accuracy", "slices", "accuracy better", name, "accuracy")
        put(evidence, 0.5, "accuracy", "slices", "accuracy better", name, "bag-of-words", "accuracy")
        for what, kind in (("count", "count"), ("precision", "real"), ("recall", "real")):
            put(evidence, 1, kind, "winner", "test", "class", name, what)
    found, filled = checked(evidence)
    assert found == []
    assert "significantly higher" in pf.stringify(parse(filled.text, SKELETON))


def test_a_name_excuses_nothing_but_its_own_row(evidence: Evidence, tmp_path: Path) -> None:
    for name in ("better", "test accuracy"):
        put(evidence, 0.5, "accuracy", "slices", "kind", name, "accuracy")
    text = tmp_path / "w.md"
    for line, kind in (
        ("`baseline` is {{ name }} here, with {{ value('slices', 'kind', name, 'accuracy') }}.", "unbound comparison"),
        (
            "| {{ name }} | `baseline` is better | {{ value('slices', 'kind', name, 'accuracy') }} |",
            "unbound comparison",
        ),
        ("| {{ name }} | {{ value('runs.baseline.validation.accuracy') }} |", "value of another"),
    ):
        table = "| a | b |\n|:--|:--|\n" if line.startswith("|") else ""
        head = (
            table.replace("| b |", "| b | c |").replace("|:--|:--|", "|:--|:--|:--|") if line.count("|") > 3 else table
        )
        text.write_text(f"{head}{{% for name in names('slices', 'kind') %}}\n{line}\n{{% endfor %}}\n")
        found, _ = checked(evidence, text)
        assert any(kind in finding for finding in found), line


def test_what_is_wrong_with_the_data_is_told(evidence: Evidence) -> None:
    for split in ("train", "test"):
        put(evidence, 0.0, "real", "data", split, "unknown", "share")
    _, filled = checked(evidence)
    assert "truncated" not in filled.text
    assert "does not know" not in filled.text
    assert "also stand" not in filled.text
    for split in ("train", "test"):
        put(evidence, 0.25, "real", "data", split, "cut", "share")
        put(evidence, 0.6, "real", "data", split, "unknown", "share")
    put(evidence, "de", "text", "data", "language")
    put(evidence, 0.9, "real", "data", "language", "guessed", "share")
    put(evidence, 120, "count", "data", "language", "guessed", "texts")
    put(evidence, 7, "count", "data", "overlap", "train-test")
    put(evidence, 5, "count", "data", "near_duplicates", "train-test")
    put(evidence, 3, "count", "data", "left_out", "train", "invalid")
    for name, value, kind in (("rows", 90, "count"), ("suspects", 4, "count"), ("share", 4 / 90, "real")):
        put(evidence, value, kind, "label_audit", name)
    listed = {"id": "train-1", "text": "better than 95%", "given": "better", "suggested": "no"}
    for name, entry in listed.items():
        put(evidence, entry, "text", "label_audit", "listed", "1", name)
    put(evidence, 0.9, "real", "label_audit", "listed", "1", "probability")
    found, filled = checked(evidence)
    assert found == []
    said = " ".join(pf.stringify(parse(filled.text, SKELETON)).split())
    assert "Of 90 training labels 4 may be errors" in said
    assert "By a guess from 120 training texts their language is de; 90% of these texts" in said
    for part in ("25% are truncated", "does not know 60% of the tokens", "7 also stand in the training split"):
        assert part in said
    assert "5 training texts are nearly texts of the test split" in said
    assert "3 rows without a usable text or label" in said


def test_the_shipped_write_up_tells_it_too(evidence: Evidence) -> None:
    write_up = ROOT / "report/write-up.md"
    for split in ("train", "test"):
        put(evidence, 0.6, "real", "data", split, "unknown", "share")
    put(evidence, 5, "count", "data", "near_duplicates", "train-test")
    found, filled = checked(evidence, write_up)
    assert found == []
    said = " ".join(pf.stringify(parse(filled.text, write_up)).split())
    assert "does not know 60% of the tokens" in said
    assert "as a test sentence are 5 training sentences" in said
