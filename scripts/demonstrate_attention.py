"""Find queries and keys that make attention copy a value or average some, and measure how exactly they do.

Works on a few random keys and values, numbered from 0. Writes every demonstration with its error and publishes it;
writes the weights as the key k_2 moves, and the error as a function of the queries' length.
"""

import logging
import math
from pathlib import Path
from typing import Any

from finetune_report.demos.attention import (
    Demonstration,
    attention_weights,
    key_with_score,
    least_squares_query,
    max_margin_query,
    sufficient_gap,
    unit_keys_and_values,
)
from finetune_report.errors import UserError
from finetune_report.files import write_json, write_text
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run

import numpy as np
import pandas as pd

TOLERANCE = 1e-6
LEAST_MARGIN = 1e-6  # with less the query would be so long that the rounding of its scores shows in the error
MOVED = 2  # the key that is replaced
SWEEP_POINTS = 401
LENGTHS = 161


def main(attention: Path, sweep: Path, error: Path, values: Path, seed: int, keys: int, dimension: int) -> None:
    k, v = unit_keys_and_values(seed, keys, dimension)
    shown = demonstrations(k, v, seed)
    squares = by_least_squares(shown["average_first_two"])
    facts = {
        "seed": seed,
        "count": keys,
        "dimension": dimension,
        "rank": int(np.linalg.matrix_rank(k)),
        "rank_of_differences": int(np.linalg.matrix_rank(k[1:] - k[0])),
        "tolerance": TOLERANCE,
        "keys": k.tolist(),
        "values": v.tolist(),
    }
    described = {name: description(demonstration) for name, demonstration in shown.items()}
    described["average_first_two"]["least_squares"] = description(squares)
    for name in ("change_key_average_three", "change_key_copy_third"):
        described[name] |= moved_key(shown["average_first_two"], shown[name])
    write_json(attention, facts | described)
    publish(attention, values)
    write_text(sweep, sweep_table(shown["average_first_two"], shown["change_key_copy_third"]).to_csv(index=False))
    write_text(error, error_table(shown, squares).to_csv(index=False))
    for name, demonstration in shown.items():
        logging.info("%s: error %.1e, query of length %.4g", name, demonstration.error, demonstration.length)


def demonstrations(keys: np.ndarray, values: np.ndarray, seed: int) -> dict[str, Demonstration]:
    """The demonstrations by name. Raises UserError naming the first that these keys do not allow."""
    each = [[row] for row in range(len(keys))]
    copy_first = with_margin("copy_first", keys, values, [[0]], seed)
    copy_all = with_margin("copy_all", keys, values, each, seed)
    average_first_two = long_enough_for_three(with_margin("average_first_two", keys, values, [[0, 1]], seed))
    shared = float(average_first_two.scores[0, :2].mean())
    above = shared + math.ceil(sufficient_gap(values, [MOVED], TOLERANCE))
    everything = list(range(len(keys)))
    return {
        "copy_first": copy_first,
        "copy_all": copy_all,
        "average_all": Demonstration(np.zeros((1, keys.shape[1])), keys, values, [everything]),
        "average_first_two": average_first_two,
        "change_key_average_three": with_moved_key(average_first_two, shared, [0, 1, MOVED]),
        "change_key_copy_third": with_moved_key(average_first_two, above, [MOVED]),
    }


def with_margin(name: str, keys: np.ndarray, values: np.ndarray, chosen: list[list[int]], seed: int) -> Demonstration:
    """Max-margin queries, all of the shortest whole length that suffices for every row."""
    queries, lengths = [], []
    for rows in chosen:
        query, margin = max_margin_query(keys, rows)
        if margin < LEAST_MARGIN:
            numbers = " and ".join(map(str, rows))
            raise UserError(
                f"attention: the demonstration {name} cannot be given with seed {seed}: of its {len(keys)} keys in "
                f"{keys.shape[1]} dimensions no query scores {numbers} (counted from 0) above all others "
                f"(the largest margin is {margin:.2g}; more than 0 is needed).\n"
                f"  Change attention.seed, or give attention.dimension at least {len(keys) - 1}, "
                f"with which it fails only where rounding makes keys alike."
            )
        queries.append(query)
        lengths.append(sufficient_gap(values, rows, TOLERANCE) / margin)
    return Demonstration(np.array(queries), keys, values, chosen).with_length(math.ceil(max(lengths)))


