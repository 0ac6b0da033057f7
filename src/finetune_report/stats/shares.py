"""Intervals of an accuracy: Wilson's (1927), also over seeds and clusters."""

from finetune_report.stats.crossed import Estimate

import numpy as np
from scipy.special import ndtri, stdtrit


def wilson(share: float, count: float, quantile: float) -> tuple[float, float]:
    """The score interval of a share of `count`, for the quantile of the normal or Student's distribution."""
    square = quantile**2
    centre = (share + square / (2 * count)) / (1 + square / count)
    half = quantile / (1 + square / count) * np.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return max(0.0, min(share, float(centre - half))), min(1.0, max(share, float(centre + half)))


def share_interval(estimate: Estimate, alpha: float = 0.05, count: float | None = None) -> tuple[float, float]:
    """Of a setting's accuracy, from its `mean_over_seeds` of 1 or 0 for right or wrong.

    With one seed and no clusters it is Wilson's. Otherwise Wilson's for the number of independent examples that would
    have the same variance (Korn & Graubard 1998), with Student's quantile; so it stays within 0 and 1. `count` says how
    many examples the share is of, where these are not all.
    """
    share = min(1.0, max(0.0, estimate.value))
    if estimate.seeds == (1,) and estimate.clusters == estimate.examples:
        return wilson(share, count or estimate.examples, float(-ndtri(alpha / 2)))
    worth = min(count or np.inf, estimate.clusters)
    if estimate.standard_error > 0:
        worth = share * (1 - share) / estimate.standard_error**2
    return wilson(share, worth, float(-stdtrit(estimate.df, alpha / 2)))
