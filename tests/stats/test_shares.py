"""Intervals of an accuracy."""

from finetune_report.stats.crossed import mean_over_seeds
from finetune_report.stats.shares import share_interval

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint


@pytest.mark.parametrize("right", [0, 1, 20, 39, 40])
def test_one_seed_is_wilsons_interval(right: int) -> None:
    found = share_interval(mean_over_seeds(np.repeat([1.0, 0.0], [right, 40 - right])))
    assert found == pytest.approx(proportion_confint(right, 40, method="wilson"), abs=1e-12)


def test_seeds_that_agree_are_worth_one_and_seeds_that_differ_widen() -> None:
    chance = np.random.default_rng(0)
    one = (chance.random(300) < 0.8).astype(float)
    alike = share_interval(mean_over_seeds(np.stack([one] * 4, axis=1)))
    assert alike == pytest.approx(share_interval(mean_over_seeds(one)), abs=1e-3)
    apart = (chance.random((300, 4)) < [0.7, 0.78, 0.82, 0.9]).astype(float)
    low, high = share_interval(mean_over_seeds(apart))
    assert high - low > 1.5 * (alike[1] - alike[0])


def test_it_stays_between_0_and_1_and_holds_the_accuracy() -> None:
    chance = np.random.default_rng(1)
    for _ in range(300):
        shape = (int(chance.integers(3, 30)), int(chance.integers(1, 5)))
        estimate = mean_over_seeds((chance.random(shape) < chance.random()).astype(float))
        low, high = share_interval(estimate)
        assert 0 <= low <= estimate.value <= high <= 1
        assert low < high


def test_two_seeds_are_about_these_models() -> None:
    table = (np.random.default_rng(2).random((100, 3)) < 0.8).astype(float)
    assert mean_over_seeds(table[:, :2]).about == "models"
    assert mean_over_seeds(table).about == "settings"
