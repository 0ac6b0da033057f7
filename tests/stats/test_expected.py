"""The account of the sweep: every planned run is in it, and the expected best is published."""

from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.report.publishing import faults
from finetune_report.stats.metrics import METRICS

import pytest
from plot_expected import main as plot_expected
from summarise_sweep import main as summarise_sweep
from summarise_sweep import most_telling

ACCURACY = {("a", 1): 0.5, ("a", 2): 0.7, ("b", 1): 0.9, ("b", 2): 0.7}


def run_of(setting: str, seed: int, accuracy: float) -> dict[str, Any]:
    validation = dict.fromkeys(METRICS, 0.5) | {"accuracy": accuracy, "loss": 1 - accuracy, "correct": 5, "count": 9}
    return {"setting": setting, "seed": seed, "validation": validation, "train": validation, "status": "trained"}


def summary(folder: Path, **changes: Any) -> dict[str, Any]:
    write_json(folder / "runs.json", [run_of(*run, accuracy) for run, accuracy in ACCURACY.items()])
    given = {
        "name": "try",
        "settings": ["a", "b"],
        "named": ["a", "b"],
        "missing": [],
        "seeds": [1, 2],
        "excluded": {},
        "metric": "accuracy",
    } | changes
    return summarised(folder, **given)


def summarised(folder: Path, **given: Any) -> dict[str, Any]:
    """What summarise_sweep makes of the runs in a folder; it publishes what stands there."""
    tables = {"settings_table": folder / "tables/hyperparam.csv", "expected_table": folder / "tables/expected.csv"}
    values = folder / "values/summarise_sweep.json"
    summarise_sweep(folder / "runs.json", [], folder / "sweep.json", **tables, values=values, **given)
    assert list(faults(read_json(values), folder)) == []
    return read_json(folder / "sweep.json")


def test_every_planned_run_is_accounted_for(tmp_path: Path) -> None:
    found = summary(tmp_path, excluded={"c": "it does not fit into memory"})
    assert found["planned"] == {"settings": 3, "seeds": 2, "runs": 6}
    assert found["finished"] + found["failed"] + found["excluded"] + found["missing"] == 6
    assert (found["finished"], found["excluded"], found["missing"]) == (4, 2, 0)
    assert found["best_of"] == "best of 2 settings, 2 seeds each"
    assert found["excluded_settings"] == {"c": "it does not fit into memory"}
    assert [row["settings"] for row in found["expected"]] == [1, 2]
    assert found["expected"][0]["mean"] == pytest.approx(0.7)
    assert found["expected"][1]["mean"] == pytest.approx(0.8)  # the best one found


def test_a_run_that_diverged_counts_as_failed(tmp_path: Path) -> None:
    summary(tmp_path)
    rows = read_json(tmp_path / "runs.json")
    rows[1]["status"] = "diverged"
    write_json(tmp_path / "runs.json", rows)
    given = {"name": "try", "settings": ["a", "b"], "missing": [], "seeds": [1, 2], "excluded": {}, "metric": "loss"}
    found = summarised(tmp_path, named=["a"], **given)
    assert (found["finished"], found["failed"]) == (3, 1)
    assert found["failed_runs"] == [{"setting": "a", "seed": 2}]
    assert found["expected"][1]["mean"] == pytest.approx(0.2)  # the lower loss is the better


def test_one_setting_with_one_seed_is_said_in_the_singular(tmp_path: Path) -> None:
    write_json(tmp_path / "runs.json", [run_of("a", 1, 0.5)])
    given = {"name": "try", "settings": ["a"], "missing": [], "seeds": [1], "excluded": {}, "metric": "accuracy"}
    assert summarised(tmp_path, named=["a"], **given)["best_of"] == "best of 1 setting, 1 seed"


@pytest.mark.parametrize(("metric", "label"), [("accuracy", "accuracy"), ("macro_f1", "macro-F1")])
def test_the_metric_that_selects_can_be_cited(tmp_path: Path, metric: str, label: str) -> None:
    summary(tmp_path, metric=metric)
    published = read_json(tmp_path / "values/summarise_sweep.json")
    assert published["selection.metric"]["value"] == label
    assert published["sweep.expected.1"]["value"] == read_json(tmp_path / "sweep.json")["expected"][0]["mean"]


def test_the_figure_plots_what_its_data_say(tmp_path: Path) -> None:
    summary(tmp_path)
    table = tmp_path / "tables/expected.csv"
    plot_expected(table, tmp_path / "e.png", tmp_path / "e.svg", tmp_path / "e.csv", "accuracy")
    assert (tmp_path / "e.csv").read_bytes() == table.read_bytes()
    assert table.read_text().splitlines()[0] == "settings,mean,low,high"
    assert len(table.read_text().splitlines()) == 3
    assert "<svg" in (tmp_path / "e.svg").read_text()
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_shows_the_named_settings_and_the_first_of_the_others() -> None:
    order = [f"s{number:02d}" for number in range(40)]
    shown = most_telling(order, {"s00", "s02"}, named=["s30", "s10"])
    assert shown == ["s30", "s10", "s01", *(f"s{number:02d}" for number in (3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15))]
    assert most_telling(order[:3], {"s00"}, named=["s01"]) == ["s01", "s02", "s00"]
