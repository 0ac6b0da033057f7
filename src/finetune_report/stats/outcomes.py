"""What a comparison comes to: ahead, behind, equivalent within a margin, or undecided."""

from dataclasses import dataclass
from enum import StrEnum

from finetune_report.stats.crossed import Estimate
from finetune_report.stats.discordance import DiscordantCounts
from finetune_report.stats.simultaneous import Adjusted, Difference, Family

from scipy.special import ndtri, stdtrit

POWER = 0.8


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

    Two trained models that agree on all examples count as if they disagreed on one.
    """
    if isinstance(difference, DiscordantCounts):
        error = max(1, difference.only_a + difference.only_b) ** 0.5 / difference.examples
        return float((-ndtri(critical_p / 2) + ndtri(power)) * error)
    if isinstance(difference, Estimate):
        quantiles = -stdtrit(difference.df, critical_p / 2) + stdtrit(difference.df, power)
        return float(quantiles * difference.standard_error)
    raise TypeError(f"no variance is known of a {type(difference).__name__}")
