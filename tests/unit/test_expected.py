"""The account of the sweep: every planned run is in it, and the expected best is that of the definition."""

from itertools import product
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import pytest
from lib.expected import expected_best
from lib.files import read_json, write_json
from plot_expected import main as plot_expected
from summarise_sweep import main as summarise_sweep

ACCURACY = {("a", 1): 0.5, ("a", 2): 0.7, ("b", 1): 0.9, ("b", 2): 0.7}


@pytest.mark.parametrize("scores", [[0.7], [0.5, 0.7], [0.9, 0.5, 0.7], [0.6, 0.6, 0.8, 0.7]])
@pytest.mark.parametrize("lower_is_better", [False, True])
def test_the_expected_best_is_that_over_all_draws(scores: list[float], lower_is_better: bool) -> None:
    best = min if lower_is_better else max
    for row in expected_best(scores, lower_is_better):
        draws = [best(draw) for draw in product(scores, repeat=int(row["settings"]))]
        assert row["mean"] == pytest.approx(fmean(draws))
        assert row["sd"] == pytest.approx(pstdev(draws), abs=1e-9)


def summary(folder: Path, **changes: Any) -> dict[str, Any]:
    paths = []
    for (setting, seed), accuracy in ACCURACY.items():
        path = folder / f"{setting}-{seed}.json"
        validation = {"accuracy": accuracy, "loss": 1 - accuracy}
        write_json(path, {"setting": setting, "seed": seed, "validation": validation, "status": "trained"})
        paths.append(path)
    given = {
        "name": "try",
        "settings": ["a", "b"],
        "missing": [],
        "seeds": [1, 2],
        "excluded": {},
        "metric": "accuracy",
    } | changes
    summarise_sweep(paths, folder / "sweep.json", **given)
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
    assert found["expected"][1]["mean"] == pytest.approx(0.75 * 0.8 + 0.25 * 0.6)


def test_a_run_that_diverged_counts_as_failed(tmp_path: Path) -> None:
    summary(tmp_path)
    row = read_json(tmp_path / "a-2.json")
    write_json(tmp_path / "a-2.json", row | {"status": "diverged"})
    given = {"name": "try", "settings": ["a", "b"], "missing": [], "seeds": [1, 2], "excluded": {}, "metric": "loss"}
    summarise_sweep(sorted(tmp_path.glob("?-?.json")), tmp_path / "sweep.json", **given)
    found = read_json(tmp_path / "sweep.json")
    assert (found["finished"], found["failed"]) == (3, 1)
    assert found["failed_runs"] == [{"setting": "a", "seed": 2}]
    assert found["expected"][1]["mean"] == pytest.approx(0.75 * 0.2 + 0.25 * 0.4)  # the lower loss is the better


def test_one_setting_with_one_seed_is_said_in_the_singular(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"setting": "a", "seed": 1, "validation": {"accuracy": 0.5}, "status": "trained"})
    summarise_sweep([tmp_path / "a.json"], tmp_path / "sweep.json", "try", ["a"], [], [1], {}, "accuracy")
    assert read_json(tmp_path / "sweep.json")["best_of"] == "best of 1 setting, 1 seed"


def test_the_figure_plots_what_its_data_say(tmp_path: Path) -> None:
    summary(tmp_path)
    plot_expected(tmp_path / "sweep.json", tmp_path / "e.png", tmp_path / "e.svg", tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_text().splitlines()[0] == "settings,mean,sd"
    assert len((tmp_path / "e.csv").read_text().splitlines()) == 3
    assert "<svg" in (tmp_path / "e.svg").read_text()
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")
