"""Dot-product attention on a few keys, and the queries that make it copy or average values.

Rows are vectors: queries [rows, dimension], keys and values [count, dimension], all float64. Scores are dot products
without scaling, and weights their softmax: Vaswani et al., 2017, "Attention Is All You Need", equation 1 with scale 1.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from scipy.optimize import linprog
from scipy.special import softmax


def attention_weights(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The share of each key; sums to 1 over the last axis."""
    return softmax(query @ keys.T, axis=-1)


def attention(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values, averaged by the weights."""
    return attention_weights(query, keys) @ values


def unit_keys_and_values(seed: int, count: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys and values: normal draws of torch, scaled to unit length, rounded to two decimals; keys are drawn first."""
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.randn(count, dimension, generator=generator) for _ in range(2)]
    units = [draw / draw.norm(dim=1, keepdim=True) for draw in draws]
    keys, values = (unit.round(decimals=2).double().numpy().round(2) for unit in units)
    return keys, values


def max_margin_query(keys: np.ndarray, chosen: list[int]) -> tuple[np.ndarray, float]:
    """The query of length 1 that scores the chosen keys alike and all others lower, and by how much lower.

    A linear program: maximise the margin m over q and m, so that q·k is the same for all chosen keys k, at least m
    lower for every other, and no entry of q is beyond ±1. The margin that is returned is the one after scaling q to
    length 1. No unit query has a margin more than √dimension times as large; bounding q's length in place of its
    entries would find the largest itself, but as a quadratic program: that of a support vector machine.

    A margin that is not above 0 means that no query tells the chosen keys from the others. Where all keys are chosen
    there is no margin: the query is 0, and the margin infinite.
    """
    others = np.delete(keys, chosen, axis=0)
    count, dimension = others.shape
    if count == 0:
        return np.zeros(dimension), math.inf
    first = keys[chosen[0]]
    equal = np.column_stack([keys[chosen] - first, np.zeros(len(chosen))])
    found = linprog(
        c=np.append(np.zeros(dimension), -1),
        A_ub=np.column_stack([others - first, np.ones(count)]),
        b_ub=np.zeros(count),
        A_eq=equal[1:] if len(chosen) > 1 else None,
        b_eq=np.zeros(len(chosen) - 1) if len(chosen) > 1 else None,
        bounds=[(-1, 1)] * dimension + [(None, None)],
    )
    query, length = found.x[:-1], np.linalg.norm(found.x[:-1])
    return (query / length, float(found.x[-1] / length)) if length > 0 else (query, 0.0)


def least_squares_query(keys: np.ndarray, chosen: list[int]) -> np.ndarray:
    """The query of length 1 whose scores are proportional to the nearest ones to 1 for chosen keys and 0 for others."""
    scores = np.zeros(len(keys))
    scores[chosen] = 1
    query = np.linalg.lstsq(keys, scores, rcond=None)[0]
    return query / np.linalg.norm(query)


def sufficient_gap(values: np.ndarray, chosen: list[int], tolerance: float) -> float:
    """By how much the chosen keys' common score must exceed all others for an error of at most `tolerance`.

    With a gap g, the n - c keys that are not chosen get at most (n - c)/c · exp(-g) of the weight, and the output is
    off by that share times the largest difference between an entry of their values and of the chosen values' mean.
    """
    others = np.delete(values, chosen, axis=0)
    spread = np.abs(others - values[chosen].mean(axis=0)).max()
    return math.log(len(others) / len(chosen) * spread / tolerance)


def key_with_score(key: np.ndarray, query: np.ndarray, score: float) -> np.ndarray:
    """The nearest vector to `key` whose dot product with `query` is `score`: the key moved along the query."""
    return key + (score - query @ key) / (query @ query) * query


@dataclass(frozen=True)
class Demonstration:
    """Queries that are to return the mean of chosen values: row i of `queries` that of the values in `chosen[i]`."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    chosen: list[list[int]]

    @cached_property
    def scores(self) -> np.ndarray:
        return self.queries @ self.keys.T

    @cached_property
    def output(self) -> np.ndarray:
        return attention(self.queries, self.keys, self.values)

    @cached_property
    def target(self) -> np.ndarray:
        return np.array([self.values[rows].mean(axis=0) for rows in self.chosen])

    @property
    def error(self) -> float:
        """The largest absolute difference between an entry of the output and of the target."""
        return float(np.abs(self.output - self.target).max())

    @property
    def length(self) -> float:
        """Of the longest query."""
        return float(np.linalg.norm(self.queries, axis=1).max())

    @property
    def margin(self) -> float | None:
        """How far the lowest chosen score lies above the highest other, for queries of length 1: the least of the rows.

        None where there is no other key or no query to speak of.
        """
        if self.length == 0 or len(self.chosen[0]) == len(self.keys):
            return None
        rows = zip(self.scores, self.chosen, strict=True)
        return float(min(row[chosen].min() - np.delete(row, chosen).max() for row, chosen in rows) / self.length)

    def with_length(self, length: float) -> "Demonstration":
        """The same with every query scaled to `length`."""
        return replace(self, queries=self.queries / np.linalg.norm(self.queries, axis=1, keepdims=True) * length)
