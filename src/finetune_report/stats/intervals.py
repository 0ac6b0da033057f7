"""Intervals for measured shares."""

from statistics import NormalDist

ALPHA = 0.05  # the level of every test; intervals are at confidence 1 - ALPHA


def wilson_interval(correct: float, count: float, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), for `correct` of `count`; `correct` may be a mean of several counts.

    The same as `statsmodels.stats.proportion.proportion_confint(method="wilson")`, which takes a second to import.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = correct / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    # At none and at all of them rounding would leave the share outside.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