def long_enough_for_three(demonstration: Demonstration) -> Demonstration:
    """The query that averages the first two values, lengthened where the average of three will need it."""
    assert demonstration.margin is not None
    gap = sufficient_gap(demonstration.values, [0, 1, MOVED], TOLERANCE)
    return demonstration.with_length(max(round(demonstration.length), math.ceil(gap / demonstration.margin)))


def with_moved_key(demonstration: Demonstration, score: float, chosen: list[int]) -> Demonstration:
    """The same query, and the key k_2 moved as little as gives it `score`."""
    keys = demonstration.keys.copy()
    keys[MOVED] = key_with_score(keys[MOVED], demonstration.queries[0], score)
    return Demonstration(demonstration.queries, keys, demonstration.values, [chosen])


def by_least_squares(demonstration: Demonstration) -> Demonstration:
    """What the query that comes nearest to the desired scores does at the same length, for comparison."""
    query = least_squares_query(demonstration.keys, demonstration.chosen[0])
    found = Demonstration(query[None], demonstration.keys, demonstration.values, demonstration.chosen)
    return found.with_length(demonstration.length)


def description(demonstration: Demonstration) -> dict[str, Any]:
    """A demonstration for the JSON; what has a row a query is a plain vector where there is one query."""
    arrays = {
        "query": demonstration.queries,
        "scores": demonstration.scores,
        "weights": attention_weights(demonstration.queries, demonstration.keys),
        "output": demonstration.output,
        "target": demonstration.target,
    }
    single = len(demonstration.queries) == 1
    return {
        "chosen": demonstration.chosen[0] if single else demonstration.chosen,
        **{name: (array[0] if single else array).tolist() for name, array in arrays.items()},
        "keys": demonstration.keys.tolist(),
        "error": demonstration.error,
        "query_length": round(
            demonstration.length, 9
        ),  # it is set as a whole number, which scaling misses by a rounding
        "margin": demonstration.margin,
    }


def moved_key(before: Demonstration, after: Demonstration) -> dict[str, Any]:
    """The key k_2 that was put in the place of the old one, and where the scores of the first two keys lie."""
    return {
        "key": after.keys[MOVED].tolist(),
        "key_length": float(np.linalg.norm(after.keys[MOVED])),
        "score": float(after.scores[0, MOVED]),
        "old_score": float(before.scores[0, MOVED]),
        "shared_score": float(before.scores[0, :2].mean()),
    }


def sweep_table(before: Demonstration, last: Demonstration) -> pd.DataFrame:
    """All weights as k_2 moves along the query, from below where it was drawn to above where it alone counts."""
    query, scores = before.queries[0], [*before.scores[0, : MOVED + 1], last.scores[0, MOVED]]
    edge = 0.05 * (max(scores) - min(scores))
    rows = []
    for score in np.linspace(min(scores) - edge, max(scores) + edge, SWEEP_POINTS):
        moved = with_moved_key(before, score, [MOVED])
        rows.append([query @ moved.keys[MOVED], *attention_weights(query, moved.keys)])
    return pd.DataFrame(rows, columns=["score", *(f"weight_{number}" for number in range(len(before.keys)))])


def error_table(shown: dict[str, Demonstration], squares: Demonstration) -> pd.DataFrame:
    """The error of each demonstration that has a query, with its queries scaled to lengths from 0 upwards."""
    scaled = {name: demonstration for name, demonstration in shown.items() if demonstration.length > 0}
    scaled["average_first_two_least_squares"] = squares
    lengths = np.linspace(0, 2 * max(demonstration.length for demonstration in scaled.values()), LENGTHS)
    errors = {name: [item.with_length(length).error for length in lengths] for name, item in scaled.items()}
    return pd.DataFrame({"length": lengths} | errors)


def publish(attention: Path, values: Path) -> None:
    """`attention.<what>` of every number and text but those of long lists; rows count from 0."""
    collector = Collector(values)
    collector.add_all("attention", attention)
    collector.write()


if __name__ == "__main__":
    run(main)
