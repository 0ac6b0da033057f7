"""Ahead, behind, equivalent, undecided."""

from dataclasses import replace

from finetune_report.stats.crossed import Estimate
from finetune_report.stats.discordance import DiscordantCounts, p_values
from finetune_report.stats.outcomes import Outcome, detectable, verdict, verdicts
from finetune_report.stats.simultaneous import simultaneous

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired


def estimate(value: float, error: float = 0.01, df: float = 100.0) -> Estimate:
    return Estimate(value, error, df, 300, 300, (3, 3), error**2, 0.0, "settings")


@pytest.mark.parametrize(
    ("value", "margin", "expected", "within"),
    [
        (0.03, None, Outcome.AHEAD, None),
        (-0.03, None, Outcome.BEHIND, None),
        (0.01, None, Outcome.UNDECIDED, None),
        (0.01, 0.03, Outcome.EQUIVALENT, True),
        (0.01, 0.02, Outcome.UNDECIDED, False),
        (0.03, 0.08, Outcome.AHEAD, True),
    ],
)
def test_outcomes(value: float, margin: float | None, expected: Outcome, within: bool | None) -> None:
    found = verdicts(simultaneous([estimate(value)]), margin)[0]
    assert (found.outcome, found.within_margin) == (expected, within)


def test_less_of_a_loss_is_ahead() -> None:
    family = simultaneous([estimate(-0.03)])
    assert verdict(family.comparisons[0], family, higher_is_better=False).outcome is Outcome.AHEAD


def test_equivalence_is_two_one_sided_tests() -> None:
    from finetune_report.stats.crossed import difference

    chance = np.random.default_rng(0)
    for _ in range(300):
        a, b = chance.normal(size=20), chance.normal(size=20)
        margin = float(chance.uniform(0.3, 1.0))
        found = verdicts(simultaneous([difference(a, b)]), margin)[0]
        assert found.within_margin == (ttost_paired(a, b, -margin, margin)[0] < 0.05)


def test_equivalence_in_a_family_asks_for_more() -> None:
    one, three = simultaneous([estimate(0.0)]), simultaneous([estimate(0.0)] * 3)
    assert one.equivalence_alpha == pytest.approx(0.1)
    assert three.equivalence_alpha == pytest.approx(0.1 / 3)


def test_outcome_p_and_interval_agree_on_random_tables() -> None:
    chance = np.random.default_rng(1)
    for _ in range(200):
        counts = DiscordantCounts(*map(int, chance.integers(0, 30, 2)), int(chance.integers(60, 400)))
        found = verdicts(simultaneous([counts]), margin=0.05)[0]
        decided = found.outcome in (Outcome.AHEAD, Outcome.BEHIND)
        assert decided == (found.p_value < 0.05) == (found.interval[0] > 0 or found.interval[1] < 0)
        assert (found.outcome is Outcome.AHEAD) == (decided and found.difference > 0)
        if found.outcome is Outcome.EQUIVALENT:
            assert -0.05 < found.equivalence_interval[0] <= found.equivalence_interval[1] < 0.05


def test_the_detectable_difference_is_found_in_four_of_five_cases() -> None:
    for df in (8.0, 30.0, 500.0):
        found = detectable(estimate(0.0, 1.0, df))
        critical = stats.t.isf(0.025, df)
        power = stats.nct.sf(critical, df, found) + stats.nct.cdf(-critical, df, found)
        assert power == pytest.approx(0.8, abs=0.02)
    assert detectable(DiscordantCounts(20, 20, 300)) == pytest.approx((1.959964 + 0.841621) * 40**0.5 / 300, rel=1e-5)
    assert detectable(estimate(0.0), 0.01) > detectable(estimate(0.0))


@pytest.mark.parametrize("discordant", [0, 1, 3, 8, 20, 24, 40])
def test_few_discordant_examples_promise_no_difference_that_the_test_cannot_find(discordant: int) -> None:
    """By drawing both models' answers: the difference that is said to be found in four of five cases is."""
    counts = DiscordantCounts(discordant // 2, discordant - discordant // 2, 300)
    found, chance = detectable(counts), np.random.default_rng(0)
    discordance = max(found, discordant / 300)
    shares = [(discordance + found) / 2, (discordance - found) / 2, 1 - discordance]
    drawn = chance.multinomial(300, shares, size=20_000)
    assert 0.79 < (p_values(drawn[:, 0], drawn[:, 1]) < 0.05).mean() < 0.84


def test_no_more_is_to_be_found_than_can_be_there() -> None:
    assert detectable(DiscordantCounts(1, 1, 2)) == 1
    assert detectable(replace(estimate(0.0, 3.0, 1.0), reach=1.0)) == 1


def test_a_margin_is_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        verdicts(simultaneous([estimate(0.0)]), margin=0.0)
