"""Each kind of claim: a case in which it holds and one in which it does not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import read_json
from finetune_report.report.claims import judge
from finetune_report.report.results import Evidence, common_onset, onset
from finetune_report.report.values import Value, read_values
from tests.support.evidence import SETTINGS, compared, evidence, make_results
from tests.support.golden import GOLDEN

import pytest


@pytest.fixture
def found(folder: Path) -> Evidence:
    return evidence(folder)


@pytest.fixture(scope="module")
def one_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("one-seed"), seeds=(1,))


ACCURACY = "runs.small-batch.validation.accuracy"
BATCHES = [f"runs.{name}.batch_size" for name in ("small-batch", "milder", "baseline")]
RATES = [f"runs.{name}.learning_rate" for name in ("small-batch", "milder", "baseline")]


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
        ("beats", {"a": "small-batch", "b": "baseline", "metric": "accuracy"}, True),
        ("differ", {"a": "baseline", "b": "small-batch"}, True),
        ("differ", {"a": "baseline", "b": "milder"}, False),
        ("undecided", {"a": "baseline", "b": "milder"}, True),
        ("undecided", {"a": "baseline", "b": "small-batch"}, False),
        ("could_be_best", {"a": "small-batch"}, True),
        ("could_be_best", {"a": "baseline"}, False),
        ("largest", {"key": RATES[2], "among": RATES}, True),
        ("largest", {"key": RATES[0], "among": RATES}, False),
        ("largest", {"key": BATCHES[2], "among": BATCHES}, False),  # a tie
        ("at_least", {"key": BATCHES[2], "x": 20}, True),
        ("at_least", {"key": BATCHES[2], "x": 21}, False),
        ("at_least", {"key": BATCHES[2], "x": BATCHES[0]}, True),
        ("at_most", {"key": BATCHES[0], "x": 5}, True),
        ("at_most", {"key": BATCHES[0], "x": 4}, False),
        ("at_least", {"key": ACCURACY, "x": 0.8}, True),  # 180 of 200: 0.851 to 0.935
        ("at_least", {"key": ACCURACY, "x": 0.9}, False),  # the value is, its interval is not
        ("at_most", {"key": ACCURACY, "x": 0.95}, True),
        ("at_most", {"key": ACCURACY, "x": 0.9}, False),
        ("monotone", {"keys": RATES, "direction": "rising"}, True),
        ("monotone", {"keys": RATES[::-1], "direction": "rising"}, False),
        ("monotone", {"keys": [3, 2, 2], "direction": "falling"}, False),
    ],
)
def test_claims_are_judged_by_the_results(found: Evidence, kind: str, arguments: dict[str, Any], holds: bool) -> None:
    assert judge(kind, arguments, found).holds is holds


def test_a_false_comparison_says_what_the_data_allow(found: Evidence) -> None:
    verdict = judge("beats", {"a": "baseline", "b": "small-batch"}, found)
    assert verdict.allowed == "small-batch is ahead of baseline by validation accuracy"
    assert verdict.difference == pytest.approx(-0.15)
    assert verdict.interval is not None
    assert verdict.interval[0] < -0.15 < verdict.interval[1] < 0
    assert verdict.about == "settings"
    allowed = judge("beats", {"a": "milder", "b": "baseline"}, found).allowed
    assert allowed.startswith("the data do not decide between milder and baseline by validation accuracy")
    assert "in four of five cases" in allowed


@pytest.mark.parametrize(("p", "holds"), [(0.0499, True), (0.05, False)])
def test_a_confidence_that_is_off(found: Evidence, p: float, holds: bool) -> None:
    known = Value("calibration.p", p, "p", None, "calibration.json", "/p")
    verdict = judge("miscalibrated", {}, replace(found, values=found.values | {known.key: known}))
    assert (verdict.holds, verdict.p) == (holds, p)
    with pytest.raises(UserError, match=r"calibration\.p"):
        judge("miscalibrated", {}, found)


def test_one_seed_speaks_of_the_trained_models_alone(one_seed: Path) -> None:
    found = evidence(one_seed)
    pair = {"a": "small-batch", "b": "baseline"}
    for kind in ("beats", "differ"):
        with pytest.raises(UserError, match=r"trained with one seed.*model_beats"):
            judge(kind, pair, found)
    verdict = judge("model_beats", pair, found)
    assert verdict.holds
    assert verdict.about == "models"
    assert verdict.allowed.endswith("with one seed nothing is said of the settings")
    assert not judge("model_beats", {"a": "baseline", "b": "small-batch"}, found).holds
    assert judge("undecided", {"a": "milder", "b": "baseline"}, found).holds


def test_several_seeds_speak_of_settings(found: Evidence) -> None:
    with pytest.raises(UserError, match=r"several seeds; say claim\('beats'"):
        judge("model_beats", {"a": "small-batch", "b": "baseline"}, found)


def test_a_pair_that_was_not_declared_carries_no_claim(found: Evidence) -> None:
    assert found.text("comparison.milder.small-batch.outcome") == "exploratory"
    for kind in ("beats", "differ", "undecided"):
        with pytest.raises(UserError, match=r"no declared pair .each setting against the baseline, by validation acc"):
            judge(kind, {"a": "milder", "b": "small-batch"}, found)


def test_more_declared_comparisons_ask_for_more(tmp_path: Path) -> None:
    root = make_results(tmp_path / "three", pairs=[("small-batch", "baseline"), ("milder", "baseline")])
    before = evidence(root).number("comparison.milder.baseline.p")
    compared(root, pairs=[("milder", "baseline")])
    alone = read_json(root / "values/compare_settings.json")["comparison.milder.baseline.p"]["value"]
    assert alone < before < 2 * alone


def test_equivalence_needs_a_margin_that_was_declared(found: Evidence, tmp_path: Path) -> None:
    pair = {"a": "milder", "b": "baseline"}
    with pytest.raises(UserError, match=r"needs a margin.*comparisons\.margin"):
        judge("equivalent", pair, found)
    wide, narrow = (evidence(make_results(tmp_path / str(x), margin=x)) for x in (0.05, 0.02))
    assert judge("equivalent", pair, wide).holds
    assert judge("equivalent", pair, wide).allowed == (
        "milder and baseline are equivalent by validation accuracy, within a margin of 0.05"
    )
    assert not judge("undecided", pair, wide).holds
    assert not judge("equivalent", pair, narrow).holds
    assert judge("undecided", pair, narrow).holds


def test_by_loss_the_lower_one_is_ahead(tmp_path: Path) -> None:
    found = evidence(make_results(tmp_path / "loss", metric="loss"))
    assert judge("beats", {"a": "small-batch", "b": "baseline", "metric": "loss"}, found).holds
    assert found.number("comparison.small-batch.baseline.difference") < 0
    assert not judge("beats", {"a": "baseline", "b": "small-batch"}, found).holds


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("beat", {}, "nearest are beats"),
        ("beats", {"a": "baseline"}, "takes a, b, metric"),
        ("beats", {"a": "baseline", "b": "smal-batch"}, "nearest are small-batch"),
        ("beats", {"a": "baseline", "b": "milder", "metric": "loss"}, "comparisons are by accuracy, not by loss"),
        ("beats", {"a": "baseline", "b": "milder", "split": "train"}, "validation or test"),
        ("beats", {"a": "winner", "b": "majority", "split": "test"}, "not compared on the test split"),
        ("no_difference", {"a": "baseline", "b": "milder"}, r"claim\('undecided'"),
        ("largest", {"key": ACCURACY, "among": ["winner.validation.accuracy"]}, r"claim\('beats'"),
        ("at_least", {"key": ACCURACY, "x": "winner.validation.accuracy"}, r"claim\('beats'"),
        ("monotone", {"keys": [ACCURACY, "winner.validation.accuracy"], "direction": "rising"}, r"claim\('beats'"),
        ("largest", {"key": "comparison.milder.baseline.difference", "among": []}, r"claim\('beats'"),
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


@pytest.mark.parametrize(
    ("key", "refused"),
    [
        ("selection.score", True),
        ("selection.corrected", True),
        ("sweep.expected.2", True),  # of more settings the best is always larger
        ("sweep.pruned.milder.validation", True),
        ("test.confusion.negative.positive", True),
        ("errors.total", True),
        ("calibration.brier", True),
        ("calibration.confidence", True),
        ("reference.test.difference", True),
        ("learning_curve.1.validation.accuracy", True),
        ("runs.baseline.validation.loss.least", True),
        ("slice_tests.length.p", False),
        ("selection.place_by_loss", False),
        ("runs.baseline.batch_size", False),
        ("data.train.words.mean", False),
        ("heads.copying", False),
    ],
)
def test_no_score_is_compared_as_it_is_whatever_its_key(found: Evidence, key: str, refused: bool) -> None:
    """Of all that a real experiment publishes; `at_least` takes the interval of what has one."""
    real = replace(found, values=found.values | read_values(GOLDEN / "tiny/values.json"))
    for kind, arguments in (
        ("largest", {"key": key, "among": ["data.train.rows"]}),
        ("monotone", {"keys": [0, key], "direction": "rising"}),
    ):
        if refused:
            with pytest.raises(UserError, match="a model's score"):
                judge(kind, arguments, real)
        else:
            judge(kind, arguments, real)
    if refused and real.value(key).interval is None:
        with pytest.raises(UserError, match="needs an interval"):
            judge("at_least", {"key": key, "x": 0}, real)


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
    assert found.number("comparison.baseline.milder.p") == found.number("comparison.milder.baseline.p") > 0.05
    assert found.value("comparison.baseline.milder.p").source == "comparisons.json"
    assert not found.has("comparison.baseline.baseline.p")


@pytest.mark.parametrize(
    ("key", "instead"),
    [
        ("comparison.milder.baseline.loss.p", "comparisons.metric"),
        ("winner.validation.accuracy.over_seeds", "the interval of winner.validation.accuracy is over"),
        ("winner.validation.accuracy.min", "its name is winner.validation.accuracy.least"),
    ],
)
def test_a_key_of_an_earlier_version_is_answered_with_the_one_of_today(found: Evidence, key: str, instead: str) -> None:
    with pytest.raises(UserError, match=instead):
        found.value(key)


FALLING = {"run": "small-batch", "curve": "validation_loss"}  # 0.65, 0.55, 0.45, 0.40
TURNING = {"run": "baseline", "curve": "validation_loss"}  # 0.60, 0.50, 0.55, 0.62
RATE = "runs.{}.learning_rate"  # 1e-4, 1e-5 and 5e-5


@pytest.mark.parametrize(
    ("kind", "arguments", "holds"),
    [
        ("falls", FALLING, True),
        ("falls", TURNING, False),  # it turns
        ("falls", TURNING | {"since": 2}, False),
        ("rises", TURNING | {"since": 2}, True),
        ("rises", TURNING, False),
        ("rises", FALLING, False),
        ("plateaus", FALLING | {"since": 3, "within": 0.06}, True),
        ("plateaus", FALLING | {"since": 3, "within": 0.04}, False),
        ("plateaus", FALLING | {"since": 2, "within": 0.06}, False),
        ("ranks", {"key": RATE.format("milder"), "place": 2, "among": [RATE.format(name) for name in SETTINGS]}, True),
        ("ranks", {"key": RATE.format("milder"), "place": 1, "among": [RATE.format(name) for name in SETTINGS]}, False),
        (
            "ranks",  # it shares its place
            {"key": "runs.milder.batch_size", "place": 1, "among": [f"runs.{name}.batch_size" for name in SETTINGS]},
            False,
        ),
        ("most", {"part": "runs.baseline.batch_size", "whole": "data.train.rows"}, False),
        ("most", {"part": "runs.small-batch.best_epoch", "whole": "runs.small-batch.batch_size"}, True),  # 4 of 5
        ("most", {"part": "runs.baseline.best_epoch", "whole": "runs.small-batch.batch_size"}, False),  # 2 of 5
    ],
)
def test_curves_ranks_and_majorities(found: Evidence, kind: str, arguments: dict[str, Any], holds: bool) -> None:
    assert judge(kind, arguments, found).holds == holds


def test_half_is_no_majority(found: Evidence) -> None:
    assert not judge("most", {"part": "runs.baseline.best_epoch", "whole": "runs.small-batch.best_epoch"}, found).holds


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("plateaus", FALLING | {"since": 1, "within": 10}),
        ("best_epoch_before", {"run": "baseline", "epoch": 100}),
        ("most", {"part": "data.train.rows", "whole": "data.train.rows"}),
        ("largest", {"key": "data.train.rows", "among": ["data.train.rows"]}),
        ("ranks", {"key": "data.train.rows", "place": 1, "among": []}),
    ],
)
def test_a_claim_that_cannot_fail_is_refused(found: Evidence, kind: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="says nothing"):
        judge(kind, arguments, found)
