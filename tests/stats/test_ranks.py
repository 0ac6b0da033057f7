"""Ranks over data sets, against published numbers, SciPy, and what they must be where nothing differs."""

from finetune_report.stats.ranks import critical_difference, friedman, groups_of, ranks_of

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

# Demšar (2006), table 5 (a): critical values of the two-tailed Nemenyi test at 0.05, for 2 to 10 systems.
CRITICAL = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]


def test_the_best_has_rank_1_and_equals_share_theirs() -> None:
    assert ranks_of([[0.9, 0.7, 0.8], [0.5, 0.5, 0.4]]).tolist() == [[1, 3, 2], [1.5, 1.5, 3]]


@pytest.mark.parametrize(("systems", "published"), list(enumerate(CRITICAL, start=2)))
def test_the_critical_difference_is_that_of_demsar(systems: int, published: float) -> None:
    """CD = q sqrt(k (k + 1) / 6N); his table has q, and his example of 4 systems on 14 data sets 1.25."""
    assert critical_difference(systems, 14) == pytest.approx(
        published * np.sqrt(systems * (systems + 1) / 84), abs=1e-3
    )
    assert round(critical_difference(4, 14), 2) == 1.25


def test_the_statistic_is_scipys_with_ties_and_without() -> None:
    generator = np.random.default_rng(1)
    for scores in (generator.random((6, 4)), np.round(generator.random((12, 5)), 1)):
        statistic, p = friedman(scores)
        known = friedmanchisquare(*scores.T)
        assert statistic == pytest.approx(known.statistic, abs=1e-6)
        assert p == pytest.approx(known.pvalue, abs=0.08)  # which is that of the limit


def test_the_p_is_exact_for_few_data_sets() -> None:
    """Five data sets that all put three systems in one order: 6 of the 6^5 ways to order them are as clear."""
    assert friedman(np.tile([3.0, 2.0, 1.0], (5, 1)))[1] == pytest.approx(6 / 6**5)
    assert friedman(np.ones((5, 3))) == (0.0, 1.0)


@pytest.mark.slow
def test_systems_that_do_not_differ_are_seldom_told_apart() -> None:
    generator = np.random.default_rng(2)
    found = [friedman(generator.random((5, 3)))[1] < 0.05 for _ in range(300)]
    assert np.mean(found) < 0.08


def test_bars_join_what_is_near() -> None:
    assert groups_of([1.0, 1.5, 2.2, 3.9], 1.3) == [(0, 2)]
    assert groups_of([1.0, 2.0, 3.0], 1.5) == [(0, 1), (1, 2)]
    assert groups_of([1.0, 3.0], 1.5) == []
