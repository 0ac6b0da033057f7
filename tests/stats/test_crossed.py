"""Means over examples crossed with seeds."""

from finetune_report.stats.crossed import components, difference, mean_over_seeds

import numpy as np
import pytest
from scipy import stats


def scores(chance: np.random.Generator, examples: int, seeds: int) -> np.ndarray:
    return (
        chance.normal(size=(examples, 1))
        + chance.normal(0, 0.3, size=(1, seeds))
        + chance.normal(0, 0.5, size=(examples, seeds))
    )


def test_the_components_are_those_of_the_analysis_of_variance() -> None:
    import pandas as pd
    import statsmodels.api as sm
    from statsmodels.formula.api import ols

    table = scores(np.random.default_rng(0), 12, 4)
    n, r = table.shape
    long = pd.DataFrame({"y": table.ravel(), "i": np.repeat(np.arange(n), r), "s": np.tile(np.arange(r), n)})
    anova = sm.stats.anova_lm(ols("y ~ C(i) + C(s)", long).fit(), typ=2)
    mean_squares = anova["sum_sq"] / anova["df"]
    found = components(table)
    assert found.examples == pytest.approx(mean_squares["C(i)"] / (n * r))
    assert found.seeds == pytest.approx(mean_squares["C(s)"] / (n * r))
    assert found.noise == pytest.approx(mean_squares["Residual"] / (n * r))


def test_one_seed_is_the_paired_t_test() -> None:
    chance = np.random.default_rng(1)
    a, b = chance.normal(size=50), chance.normal(0.3, size=50)
    found, expected = difference(a, b), stats.ttest_rel(a, b)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()))


def test_a_mean_over_one_seed_is_the_t_interval_and_clusters_of_one_change_nothing() -> None:
    table = scores(np.random.default_rng(2), 40, 3)
    low, high = mean_over_seeds(table[:, 0]).interval(0.1)
    assert (low, high) == pytest.approx(stats.t.interval(0.9, 39, table[:, 0].mean(), stats.sem(table[:, 0])))
    alone, named = mean_over_seeds(table), mean_over_seeds(table, np.arange(40)[::-1])
    assert named.standard_error == pytest.approx(alone.standard_error)
    assert named.df == pytest.approx(alone.df)


def test_clusters_are_the_cluster_robust_variance_of_statsmodels() -> None:
    import statsmodels.api as sm

    chance = np.random.default_rng(3)
    clusters = chance.integers(0, 9, 60)
    gaps = chance.normal(size=60) + clusters
    fit = sm.OLS(gaps, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    found, units = mean_over_seeds(gaps, clusters), len(np.unique(clusters))
    assert found.standard_error == pytest.approx(float(fit.bse[0]) * (units / (units - 1)) ** 0.5)
    assert (found.clusters, found.df) == (units, units - 1)


def test_whole_clusters_repeated_say_no_more_than_one_of_each() -> None:
    table = scores(np.random.default_rng(4), 30, 3)
    once, repeated = mean_over_seeds(table), mean_over_seeds(np.repeat(table, 5, axis=0), np.repeat(np.arange(30), 5))
    assert repeated.standard_error == pytest.approx(once.standard_error)
    assert repeated.df == pytest.approx(once.df)


def test_the_other_way_round_is_the_same_with_the_sign_turned() -> None:
    chance = np.random.default_rng(5)
    a, b = scores(chance, 30, 3), scores(chance, 30, 4)
    one, other = difference(a, b), difference(b, a)
    assert other.value == pytest.approx(-one.value)
    assert other.p_value == pytest.approx(one.p_value)
    assert other.interval() == pytest.approx((-one.interval()[1], -one.interval()[0]))


def test_p_and_interval_agree_on_thousands_of_tables() -> None:
    chance = np.random.default_rng(6)
    for _ in range(2000):
        n, r, q = chance.integers(3, 30), *chance.integers(2, 5, 2)
        level = chance.choice([0.01, 0.05, 0.2])
        a = (chance.random((n, r)) < chance.random()).astype(float)
        b = (chance.random((n, q)) < chance.random()).astype(float)
        found = difference(a, b)
        low, high = found.interval(level)
        assert (found.p_value < level) == (low > 0 or high < 0)
        assert low <= found.value <= high


def test_hardly_an_example_that_tells_settings_apart_is_no_proof_that_none_would() -> None:
    """No disagreement seen leaves the interval of the rule of three at least, and one seen does not shrink it."""
    alike, once = np.ones((50, 3)), np.ones((50, 3))
    once[0, 0] = 0
    for a, b in ((alike, alike), (alike, once)):
        low, high = difference(a, b).interval(0.1)
        assert max(high, -low) > 1 - 0.05 ** (1 / 50)
    cells = np.repeat([0.9, 0.2, 0.7], [20, 10, 20])[:, None].repeat(3, axis=1)  # influence values of equal predictions
    low, high = difference(cells, cells, reach=1.0).interval()
    assert low < -0.07 < 0.07 < high


def test_no_bound_lies_beyond_what_a_difference_can_be() -> None:
    chance = np.random.default_rng(7)
    for _ in range(300):
        n, r = chance.integers(2, 5, 2)
        a, b = ((chance.random((n, r)) < 0.5).astype(float) for _ in range(2))
        low, high = difference(a, b).interval(0.01)
        assert -1 <= low <= high <= 1
    one, other = chance.normal(size=(2, 2, 2))
    assert difference(one, other, reach=2.0).interval()[1] <= 2 < difference(one, other).interval()[1]


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="5 and 4 examples"):
        difference(np.zeros((5, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="1 and 3 seeds"):
        difference(np.zeros((5, 1)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="not a finite number"):
        mean_over_seeds([0.0, np.nan, 1.0])
    with pytest.raises(ValueError, match="two examples or clusters"):
        mean_over_seeds([0.0, 1.0], ["same", "same"])
