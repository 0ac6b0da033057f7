"""Declared comparisons of settings, from the scores of their runs.

With one seed the comparisons are about these trained models, with two or more about the settings. The joint
distribution rests on the covariance of the settings' means: of the rows' means over examples, and on the diagonal what
seeds add.
"""

from collections.abc import Mapping, Sequence

from finetune_report.config.comparisons import Pair
from finetune_report.stats.crossed import components, difference, is_binary, membership, table
from finetune_report.stats.discordance import DiscordantCounts
from finetune_report.stats.simultaneous import (
    ALPHA,
    DRAWS,
    Difference,
    Family,
    correlation_of,
    could_be_best,
    simultaneous,
)

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def compare(a: ArrayLike, b: ArrayLike, clusters: ArrayLike | None = None, reach: float | None = None) -> Difference:
    """Setting `a` minus setting `b` by the test that fits the scores [examples, seeds].

    The score test for right and wrong answers at one seed, without clusters; else examples crossed with seeds. `reach`
    is that of the metric (`crossed.difference`).
    """
    first, second = table(a), table(b)
    one_seed = first.shape[1] == second.shape[1] == 1
    if one_seed and clusters is None and reach in (None, 1.0) and is_binary(first) and is_binary(second):
        return DiscordantCounts.of(first, second)
    return difference(first, second, clusters, reach)


def compare_family(
    scores: Mapping[str, ArrayLike],
    pairs: Sequence[Pair],
    clusters: ArrayLike | None = None,
    alpha: float = ALPHA,
    draws: int = DRAWS,
    reach: float | None = None,
) -> Family:
    """The family of these pairs (first minus second), in their order, from the scores [examples, seeds] by setting.

    Raises ValueError where there is no pair, a pair twice, or scores that cannot be paired; KeyError on an unknown
    name.
    """
    if len({frozenset(pair) for pair in pairs}) < len(pairs) or any(a == b for a, b in pairs):
        raise ValueError("a family has each pair of different settings once")
    used = list(dict.fromkeys(name for pair in pairs for name in pair))
    tables = {name: table(scores[name]) for name in used}
    differences = [compare(tables[a], tables[b], clusters, reach) for a, b in pairs]
    contrasts = np.array([contrast(used, a, b) for a, b in pairs])
    correlation = correlation_of(covariance(list(tables.values()), clusters), contrasts)
    return simultaneous(differences, correlation, alpha, draws)


def contrast(names: Sequence[str], a: str, b: str) -> list[float]:
    return [float(name == a) - float(name == b) for name in names]


def covariance(tables: Sequence[Floats], clusters: ArrayLike | None = None) -> Floats:
    """Of the settings' means, [settings, settings]."""
    rows = np.stack([scores.mean(axis=1) for scores in tables], axis=1)
    deviations = rows - rows.mean(axis=0)
    sums = deviations if clusters is None else membership(clusters).T @ deviations
    units = len(sums)
    by_examples: Floats = sums.T @ sums * units / (units - 1) / len(rows) ** 2
    parts = [components(scores, clusters) for scores in tables]
    by_seeds: Floats = np.diag([max(0.0, float(part.seeds - part.noise)) for part in parts])
    return by_examples + by_seeds


def best_settings(
    scores: Mapping[str, ArrayLike],
    clusters: ArrayLike | None = None,
    alpha: float = ALPHA,
    higher_is_better: bool = True,
    draws: int = DRAWS,
    reach: float | None = None,
) -> dict[str, float]:
    """For each setting the p of its being the best or as good; below alpha it is ruled out. Needs two settings."""
    names = list(scores)
    tables = {name: table(scores[name]) * (1 if higher_is_better else -1) for name in names}
    spread = covariance(list(tables.values()), clusters)
    beats: list[list[Difference | None]] = []
    correlations = []
    for name in names:
        others = [other for other in names if other != name]
        beats.append([compare(tables[other], tables[name], clusters, reach) for other in others])
        correlations.append(correlation_of(spread, [contrast(names, other, name) for other in others]))
    return dict(zip(names, could_be_best(beats, correlations, alpha, draws), strict=True))
