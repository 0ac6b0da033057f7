"""Means over examples crossed with seeds: one statistic for p and interval, for any score that an example has.

A score y[i, r] belongs to example i and the run with seed r: 1 or 0 for right or wrong, a loss, or an influence value
(`influence`). Examples and seeds are both drawn from something larger, so the variance of the mean has a part for each.
With m_i the mean of a row and R seeds,

    V_ex = var_i(m_i) / n        S = var_r(mean of column r) / R
    C    = sum of squared residuals / ((n - 1) (R - 1)) / (n R)          residual: score - row - column + mean
    V    = V_ex + S - C          C is the noise that V_ex and S both contain

(Cameron, Gelbach & Miller 2011 with unbiased components; the same decomposition as for readers and cases in Obuchowski
& Rockette 1995 and Gallas et al. 2009). Degrees of freedom are Satterthwaite's, in the form of Hillis (2007), which
leaves what is subtracted out of the denominator. For two settings V_ex is that of the difference of the rows' means.

Where examples belong together, V_ex and C are over clusters: sums of a cluster's deviations take the place of single
deviations. With one seed V is V_ex, and this is Student's t test of the gaps.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]

FEWEST_SEEDS = 3  # for an interval of a setting's own number
FEWEST_DISAGREEMENTS = 4  # examples; see `Estimate.sure_at_most`


@dataclass(frozen=True)
class Components:
    """The mean and its variance in parts, as the module has them; arrays where there are several tables."""

    mean: Floats
    examples: Floats
    seeds: Floats
    noise: Floats


@dataclass(frozen=True)
class Estimate:
    """A mean, or a difference of two means, with what its p and interval rest on.

    `seeds` has the number of seeds of each setting, `clusters` the number of clusters (of examples, where each is one
    of its own); `seed_variance` is the part of the variance that is due to seeds, 0 with one seed. No value lies
    further than `reach` from another.
    """

    value: float
    standard_error: float
    df: float
    examples: int
    clusters: int
    seeds: tuple[int, ...]
    example_variance: float
    seed_variance: float
    about: str
    reach: float = np.inf

    @property
    def statistic(self) -> float:
        return self.value / self.standard_error if self.standard_error else np.sign(self.value) * np.inf

    @property
    def p_value(self) -> float:
        """Two-sided, of the value's being 0."""
        return 1.0 if self.value == 0 else float(2 * stdtr(self.df, -abs(self.statistic)))

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """At confidence 1 - alpha; it leaves out 0 if and only if `p_value` is below alpha."""
        half = float(-stdtrit(self.df, alpha / 2)) * self.standard_error
        return max(self.value - half, -self.reach), min(self.value + half, self.reach)

    def sure_at_most(self, reach: float) -> "Estimate":
        """The same of a metric whose values lie no further than `reach` apart, 1 for shares; inf changes nothing.

        Where hardly an example tells two settings apart, or all are right, the variance that was found is near 0, and
        others need not agree so well. It counts as that of four examples at least, one way or the other: then nothing
        among n leaves an interval of 4 / n, as the rule of three and Tango's interval have it (Agresti & Coull 1998 add
        four likewise).
        """
        least = FEWEST_DISAGREEMENTS**0.5 * reach / self.clusters if np.isfinite(reach) else 0.0
        return replace(self, standard_error=max(self.standard_error, least), reach=reach)


def components(values: ArrayLike, clusters: ArrayLike | None = None) -> Components:
    """The parts for a table of scores [examples, seeds], or several at once [..., examples, seeds].

    `clusters` names each example's cluster. With one seed, `seeds` and `noise` are 0.
    Raises ValueError where there are fewer than two clusters.
    """
    scores = np.asarray(values, dtype=float)
    seeds = scores.shape[-1]
    rows, columns = scores.mean(axis=-1), scores.mean(axis=-2)
    mean = rows.mean(axis=-1)
    examples = clustered_variance(rows - mean[..., None], clusters)
    if seeds == 1:
        return Components(mean, examples, np.zeros_like(mean), np.zeros_like(mean))
    residuals = scores - rows[..., None] - columns[..., None, :] + mean[..., None, None]
    each = clustered_variance(np.moveaxis(residuals, -1, -2), clusters)
    return Components(mean, examples, columns.var(axis=-1, ddof=1) / seeds, each.sum(axis=-1) / (seeds * (seeds - 1)))


def clustered_variance(deviations: Floats, clusters: ArrayLike | None) -> Floats:
    """The variance of a mean over examples, from deviations [..., examples] that add up to 0."""
    count = deviations.shape[-1]
    sums = deviations if clusters is None else deviations @ membership(clusters)
    units = sums.shape[-1]
    if units < 2:
        raise ValueError(f"a variance needs two examples or clusters at least, and there is {units}")
    variance: Floats = (sums**2).sum(axis=-1) * units / (units - 1) / count**2
    return variance


def membership(clusters: ArrayLike) -> Any:
    """A sparse matrix [examples, clusters] with a 1 where an example belongs."""
    from scipy.sparse import csr_array

    names, numbers = np.unique(np.asarray(clusters), return_inverse=True)
    rows = np.arange(len(numbers))
    return csr_array((np.ones(len(numbers)), (rows, numbers)), shape=(len(numbers), len(names)))


