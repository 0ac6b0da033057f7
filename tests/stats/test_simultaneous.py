"""Adjusted p and simultaneous intervals from one critical value."""

from finetune_report.stats.crossed import Estimate
from finetune_report.stats.discordance import DiscordantCounts
from finetune_report.stats.simultaneous import adjust, correlation_of, one_sided_p, simultaneous, smallest_p

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri


def estimate(value: float, error: float = 1.0, df: float = 30.0) -> Estimate:
    return Estimate(value, error, df, 100, 100, (2, 2), error**2, 0.0, "settings")


def against_baseline(count: int) -> np.ndarray:
    """The correlations of as many settings against one, all of equal variance."""
    return np.full((count, count), 0.5) + 0.5 * np.eye(count)


# Two-sided 5% points: C. W. Dunnett, New tables for multiple comparisons with a control, Biometrics 20 (1964).
# Infinitely many degrees of freedom are those of one seed.
DUNNETT = {(2, 5): 3.03, (2, 10): 2.57, (3, 10): 2.76, (3, np.inf): 2.35, (9, np.inf): 2.69}


@pytest.mark.parametrize(("count", "df"), DUNNETT)
def test_critical_values_are_dunnetts(count: int, df: float) -> None:
    family = simultaneous([estimate(1.0, df=df)] * count, against_baseline(count))
    found = -ndtri(family.critical_p / 2) if np.isinf(df) else stats.t.isf(family.critical_p / 2, df)
    assert found == pytest.approx(DUNNETT[count, df], abs=0.01)


def test_p_and_intervals_are_those_of_scipys_dunnett() -> None:
    chance = np.random.default_rng(0)
    groups = [chance.normal(shift, size=8) for shift in (0, -1, 0, -0.5)]
    expected = stats.dunnett(*groups[1:], control=groups[0], rng=np.random.default_rng(1))
    limits = expected.confidence_interval()
    error = (np.mean([group.var(ddof=1) for group in groups]) * 2 / 8) ** 0.5
    differences = [estimate(float(group.mean() - groups[0].mean()), float(error), 28) for group in groups[1:]]
    found = simultaneous(differences, against_baseline(3)).comparisons
    assert [one.p_value for one in found] == pytest.approx(list(expected.pvalue), abs=0.002)
    assert [one.interval[0] for one in found] == pytest.approx(list(limits.low), abs=0.01)
    assert [one.interval[1] for one in found] == pytest.approx(list(limits.high), abs=0.01)


def test_all_pairs_are_tukeys() -> None:
    """The studentised range, which shares nothing with the draws."""
    contrasts = [[1, -1, 0, 0], [1, 0, -1, 0], [1, 0, 0, -1], [0, 1, -1, 0], [0, 1, 0, -1], [0, 0, 1, -1]]
    correlation = correlation_of(np.eye(4), contrasts)
    family = simultaneous([estimate(2.5, df=20)] * 6, correlation)
    assert family.comparisons[0].p_value == pytest.approx(stats.studentized_range.sf(2.5 * 2**0.5, 4, 20), abs=0.002)


def test_one_comparison_is_as_it_is() -> None:
    counts = DiscordantCounts(20, 9, 300)
    family = simultaneous([counts])
    assert family.critical_p == 0.05
    assert family.equivalence_alpha == pytest.approx(0.1)
    assert (family.comparisons[0].p_value, family.comparisons[0].interval) == (counts.p_value, counts.interval())


def test_p_and_interval_agree_in_random_families() -> None:
    chance = np.random.default_rng(2)
    seen = 0
    for _ in range(150):
        count = int(chance.integers(1, 9))
        factor = chance.normal(size=(count, count + 1))
        covariance = factor @ factor.T
        correlation = correlation_of(covariance, np.eye(count))
        differences = [
            DiscordantCounts(*map(int, chance.integers(0, 40, 2)), 300)
            if chance.random() < 0.5
            else estimate(float(chance.normal(0, 2.5)), df=float(chance.choice([1.3, 4, 30, 871])))
            for _ in range(count)
        ]
        family = simultaneous(differences, correlation, draws=2**10)
        for one in family.comparisons:
            low, high = one.interval
            assert (one.p_value < 0.05) == (low > 0 or high < 0)
            assert one.difference.p_value <= one.p_value <= 1
            seen += 1
    assert seen > 500


def test_adjusted_p_and_critical_value_never_contradict_each_other() -> None:
    """Also where an observed p equals a drawn one, or the critical value itself."""
    chance = np.random.default_rng(3)
    for _ in range(500):
        smallest = np.sort(np.round(chance.random(int(chance.integers(10, 60))) ** 2, 2))
        found = np.round(chance.random(5) ** 2, 2)
        for alpha in (0.05, 0.1, 0.3):
            for p in (*found, *smallest[:3], adjust(found, smallest, alpha)[1]):
                adjusted, critical = adjust(np.array([p, *found[1:]]), smallest, alpha)
                assert (adjusted[0] < alpha) == (p < critical)


def test_the_family_error_is_kept_where_degrees_of_freedom_differ() -> None:
    """By other draws than those of the module: each comparison has its own chi-squared here."""
    chance, df = np.random.default_rng(4), np.array([3.0, 8.0, 100.0])
    family = simultaneous([estimate(1.0, df=value) for value in df], against_baseline(3))
    deviates = chance.standard_normal((40_000, 3)) @ np.linalg.cholesky(against_baseline(3)).T
    statistics = deviates / np.sqrt(chance.chisquare(df, (40_000, 3)) / df)
    p = 2 * stats.t.sf(np.abs(statistics), df)
    assert 0.04 < (p.min(axis=1) < family.critical_p).mean() < 0.056


def test_the_same_each_time_and_one_sided_where_asked() -> None:
    again = [smallest_p(against_baseline(3), np.full(3, 9.0), 2**10, 1) for _ in range(2)]
    assert (again[0] == again[1]).all()
    assert one_sided_p(estimate(2.0)) == pytest.approx(stats.t.sf(2.0, 30))
    assert one_sided_p(estimate(-2.0)) == pytest.approx(stats.t.cdf(2.0, 30))


def test_what_makes_no_family_is_refused() -> None:
    with pytest.raises(ValueError, match="a comparison at least"):
        simultaneous([])
    with pytest.raises(ValueError, match="2 comparisons and a correlation matrix"):
        simultaneous([estimate(1.0)] * 2, np.eye(3))
    with pytest.raises(ValueError, match="contradict"):
        smallest_p(np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]), np.full(3, np.inf))
