"""How long an experiment will take: by its rows, its settings, and a few measured steps."""

from pathlib import Path
from typing import Any

from finetune_report.cli import duration
from finetune_report.cli.design import design_lines
from finetune_report.cli.duration import Job, data_warnings, line, makespan, shown, trained
from finetune_report.cli.rows import sampled_texts, split_rows
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.files import write_json
from finetune_report.training.pace import Pace
from tests.support.configs import write_splits
from tests.support.models import save_classifier

import pytest

PACE = Pace(startup=2.0, step=0.5, example=0.1, evaluated=0.01)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    write_splits(tmp_path, {"train": 500, "validation": 300, "test": 10})
    save_classifier(tmp_path / "model", ["some", "text"])
    settings = [{"name": "a", "batch_size": 10, "epochs": 4}, {"name": "b", "batch_size": 20, "epochs": 2}]
    return {
        "name": "try",
        "data": {"path": "data"},
        "model": {"path": "model"},
        "settings": settings,
        "max_length": 8,
    }


def test_rows_are_those_prepared_or_those_to_be_drawn(given: dict[str, Any], tmp_path: Path) -> None:
    assert split_rows(complete(given)) == {"train": 500, "validation": 300}
    (tmp_path / "data/validation.csv").unlink()
    carved = {"path": "data", "validation_fraction": 0.2}
    assert split_rows(complete(given | {"data": carved})) == {"train": 400, "validation": 100}
    assert split_rows(complete(given | {"data": carved | {"train_rows": 50}})) == {"train": 50, "validation": 100}
    rows = {"train": {"rows": 99}, "validation": {"rows": 77}}
    write_json(tmp_path / "results/try/data/summary.json", {"splits": rows})
    assert split_rows(complete(given)) == {"train": 99, "validation": 77}
    hub = complete(given | {"name": "other", "data": {"hub": {"name": "a/b"}}})
    assert split_rows(hub) is None
    assert sampled_texts(hub, 10) is None
    assert "plan again then" in "\n".join(design_lines(hub))
    assert "plan again then" in line(hub, [("finetune", {"setting": "a", "seed": "1"})], 2)


def test_a_run_takes_its_steps_its_examples_and_what_is_evaluated(given: dict[str, Any]) -> None:
    config = complete(given | {"train_sample": 100})
    rows = {"train": 500, "validation": 300}
    # 4 epochs of 50 steps, 500 examples and 400 evaluated ones; then all training examples once.
    setting = resolved_settings(config)["a"]
    assert trained(config, setting, ("finetune", {"setting": "a", "seed": "1"}), rows, PACE) == pytest.approx(
        4 * (50 * 0.5 + 500 * 0.1 + 400 * 0.01) + 500 * 0.01
    )
    half = trained(config, setting, ("train_fraction", {"percent": "50", "seed": "1"}), rows, PACE)
    assert half == pytest.approx(4 * (25 * 0.5 + 250 * 0.1 + 400 * 0.01) + 250 * 0.01)


def test_with_halving_a_setting_counts_by_the_share_that_goes_on(given: dict[str, Any]) -> None:
    whole = complete(given)
    halved = complete(given | {"halving": {"rungs": [1], "keep": 0.5}})
    rows = {"train": 500, "validation": 300}

    def epochs(config: dict[str, Any], *jobs: Job) -> float:
        after = 500 * PACE.evaluated * len(jobs)
        setting = resolved_settings(config)["a"]
        return (sum(trained(config, setting, job, rows, PACE) for job in jobs) - after) / PACE.epochs(1, 500, 10, 800)

    assert epochs(whole, ("finetune", {"setting": "a"})) == pytest.approx(4)
    jobs: tuple[Job, ...] = (("train_rung", {"setting": "a", "rung": "1"}), ("finetune", {"setting": "a"}))
    assert epochs(halved, *jobs) == pytest.approx(1 + 3 / 2)


@pytest.mark.parametrize(("slots", "expected"), [(1, 15), (2, 8), (3, 7), (9, 7)])
def test_long_jobs_start_first(slots: int, expected: float) -> None:
    assert makespan([2, 1, 7, 5], slots) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "5 seconds"),
        (62, "60 seconds"),
        (100, "2 minutes"),
        (5300, "88 minutes"),
        (9000, "2.5 hours"),
        (3e5, "3.5 days"),
    ],
)
def test_a_time_is_said_in_the_unit_that_people_use(seconds: float, expected: str) -> None:
    assert shown(seconds) == expected


def test_nothing_is_measured_where_nothing_is_trained(given: dict[str, Any]) -> None:
    assert duration.start(complete(given), [("render_write_up", {})], 2) is None


def test_a_few_steps_are_measured_and_the_answer_names_runs_and_steps(given: dict[str, Any]) -> None:
    jobs: list[Job] = [("finetune", {"setting": name, "seed": "1"}) for name in "ab"] + [("plot_curves", {})]
    said = line(complete(given), jobs, 2)
    assert "on 2 cores" in said
    assert "for 2 runs" in said
    assert "for 1 other step." in said


def test_a_model_that_does_not_know_the_script_is_warned_of_before_training(given: dict[str, Any]) -> None:
    Path("data/train.csv").write_text("text,label\n" + "some text,0\nsome some text,1\n" * 10)
    assert data_warnings(complete(given)) == []
    short = data_warnings(complete(given | {"max_length": 4}))  # with the special tokens
    assert any("longer than 4 tokens" in warning for warning in short)
    rows = "".join(f"这部电影 非常好看,{number % 2}\n" for number in range(20))
    Path("data/train.csv").write_text("text,label\n" + rows, encoding="utf-8")
    (warning,) = data_warnings(complete(given | {"max_length": 16}))
    assert "the model does not know 100% of the tokens" in warning