def satterthwaite(examples: Floats, units: int, parts: list[tuple[Floats, Floats, int]]) -> tuple[Floats, Floats]:
    """Variance and degrees of freedom, from V_ex and each setting's S, C and number of seeds.

    Where S - C is negative it is left so, which keeps V unbiased, down to half of V_ex. Cut off at 0, the test would
    be too careful at two and three seeds: false positives of 2 to 3% instead of 5% where seeds matter little.
    """
    variance, spread = examples, examples**2 / (units - 1)
    for seeds, noise, count in parts:
        if count > 1:
            variance = variance + seeds - noise
            spread = spread + seeds**2 / (count - 1)
    variance = np.maximum(variance, examples / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(spread > 0, variance**2 / spread, units - 1)
    return variance, np.maximum(df, 1.0)


def mean_over_seeds(values: ArrayLike, clusters: ArrayLike | None = None) -> Estimate:
    """A setting's own number from its scores [examples, seeds].

    From three seeds on it is about the setting, with fewer about these trained models (`Estimate.about`): the spread
    between two seeds says too little of that between others (such an interval would cover 87% instead of 95%).
    """
    scores = table(values)
    parts, seeds = components(scores, clusters), scores.shape[1]
    spread = [(parts.seeds, parts.noise, seeds)] if seeds >= FEWEST_SEEDS else []
    return build(parts, scores.shape[0], clusters, (seeds,), spread)


def mean_of_shares(shares: ArrayLike, examples: int) -> Estimate:
    """The same from each seed's accuracy alone, where no example's score is known; never too narrow.

    That all seeds are right on the same examples is the least favourable case.
    """
    values = np.asarray(shares, dtype=float)
    mean, seeds = values.mean(), len(values)
    spread = values.var(ddof=1) / seeds if seeds > 1 else np.zeros(())
    parts = Components(mean, mean * (1 - mean) / examples, spread, np.zeros(()))
    of_seeds = [(parts.seeds, parts.noise, seeds)] if seeds >= FEWEST_SEEDS else []
    return build(parts, examples, None, (seeds,), of_seeds)


def difference(a: ArrayLike, b: ArrayLike, clusters: ArrayLike | None = None, reach: float | None = None) -> Estimate:
    """Setting `a` minus setting `b`, from the scores [examples, seeds] of both on the same examples.

    With one seed each it is about these two trained models, with two or more each about the settings. `reach` is that
    of the metric (`Estimate.sure_at_most`), None 1 for right and wrong answers and inf for all else. Raises ValueError
    where the examples differ in number, or where just one of the two has one seed only.
    """
    a_scores, b_scores = table(a), table(b)
    seeds = (a_scores.shape[1], b_scores.shape[1])
    if a_scores.shape[0] != b_scores.shape[0]:
        raise ValueError(f"scores of {a_scores.shape[0]} and {b_scores.shape[0]} examples cannot be paired")
    if min(seeds) == 1 and max(seeds) > 1:
        raise ValueError(f"{seeds[0]} and {seeds[1]} seeds: either both settings have one, or both two or more")
    both = [components(a_scores, clusters), components(b_scores, clusters)]
    gaps = components(a_scores.mean(axis=1, keepdims=True) - b_scores.mean(axis=1, keepdims=True), clusters)
    parts = [(part.seeds, part.noise, count) for part, count in zip(both, seeds, strict=True)]
    if reach is None:
        reach = 1.0 if is_binary(a_scores) and is_binary(b_scores) else np.inf
    return build(gaps, a_scores.shape[0], clusters, seeds, parts).sure_at_most(reach)


def is_binary(scores: Floats) -> bool:
    """Whether they are 1 or 0 for right or wrong."""
    return bool(np.isin(scores, (0.0, 1.0)).all())


def table(values: ArrayLike) -> Floats:
    """Scores as [examples, seeds]; a vector is one seed."""
    scores = np.asarray(values, dtype=float)
    scores = scores[:, None] if scores.ndim == 1 else scores
    if scores.ndim != 2:
        raise ValueError(f"scores have {scores.ndim} dimensions; they should be [examples, seeds]")
    if not np.isfinite(scores).all():
        raise ValueError("a score is not a finite number")
    return scores


def build(
    gaps: Components,
    examples: int,
    clusters: ArrayLike | None,
    seeds: tuple[int, ...],
    parts: list[tuple[Floats, Floats, int]],
) -> Estimate:
    units = examples if clusters is None else len(np.unique(np.asarray(clusters)))
    variance, df = satterthwaite(gaps.examples, units, parts)
    return Estimate(
        value=float(gaps.mean),
        standard_error=float(np.sqrt(variance)),
        df=float(df),
        examples=examples,
        clusters=units,
        seeds=seeds,
        example_variance=float(gaps.examples),
        seed_variance=float(variance - gaps.examples),
        about="settings" if any(count > 1 for _, _, count in parts) else "models",
    )
