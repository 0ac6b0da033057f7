"""A study's table and claims: what they print, what they claim, and what an author cannot get past them."""

from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.report.claims import judge
from finetune_report.report.findings import Finding, check_document
from finetune_report.report.rendering import parse
from finetune_report.report.template import Filled, fill
from tests.support.evidence import evidence as evidence_of_experiment
from tests.support.studies import make_study, study_evidence

import pytest

SYSTEMS = ["full", "lora", "bag-of-words"]
NAMES = ["sst2", "cola"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("study"), SYSTEMS, NAMES)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five data sets, on the last of which a system is lacking, and one more that has all."""
    names = ["sst2", "cola", "mrpc", "qqp", "rte", "wnli"]
    return make_study(tmp_path_factory.mktemp("wide"), SYSTEMS, names, lacking=("lora",))


def filled(root: Path, text: str, folder: Path) -> Filled:
    write_up = folder / "study.md"
    write_up.write_text(text, encoding="utf-8")
    return fill(write_up, study_evidence(root))


def findings(root: Path, text: str, folder: Path) -> list[Finding]:
    found = filled(root, text, folder)
    return check_document(parse(found.text, folder / "study.md"), found, folder / "study.md").findings


def rows(found: Filled) -> dict[str, list[str]]:
    lines = [line for line in found.text.splitlines() if line.startswith("| `")]
    return {
        cells[1].strip(" `"): cells[2:-1] for cells in (line.split(" | ") for line in lines) for cells in [["", *cells]]
    }


def test_bold_is_what_no_other_beats_and_each_is_a_claim(root: Path, tmp_path: Path) -> None:
    found = filled(root, "{{ scores_table() }}\n", tmp_path)
    bold = {(claim.arguments["system"], claim.arguments["experiment"]) for claim in found.claims}
    assert bold == {(system, name) for system in ("full", "lora") for name in NAMES}
    assert all(claim.kind == "unbeaten" and claim.verdict.holds for claim in found.claims)
    assert found.text.count("**") == 2 * len(bold)
    assert "Bold: no paired test on that data set puts another system of the table ahead" in found.text
    assert "Matthews correlation (cola)" in found.text


def test_the_table_with_its_caption_passes_the_check(root: Path, wide: Path, tmp_path: Path) -> None:
    for each in (root, wide):
        assert findings(each, "# Results\n\n{{ scores_table() }}\n", tmp_path) == []


def test_too_few_data_sets_are_said_to_be_too_few(root: Path, wide: Path, tmp_path: Path) -> None:
    few, enough = (filled(each, "{{ scores_table() }}", tmp_path).text for each in (root, wide))
    assert "Ranks are not tested: that takes [5]" in few
    assert "average rank" not in few
    assert "Ranks are not tested" not in enough
    assert "average rank" in enough


def test_a_system_that_was_not_scored_gets_a_dash_and_the_data_set_no_place_in_averages(
    wide: Path, tmp_path: Path
) -> None:
    text = filled(wide, "{{ scores_table() }}", tmp_path).text
    [lora] = [line for line in text.splitlines() if line.startswith("| `lora`")]
    assert "| – |" in lora
    assert "A dash (–) stands where a system was not scored." in text
    assert "leave out wnli, where not every system was scored" in text


def test_without_tests_of_all_pairs_nothing_is_bold(tmp_path: Path) -> None:
    found = filled(make_study(tmp_path, SYSTEMS, NAMES, tested=False), "{{ scores_table() }}", tmp_path)
    assert {claim.arguments["system"] for claim in found.claims} == {"full"}
    assert "Not all pairs were compared on sst2 and cola" in found.text


def test_one_seed_is_said_to_be_about_models(tmp_path: Path) -> None:
    text = filled(make_study(tmp_path, SYSTEMS, NAMES, seeds=1), "{{ scores_table() }}", tmp_path).text
    assert "With one seed, as on sst2 and cola, tests are about the trained models." in text
    assert "standard deviation" not in text


CLAIM = '{{% call claim("unbeaten", system="lora", experiment="{experiment}") %}}{words}{{% endcall %}}'


@pytest.mark.parametrize(
    "words", ["On sst2, lora is best by far", "On cola too, lora loses to none", "Neither full nor lora loses on sst2"]
)
def test_an_unbeaten_system_is_not_the_best(words: str, root: Path, tmp_path: Path) -> None:
    text = CLAIM.format(experiment="sst2", words=words)
    assert "misworded claim" in {finding.kind for finding in findings(root, f"{text}.\n", tmp_path)}


@pytest.mark.parametrize(
    "bold",
    [
        '**{{ value("study.bag-of-words.sst2.score") }}**',
        '**The best, {{ value("study.lora.sst2.score") }}.**',
        CLAIM.format(experiment="cola", words='**{{ value("study.lora.sst2.score") }}**'),
        "**{{ value('study.full.average_score') }}**",
    ],
)
def test_bold_by_hand_is_a_finding(bold: str, root: Path, tmp_path: Path) -> None:
    assert "bold score" in {finding.kind for finding in findings(root, f"See {bold}\n", tmp_path)}


def test_bold_that_is_claimed_is_none(root: Path, tmp_path: Path) -> None:
    text = CLAIM.format(experiment="sst2", words='**{{ value("study.lora.sst2.score") }}**')
    assert "bold score" not in {finding.kind for finding in findings(root, f"It is {text}\n", tmp_path)}
    false = text.replace("lora", "bag-of-words")
    assert "false claim" in {finding.kind for finding in findings(root, f"It is {false}\n", tmp_path)}


BEATS = (
    '{{% call claim("beats", a="full", b="bag-of-words", split="test", experiment="{name}") %}}{words}{{% endcall %}}\n'
)


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("sst2", "On sst2, full beats the bag of words on the test split.", set()),
        ("sst2", "Full beats the bag of words on the test split.", {"misworded claim"}),
        ("sst2", "On cola, full beats the bag of words on the test split.", {"misworded claim"}),
        ("sst2", "On sst2 and cola, full beats the bag of words on the test split.", {"misworded claim"}),
        ("sst2", "On sst2, the bag of words beats full on the test split.", {"misworded claim"}),
    ],
)
def test_a_claim_about_an_experiment_names_it(
    name: str, words: str, expected: set[str], root: Path, tmp_path: Path
) -> None:
    assert {finding.kind for finding in findings(root, BEATS.format(name=name, words=words), tmp_path)} == expected


def test_a_value_of_another_experiment_is_a_finding(root: Path, tmp_path: Path) -> None:
    text = 'On {name}, full reaches {{{{ value("study.full.sst2.score") }}}} on the test split.\n'
    assert findings(root, text.format(name="sst2"), tmp_path) == []
    kinds = {finding.kind for finding in findings(root, text.format(name="cola"), tmp_path)}
    assert kinds == {"value of another"}
    other = text.format(name="sst2").replace("full reaches", "lora reaches")
    assert {finding.kind for finding in findings(root, other, tmp_path)} == {"value of another"}


def test_claims_of_ranks(wide: Path, root: Path) -> None:
    found = study_evidence(wide)
    assert judge("outranks", {"a": "full", "b": "bag-of-words"}, found).holds
    assert not judge("outranks", {"a": "bag-of-words", "b": "full"}, found).holds
    undecided = judge("outranks", {"a": "full", "b": "lora"}, found)
    assert not undecided.holds
    assert "do not tell the ranks of full and lora apart" in undecided.allowed
    with pytest.raises(UserError, match="5 data sets at least"):
        judge("outranks", {"a": "full", "b": "lora"}, study_evidence(root))


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("beats", {"a": "full", "b": "lora", "split": "test"}, "about one experiment; say which"),
        (
            "beats",
            {"a": "full", "b": "lora", "split": "test", "experiment": "sts2"},
            "no experiment 'sts2'; the nearest",
        ),
        ("unbeaten", {"system": "full", "experiment": "mrpc"}, "no score of 'full' on 'mrpc'"),
        ("largest", {"key": "study.full.average_score", "among": ["study.lora.average_score"]}, "is a model's score"),
        ("largest", {"key": "study.full.average_rank", "among": ["study.lora.average_rank"]}, "is a model's score"),
    ],
)
def test_claims_that_cannot_be_made(kind: str, arguments: dict[str, Any], said: str, root: Path) -> None:
    with pytest.raises(UserError, match=said):
        judge(kind, arguments, study_evidence(root))


def test_a_report_of_one_experiment_has_no_such_table(folder: Path) -> None:
    found = evidence_of_experiment(folder)
    with pytest.raises(UserError, match="this report is of one experiment"):
        judge("beats", {"a": "x", "b": "y", "experiment": "sst2"}, found)
