"""Declared comparisons of settings from their scores."""

from finetune_report.config.comparisons import against_first, all_pairs
from finetune_report.stats.crossed import Estimate, difference
from finetune_report.stats.discordance import DiscordantCounts
from finetune_report.stats.families import best_settings, compare, compare_family, covariance
from finetune_report.stats.simultaneous import correlation_of

import numpy as np
import pytest


def right(chance: np.random.Generator, shifts: list[float], seeds: int, n: int = 400) -> dict[str, np.ndarray]:
    example = chance.normal(0.8, 1, (n, 1))
    return {
        name: (example + shift + chance.normal(0, 0.5, (n, seeds)) > 0).astype(float)
        for name, shift in zip("abcdef", shifts, strict=False)
    }


def test_the_test_fits_the_scores() -> None:
    runs = right(np.random.default_rng(0), [0, 0.3], 3)
    one, two = runs["a"][:, :1], runs["b"][:, :1]
    assert isinstance(compare(one, two), DiscordantCounts)
    assert isinstance(compare(one, two, np.arange(400) // 2), Estimate)
    assert isinstance(compare(one * 0.7, two), Estimate)
    assert isinstance(compare(runs["a"], runs["b"]), Estimate)


def test_pairs() -> None:
    assert against_first(["base", "x", "y"]) == [("x", "base"), ("y", "base")]
    assert all_pairs(["base", "x", "y"]) == [("x", "base"), ("y", "base"), ("y", "x")]


def test_correlations_at_one_seed_are_those_of_the_gaps() -> None:
    runs = right(np.random.default_rng(1), [0, 0.2, 0.4], 1)
    tables = list(runs.values())
    found = correlation_of(covariance(tables), [[-1, 1, 0], [-1, 0, 1]])
    gaps = np.hstack([runs["b"] - runs["a"], runs["c"] - runs["a"]])
    assert found == pytest.approx(np.corrcoef(gaps.T))


def test_a_family_is_a_correction_of_its_members() -> None:
    runs = right(np.random.default_rng(2), [0, 0.25, 0.3, 0.1], 3)
    family = compare_family(runs, against_first(list(runs)))
    for (name, base), one in zip(against_first(list(runs)), family.comparisons, strict=True):
        alone = difference(runs[name], runs[base])
        assert one.difference == alone
        assert alone.p_value <= one.p_value <= 3 * alone.p_value
    alone = compare_family(runs, [("b", "a")])
    assert alone.comparisons[0].p_value == difference(runs["b"], runs["a"]).p_value


def test_the_order_of_the_pairs_decides_nothing() -> None:
    runs = right(np.random.default_rng(3), [0, 0.25, 0.3, 0.1], 2)
    pairs = against_first(list(runs))
    one = {pair: found.p_value for pair, found in zip(pairs, compare_family(runs, pairs).comparisons, strict=True)}
    turned = pairs[::-1]
    two = {pair: found.p_value for pair, found in zip(turned, compare_family(runs, turned).comparisons, strict=True)}
    assert one == pytest.approx(two, abs=0.002)


def test_settings_that_agree_everywhere_are_not_told_apart() -> None:
    runs = right(np.random.default_rng(4), [0], 3)
    runs |= {"b": runs["a"].copy(), "c": 1 - runs["a"]}
    first, second = compare_family(runs, [("b", "a"), ("c", "a")]).comparisons
    assert first.p_value == 1.0
    assert first.interval[0] < 0 < first.interval[1]
    assert second.p_value < 0.001


def test_which_could_be_best() -> None:
    runs = right(np.random.default_rng(5), [0, 1.5, 1.45, -0.5], 3)
    found = best_settings(runs, draws=2**12)
    assert found["a"] < 0.05
    assert found["d"] < 0.05
    assert max(found, key=lambda name: runs[name].mean()) in ("b", "c")
    assert max(found["b"], found["c"]) > 0.5
    losses = {name: 1 - scores for name, scores in runs.items()}
    assert best_settings(losses, higher_is_better=False, draws=2**12, reach=1.0) == pytest.approx(found)
    assert set(best_settings({"a": runs["a"], "b": runs["b"]})) == {"a", "b"}


def test_what_is_no_family_is_refused() -> None:
    runs = right(np.random.default_rng(6), [0, 0], 1)
    with pytest.raises(ValueError, match="once"):
        compare_family(runs, [("b", "a"), ("a", "b")])
    with pytest.raises(ValueError, match="once"):
        compare_family(runs, [("a", "a")])
    with pytest.raises(KeyError):
        compare_family(runs, [("a", "z")])
