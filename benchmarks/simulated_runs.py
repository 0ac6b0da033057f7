"""Simulated runs of settings whose truth is known, and the tests that are held against it, many experiments at once.

Runs are simulated as trained models show them: an example is right where mean + example effect + example-by-setting
effect + seed effect + noise is above 0, all normal, so that accuracy, the share of examples on which two runs disagree,
and the spread of accuracies between seeds are those of real runs.
"""

import functools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes share the cores

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, ndtr, ndtri, stdtr, stdtrit
from scipy.stats import multivariate_normal

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from finetune_report.stats import crossed, discordance
from finetune_report.stats.shares import share_interval

Array = np.ndarray
SEED_SDS = (0.0, 0.005, 0.01, 0.02)
SEEDS = (1, 2, 3, 5, 10)
DIFFERENCE = 0.02
BLOCK_ELEMENTS = 4_000_000
POWER_SD = 0.005
RARE = 0.3  # the share of the second class


@dataclass(frozen=True)
class World:
    """n examples, and runs with this accuracy that disagree on so many of them: within a setting, between settings."""

    examples: int
    accuracy: float
    within: float
    between: float

    @property
    def threshold(self) -> float:
        return float(ndtri(self.accuracy))

    @functools.cache  # noqa: B019
    def correlation(self, discordance: float) -> float:
        """Of the latent scores of two runs that disagree on this share of examples."""
        z = self.threshold

        def excess(correlation: float) -> float:
            both = multivariate_normal.cdf([z, z], cov=[[1, correlation], [correlation, 1]])
            return float(2 * (self.accuracy - both) - discordance)

        return float(brentq(excess, 0.0, 0.99999))

    def latent(self, difference: float) -> float:
        """What moves the accuracy by this much."""
        return float(ndtri(self.accuracy + difference)) - self.threshold


WORLDS = {300: World(300, 0.75, 0.11, 0.15), 872: World(872, 0.88, 0.07, 0.09), 5000: World(5000, 0.88, 0.07, 0.09)}


@dataclass(frozen=True)
class Drawn:
    """Repetitions of an experiment: latent scores [repetitions, settings, examples, seeds], above 0 where right.

    `model_truth` [repetitions, settings, seeds] has each trained model's accuracy on endlessly many examples,
    `setting_truth` [settings] also the mean over endlessly many seeds.
    """

    latent: Array
    model_truth: Array
    setting_truth: Array

    @property
    def right(self) -> Array:
        return (self.latent > 0).astype(float)


