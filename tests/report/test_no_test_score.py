"""A report without a test score: it says so itself, above the author's words, and shipped write-ups cope with it."""

from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json
from finetune_report.report.findings import check_document
from finetune_report.report.keys import parts_of
from finetune_report.report.notices import no_test_score, with_notice
from finetune_report.report.rendering import parse
from finetune_report.report.results import OF_TEST, Evidence, read_curves
from finetune_report.report.template import fill
from finetune_report.report.values import Value, read_values
from tests.support.golden import make_recorded
from tests.support.messages import refuses

import panflute as pf
import pytest

WRITE_UPS = ("report/skeleton/write-up.md", "report/glue.md", "report/write-up.md")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_recorded("tiny", tmp_path_factory.mktemp("recorded"))


def evidence_of(recorded: Path, test_split: str) -> Evidence:
    """The evidence of an experiment like the recorded one, but that nothing was scored on test data."""
    selection = read_json(recorded / "selection.json")
    settings = list(dict.fromkeys(run["setting"] for run in selection["runs"]))
    labels = read_json(recorded / "data/summary.json")["labels"]
    values = dict(read_values(recorded / "values.json"))
    for key in list(values):
        parts = parts_of(key)
        of_texts = parts[0] == "data" and test_split == "unlabelled" and "class" not in parts
        about = "test" in parts or any(part.endswith("-test") for part in parts) or parts[0] in OF_TEST
        if about and parts[0] not in ("ledger",) and not of_texts:
            del values[key]
    values["data.test_split"] = Value("data.test_split", test_split, "text", None, "data/summary.json", "/x")
    return Evidence(values, settings, labels, selection, read_curves(recorded / "curves.csv"))


@pytest.mark.parametrize("name", WRITE_UPS)
@pytest.mark.parametrize("test_split", ["unlabelled", "none"])
def test_a_shipped_write_up_has_no_finding(name: str, test_split: str, recorded: Path) -> None:
    path = ROOT / name
    filled = fill(path, evidence_of(recorded, test_split))
    assert [str(found) for found in check_document(parse(filled.text, path), filled, path).findings] == []
    said = " ".join(pf.stringify(parse(filled.text, path)).split())
    assert "test accuracy" not in said
    assert "figures/confusion" not in filled.text
    cited = {citation.value.key for citation in filled.citations}
    assert {"winner.validation.accuracy", "selection.corrected"} <= cited
    assert not [key for key in cited if "test" in parts_of(key) and parts_of(key)[0] not in ("data", "ledger")]


def test_a_value_of_the_test_split_is_explained(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.md"
    for line, parts in {
        '{{ value("winner.test.accuracy") }}': ("data.test_split is none", "'winner.validation.accuracy'"),
        '{{ number("mistakes.1.confidence") }}': ("data.test_split is none",),
        '{% call claim("beats", a="winner", b="majority", split="test") %}A.{% endcall %}': (
            "data.test_split is none",
        ),
    }.items():
        path.write_text(f"One.\n\n{line}\n")
        with refuses("w.md, line 3", *parts):
            fill(path, evidence_of(recorded, "none"))


def test_a_wrong_key_of_another_kind_is_not_blamed_on_it(recorded: Path) -> None:
    with pytest.raises(UserError) as caught:
        evidence_of(recorded, "none").value("winner.validation.acuracy")
    assert "test_split" not in str(caught.value)


def test_the_notice_says_that_there_is_none_and_that_the_winner_was_selected(recorded: Path) -> None:
    said = {kind: no_test_score(evidence_of(recorded, kind)) for kind in ("unlabelled", "none")}
    for notice in said.values():
        assert "No test score" in notice
        assert "optimistic" in notice
    assert "test/predictions.csv" in said["unlabelled"]
    assert "test/predictions.csv" not in said["none"]


def test_one_candidate_was_not_selected(recorded: Path) -> None:
    evidence = evidence_of(recorded, "none")
    candidates = evidence.values["selection.candidates"]
    evidence.values["selection.candidates"] = Value(candidates.key, 1, "count", None, "x.json", "/x")
    assert "optimistic" not in no_test_score(evidence)


def test_a_labelled_experiment_has_no_notice(recorded: Path) -> None:
    evidence = evidence_of(recorded, "none")
    del evidence.values["data.test_split"]
    assert no_test_score(evidence) == ""
    assert with_notice("---\ntitle: T\n---\nText\n", "") == "---\ntitle: T\n---\nText\n"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("---\ntitle: T\n---\n\nText\n", "---\ntitle: T\n---\n\nNOTICE\n\nText\n"),
        ("Text\n\n---\n\nmore\n", "\nNOTICE\n\nText\n\n---\n\nmore\n"),
        ("---\ntitle: T\n...\nText\n", "---\ntitle: T\n...\n\nNOTICE\n\nText\n"),
    ],
)
def test_the_notice_stands_after_the_front_matter(text: str, printed: str) -> None:
    assert with_notice(text, "NOTICE\n") == printed
