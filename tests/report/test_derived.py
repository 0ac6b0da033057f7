"""Values made of two others: their number, their interval, their digits, and what they are of."""

from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.report.derived import derived, operands
from finetune_report.report.findings import check_document
from finetune_report.report.rendering import parse
from finetune_report.report.results import Evidence
from finetune_report.report.values import Value
from tests.support.evidence import evidence, filled_in

import pytest

SMALL, BASE, MILDER = (f"runs.{name}.validation.accuracy" for name in ("small-batch", "baseline", "milder"))


@pytest.fixture
def found(folder: Path) -> Evidence:
    return evidence(folder)


def test_the_difference_of_a_declared_pair_has_its_interval_both_ways_round(found: Evidence) -> None:
    for a, b in ((SMALL, BASE), (BASE, SMALL)):
        one, other = a.split(".")[1], b.split(".")[1]
        declared = found.value(f"comparison.{one}.{other}.difference")
        value = derived("difference", a, b, found)
        assert value.value == pytest.approx(declared.value)
        assert value.interval == declared.interval
        assert (declared.source, declared.pointer) in value.origins
    assert derived("difference", "winner.validation.accuracy", BASE, found).interval is not None


def test_without_a_declared_comparison_there_is_no_interval(found: Evidence) -> None:
    assert derived("difference", SMALL, MILDER, found).interval is None  # exploratory
    assert derived("ratio", SMALL, BASE, found).interval is None
    changed = found.values | {SMALL: Value(SMALL, 0.5, "accuracy", (0.4, 0.6), "x.json", "/x")}
    other = Evidence(changed, found.settings, found.labels, found.selection, found.curves)
    assert derived("difference", SMALL, BASE, other).interval is None  # not the number that was compared


def test_a_share_of_right_answers_has_the_interval_of_the_accuracy(found: Evidence) -> None:
    stem = "winner.test"
    known = {
        f"{stem}.correct": Value(f"{stem}.correct", 18, "count", None, "t.json", "/correct"),
        f"{stem}.count": Value(f"{stem}.count", 20, "count", None, "t.json", "/count"),
        f"{stem}.accuracy": Value(f"{stem}.accuracy", 0.9, "accuracy", (0.7, 0.97), "t.json", "/accuracy"),
    }
    found.values.update(known)
    assert derived("share", f"{stem}.correct", f"{stem}.count", found).interval == (0.7, 0.97)
    assert derived("share", f"{stem}.correct", "data.train.rows", found).interval is None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (f'difference("{SMALL}", "{BASE}")', "0.15"),
        (f'difference("{SMALL}", "{MILDER}", points=True)', "14"),
        (f'ratio("{SMALL}", "{BASE}")', "1.2"),
        ('ratio("runs.baseline.batch_size", "runs.small-batch.batch_size")', "4"),
        ('difference("runs.baseline.batch_size", "runs.small-batch.batch_size")', "15"),
        ('share("runs.small-batch.batch_size", "runs.baseline.batch_size", percent=True)', "25%"),
        ('change("runs.baseline.batch_size", "runs.small-batch.batch_size", percent=True)', "−75%"),
        ('ratio("data.train.rows", "runs.baseline.batch_size", digits=1)', "617.2"),
    ],
)
def test_they_are_printed_with_the_digits_that_their_inputs_support(folder: Path, call: str, text: str) -> None:
    assert [citation.text for citation in filled_in(folder, f"So {{{{ {call} }}}} it is.").citations] == [text]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (f'difference("{SMALL}", "runs.baseline.batch_size")', "two kinds, accuracy and count"),
        (f'share("{SMALL}", "{BASE}")', "a part and its whole"),
        ('ratio("winner.name", "data.train.rows")', "is a text"),
        (f'ratio("{SMALL}", "runs.baseline.validation.acuracy")', "nearest"),
        (f'ratio("{SMALL}", "{BASE}", interval=True)', "has no interval"),
    ],
)
def test_what_cannot_be_made_is_refused(folder: Path, call: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        filled_in(folder, f"So {{{{ {call} }}}}.")


def test_they_belong_to_their_words(folder: Path) -> None:
    def kinds(text: str) -> list[str]:
        given = filled_in(folder, text)
        path = folder / "given.md"
        return [finding.kind for finding in check_document(parse(given.text, path), given, path).findings]

    apart = f'{{{{ difference("{SMALL}", "{BASE}", interval=True) }}}}'
    assert kinds(f"`small-batch` and `baseline` are {apart} apart.") == []
    assert kinds(f"`milder` is {apart} away.") == ["value of another"]
    assert kinds(f"On the test set they are {apart} apart.") == ["value of another"]


def test_keys_with_odd_names_are_taken_apart() -> None:
    odd = r'slices.title."Dr. X, \"a, b\")".count'
    assert operands(f"ratio({odd}, {odd})") == ("ratio", odd, odd)
    for none in ("runs.a.b", "ratio(a.b)", "ratios(a, b)", "ratio(a, b), c)"):
        assert operands(none) is None
