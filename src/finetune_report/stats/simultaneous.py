"""Several comparisons at once: adjusted p and simultaneous intervals from one critical value.

Single-step min-p, which is max-|T| where all degrees of freedom are equal (Dunnett 1955; Westfall & Young 1993;
Hothorn, Bretz & Westfall 2008). The statistics follow a multivariate t distribution with the comparisons' correlation;
it is drawn as quasi-random points (scrambled Sobol, fixed seed: a tenth of the error of as many random ones), each
comparison with its own degrees of freedom and all with one chi-squared quantile. `critical_p` is the level that the
smallest p of the family falls below with probability alpha when nothing differs. A comparison's simultaneous interval
is its own at 1 - critical_p, so that its adjusted p is below alpha if and only if that interval leaves out 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from finetune_report.stats.intervals import ALPHA

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtr, ndtri, stdtrit

Floats = NDArray[np.float64]

DRAWS = 2**17  # about 130,000
POINTS = 1201  # of a table that stands in for the t distribution's function on the draws
FARTHEST = 12.0  # deviate, as far as that table goes


class Difference(Protocol):
    """What a comparison must know: `crossed.Estimate` and `discordance.DiscordantCounts` do."""

    @property
    def value(self) -> float: ...

    @property
    def p_value(self) -> float: ...

    @property
    def df(self) -> float: ...

    @property
    def about(self) -> str: ...

    def interval(self, alpha: float = ALPHA) -> tuple[float, float]: ...


@dataclass(frozen=True)
class Adjusted:
    """One comparison within its family: two-sided p and interval, both simultaneous."""

    difference: Difference
    p_value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Family:
    """Comparisons that were declared together; `critical_p` is the unadjusted p below which one of them holds."""

    alpha: float
    critical_p: float
    comparisons: tuple[Adjusted, ...]

    @property
    def equivalence_alpha(self) -> float:
        """Of the interval that has to lie within the margin for a comparison to count as equivalent.

        For one comparison 2 alpha: two one-sided tests at alpha (Schuirmann 1987). For several the error of any is held
        to alpha, by Bonferroni or by the simultaneous interval, whichever asks for less.
        """
        return 2 * max(self.alpha / len(self.comparisons), self.critical_p / 2)


def simultaneous(
    differences: Sequence[Difference], correlation: ArrayLike | None = None, alpha: float = ALPHA, draws: int = DRAWS
) -> Family:
    """The family of these comparisons; `correlation` is that of their statistics, [comparisons, comparisons].

    Without one they count as independent. Raises ValueError where there are none, or the shape is another.
    """
    count = len(differences)
    found = np.array([difference.p_value for difference in differences])
    if not count:
        raise ValueError("a family needs a comparison at least")
    if count == 1:
        adjusted, critical = found, alpha
    else:
        matrix = np.eye(count) if correlation is None else np.asarray(correlation, dtype=float)
        if matrix.shape != (count, count):
            raise ValueError(f"{count} comparisons and a correlation matrix of {matrix.shape}")
        smallest = smallest_p(matrix, np.array([difference.df for difference in differences]), draws)
        adjusted, critical = adjust(found, smallest, alpha)
    return Family(
        alpha,
        critical,
        tuple(
            Adjusted(difference, float(p), difference.interval(critical))
            for difference, p in zip(differences, adjusted, strict=True)
        ),
    )


def adjust(found: Floats, smallest: Floats, alpha: float) -> tuple[Floats, float]:
    """Adjusted p-values and the critical unadjusted p, from draws of the smallest p, sorted.

    p < critical if and only if adjusted p < alpha. Both are kept between no correction and Bonferroni's, which
    takes the place of the draws far out, where there are few of them.
    """
    draws, count = len(smallest), len(found)
    by_draws = np.searchsorted(smallest, found, side="right") / draws
    by_draws = np.where(by_draws < alpha / 10, np.minimum(count * found, alpha / 10), by_draws)
    adjusted = np.minimum(np.clip(by_draws, found, np.minimum(1.0, count * found)), 1.0)
    last = int(np.ceil(alpha * draws)) - 1  # as many draws as this lie below the critical value at most
    return adjusted, float(np.clip(smallest[last], alpha / count, alpha))


def smallest_p(correlation: Floats, df: Floats, draws: int = DRAWS, sided: int = 2) -> Floats:
    """Draws of the smallest p of a family when nothing differs, sorted; one-sided p where `sided` is 1."""
    factor = root(correlation)
    uniform = uniform_points(draws, factor.shape[1] + 1)
    deviates, quantile = ndtri(uniform[:, 1:]) @ factor.T, uniform[:, 0]
    largest = np.full(draws, -np.inf)
    tables = {value: scale_and_deviate(value, quantile) for value in np.unique(df)}
    for column, value in enumerate(df):
        scale, grid, equivalent = tables[value]
        statistic = deviates[:, column] * scale
        size = np.interp(np.abs(statistic), grid, equivalent)
        np.maximum(largest, size if sided == 2 else np.copysign(size, statistic), out=largest)
    return np.sort(sided * ndtr(-largest))


def scale_and_deviate(df: float, quantile: Floats) -> tuple[Floats | float, Floats, Floats]:
    """What turns normal deviates into t's, and a table of |t| and the normal deviate of the same probability."""
    deviates = np.linspace(0, FARTHEST, POINTS)
    if not np.isfinite(df) or df > 1e6:
        return 1.0, deviates, deviates
    points = np.linspace(0.5 / POINTS, 1 - 0.5 / POINTS, POINTS)
    # Quantiles of chi-squared on a fine grid of probabilities, closer together towards 0 where t is far out.
    points = np.unique(
        np.concatenate([points, np.geomspace(1e-9, points[0], 400), 1 - np.geomspace(1e-9, points[0], 400)])
    )
    scale = np.interp(quantile, points, np.sqrt(df / chdtri(df, 1 - points)))
    grid = -stdtrit(df, ndtr(-deviates))
    grid[0] = 0.0
    return scale, grid, deviates


