"""What a comparison comes to: ahead, behind, equivalent within a margin, or undecided."""

from dataclasses import dataclass
from enum import StrEnum

from finetune_report.stats.crossed import Estimate
from finetune_report.stats.discordance import DiscordantCounts, p_values
from finetune_report.stats.simultaneous import Adjusted, Difference, Family

import numpy as np
from scipy.special import ndtri, stdtrit

POWER = 0.8
MANY_DISCORDANT = 25  # examples; from here on the normal distribution tells the power well
BISECTIONS = 20


class Outcome(StrEnum):
    AHEAD = "ahead"
    BEHIND = "behind"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a comparison within its family, with all that is printed of it.

    `equivalence_interval` is the one that has to lie within the margin (90% for a single comparison); `within_margin`
    says that it does, which also a setting that is ahead may; None where no margin was declared. `detectable` is the
    smallest true difference that this design finds in four of five cases. It says what the design can, and nothing
    about the difference that was found (no observed power: Hoenig & Heisey 2001).
    """

    outcome: Outcome
    difference: float
    p_value: float
    interval: tuple[float, float]
    equivalence_interval: tuple[float, float]
    within_margin: bool | None
    detectable: float


def verdict(adjusted: Adjusted, family: Family, margin: float | None = None, higher_is_better: bool = True) -> Verdict:
    """Of one of the family's comparisons. Raises ValueError on a margin that is not positive."""
    if margin is not None and not margin > 0:
        raise ValueError(f"a margin of equivalence is a positive number, and this is {margin}")
    low, high = adjusted.interval
    closest = adjusted.difference.interval(family.equivalence_alpha)
    within = None if margin is None else -margin < closest[0] and closest[1] < margin
    if low > 0 or high < 0:
        outcome = Outcome.AHEAD if (low > 0) == higher_is_better else Outcome.BEHIND
    else:
        outcome = Outcome.EQUIVALENT if within else Outcome.UNDECIDED
    return Verdict(
        outcome,
        adjusted.difference.value,
        adjusted.p_value,
        adjusted.interval,
        closest,
        within,
        detectable(adjusted.difference, family.critical_p),
    )


def verdicts(family: Family, margin: float | None = None, higher_is_better: bool = True) -> list[Verdict]:
    """Of all comparisons of the family, in their order."""
    return [verdict(adjusted, family, margin, higher_is_better) for adjusted in family.comparisons]


def detectable(difference: Difference, critical_p: float = 0.05, power: float = POWER) -> float:
    """The smallest true difference that a comparison with this variance finds with probability `power`.

    Of shares it is 1 at most: no more can be there to be found.
    """
    if isinstance(difference, DiscordantCounts):
        return detectable_shares(difference, critical_p, power)
    if isinstance(difference, Estimate):
        quantiles = -stdtrit(difference.df, critical_p / 2) + stdtrit(difference.df, power)
        return min(float(quantiles * difference.standard_error), difference.reach)
    raise TypeError(f"no variance is known of a {type(difference).__name__}")


def detectable_shares(counts: DiscordantCounts, critical_p: float, power: float) -> float:
    """Of two trained models that disagree on as many examples as these do, or on no more than they differ by.

    Where few examples are discordant, the normal distribution would promise a difference that the test cannot find:
    three examples that all speak for one side are no evidence. There the power is that of the test itself.
    """
    discordant, examples = counts.only_a + counts.only_b, counts.examples
    quantiles = float(-ndtri(critical_p / 2) + ndtri(power))
    if discordant >= MANY_DISCORDANT:
        return min(1.0, quantiles * discordant**0.5 / examples)
    low, high = 0.0, min(1.0, (quantiles**2 + MANY_DISCORDANT) / examples)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        found = exact_power(middle, max(middle, discordant / examples), examples, critical_p)
        low, high = (low, middle) if found >= power else (middle, high)
    return high


def exact_power(difference: float, discordance: float, examples: int, critical_p: float) -> float:
    """How often the test of two trained models is below `critical_p`, where they disagree on this share of examples."""
    from scipy.stats import binom  # takes a third of a second to import

    share_of_a = (1 + difference / discordance) / 2
    totals = np.arange(int(binom.isf(1e-6, examples, discordance)) + 1)
    only_a = totals[:, None]
    refused = p_values(only_a, np.maximum(totals - only_a, 0)) < critical_p
    chances = binom.pmf(only_a, totals, share_of_a) * binom.pmf(totals, examples, discordance)
    return float((chances * refused).sum())
