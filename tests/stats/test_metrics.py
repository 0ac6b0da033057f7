"""Metrics against scikit-learn and by hand, and which of two results is the better one."""

import tracemalloc

from finetune_report.config.json_schema import SCHEMA, read_schema
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.metrics import (
    METRICS,
    Margins,
    Outcome,
    balanced_accuracy_of,
    by_class,
    intervals,
    macro_f1_of,
    margins,
    matthews_of,
    measured,
)
from finetune_report.stats.selection import sort_key

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    log_loss,
    matthews_corrcoef,
    recall_score,
)


def drawn(classes: int, count: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unbalanced labels, and probabilities that favour the true class."""
    chance = np.random.default_rng(seed)
    labels = np.minimum(chance.geometric(0.3, size=count) - 1, classes - 1)
    probabilities = chance.dirichlet(np.ones(classes), size=count)
    probabilities[np.arange(count), labels] += 0.5 * chance.random(count)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3, 50])
def test_metrics_are_those_of_scikit_learn(classes: int) -> None:
    labels, probabilities = drawn(classes)
    predictions = probabilities.argmax(axis=1)
    losses = -np.log(probabilities[np.arange(len(labels)), labels])
    found = measured(Outcome(labels, predictions, probabilities, losses))
    assert found.keys() == METRICS.keys()
    assert found["accuracy"] == accuracy_score(labels, predictions)
    assert found["loss"] == pytest.approx(log_loss(labels, probabilities, labels=range(classes)))
    assert found["balanced_accuracy"] == pytest.approx(
        recall_score(labels, predictions, labels=np.unique(labels), average="macro")
    )
    assert found["macro_f1"] == pytest.approx(f1_score(labels, predictions, average="macro"))
    assert found["matthews"] == pytest.approx(matthews_corrcoef(labels, predictions))
    names = [f"class {number}" for number in range(classes)]
    report = classification_report(
        labels, predictions, labels=range(classes), target_names=names, output_dict=True, zero_division=0
    )
    for name, row in by_class(labels, predictions, names).items():
        assert row["precision"] == pytest.approx(report[name]["precision"])
        assert row["recall"] == pytest.approx(report[name]["recall"])
        assert row["f1"] == pytest.approx(report[name]["f1-score"])
        assert row["count"] == report[name]["support"]


@pytest.mark.parametrize("classes", [2, 3, 20])
def test_a_resampled_table_is_measured_as_scikit_learn_measures_it(classes: int) -> None:
    """The bootstrap's own arithmetic on many tables at once, against one table at a time."""
    samples = [drawn(classes, 60, seed) for seed in range(5)]
    pairs = [(labels, probabilities.argmax(axis=1)) for labels, probabilities in samples]
    matrices = np.array([confusion_matrix(*pair, labels=range(classes)) for pair in pairs], dtype=float)
    right = np.diagonal(matrices, axis1=1, axis2=2)
    tables = Margins(right, matrices.sum(axis=2), matrices.sum(axis=1))
    recalls = [recall_score(*pair, labels=np.unique(pair[0]), average="macro") for pair in pairs]
    assert balanced_accuracy_of(tables) == pytest.approx(recalls)
    assert macro_f1_of(tables) == pytest.approx([f1_score(*pair, average="macro") for pair in pairs])
    assert matthews_of(tables) == pytest.approx([matthews_corrcoef(*pair) for pair in pairs])


def test_matthews_of_a_constant_prediction_is_zero() -> None:
    assert matthews_of(margins([0, 0, 1, 1], [0, 0, 0, 0], np.ones((1, 4)))).tolist() == [0.0]


def test_intervals_of_hundreds_of_classes_take_little_memory() -> None:
    """A confusion matrix of 500 classes has a quarter of a million cells, and thousands of them are drawn."""
    labels, predictions = np.random.default_rng(1).integers(0, 500, (2, 5000))
    predictions[:4000] = labels[:4000]
    tracemalloc.start()
    low, high = intervals(labels, predictions)["macro_f1"]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert low < f1_score(labels, predictions, average="macro") < high
    assert most < 500e6


def test_intervals_hold_the_estimate_and_narrow_with_the_examples() -> None:
    widths = []
    for count in (100, 1600):
        labels, probabilities = drawn(3, count)
        predictions = probabilities.argmax(axis=1)
        low, high = intervals(labels, predictions)["matthews"]
        assert low < matthews_corrcoef(labels, predictions) < high
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.25)


def test_precision_and_recall_have_intervals_where_there_is_something_to_divide_by() -> None:
    rows = by_class(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]), ["a", "b", "c"])
    assert rows["a"]["precision_interval"] == wilson_interval(2, 4)
    assert rows["a"]["recall_interval"] == wilson_interval(2, 2)
    assert rows["b"]["precision_interval"] is None
    assert rows["b"]["recall_interval"] == wilson_interval(0, 2)
    assert rows["c"]["recall_interval"] is None


def test_a_metric_is_measured_where_the_outcome_has_what_it_needs() -> None:
    labels, predictions = np.array([0, 1, 1]), np.array([0, 1, 0])
    bare = measured(Outcome(labels, predictions))
    assert bare.keys() == {name for name, metric in METRICS.items() if metric.needs == "predictions"}
    assert bare["accuracy"] == 2 / 3


def test_the_config_may_select_by_every_metric() -> None:
    schema = read_schema(SCHEMA)
    assert schema["properties"]["selection_metric"]["enum"] == list(METRICS)


def test_settings_may_be_compared_by_every_metric_that_is_a_mean_over_examples() -> None:
    by = read_schema(SCHEMA)["properties"]["comparisons"]["properties"]["metric"]["enum"]
    assert by == [None, *(name for name, metric in METRICS.items() if metric.is_mean)]


def test_no_value_of_a_metric_lies_beyond_its_bounds() -> None:
    labels = np.array([0, 1, 1, 0])
    for predictions in (labels, 1 - labels, np.zeros(4, int)):
        chances = np.eye(2)[predictions]
        found = measured(Outcome(labels, predictions, chances, 9.0 * (predictions != labels)))
        assert all(METRICS[name].bounds[0] <= value <= METRICS[name].bounds[1] for name, value in found.items())


@pytest.mark.parametrize("metric", METRICS)
def test_the_better_value_comes_last_and_ties_are_broken(metric: str) -> None:
    worse = dict.fromkeys(METRICS, 0.5)
    better = worse | {metric: 0.6 if METRICS[metric].higher_is_better else 0.4}
    assert sort_key(better, metric) > sort_key(worse, metric)
    tied = worse | ({"accuracy": 0.6} if metric == "loss" else {"loss": 0.4})
    assert sort_key(tied, metric) > sort_key(worse, metric)
