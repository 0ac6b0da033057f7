"""What difference a design can find, and how many examples and seeds another would need, before anything is trained."""

from collections.abc import Callable
from dataclasses import dataclass

from finetune_report.stats.crossed import components, table

from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

POWER = 0.8
MOST_SEEDS, MOST_EXAMPLES = 1000, 10_000_000


@dataclass(frozen=True)
class VarianceComponents:
    """What makes a difference of two settings vary, per example and run.

    `examples` is the variance over examples of the gap that two settings have on average over seeds, `noise` the
    variance of a run's score on an example that is left for each setting, `seeds` the variance of a run's mean score
    due to its seed.
    """

    examples: float
    noise: float
    seeds: float

    @classmethod
    def of_discordance(cls, between: float, within: float, seed_sd: float) -> "VarianceComponents":
        """For accuracy: the shares of examples on which runs of two settings, and two runs of one setting, disagree.

        `seed_sd` is the standard deviation of a setting's accuracy between seeds. Two settings disagree at least as
        often as two runs of one do. Raises ValueError where they do not.
        """
        if not 0 <= within <= between <= 1 or seed_sd < 0:
            raise ValueError(f"discordance between ({between}) and within settings ({within}), seed sd {seed_sd}")
        return cls(between - within, within / 2, seed_sd**2)

    @classmethod
    def of_scores(cls, a: ArrayLike, b: ArrayLike) -> "VarianceComponents":
        """From finished runs of two settings, [examples, seeds] each with two seeds or more; none below 0."""
        both = [table(a), table(b)]
        if min(scores.shape[1] for scores in both) < 2:
            raise ValueError("variance components need two seeds of each setting")
        rows, count = [scores.mean(axis=1) for scores in both], len(both[0])
        parts = [(components(scores), scores.shape[1]) for scores in both]
        gaps = float((rows[0] - rows[1]).var(ddof=1))
        noise = [float(part.noise) * count * seeds for part, seeds in parts]
        examples = gaps - sum(value / seeds for value, (_, seeds) in zip(noise, parts, strict=True))
        by_seed = sum(float(part.seeds - part.noise) * seeds for part, seeds in parts) / 2
        return cls(max(0.0, examples), sum(noise) / 2, max(0.0, by_seed))

    def variance(self, examples: int, seeds: int) -> float:
        """Of the difference; with one seed that of two trained models, which leaves the spread between seeds out."""
        by_examples = (self.examples + 2 * self.noise / seeds) / examples
        return by_examples if seeds == 1 else by_examples + 2 * self.seeds / seeds

    def df(self, examples: int, seeds: int) -> float:
        """Satterthwaite's degrees of freedom at the expected variances."""
        if seeds == 1:
            return float(examples - 1)
        by_examples = (self.examples + 2 * self.noise / seeds) / examples
        of_seeds = self.seeds / seeds + self.noise / (examples * seeds)
        spread = 2 * of_seeds**2 / (seeds - 1) + by_examples**2 / (examples - 1)
        return self.variance(examples, seeds) ** 2 / spread if spread > 0 else float(examples - 1)


def minimum_detectable(
    parts: VarianceComponents, examples: int, seeds: int, critical_p: float = 0.05, power: float = POWER
) -> float:
    """The smallest true difference that so many examples and seeds of each setting find with probability `power`.

    (critical value + quantile of the power) * standard error. `critical_p` is the level of one comparison of the family
    (`planned_level`). With one seed the difference is that of two trained models.
    """
    df = parts.df(examples, seeds)
    quantiles = -ndtri(critical_p / 2) + ndtri(power)
    if df < 1e6:
        quantiles = -stdtrit(df, critical_p / 2) + stdtrit(df, power)
    return float(quantiles * parts.variance(examples, seeds) ** 0.5)


def planned_level(comparisons: int, against_one: bool = True, alpha: float = 0.05) -> float:
    """The unadjusted p that one of so many comparisons will have to be below, before any data.

    Dunnett's, for settings of equal variance against one baseline; for other families Bonferroni's.
    """
    if comparisons == 1 or not against_one:
        return alpha / comparisons
    from finetune_report.stats.simultaneous import adjust, smallest_p

    import numpy as np

    correlation = np.full((comparisons, comparisons), 0.5) + 0.5 * np.eye(comparisons)
    smallest = smallest_p(correlation, np.full(comparisons, np.inf))
    return adjust(np.ones(comparisons), smallest, alpha)[1]


def seeds_needed(
    target: float, parts: VarianceComponents, examples: int, critical_p: float = 0.05, power: float = POWER
) -> int | None:
    """The fewest seeds of each setting, two at least, that find a difference of `target`; None where none do.

    More seeds do not help where the examples are too few.
    """
    return fewest(lambda seeds: minimum_detectable(parts, examples, seeds, critical_p, power), target, 2, MOST_SEEDS)


def examples_needed(
    target: float, parts: VarianceComponents, seeds: int, critical_p: float = 0.05, power: float = POWER
) -> int | None:
    """The fewest examples that find a difference of `target` with so many seeds; None where none do.

    More examples do not help where the seeds are too few.
    """
    return fewest(lambda count: minimum_detectable(parts, count, seeds, critical_p, power), target, 3, MOST_EXAMPLES)


def fewest(found: Callable[[int], float], target: float, least: int, most: int) -> int | None:
    """The smallest number at which `found`, which falls, is at most `target`."""
    if found(most) > target:
        return None
    low, high = least - 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) <= target else (middle, high)
    return high
