"""The results of declared and exploratory comparisons, as they are written and published."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetune_report.config.comparisons import EXPLORATORY, Pair
from finetune_report.stats.discordance import DiscordantCounts, seed_noise_margin
from finetune_report.stats.families import best_settings, compare, compare_family
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.outcomes import Outcome, Verdict, verdicts
from finetune_report.stats.simultaneous import ALPHA, DRAWS, Adjusted, Difference

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Row = dict[str, Any]
Pairs = dict[str, dict[str, Row]]

TURNED = {Outcome.AHEAD: Outcome.BEHIND, Outcome.BEHIND: Outcome.AHEAD}
MOST_DRAWN = 2**23  # numbers in the draws of a family's joint distribution
FEWEST_DRAWS = 2**12
MOST_BEST = 100  # settings; the work grows with the third power of their number


def family_results(
    scores: Mapping[str, Floats],
    declared: Sequence[Pair],
    margin: float | None,
    metric: str,
    clusters: ArrayLike | None = None,
) -> tuple[Row, Pairs]:
    """What is said of a declared family as a whole, and each pair of it, both ways round, by name.

    `scores` by `metric` are [examples, seeds] by setting; a pair is the first one minus the second. Each pair has its
    outcome, p and interval (simultaneous), what the design could have found, and what they are about: "models" with one
    seed, which then also has the margin of seed noise and, for right and wrong answers, both discordant counts.
    """
    table, measure = next(iter(scores.values())), METRICS[metric]
    facts: Row = {
        "metric": metric,
        "unit": "points" if measure.is_share else None,
        "comparisons": len(declared),
        "level": ALPHA,
        "margin": margin,
        "examples": table.shape[0],
        "clusters": table.shape[0] if clusters is None else len(set(np.asarray(clusters).tolist())),
        "seeds": table.shape[1],
        "critical_p": None,
        "equivalence_confidence": None,
    }
    pairs: Pairs = {}
    if not declared:
        return facts, pairs
    family = compare_family(scores, declared, clusters, draws=draws_for(len(declared)), reach=measure.reach)
    for (a, b), adjusted, found in zip(
        declared, family.comparisons, verdicts(family, margin, measure.higher_is_better), strict=True
    ):
        row = declared_row(adjusted, found, family.critical_p)
        put_both_ways(pairs, a, b, row)
    confidence = None if margin is None else 1 - family.equivalence_alpha
    return facts | {"critical_p": family.critical_p, "equivalence_confidence": confidence}, pairs


def declared_row(adjusted: Adjusted, found: Verdict, critical_p: float) -> Row:
    difference = adjusted.difference
    row: Row = {
        "outcome": found.outcome,
        "about": difference.about,
        "difference": found.difference + 0.0,
        "interval": list(found.interval),
        "p": found.p_value,
        "unadjusted_p": difference.p_value,
        "detectable": found.detectable,
        "within_margin": found.within_margin,
        "equivalence_interval": list(found.equivalence_interval),
    }
    if difference.about == "models":
        row["seed_noise_margin"] = seed_noise_margin(found.difference, difference.p_value, critical_p)
    return row | counts_of(difference)


def counts_of(difference: Difference) -> Row:
    if not isinstance(difference, DiscordantCounts):
        return {}
    return {"only_a": difference.only_a, "only_b": difference.only_b}


def add_exploratory(
    pairs: Pairs,
    scores: Mapping[str, Floats],
    wanted: Sequence[Pair],
    metric: str,
    clusters: ArrayLike | None = None,
) -> None:
    """Put in those of the `wanted` pairs that were not declared: with a p and interval of their own, not corrected."""
    reach = METRICS[metric].reach
    for a, b in wanted:
        if b in pairs.get(a, {}):
            continue
        difference = compare(scores[a], scores[b], clusters, reach)
        row = {
            "outcome": EXPLORATORY,
            "about": difference.about,
            "difference": difference.value + 0.0,
            "interval": list(difference.interval()),
            "p": difference.p_value,
        }
        put_both_ways(pairs, a, b, row | counts_of(difference))


def put_both_ways(pairs: Pairs, a: str, b: str, row: Row) -> None:
    pairs.setdefault(a, {})[b] = row
    pairs.setdefault(b, {})[a] = turned(row)


def turned(row: Row) -> Row:
    """The same comparison with the two in each other's place."""
    counts = {"only_a": row["only_b"], "only_b": row["only_a"]} if "only_a" in row else {}
    outcome = TURNED.get(row["outcome"], row["outcome"])
    intervals = {name: negated(row[name]) for name in ("interval", "equivalence_interval") if name in row}
    return row | {"outcome": outcome, "difference": 0.0 - row["difference"]} | intervals | counts


def negated(interval: Sequence[float]) -> list[float]:
    low, high = interval
    return [0.0 - high, 0.0 - low]  # taken from 0, since a negated 0 prints a minus sign


def best_p_values(scores: Mapping[str, Floats], metric: str, clusters: ArrayLike | None = None) -> dict[str, float]:
    """For each setting the p of its being the best or as good (Hsu's comparisons with the best).

    None are given for a single setting, or for more than `MOST_BEST`.
    """
    if not 1 < len(scores) <= MOST_BEST:
        return {}
    draws, measure = max(FEWEST_DRAWS, draws_for(len(scores) ** 2)), METRICS[metric]
    return best_settings(scores, clusters, higher_is_better=measure.higher_is_better, draws=draws, reach=measure.reach)


def draws_for(comparisons: int) -> int:
    """A power of two; fewer for large families, which would take long and much memory otherwise."""
    return int(min(DRAWS, max(FEWEST_DRAWS, 2 ** int(np.log2(MOST_DRAWN / comparisons)))))
