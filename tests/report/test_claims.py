"""Each kind of claim: a case in which it holds and one in which it does not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.report.claims import judge
from finetune_report.report.results import Evidence, common_onset, onset
from finetune_report.report.values import Value
from finetune_report.stats.multiple_testing import Comparison, Family
from tests.support.evidence import evidence, make_results

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"))


@pytest.fixture
def found(folder: Path) -> Evidence:
    return evidence(folder)


ACCURACY = [f"runs.{name}.validation.accuracy" for name in ("baseline", "milder", "small-batch")]


@pytest.mark.parametrize(
    ("kind", "arguments", "holds"),
    [
        ("best_epoch_before", {"run": "baseline", "epoch": 3}, True),
        ("best_epoch_before", {"run": "baseline", "epoch": 2}, False),
        ("best_epoch_before", {"run": "baseline", "epoch": "runs.milder.best_epoch"}, True),
        ("overfits_from", {"run": "baseline", "epoch": 3}, True),
        ("overfits_from", {"run": "baseline", "epoch": 4}, False),
        ("overfits_from", {"run": "small-batch", "epoch": 4}, False),
        ("beats", {"a": "small-batch", "b": "baseline"}, True),
        ("beats", {"a": "baseline", "b": "small-batch"}, False),
        ("beats", {"a": "milder", "b": "baseline"}, False),
        ("beats", {"a": "small-batch", "b": "baseline", "metric": "loss"}, True),
        ("beats", {"a": "baseline", "b": "small-batch", "metric": "loss"}, False),
        ("differ", {"a": "baseline", "b": "small-batch"}, True),
        ("differ", {"a": "baseline", "b": "milder"}, False),
        ("no_difference", {"a": "baseline", "b": "milder"}, True),
        ("no_difference", {"a": "baseline", "b": "small-batch"}, False),
        ("largest", {"key": ACCURACY[2], "among": ACCURACY}, True),
        ("largest", {"key": ACCURACY[0], "among": ACCURACY}, False),
        ("largest", {"key": ACCURACY[2], "among": [*ACCURACY, "winner.validation.accuracy"]}, False),  # a tie
        ("at_least", {"key": ACCURACY[2], "x": 0.9}, True),
        ("at_least", {"key": ACCURACY[2], "x": 0.91}, False),
        ("at_least", {"key": ACCURACY[2], "x": ACCURACY[0]}, True),
        ("at_most", {"key": ACCURACY[0], "x": 0.75}, True),
        ("at_most", {"key": ACCURACY[0], "x": 0.74}, False),
        ("monotone", {"keys": ACCURACY, "direction": "rising"}, True),
        ("monotone", {"keys": ACCURACY[::-1], "direction": "rising"}, False),
        ("monotone", {"keys": [3, 2, 2], "direction": "falling"}, False),
    ],
)
def test_claims_are_judged_by_the_results(found: Evidence, kind: str, arguments: dict[str, Any], holds: bool) -> None:
    assert judge(kind, arguments, found).holds is holds


def test_a_false_comparison_says_what_the_data_allow(found: Evidence) -> None:
    verdict = judge("beats", {"a": "baseline", "b": "small-batch"}, found)
    assert verdict.allowed == "small-batch beats baseline by validation accuracy"
    assert verdict.difference == pytest.approx(-0.15)
    assert verdict.interval is not None
    assert verdict.interval[0] < -0.15 < verdict.interval[1] < 0
    assert judge("beats", {"a": "milder", "b": "baseline"}, found).allowed.startswith("no difference")


@pytest.mark.parametrize(("p", "holds"), [(0.0499, True), (0.05, False)])
def test_a_confidence_that_is_off(found: Evidence, p: float, holds: bool) -> None:
    known = Value("calibration.p", p, "p", None, "calibration.json", "/p")
    verdict = judge("miscalibrated", {}, replace(found, values=found.values | {known.key: known}))
    assert (verdict.holds, verdict.p) == (holds, p)
    with pytest.raises(UserError, match=r"calibration\.p"):
        judge("miscalibrated", {}, found)


def test_a_correction_can_undo_a_claim(found: Evidence) -> None:
    def comparison(a: str, b: str, p: float) -> Comparison:
        return Comparison(a, b, "accuracy", "exact McNemar", 200, 1, 0.05, (0.01, 0.1), p)

    family = Family([comparison("baseline", "milder", 0.03), comparison("baseline", "small-batch", 0.5)])
    given = replace(found, family=family)
    claim = ("differ", {"a": "baseline", "b": "milder"}, given)
    assert judge(*claim).holds
    judge("differ", {"a": "baseline", "b": "small-batch"}, given)
    family.settle()
    assert judge(*claim).p == pytest.approx(0.06)
    assert not judge(*claim).holds


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("beat", {}, "nearest are beats"),
        ("beats", {"a": "baseline"}, "takes a, b, metric"),
        ("beats", {"a": "baseline", "b": "smal-batch"}, "nearest are small-batch"),
        ("beats", {"a": "baseline", "b": "milder", "metric": "f1"}, "accuracy, loss"),
        ("at_least", {"key": "winner.name", "x": 1}, "is a text"),
        ("at_least", {"key": "winner.nam", "x": 1}, "winner.name"),
        ("monotone", {"keys": [1, 2], "direction": "up"}, "rising"),
        ("monotone", {"keys": [1], "direction": "rising"}, "two values"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(
    found: Evidence, kind: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        judge(kind, arguments, found)


def curve(train: list[float], validation: list[float]) -> list[dict[str, float]]:
    return [
        {"epoch": epoch, "train_loss": loss, "validation_loss": other}
        for epoch, (loss, other) in enumerate(zip(train, validation, strict=True), start=1)
    ]


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [
        ([5, 4, 3, 2], [4, 3, 5, 6], 3),
        ([5, 4, 3, 2], [4, 3, 2, 1], None),  # the validation loss falls to the end
        ([5, 4, 5, 2], [4, 3, 5, 6], None),  # the training loss does not go on falling
        ([5, 4, 3, 2], [4, 3, 3, 6], 4),  # the last of equal minima
        ([5, 4, 3, 2], [3, 4, 5, 6], 2),
    ],
)
def test_overfitting_starts_after_the_lowest_validation_loss(
    train: list[float], validation: list[float], expected: int | None
) -> None:
    assert onset(curve(train, validation)) == expected


def test_seeds_overfit_together_from_the_latest_on() -> None:
    early, late, never = (curve([5, 4, 3, 2], rest) for rest in ([3, 4, 5, 6], [4, 3, 5, 6], [4, 3, 2, 1]))
    assert common_onset({1: early, 2: late}) == 3
    assert common_onset({1: early, 2: never}) is None


def test_the_onset_and_comparisons_can_be_cited(found: Evidence) -> None:
    assert found.number("overfitting.baseline.from_epoch") == 3
    assert not found.has("overfitting.small-batch.from_epoch")
    assert found.number("comparison.milder.baseline.difference") == pytest.approx(0.01)
    assert found.number("comparison.baseline.milder.difference") == pytest.approx(-0.01)
    assert found.number("comparison.baseline.milder.p") == pytest.approx(0.5)
    assert found.value("comparison.baseline.milder.loss.difference").source == "comparisons.json"
    assert found.has("comparison.baseline.milder.loss.p")
    assert not found.has("comparison.baseline.baseline.p")
