"""Scores of examples from the predictions of runs, paired by the examples' ids."""

from collections.abc import Sequence

from finetune_report.errors import UserError
from finetune_report.stats.influence import OF_CLASSES, influence_values

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def run_scores(runs: Sequence[pd.DataFrame], ids: Sequence[str], labels: list[str], metric: str) -> Floats:
    """[examples, runs] in the order of `ids`: 1 or 0 for accuracy, influence values of other metrics.

    A run's table has a row an example: `id`, `label`, `prediction`, and `p_<label>` where the metric is of
    probabilities. Raises UserError where a run was not scored on the examples `ids`, or on others too.
    """
    tables = [on_examples(run, ids) for run in runs]
    true = tables[0]["label"].to_numpy()
    if metric in OF_CLASSES:
        return influence_values(metric, true, [table["prediction"].to_numpy() for table in tables])
    chances = [f"p_{label}" for label in labels]
    return influence_values(metric, true, [table[chances].to_numpy(dtype=float) for table in tables])


def by_seed(predictions: pd.DataFrame) -> list[pd.DataFrame]:
    """The predictions of each seed's run, from a table that has all of them below one another."""
    return [rows for _, rows in predictions.groupby("seed", sort=False)]


def on_examples(run: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    table = run.set_index("id")
    if len(table) != len(ids) or set(table.index) != set(ids):
        raise UserError(
            f"predictions of a run are not on the examples of the split ({len(table)} and {len(ids)} rows).\n"
            "  All must come from one split; remove the run's results and make them again."
        )
    return table.loc[list(ids)]


def clusters_of(data: pd.DataFrame) -> NDArray[np.object_] | None:
    """The cluster of each example of a prepared split, or None where the config names no column of clusters.

    An example without one stands for itself. Raises UserError where all belong to a single cluster.
    """
    if "cluster" not in data.columns:
        return None
    alone = (f"\0{number}" for number in range(len(data)))
    names = [name or own for name, own in zip(data["cluster"], alone, strict=True)]
    if len(set(names)) < 2:
        raise UserError(
            f"data.cluster: all {len(data)} rows of a split belong to '{names[0]}'; without a second cluster there is "
            "no variance to be known. Name another column, or none"
        )
    return np.array(names, dtype=object)
