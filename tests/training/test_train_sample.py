"""A sample stands for the training split in the curve, and for nothing else."""

from pathlib import Path

from finetune_report.cli.recomputing import history_complaints
from finetune_report.files import read_json, write_json
from finetune_report.model.batching import fixed_sample
from finetune_report.model.evaluation import evaluate
from finetune_report.runtime.signals import Stopped
from finetune_report.training.loop import Run
from tests.support.models import make_run

import pandas as pd
import plot_curves
import pytest
import torch
from matplotlib import pyplot


def same_weights(one: Run, other: Run) -> bool:
    found = other.model.state_dict()
    return all(torch.equal(weight, found[name]) for name, weight in one.model.state_dict().items())


def test_a_sample_is_drawn_once_and_holds_no_example_twice() -> None:
    places = fixed_sample(100, 10)
    assert places.tolist() == sorted(set(places.tolist())) == fixed_sample(100, 10).tolist()
    assert len(places) == 10
    assert set(places) < set(fixed_sample(100, 20))
    assert fixed_sample(5, 5).tolist() == fixed_sample(5, 6).tolist() == [0, 1, 2, 3, 4]


def test_the_sample_changes_the_training_curve_alone(tmp_path: Path) -> None:
    whole, sampled = make_run(tmp_path / "whole"), make_run(tmp_path / "sampled", train_sample=10)
    expected, found = whole.train(), sampled.train()
    assert same_weights(whole, sampled)
    assert [row["validation"] for row in expected.epochs] == [row["validation"] for row in found.epochs]
    assert [row["train"]["count"] for row in found.epochs] == [10, 10, 10]
    last = evaluate(sampled.forward, sampled.train_set.subset(fixed_sample(40, 10))).summary()
    assert found.best_epoch.epoch == 3
    assert found.epochs[-1]["train"] == last


def test_the_best_epoch_is_evaluated_on_the_whole_split(tmp_path: Path) -> None:
    whole, sampled = make_run(tmp_path / "whole"), make_run(tmp_path / "sampled", train_sample=10)
    whole.train(), sampled.train()
    assert sampled.train_scores() == whole.train_scores() == whole.state.best_epoch.train
    assert sampled.train_scores()["count"] == 40


def test_none_of_the_training_split_need_be_evaluated(tmp_path: Path) -> None:
    run = make_run(tmp_path, train_sample=0)
    run.train()
    assert run.train_scores() == make_run(tmp_path / "whole").train().best_epoch.train


def test_a_run_with_a_sample_goes_on_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = make_run(tmp_path / "whole", train_sample=10)
    expected.train()
    broken = make_run(tmp_path / "broken", train_sample=10)
    step = broken.train_step

    def step_then_stop(batch: object) -> None:
        step(batch)
        broken.stop_asked = "by the test" if broken.state.step == 9 else ""

    monkeypatch.setattr(broken, "train_step", step_then_stop)
    with pytest.raises(Stopped):
        broken.train()
    resumed = make_run(tmp_path / "broken", train_sample=10)
    resumed.train()
    assert same_weights(resumed, expected)
    assert resumed.state.epochs == expected.state.epochs
    assert resumed.train_scores() == expected.train_scores()


@pytest.mark.parametrize(
    ("in_history", "in_metrics", "complaints"),
    [(None, None, 1), (10, 10, 0), (10, None, 2), (20, 10, 1)],
    ids=["of all, the curve differs", "of a sample, it may", "not said", "another one"],
)
def test_a_history_has_the_sample_that_the_metrics_name(
    tmp_path: Path, in_history: int | None, in_metrics: int | None, complaints: int
) -> None:
    validation = {"loss": 0.5, "accuracy": 0.8}
    row = {"epoch": 1, "train_loss": 0.4, "train_accuracy": 0.9, "train_sample": in_history}
    row |= {f"validation_{name}": score for name, score in validation.items()}
    pd.DataFrame([row]).to_csv(tmp_path / "history.csv", index=False)
    train = {"loss": 0.4, "accuracy": 0.95}
    facts = {"best_epoch": 1, "epochs_run": 1, "train": train, "validation": validation, "train_sample": in_metrics}
    write_json(tmp_path / "metrics.json", facts)
    found = list(history_complaints(tmp_path, read_json(tmp_path / "metrics.json"), "accuracy"))
    assert len(found) == complaints, found


@pytest.mark.parametrize(("sampled", "label"), [(10.0, "training (a sample of 10)"), (None, "training")])
def test_the_figure_says_what_is_a_sample(sampled: float | None, label: str) -> None:
    table = pd.DataFrame({"seed": 1, "epoch": [1, 2], "train_loss": 0.5, "validation_loss": 0.6, "best": [0, 1]})
    figure, axes = pyplot.subplots()
    plot_curves.draw(axes, table.assign(train_sample=pd.to_numeric(pd.Series([sampled] * 2))), "loss")
    assert axes.get_legend_handles_labels()[1][0] == label
    pyplot.close(figure)
