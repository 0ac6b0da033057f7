"""What a random search over settings is worth: the best that so many of them are expected to give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

BAND = (0.05, 0.95)  # quantiles of the best


@dataclass(frozen=True)
class BestOf:
    """The best of `settings` drawn at random from those tried: its mean, and where nine tenths of the draws lie."""

    settings: int
    mean: float
    low: float
    high: float


def expected_best(scores: ArrayLike, lower_is_better: bool = False) -> list[BestOf]:
    """For one setting drawn to all of them, from the validation score of each.

    The draws are without replacement, so the mean is the U-statistic that is unbiased for the best of so many settings
    of the search (Tang et al. 2020), and at all of them it is the best one found. The band holds quantiles of the best,
    so it never reaches beyond what was found.
    """
    ordered = np.sort(np.asarray(scores, dtype=float))
    ordered = ordered[::-1] if lower_is_better else ordered
    count = len(ordered)
    places = np.arange(1, count + 1)
    rows = []
    for draws in range(1, count + 1):
        chances = np.zeros(count)  # of the best drawn being the one at this place
        reach = places >= draws
        chances[reach] = np.exp(log_choose(places[reach] - 1, draws - 1) - log_choose(np.array(count), draws))
        ends = [ordered[np.searchsorted(np.cumsum(chances) / chances.sum(), level)] for level in BAND]
        rows.append(BestOf(draws, float(chances @ ordered / chances.sum()), float(min(ends)), float(max(ends))))
    return rows


def log_choose(total: np.ndarray, chosen: int) -> np.ndarray:
    """The logarithm of the number of ways to choose."""
    result: np.ndarray = gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)
    return result
