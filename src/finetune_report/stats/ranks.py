"""Several systems on several data sets: average ranks, Friedman's test, and the difference that Nemenyi's test takes.

The way is that of Demšar (2006), Statistical comparisons of classifiers over multiple data sets, JMLR 7:1-30.
"""

from math import factorial, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_DATASETS = 5  # with four, one of two equal systems is ahead on all of them once in eight times
FEWEST_SYSTEMS = 3  # of two, a paired test says all
LEVEL = 0.05
RESAMPLES = 99_999
SEED = 0


def ranks_of(scores: Floats) -> Floats:
    """The rank of each system on each data set, [data sets, systems], from scores of which more is better.

    1 is the best; equals share the mean of their ranks.
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(-np.asarray(scores, dtype=float), axis=1), dtype=float)


def friedman(scores: Floats) -> tuple[float, float]:
    """Friedman's chi-squared and its p: whether the systems' ranks differ by more than chance.

    The p is of the test's own null distribution, in which the systems' scores on a data set change places, and not of
    the chi-squared that it tends to: with few data sets that is too careful (Demšar 2006, section 3.2.2). It is exact
    where there are at most RESAMPLES such orders, and drawn with a fixed seed where there are more.
    """
    from scipy.stats import permutation_test

    ranks = ranks_of(scores)
    count, systems = ranks.shape
    spread = (
        ranks.var(axis=1).sum() * systems / (systems - 1)
    )  # of the ranks on each data set, less where some are tied
    if spread == 0:
        return 0.0, 1.0

    def statistic(*columns: Floats, axis: int = -1) -> Floats:
        means = np.stack([column.mean(axis=axis) for column in columns])
        between = ((means - (systems + 1) / 2) ** 2).sum(axis=0)
        return np.round(count**2 * between / spread, 9)  # equal orders give equal numbers

    orders = factorial(systems) ** count
    found = permutation_test(
        list(ranks.T),
        statistic,
        permutation_type="samples",
        vectorized=True,
        alternative="greater",
        n_resamples=RESAMPLES if orders > RESAMPLES else np.inf,
        batch=2_000_000 // ranks.size + 1,
        rng=np.random.default_rng(SEED),
    )
    return float(found.statistic), float(found.pvalue)


def critical_difference(systems: int, datasets: int, level: float = LEVEL) -> float:
    """By how much two average ranks must differ at least, for all pairs: Nemenyi's test (Demšar 2006, 3.2.2)."""
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - level, systems, np.inf)) / sqrt(2)
    return q * sqrt(systems * (systems + 1) / (6 * datasets))


def groups_of(ranks: list[float], difference: float) -> list[tuple[int, int]]:
    """The longest rows of systems, in the order of rising average ranks, of which no two differ by `difference`.

    Each is its first and last place; a diagram joins them by a line.
    """
    found: list[tuple[int, int]] = []
    for first in range(len(ranks)):
        last = max(place for place in range(first, len(ranks)) if ranks[place] - ranks[first] < difference)
        if last > first and not any(last <= end for _, end in found):
            found.append((first, last))
    return found
