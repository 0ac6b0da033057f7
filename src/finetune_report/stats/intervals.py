"""Intervals for measured shares, and for means over seeds."""

from statistics import NormalDist, fmean, stdev

from scipy.special import stdtrit


def wilson_interval(correct: float, count: float, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), for `correct` of `count`; `correct` may be a mean of several counts.

    The same as `statsmodels.stats.proportion.proportion_confint(method="wilson")`, which takes a second to import.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = correct / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def seeds_interval(values: list[float], confidence: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean over seeds: where it would lie with other seeds on the same examples.

    Needs two values at least.
    """
    half = float(stdtrit(len(values) - 1, 0.5 + confidence / 2)) * stdev(values) / len(values) ** 0.5
    return fmean(values) - half, fmean(values) + half
