"""Two trained models on the same examples, from the counts of examples that just one of them has right.

The score test of McNemar (1947), z = (b - c) / sqrt(b + c), and the interval that inverts it (Tango 1998), for the
difference of two accuracies. Below ten discordant examples the p is the mid-p of the exact test (Fagerland, Lydersen &
Laake 2013), and the score statistic is scaled such that at no difference it has just this p; its inversion is the
interval. So p and interval agree whatever the level, since both are the same function of the assumed difference.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, ndtr, ndtri

Floats = NDArray[np.float64]

FEW = 10  # discordant examples; below it the normal distribution is a poor guide
BISECTIONS = 48  # of a width of 1 at most


@dataclass(frozen=True)
class DiscordantCounts:
    """Model a against model b: examples that only a and only b has right, of `examples` in all."""

    only_a: int
    only_b: int
    examples: int
    df: float = np.inf
    about: str = "models"

    def __post_init__(self) -> None:
        if min(self.only_a, self.only_b) < 0 or self.only_a + self.only_b > self.examples or self.examples < 1:
            raise ValueError(f"{self.only_a} and {self.only_b} discordant of {self.examples} examples is impossible")

    @classmethod
    def of(cls, a: ArrayLike, b: ArrayLike) -> "DiscordantCounts":
        """From 1 or 0 for right or wrong on each example."""
        right_a, right_b = np.asarray(a).ravel() > 0.5, np.asarray(b).ravel() > 0.5
        if len(right_a) != len(right_b):
            raise ValueError(f"scores of {len(right_a)} and {len(right_b)} examples cannot be paired")
        return cls(int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()), len(right_a))

    @property
    def value(self) -> float:
        return (self.only_a - self.only_b) / self.examples

    @property
    def standard_error(self) -> float:
        """Under no difference, as the score test has it."""
        return float(np.sqrt(self.only_a + self.only_b)) / self.examples

    @property
    def statistic(self) -> float:
        """A standard normal deviate under no difference, with the sign of the difference."""
        scale = mid_p_scale(self.only_a, self.only_b)
        return float(score_statistic(self.only_a, self.only_b, self.examples, 0.0) * scale)

    @property
    def p_value(self) -> float:
        return float(p_values(self.only_a, self.only_b))

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """At confidence 1 - alpha; it leaves out 0 if and only if `p_value` is below alpha."""
        low, high = intervals(self.only_a, self.only_b, self.examples, alpha)
        return float(low), float(high)


def p_values(only_a: ArrayLike, only_b: ArrayLike) -> Floats:
    """Two-sided p of no difference: the score test's, or mid-p below ten discordant examples."""
    b, c = np.asarray(only_a, dtype=float), np.asarray(only_b, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(b + c > 0, 2 * ndtr(-np.abs(b - c) / np.sqrt(b + c)), 1.0)
    return np.where(b + c < FEW, mid_p(b, c), score)


def mid_p(only_a: ArrayLike, only_b: ArrayLike) -> Floats:
    """Two-sided mid-p of the exact McNemar test: outcomes as likely as the one seen count half."""
    b, c = np.asarray(only_a, dtype=float), np.asarray(only_b, dtype=float)
    total, fewer = np.maximum(b + c, 1).astype(int), np.minimum(b, c)
    below = np.where(fewer >= 1, bdtr(np.maximum(fewer - 1, 0), total, 0.5), 0.0)
    up_to = bdtr(fewer, total, 0.5)
    return np.where(b == c, 1.0, np.minimum(1.0, below + up_to))


def mid_p_scale(only_a: ArrayLike, only_b: ArrayLike) -> Floats:
    """What the score statistic is multiplied by so that its p at no difference is that of `p_values`; at most 1."""
    b, c = np.asarray(only_a, dtype=float), np.asarray(only_b, dtype=float)
    few = (b + c < FEW) & (b != c)
    plain = np.abs(b - c) / np.sqrt(np.maximum(b + c, 1))
    return np.where(few, -ndtri(mid_p(b, c) / 2) / np.where(few, plain, 1.0), 1.0)


def score_statistic(only_a: ArrayLike, only_b: ArrayLike, examples: ArrayLike, difference: ArrayLike) -> Floats:
    """Tango's statistic of an assumed difference of accuracies, a minus b; falls as the assumed difference rises."""
    b, c, n = (np.asarray(x, dtype=float) for x in (only_a, only_b, examples))
    delta = np.asarray(difference, dtype=float)
    first, second, third = 2 * n, -b - c + (2 * n - b + c) * delta, -c * delta * (1 - delta)
    only_b_share = (np.sqrt(np.maximum(second**2 - 4 * first * third, 0)) - second) / (2 * first)
    variance = np.maximum(n * (2 * only_b_share + delta * (1 - delta)), 0)
    above = b - c - n * delta
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(above == 0, 0.0, above / np.sqrt(variance))


def intervals(
    only_a: ArrayLike, only_b: ArrayLike, examples: ArrayLike, alpha: ArrayLike = 0.05
) -> tuple[Floats, Floats]:
    """The assumed differences that are not refused at alpha, by bisection from 0 or the observed difference.

    Whether a bound lies above or below 0 is decided by the p at 0 alone.
    """
    b, c, n, level = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (only_a, only_b, examples, alpha)))
    limit = -ndtri(level / 2) / mid_p_scale(b, c)
    refused = p_values(b, c) < level
    # The upper bound is the lower one with a and b in each other's place.
    sides = (np.stack([b, c]), np.stack([c, b]), n, limit, np.stack([refused & (b > c), refused & (b < c)]))
    low, high = bound(*sides)
    return low, -high


def bound(b: Floats, c: Floats, n: Floats, limit: Floats, positive: NDArray[np.bool_]) -> Floats:
    """The lower bound: between 0 and the observed difference where it is `positive`, else between -1 and 0."""
    refused, kept = np.where(positive, 0.0, -1.0), np.where(positive, (b - c) / n, np.minimum(0.0, (b - c) / n))
    top = kept.copy()
    for _ in range(BISECTIONS):
        middle = (refused + kept) / 2
        too_low = score_statistic(b, c, n, middle) > limit
        refused, kept = np.where(too_low, middle, refused), np.where(too_low, kept, middle)
    return np.where(positive, np.maximum(kept, np.nextafter(0.0, 1.0)), np.minimum(kept, top))


def seed_noise_margin(difference: float, p_value: float, critical_p: float = 0.05) -> float:
    """tau*: how far accuracies may spread between seeds, as a standard deviation, before the difference would not hold.

    At one seed the variance V of the difference leaves seeds out; with them it is V + 2 tau^2. V is taken from the p,
    as the variance that a normal deviate would have had, so that tau* is 0 just where the difference does not hold at
    all. 0 where p is not below `critical_p`, the level at which a single comparison of the family holds.
    """
    if not p_value < critical_p or difference == 0:
        return 0.0
    needed, found = -ndtri(critical_p / 2), -ndtri(max(p_value, 1e-300) / 2)
    return float(abs(difference) * np.sqrt((1 / needed**2 - 1 / found**2) / 2))
