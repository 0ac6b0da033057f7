"""Two trained models by what just one of them has right."""

from finetune_report.stats import discordance
from finetune_report.stats.discordance import DiscordantCounts, seed_noise_margin

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar


def test_the_published_example_of_airway_hyperresponsiveness() -> None:
    """1 and 7 discordant of 21 (Bentur et al. 2009).

    Fagerland, Lydersen & Laake (2013) give mid-p 0.039 and an asymptotic p of 0.034; their paper of 2014 gives Tango's
    interval as -0.517 to -0.026.
    """

    def statistic(delta: float) -> float:
        return float(discordance.score_statistic(1, 7, 21, delta))

    low = brentq(lambda delta: statistic(delta) - norm.isf(0.025), -0.99, -6 / 21)
    high = brentq(lambda delta: statistic(delta) + norm.isf(0.025), -6 / 21, 0.99)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)
    assert round(float(2 * norm.sf(abs(statistic(0.0)))), 3) == 0.034
    assert round(DiscordantCounts(1, 7, 21).p_value, 3) == 0.039


def test_many_discordant_examples_are_the_score_test_of_statsmodels() -> None:
    expected = mcnemar([[0, 25], [11, 0]], exact=False, correction=False)
    assert DiscordantCounts(25, 11, 300).p_value == pytest.approx(float(expected.pvalue))


def test_the_interval_is_where_the_score_under_the_restricted_likelihood_is_refused() -> None:
    """The share that is restricted to a difference, by maximising the likelihood instead of Tango's formula."""
    from scipy.optimize import minimize_scalar

    b, c, n = 31, 14, 300
    for delta in DiscordantCounts(b, c, n).interval():

        def loss(q: float, delta: float = delta) -> float:
            return -(b * np.log(q + delta) + c * np.log(q) + (n - b - c) * np.log(1 - 2 * q - delta))

        bounds = (max(0, -delta) + 1e-9, (1 - delta) / 2 - 1e-9)
        q = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        z = (b - c - n * delta) / np.sqrt(n * (2 * q + delta - delta**2))
        assert abs(z) == pytest.approx(norm.isf(0.025), abs=1e-4)


def test_mid_p_is_the_exact_p_less_half_of_what_was_seen() -> None:
    for b in range(10):
        for c in range(10 - b):
            if b == c:
                continue
            exact, seen = binomtest(b, b + c).pvalue, binomtest(b, b + c)
            assert seen.statistic == b / (b + c)
            once = float(np.prod(np.arange(1, b + c + 1)) / np.prod(np.arange(1, b + 1)) / np.prod(np.arange(1, c + 1)))
            assert DiscordantCounts(b, c, 50).p_value == pytest.approx(exact - once / 2 ** (b + c))


@pytest.mark.parametrize("n", [9, 40, 300, 5000])
@pytest.mark.parametrize("level", [0.001, 0.0193, 0.05, 0.1, 0.3])
def test_p_and_interval_agree_on_every_table(n: int, level: float) -> None:
    b, c = (side.ravel() for side in np.meshgrid(np.arange(min(n, 70) + 1), np.arange(min(n, 70) + 1)))
    b, c = b[b + c <= n], c[b + c <= n]
    low, high = discordance.intervals(b, c, n, level)
    assert (((low > 0) | (high < 0)) == (discordance.p_values(b, c) < level)).all()
    assert (low <= (b - c) / n).all()
    assert (high >= (b - c) / n).all()
    assert (low >= -1).all()
    assert (high <= 1).all()
    turned = discordance.intervals(c, b, n, level)
    assert np.allclose(turned[0], -high)
    assert np.allclose(turned[1], -low)


def exact_share(n: int, only_a: float, only_b: float, holds: np.ndarray, most: int) -> float:
    """The probability of what `holds` [b, c], each up to `most`, over all tables of n examples."""
    from scipy.stats import multinomial

    b, c = np.meshgrid(np.arange(most + 1), np.arange(most + 1), indexing="ij")
    tables = np.stack([b, c, n - b - c], axis=-1)
    return float(multinomial.pmf(tables, n, [only_a, only_b, 1 - only_a - only_b])[holds].sum())


@pytest.mark.parametrize("discordant", [3, 6, 10, 20, 40])
@pytest.mark.parametrize("towards_a", [0.5, 0.6, 0.8])
def test_coverage_and_size_over_all_tables(discordant: int, towards_a: float) -> None:
    """Exact, for 300 examples of which so many are discordant on average."""
    n, most = 300, 100
    only_a, only_b = discordant / n * towards_a, discordant / n * (1 - towards_a)
    b, c = np.meshgrid(np.arange(most + 1), np.arange(most + 1), indexing="ij")
    low, high = discordance.intervals(b, c, n)
    covered = exact_share(n, only_a, only_b, (low <= only_a - only_b) & (only_a - only_b <= high), most)
    assert covered > 0.938
    if towards_a == 0.5:
        assert exact_share(n, only_a, only_b, discordance.p_values(b, c) < 0.05, most) < 0.057


def test_models_that_agree_on_everything_may_still_differ() -> None:
    low, high = DiscordantCounts(0, 0, 300).interval()
    assert -low == high == pytest.approx(norm.isf(0.025) ** 2 / (300 + norm.isf(0.025) ** 2))
    assert DiscordantCounts(0, 0, 300).p_value == 1.0


def test_counts_come_from_right_and_wrong() -> None:
    assert DiscordantCounts.of([1, 1, 0, 0, 1], [1, 0, 1, 0, 0]) == DiscordantCounts(2, 1, 5)
    with pytest.raises(ValueError, match="3 and 2 examples"):
        DiscordantCounts.of([1, 0, 1], [1, 0])
    with pytest.raises(ValueError, match="impossible"):
        DiscordantCounts(4, 3, 6)


def test_the_margin_of_seed_noise_is_what_makes_the_difference_just_hold() -> None:
    counts = DiscordantCounts(60, 20, 872)
    margin = seed_noise_margin(counts.value, counts.p_value)
    with_seeds = (counts.standard_error**2 + 2 * margin**2) ** 0.5
    assert counts.value / with_seeds == pytest.approx(norm.isf(0.025))
    assert seed_noise_margin(counts.value, counts.p_value, 0.0193) < margin


def test_there_is_no_margin_where_the_difference_does_not_hold() -> None:
    assert seed_noise_margin(0.03, 0.0501) == 0.0
    assert seed_noise_margin(0.03, 0.0499) > 0.0
    assert seed_noise_margin(0.0, 1.0) == 0.0