def draw(
    chance: np.random.Generator,
    world: World,
    repetitions: int,
    differences: tuple[float, ...],
    seeds: int,
    seed_sd: float,
    shared: float = 0.0,
    collapse: float = 0.0,
    cluster_size: int = 1,
) -> Drawn:
    """`differences` are the settings' accuracies minus the world's; `shared` correlates the settings' seed effects.

    With the chance `collapse` a run is right half of the time; examples of a cluster share half of their effects.
    """
    example, setting = world.correlation(world.between), world.correlation(world.within)
    count, n = len(differences), world.examples

    def effect(shape: tuple[int, ...], variance: float) -> Array:
        own = chance.standard_normal(shape, dtype=np.float32)
        if cluster_size > 1:
            common = chance.standard_normal((*shape[:2], -(-n // cluster_size), shape[3]), dtype=np.float32)
            own = (own + np.repeat(common, cluster_size, axis=2)[:, :, :n]) / np.float32(np.sqrt(2))
        return own * np.float32(np.sqrt(variance))

    latent = effect((repetitions, 1, n, 1), example) + effect((repetitions, count, n, 1), setting - example)
    latent = latent + effect((repetitions, count, n, seeds), 1 - setting)
    latent_sd = seed_sd / float(np.exp(-(world.threshold**2) / 2) / np.sqrt(2 * np.pi))
    own, common = (chance.standard_normal((repetitions, k, seeds)) for k in (count, 1))
    by_seed = latent_sd * (np.sqrt(1 - shared) * own + np.sqrt(shared) * common)
    means = (
        world.threshold + np.array([world.latent(difference) for difference in differences])[None, :, None] + by_seed
    )
    setting_truth = ndtr((means - by_seed)[0, :, 0] / np.sqrt(1 + latent_sd**2))
    if collapse:
        means = np.where(chance.random(means.shape) < collapse, 0.0, means)
        setting_truth = (1 - collapse) * setting_truth + collapse / 2
    latent = latent + means[:, :, None, :].astype(np.float32)
    return Drawn(latent, ndtr(means), setting_truth)


def blocks(repetitions: int, elements: int) -> Iterator[int]:
    """Repetitions in portions that fit the memory."""
    size = max(1, BLOCK_ELEMENTS // elements)
    for start in range(0, repetitions, size):
        yield min(size, repetitions - start)


@dataclass
class Tally:
    """Shares of repetitions in which something holds."""

    counts: dict[str, float]
    repetitions: int = 0

    @classmethod
    def empty(cls) -> "Tally":
        return cls({})

    def add(self, **found: Array) -> None:
        self.repetitions += len(next(iter(found.values())))
        for name, holds in found.items():
            self.counts[name] = self.counts.get(name, 0.0) + float(np.sum(holds))

    def __getitem__(self, name: str) -> float:
        return self.counts[name] / self.repetitions


# The tests, many repetitions at once


def crossed_test(right: Array) -> tuple[Array, Array, Array, Array]:
    """Difference, p and 95% interval of the first two settings by examples crossed with seeds."""
    a, b = right[:, 0], right[:, 1]
    seeds, n = right.shape[-1], right.shape[-2]
    parts = [(part.seeds, part.noise, seeds) for part in (crossed.components(a), crossed.components(b))]
    gaps = crossed.components(a.mean(axis=-1, keepdims=True) - b.mean(axis=-1, keepdims=True))
    variance, df = crossed.satterthwaite(gaps.examples, n, parts)
    half = -stdtrit(df, 0.025) * np.sqrt(variance)
    p = np.where(gaps.mean == 0, 1.0, 2 * stdtr(df, -np.abs(gaps.mean) / np.sqrt(variance)))
    return gaps.mean, p, gaps.mean - half, gaps.mean + half


def one_seed_test(right: Array) -> tuple[Array, Array, Array, Array]:
    """The same of two trained models by the score test."""
    a, b = right[:, 0, :, 0], right[:, 1, :, 0]
    only_a, only_b, n = (a > b).sum(axis=1), (b > a).sum(axis=1), a.shape[1]
    low, high = discordance.intervals(only_a, only_b, n)
    return (only_a - only_b) / n, discordance.p_values(only_a, only_b), low, high


def former_test(right: Array) -> tuple[Array, Array, Array, Array]:
    """What was used before: the exact McNemar test, or a bootstrap over examples of the means over seeds.

    The percentile interval of a mean and the p that inverts it are those of the normal distribution at these sizes.
    """
    gaps = right[:, 0].mean(axis=-1) - right[:, 1].mean(axis=-1)
    mean, error = gaps.mean(axis=1), gaps.std(axis=1) / np.sqrt(gaps.shape[1])
    p = 2 * ndtr(-np.abs(mean) / np.maximum(error, 1e-12))
    if right.shape[-1] == 1:
        only_a, only_b = (gaps > 0).sum(axis=1), (gaps < 0).sum(axis=1)
        p = np.minimum(1.0, 2 * bdtr(np.minimum(only_a, only_b), np.maximum(only_a + only_b, 1), 0.5))
    return mean, p, mean - 1.96 * error, mean + 1.96 * error


def disagree(p: Array, low: Array, high: Array, level: float = 0.05) -> Array:
    """Whether p and interval say different things."""
    return (p < level) != ((low > 0) | (high < 0))


@dataclass(frozen=True)
class Cell:
    """The outcome of one design and spread between seeds."""

    null: Tally
    power: Tally


def two_settings(
    chance: np.random.Generator, world: World, seeds: int, seed_sd: float, repetitions: int, **more: float
) -> Cell:
    """Two settings that are alike, and two that differ by two points."""
    tallies = []
    for difference in (0.0, DIFFERENCE):
        tally = Tally.empty()
        for size in blocks(repetitions, 2 * world.examples * seeds):
            drawn = draw(chance, world, size, (difference, 0.0), seeds, seed_sd, **more)  # type: ignore[arg-type]
            tally.add(**judged(drawn, seeds))
        tallies.append(tally)
    return Cell(*tallies)


def judged(drawn: Drawn, seeds: int) -> dict[str, Array]:
    right = drawn.right
    _, p, low, high = one_seed_test(right) if seeds == 1 else crossed_test(right)
    _, former_p, former_low, former_high = former_test(right)
    by_setting = drawn.setting_truth[0] - drawn.setting_truth[1]
    truth = drawn.model_truth[:, 0, 0] - drawn.model_truth[:, 1, 0] if seeds == 1 else by_setting
    own = [share_interval(crossed.mean_over_seeds(run)) for run in right[:, 0]]
    own_truth = drawn.model_truth[:, 0].mean(axis=1) if seeds < 3 else drawn.setting_truth[0]
    mean = right[:, 0].mean(axis=(1, 2))
    half = 1.96 * np.sqrt(mean * (1 - mean) / right.shape[2])
    return {
        "new": p < 0.05,
        "former": former_p < 0.05,
        "covered": (low <= truth) & (truth <= high),
        "former_covered": (former_low <= by_setting) & (by_setting <= former_high),
        "apart": disagree(p, low, high),
        "former_apart": disagree(former_p, former_low, former_high),
        "own": np.array(
            [
                low <= value <= high
                for (low, high), value in zip(own, np.broadcast_to(own_truth, mean.shape), strict=True)
            ]
        ),
        "former_own": np.abs(mean - drawn.setting_truth[0]) <= half,
    }
