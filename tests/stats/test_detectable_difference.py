"""What a design can find."""

from finetune_report.stats.planning import (
    VarianceComponents,
    examples_needed,
    minimum_detectable,
    planned_level,
    seeds_needed,
)

import numpy as np
import pytest

GUESS = VarianceComponents.of_discordance(between=0.15, within=0.11, seed_sd=0.01)


def test_components_of_shares() -> None:
    assert (GUESS.examples, GUESS.noise, GUESS.seeds) == pytest.approx((0.04, 0.055, 0.0001))
    assert GUESS.variance(300, 1) == pytest.approx(0.15 / 300)
    assert GUESS.variance(300, 5) == pytest.approx((0.04 + 0.11 / 5) / 300 + 0.0002 / 5)
    with pytest.raises(ValueError, match="discordance"):
        VarianceComponents.of_discordance(0.1, 0.2, 0.0)


def test_components_come_back_from_scores() -> None:
    chance, n, seeds = np.random.default_rng(0), 4000, 40

    def scores(example: np.ndarray) -> np.ndarray:
        own = example + chance.normal(0, 0.3, (n, 1))
        return own + chance.normal(0, 0.05, (1, seeds)) + chance.normal(0, 0.2, (n, seeds))

    common = chance.normal(size=(n, 1))
    found = VarianceComponents.of_scores(scores(common), scores(common))
    assert found.examples == pytest.approx(2 * 0.3**2, rel=0.1)
    assert found.noise == pytest.approx(0.2**2, rel=0.05)
    assert found.seeds == pytest.approx(0.05**2, rel=0.5)
    with pytest.raises(ValueError, match="two seeds"):
        VarianceComponents.of_scores(np.zeros((5, 1)), np.zeros((5, 3)))


def test_more_of_either_finds_more() -> None:
    by_seeds = [minimum_detectable(GUESS, 300, seeds) for seeds in range(2, 30)]
    by_examples = [minimum_detectable(GUESS, count, 5) for count in (100, 300, 1000, 10_000)]
    assert by_seeds == sorted(by_seeds, reverse=True)
    assert by_examples == sorted(by_examples, reverse=True)


def test_needed_numbers_are_the_fewest() -> None:
    seeds = seeds_needed(0.03, GUESS, 2000)
    assert seeds is not None
    assert minimum_detectable(GUESS, 2000, seeds) <= 0.03 < minimum_detectable(GUESS, 2000, seeds - 1)
    examples = examples_needed(0.03, GUESS, 5)
    assert examples is not None
    assert minimum_detectable(GUESS, examples, 5) <= 0.03 < minimum_detectable(GUESS, examples - 1, 5)


def test_where_one_is_the_bottleneck_the_other_does_not_help() -> None:
    assert seeds_needed(0.03, GUESS, 300) is None
    assert examples_needed(0.02, GUESS, 2) is None


def test_the_level_of_one_comparison_of_a_family() -> None:
    assert planned_level(1) == 0.05
    assert planned_level(4, against_one=False) == pytest.approx(0.0125)
    assert 0.05 / 3 < planned_level(3) < 0.025
    assert minimum_detectable(GUESS, 300, 5, planned_level(3)) > minimum_detectable(GUESS, 300, 5)
