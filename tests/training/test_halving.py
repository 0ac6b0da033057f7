"""Successive halving: who goes on, worked out by hand, and runs that stop at a rung as if they had always meant to."""

from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.training.halving import best_so_far, decide, places, pruned_at
from tests.support.configs import minimal
from tests.support.models import few_examples, make_run

import finetune
import pytest
import torch
from prune_settings import main as prune_settings
from select_setting import main as select_setting
from summarise_sweep import main as summarise_sweep


def scores(accuracy: float, loss: float = 0.5) -> dict[str, Any]:
    return {
        "accuracy": accuracy,
        "balanced_accuracy": accuracy,
        "loss": loss,
        "macro_f1": accuracy,
        "matthews": 0.0,
        "calibration_error": 0.1,
    }


# Means over two seeds: base 0.5, a 0.7, b 0.6, c 0.7 with a higher loss, d 0.2.
FIVE = {
    "base": [scores(0.4), scores(0.6)],
    "a": [scores(0.9), scores(0.5)],
    "b": [scores(0.6), scores(0.6)],
    "c": [scores(0.7, 0.6), scores(0.7, 0.6)],
    "d": [scores(0.3, 0.1), scores(0.1, 0.1)],
}


def test_the_better_ones_by_mean_go_on_and_the_baseline_whatever_its_rank() -> None:
    found = decide(FIVE, keep=0.5, metric="accuracy", baseline="base")
    assert {name: row["rank"] for name, row in found.items()} == {"a": 1, "c": 2, "b": 3, "base": 4, "d": 5}
    assert [name for name, row in found.items() if row["goes_on"]] == ["a", "c", "base"]
    assert found["b"]["mean"] == 0.6
    assert found["b"]["why"] == "rank 3 of 5, of which the first 2 go on"
    assert found["base"]["why"] == "rank 4 of 5, of which the first 2 go on; the baseline goes on whatever its rank"


def test_a_lower_loss_is_the_better_one() -> None:
    found = decide(FIVE, keep=0.2, metric="loss", baseline="d")
    assert [name for name, row in found.items() if row["goes_on"]] == ["d"]
    assert list(found)[-1] == "c"


def test_of_equal_settings_the_first_in_the_config_goes_on() -> None:
    same = {name: [scores(0.5)] for name in ("base", "z", "a", "m")}
    found = decide(same, keep=0.5, metric="accuracy", baseline="base")
    assert list(found) == ["base", "z", "a", "m"]
    assert [row["goes_on"] for row in found.values()] == [True, True, False, False]


@pytest.mark.parametrize(
    ("count", "keep", "kept"), [(5, 0.5, 2), (4, 0.5, 2), (1, 0.5, 1), (9, 0.1, 1), (100, 0.29, 29), (3, 0.99, 2)]
)
def test_a_share_is_rounded_down_but_one_is_kept(count: int, keep: float, kept: int) -> None:
    assert places(count, keep) == kept


def test_a_run_counts_with_the_best_of_its_epochs_so_far() -> None:
    rows = [
        {"epoch": epoch, "validation": scores(accuracy)} for epoch, accuracy in ((1, 0.5), (2, 0.7), (3, 0.7), (4, 0.9))
    ]
    assert [best_so_far(rows, until, "accuracy")["epoch"] for until in (1, 2, 3, 4)] == [1, 2, 2, 4]


def write_results(folder: Path, rung: int, rows: dict[str, dict[str, Any]]) -> list[Path]:
    paths = [folder / f"rungs/{rung}/{name}-seed1.json" for name in rows]
    for path, (name, row) in zip(paths, rows.items(), strict=True):
        write_json(path, {"setting": name, "seed": 1} | row)
    return paths


def test_a_rung_ranks_who_came_this_far_and_remembers_who_fell_before(tmp_path: Path) -> None:
    accuracies = {"base": 0.5, "a": 0.9, "b": 0.8, "c": 0.1}
    paths = write_results(tmp_path, 1, {name: {"validation": scores(share)} for name, share in accuracies.items()})
    first, second = tmp_path / "rungs/1.json", tmp_path / "rungs/2.json"
    prune_settings(paths, [], first, rung=1, epochs=2, keep=0.5, metric="accuracy")
    assert read_json(first)["pruned"] == {"c": {"rung": 1, "epochs": 2}}
    assert (read_json(first)["entered"], read_json(first)["places"], read_json(first)["gone_on"]) == (4, 2, 3)
    rows = {name: {"validation": scores(share)} for name, share in {"base": 0.6, "a": 0.7, "b": 0.8}.items()}
    paths = write_results(tmp_path, 2, rows | {"c": {"pruned": {"rung": 1, "epochs": 2}}})
    prune_settings(paths, [first], second, rung=2, epochs=4, keep=0.5, metric="accuracy")
    assert read_json(second)["pruned"] == {"c": {"rung": 1, "epochs": 2}, "a": {"rung": 2, "epochs": 4}}
    assert {name: row["rank"] for name, row in read_json(second)["settings"].items()} == {"b": 1, "a": 2, "base": 3}
    assert pruned_at([second], "a") == {"rung": 2, "epochs": 4}
    assert pruned_at([second], "b") is None
    assert pruned_at([], "a") is None