def root(correlation: Floats) -> Floats:
    """A square root of a correlation matrix that may be singular, [comparisons, rank]."""
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    if values[0] < -1e-6 * max(1.0, values[-1]):
        raise ValueError("the correlations of the comparisons contradict each other")
    kept = values > 1e-10 * values[-1]
    factor: Floats = vectors[:, kept] * np.sqrt(values[kept])
    return factor


def uniform_points(count: int, dimensions: int) -> Floats:
    """Quasi-random points within the unit cube, the same each time; `count` should be a power of two."""
    from scipy.stats import qmc  # takes a third of a second to import

    points = qmc.Sobol(dimensions, rng=np.random.default_rng(1)).random(count)
    return np.clip(points, 1e-12, 1 - 1e-12)


def correlation_of(covariance: ArrayLike, contrasts: ArrayLike) -> Floats:
    """Of the differences that `contrasts` [comparisons, settings] make of settings with this covariance.

    Differences without any variance are taken as independent of the others.
    """
    of_settings, weights = np.asarray(covariance, dtype=float), np.asarray(contrasts, dtype=float)
    of_differences = weights @ of_settings @ weights.T
    spread = np.sqrt(np.maximum(of_differences.diagonal(), 0))
    safe = np.where(spread > 0, spread, 1.0)
    result: Floats = of_differences / np.outer(safe, safe)
    result[spread == 0, :] = result[:, spread == 0] = 0.0
    np.fill_diagonal(result, 1.0)
    return result


def one_sided_p(difference: Difference) -> float:
    """Of the difference's being 0 or less."""
    half = difference.p_value / 2
    return half if difference.value > 0 else 1 - half


def could_be_best(
    beats: Sequence[Sequence[Difference | None]],
    correlations: Sequence[Floats],
    alpha: float = ALPHA,
    draws: int = DRAWS,
) -> list[float]:
    """Hsu's (1981) multiple comparisons with the best: for each setting the p of its being the best or as good.

    `beats[i][j]` is setting j minus setting i (None for i itself), `correlations[i]` that of the row's differences,
    without i. A setting is ruled out where its p is below alpha; the best one is with a probability of alpha at most.
    """
    found = []
    for row, correlation in zip(beats, correlations, strict=True):
        others = [difference for difference in row if difference is not None]
        p_values = np.array([one_sided_p(other) for other in others])
        if len(others) == 1:
            found.append(float(p_values[0]))
            continue
        smallest = smallest_p(correlation, np.array([other.df for other in others]), draws, sided=1)
        found.append(float(adjust(p_values, smallest, alpha)[0].min()))
    return found
