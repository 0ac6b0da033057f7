"""Sweeps become named settings, and those that are there stay as they are when a sweep grows."""

import math
import subprocess
import sys
from collections import Counter
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from tests.support.messages import assert_says

import pytest

RATE = {"range": [1e-5, 1e-3], "scale": "log"}
SAMPLES = ["random", "sobol", "halton"]


def config(*sweeps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "name": "try",
        "data": {"path": "data"},
        "model": {"path": "model"},
        "settings": [{"name": "baseline"}],
        "sweep": list(sweeps),
    } | changes


def sweep(**changes: Any) -> dict[str, Any]:
    return {"name": "try", "method": "random", "count": 8, "over": {"learning_rate": RATE}} | changes


def expanded(*sweeps: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return resolved_settings(complete(config(*sweeps)))


def test_a_grid_is_every_combination_after_the_named_settings() -> None:
    over = {"batch_size": {"values": [8, 16.0]}, "learning_rate": {"values": [3e-5, "1e-4"]}}
    found = expanded({"name": "grid", "method": "grid", "over": over, "fixed": {"epochs": 2}})
    kept = {name: (row["batch_size"], row["learning_rate"], row["epochs"]) for name, row in found.items()}
    assert kept == {
        "baseline": (20, 5e-5, 5),
        "grid-1-1": (8, 3e-5, 2),
        "grid-1-2": (8, 1e-4, 2),
        "grid-2-1": (16, 3e-5, 2),
        "grid-2-2": (16, 1e-4, 2),
    }
    assert list(found) == list(kept)
    assert isinstance(found["grid-2-1"]["batch_size"], int)


def test_a_value_at_the_end_of_a_grid_leaves_the_others_as_they_were() -> None:
    small = {"batch_size": {"values": [8]}, "learning_rate": {"values": [3e-5, 1e-4]}}
    large = {"batch_size": {"values": [8, 4]}, "learning_rate": {"values": [3e-5, 1e-4, 1e-3]}}
    before, after = (expanded({"name": "grid", "method": "grid", "over": over}) for over in (small, large))
    assert len(after) == 7
    assert before.items() <= after.items()


@pytest.mark.parametrize("method", SAMPLES)
def test_more_points_leave_the_first_ones_as_they_were(method: str) -> None:
    over = {"learning_rate": RATE, "batch_size": {"range": [4, 64]}, "dropout": {"values": [None, 0.2]}}
    before, after = (expanded(sweep(method=method, over=over, count=count)) for count in (5, 37))
    assert list(before) == ["baseline", *(f"try-{number:03d}" for number in range(1, 6))]
    assert len(after) == 38
    assert before.items() <= after.items()


def test_a_further_axis_does_not_move_a_random_sample_along_the_others() -> None:
    before = expanded(sweep())
    after = expanded(sweep(over={"batch_size": {"range": [4, 64]}, "learning_rate": RATE}))
    assert [row["learning_rate"] for row in before.values()] == [row["learning_rate"] for row in after.values()]


@pytest.mark.parametrize("method", SAMPLES)
def test_the_seed_decides_a_sample(method: str) -> None:
    assert expanded(sweep(method=method)) == expanded(sweep(method=method))
    assert expanded(sweep(method=method)) != expanded(sweep(method=method, seed=1))


@pytest.mark.parametrize("method", SAMPLES)
def test_a_log_scale_spreads_logarithms_evenly(method: str) -> None:
    rates = [row["learning_rate"] for name, row in expanded(sweep(method=method, count=512)).items() if "-" in name]
    assert min(rates) >= 1e-5
    assert max(rates) <= 1e-3
    middle = sum(rate < 1e-4 for rate in rates) / 512
    assert abs(middle - 0.5) < 0.07
    assert all(rate == float(f"{rate:.4g}") for rate in rates)


def test_the_points_of_a_quasi_random_sample_fill_each_part_alike() -> None:
    rates = [row["learning_rate"] for name, row in expanded(sweep(method="sobol", count=64)).items() if "-" in name]
    parts = Counter(int((math.log10(rate) + 5) * 8) for rate in rates)
    assert parts == dict.fromkeys(range(16), 4)


def test_whole_numbers_come_up_alike_to_the_ends_of_their_range() -> None:
    over = {"epochs": {"range": [2, 5]}}
    counts = Counter(row["epochs"] for row in expanded(sweep(method="halton", count=4000, over=over)).values())
    counts[5] -= 1  # the baseline's
    assert set(counts) == {2, 3, 4, 5}
    assert all(abs(count - 1000) < 20 for count in counts.values())


MISTAKES = [
    (sweep(count=None), "sweep[0].count: the method random needs the number of points"),
    (
        sweep(method="grid", over={"epochs": {"values": [1]}}),
        "sweep[0].count: a grid has as many points as its values give; leave count out, or take method random",
    ),
    (sweep(method="grid", count=None), "sweep[0].over.learning_rate: a grid needs values; found a range"),
    (
        sweep(fixed={"learning_rate": 1e-4}),
        "sweep[0].fixed.learning_rate: stands in over as well; leave it out of one of them",
    ),
    (
        sweep(over={"learning_rate": {"range": [1e-3, 1e-5]}}),
        "sweep[0].over.learning_rate.range: found [0.001, 1e-05]; the first number must be less than the second",
    ),
    (
        sweep(over={"weight_decay": {"range": [0, 1], "scale": "log"}}),
        "sweep[0].over.weight_decay.range: found [0, 1]; on a log scale both must be greater than 0",
    ),
    (
        sweep(over={"schedule": {"range": ["linear", "cosine"]}}),
        "sweep[0].over.schedule.range: found ['linear', 'cosine']; only numbers have a range, give values",
    ),
    (
        sweep(over={"batch_size": {"values": [8, 0]}}),
        "sweep[0].over.batch_size.values[1]: found 0; must be at least 1 (Sentences a step)",
    ),
    (
        sweep(over={"batch_size": {"values": [8], "range": [1, 2]}}),
        "sweep[0].over.batch_size: give exactly one of values, range; found values and range",
    ),
    (
        sweep(over={}),
        "sweep[0].over: found {}; needs at least this many keys: 1 (The hyperparameters that vary, and over what)",
    ),
    (
        sweep(over={"learning_rat": RATE}),
        "sweep[0].over: unknown key 'learning_rat'; did you mean 'learning_rate'?",
    ),
]


@pytest.mark.parametrize(("entry", "line"), MISTAKES, ids=[line[:45] for _, line in MISTAKES])
def test_a_mistake_in_a_sweep_is_named(entry: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as error:
        complete(config(entry))
    assert_says(str(error.value), f"Invalid configuration:\n  {line}")


def test_a_name_that_a_sweep_takes_again_is_refused() -> None:
    with pytest.raises(UserError, match="the name 'try-001' stands more than once"):
        complete(config(sweep(), settings=[{"name": "try-001"}]))


def test_only_a_quasi_random_sample_imports_scipy() -> None:
    code = (
        "import sys; from finetune_report.config.schema import complete\n"
        "from finetune_report.config.settings import resolved_settings\n"
        f"resolved_settings(complete({config(sweep())!r}))\n"
        "assert 'scipy' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