def test_a_run_to_a_rung_is_the_beginning_of_the_whole_run(tmp_path: Path) -> None:
    whole = make_run(tmp_path / "whole")
    expected = whole.train()
    first = make_run(tmp_path / "parts")
    assert first.train(1).history == expected.history[:1]
    second = make_run(tmp_path / "parts")
    steps, step = [], second.train_step
    second.train_step = lambda batch: (steps.append(second.state.step), step(batch))  # type: ignore[method-assign]
    assert second.train().history == expected.history
    assert steps[0] == first.batches_per_epoch  # nothing was trained twice
    assert second.state.epochs == expected.epochs
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name]), name


def test_a_run_that_went_further_can_be_had_as_it_was_at_a_rung(tmp_path: Path) -> None:
    expected = make_run(tmp_path / "short")
    expected.train(1)
    run = make_run(tmp_path / "long")
    run.train()
    again = make_run(tmp_path / "long", last_epoch=1)
    state = again.train(1)
    assert (state.epoch, state.step) == (1, expected.state.step)
    assert state.best_epoch.epoch == 1
    for name, weight in expected.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name
    further = make_run(tmp_path / "long")
    further.train_step = None  # type: ignore[assignment,method-assign]  # its last checkpoint is still there
    assert further.train().history == run.state.history


def test_a_pruned_run_says_when_and_is_not_called_failed(tmp_path: Path) -> None:
    state = make_run(tmp_path).train(1)
    state.best_epoch.validation["correct"] = 0
    held_out = few_examples(20, seed=1)
    found = finetune.results(state, held_out, ["no", "yes"], {"rung": 1, "epochs": 1})
    assert finetune.results(state, held_out, ["no", "yes"])["status"] == "failed"
    assert "pruned" not in finetune.results(state, held_out, ["no", "yes"])
    assert (found["status"], found["pruned"], found["epochs_run"]) == ("pruned", {"rung": 1, "epochs": 1}, 1)
    state.diverged = {"epoch": 1, "step": 1}
    assert finetune.results(state, held_out, ["no", "yes"], {"rung": 1, "epochs": 1})["status"] == "diverged"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three settings, of which the pruned one would be the best; one run of another failed."""
    given = {"base": (0.7, "trained"), "cut": (0.9, "pruned"), "lost": (0.5, "failed")}
    rows = []
    for name, (accuracy, status) in given.items():
        pruned = {"pruned": {"rung": 1, "epochs": 1}} if status == "pruned" else {}
        facts = {"setting": name, "seed": 1, "best_epoch": 1, "status": status}
        facts |= dict.fromkeys(("train", "validation"), scores(accuracy) | {"correct": 5, "count": 9})
        rows.append(facts | pruned)
    write_json(tmp_path / "runs.json", rows)
    return tmp_path / "runs.json"


def test_a_pruned_setting_is_not_selected(tmp_path: Path, runs: Path) -> None:
    select_setting(runs, tmp_path / "selection.json", ["base", "cut", "lost"], [], [1], "accuracy")
    found = read_json(tmp_path / "selection.json")
    assert found["winner"] == "base"
    assert [run["status"] for run in found["runs"]] == ["trained", "pruned", "failed"]
    assert found["rule"].endswith("; settings that were pruned took no part")


def test_the_account_of_a_sweep_adds_up(tmp_path: Path, runs: Path) -> None:
    summarise_sweep(
        runs,
        [],
        tmp_path / "sweep.json",
        tmp_path / "hyperparam.csv",
        tmp_path / "expected.csv",
        tmp_path / "values/summarise_sweep.json",
        "try",
        ["base", "cut", "lost"],
        ["base"],
        ["gone"],
        [1],
        {"out": "too slow"},
        "accuracy",
    )
    found = read_json(tmp_path / "sweep.json")
    counts = {name: found[name] for name in ("finished", "pruned", "failed", "excluded", "missing")}
    assert counts == {"finished": 1, "pruned": 1, "failed": 1, "excluded": 1, "missing": 1}
    assert found["planned"]["runs"] == sum(counts.values())
    assert found["pruned_settings"] == 1
    assert found["shown"] == ["base", "lost", "cut"]
    assert found["failed_runs"] == [{"setting": "lost", "seed": 1}]


MISTAKES = [
    ({"rungs": [2, 1]}, "halving.rungs: found [2, 1]; the epochs must rise"),
    (
        {"rungs": [1, 3]},
        "halving.rungs: found [1, 3]; the setting 'other' ends after epoch 3, and every rung must come before that",
    ),
    ({"rungs": [1], "keep": 1}, "halving.keep: found 1; must be less than 1"),
    ({"rungs": [0]}, "halving.rungs[0]: found 0; must be at least 1"),
]


@pytest.mark.parametrize(("halving", "line"), MISTAKES, ids=[line[:50] for _, line in MISTAKES])
def test_rungs_rise_and_come_before_the_end(halving: dict[str, Any], line: str) -> None:
    settings = [{"name": "baseline"}, {"name": "other", "epochs": 3}, {"name": "out", "epochs": 1, "excluded": "no"}]
    assert complete(minimal(settings=settings, halving={"rungs": [1, 2]}))["halving"] == {"rungs": [1, 2], "keep": 0.5}
    with pytest.raises(UserError) as error:
        complete(minimal(settings=settings, halving=halving))
    assert f"\n  {line}" in str(error.value)
