"""Slices of a split: whether they differ at all, and two settings compared within each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finetune_report.stats.crossed import membership, table
from finetune_report.stats.families import compare
from finetune_report.stats.simultaneous import ALPHA, Adjusted, Family, simultaneous

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FEWEST = 50  # rows of a slice; below it only counts are given
PERMUTATIONS = 9999


@dataclass(frozen=True)
class SliceComparisons:
    """Two settings compared within each slice that is large enough; `too_few` has the rows of the others."""

    family: Family | None
    slices: dict[str, Adjusted]
    too_few: dict[str, int]


def differ_at_all(
    scores: ArrayLike, slices: ArrayLike, permutations: int = PERMUTATIONS, clusters: ArrayLike | None = None
) -> float:
    """The p of a score's mean being the same in all slices: an omnibus test.

    `scores` [examples, seeds] are of a setting, or differences of two: then it is whether the difference depends on the
    slice. An example's score is its mean over seeds, and the runs are taken as given. The statistic is the sum over
    slices of rows times squared distance from the overall mean. Slices are shuffled over the examples or, where these
    belong together, each cluster's part in the statistic has its sign drawn (`signed`); the same way each time.
    """
    values = table(scores).mean(axis=1)
    values = values - values.mean()
    numbers = np.unique(np.asarray(slices), return_inverse=True)[1]
    if len(numbers) != len(values):
        raise ValueError(f"{len(values)} scores and {len(numbers)} names of slices")
    sizes = np.bincount(numbers)
    found = float((np.bincount(numbers, weights=values) ** 2 / sizes).sum())
    drawn = shuffled(values, numbers) if clusters is None else signed(values, numbers, np.asarray(clusters))
    as_large = 0
    for start in range(0, permutations, block := max(1, 1_000_000 // len(values))):
        sums = drawn(min(block, permutations - start))
        as_large += int(((sums**2 / sizes).sum(axis=1) >= found * (1 - 1e-9)).sum())
    return (1 + as_large) / (1 + permutations)


Drawn = Callable[[int], Floats]  # so many draws of the sums of deviations by slice, [draws, slices]


def shuffled(values: Floats, numbers: NDArray[np.intp]) -> Drawn:
    members, chance = membership(numbers), np.random.default_rng(0)
    return lambda draws: np.asarray(chance.permuted(np.tile(values, (draws, 1)), axis=1) @ members)


def signed(values: Floats, numbers: NDArray[np.intp], clusters: NDArray[Any]) -> Drawn:
    """The score bootstrap of Kline & Santos (2012) for clusters, with Rademacher's weights.

    A cluster's part in a slice's sum is that of its deviations, less the slice's share of all of them, since the
    overall mean is an estimate too.
    """
    of_clusters = membership(clusters)
    sums = np.asarray((of_clusters.T @ membership(numbers).multiply(values[:, None])).todense())
    parts = sums - sums.sum(axis=1, keepdims=True) * np.bincount(numbers) / len(values)
    chance = np.random.default_rng(0)
    return lambda draws: (2.0 * chance.integers(0, 2, (draws, len(parts))) - 1) @ parts


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Each p corrected for their number (Holm 1979), whatever their joint distribution."""
    found, least = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        least = max(least, min(1.0, (len(p_values) - place) * p_values[name]))
        found[name] = least
    return {name: found[name] for name in p_values}


def compare_slices(
    a: ArrayLike, b: ArrayLike, slices: ArrayLike, clusters: ArrayLike | None = None, alpha: float = ALPHA
) -> SliceComparisons:
    """Setting `a` minus setting `b` within each slice, with simultaneous intervals over the slices.

    The slices' differences count as independent, which is the least favourable case (Šidák 1967).
    """
    first, second, names = table(a), table(b), np.asarray(slices)
    groups = None if clusters is None else np.asarray(clusters)
    rows = {str(name): np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}
    large = {
        name: places
        for name, places in rows.items()
        if len(places) >= FEWEST and (groups is None or len(set(groups[places])) > 1)
    }
    too_few = {name: len(places) for name, places in rows.items() if name not in large}
    if not large:
        return SliceComparisons(None, {}, too_few)
    family = simultaneous(
        [
            compare(first[places], second[places], None if groups is None else groups[places])
            for places in large.values()
        ],
        alpha=alpha,
    )
    return SliceComparisons(family, dict(zip(large, family.comparisons, strict=True)), too_few)
