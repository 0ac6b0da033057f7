"""Break the test accuracy of the selected setting, and of the baselines, down by what is known of the examples.

Reads the test predictions of both and the test split. Writes, for each further column of the data and for the length
in words by quarters, the accuracy at each value, and publishes them. Means are taken over the seeds, and counts are of
examples.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.metrics import whole

import numpy as np
import pandas as pd

QUARTERS = ["shortest", "short", "long", "longest"]


def main(test: Path, predictions: Path, baselines: Path, slices: Path, values: Path, columns: list[str]) -> None:
    rows = pd.read_parquet(test).set_index("id")
    tuned, simple = pd.read_parquet(predictions), pd.read_parquet(baselines).set_index("id")
    tuned["right"] = tuned["label"] == tuned["prediction"]
    right = {"tuned": tuned.groupby("id")["right"].mean().reindex(rows.index)}
    for name in simple.columns.drop("label"):
        right[str(name)] = (simple[name] == simple["label"]).reindex(rows.index)
    words = word_counts(rows)
    groups = {name: rows[name] for name in columns} | {"length": quarters(words)}
    found = {name: by_value(group, right) for name, group in groups.items()}
    for name, score in found["length"].items():
        inside = words[groups["length"] == name]
        score |= {"words": {"min": int(inside.min()), "max": int(inside.max())}}
    write_json(slices, found)
    publish(slices, values)
    logging.info("%s", ", ".join(f"{name}: {len(rows)} slices" for name, rows in found.items()))


def word_counts(rows: pd.DataFrame) -> pd.Series:
    """Words of each text, of both in pairs."""
    texts = [name for name in ("text", "text_pair") if name in rows.columns]
    return rows[texts].agg(" ".join, axis=1).map(lambda text: len(text.split()))


def quarters(words: pd.Series) -> pd.Series:
    """Which quarter of the examples, ordered by length, each is in; equal lengths stay together."""
    bounds = np.quantile(words, [0.25, 0.5, 0.75], method="inverted_cdf")
    return pd.Series(np.array(QUARTERS)[np.searchsorted(bounds, words)], index=words.index)


def by_value(values: pd.Series, right: dict[str, pd.Series]) -> dict[str, dict[str, Any]]:
    """For each value its score, and below `baselines` that of each baseline; quarters in order, others sorted."""
    order = [name for name in QUARTERS if name in set(values)] if set(values) <= set(QUARTERS) else sorted(set(values))
    found = {}
    for value in order:
        scores = {name: score(column[values == value]) for name, column in right.items()}
        found[value] = scores.pop("tuned") | {"baselines": scores}
    return found


def score(right: pd.Series) -> dict[str, Any]:
    """Share right with its Wilson interval; `right` is 0 to 1 an example."""
    correct, count = float(right.sum()), len(right)
    interval = wilson_interval(correct, count)
    return {"accuracy": correct / count, "interval": interval, "correct": whole(correct), "count": count}


def publish(slices: Path, values: Path) -> None:
    """`slices.<column>.<value>.accuracy`, `.correct`, `.count`; of the baselines `.<method>.accuracy`; of lengths the
    fewest and most `words`.
    """
    collector = Collector(values)
    for column, found in read_json(slices).items():
        for value, row in found.items():
            stem, pointer = join("slices", column, value), f"/{step(column)}/{step(value)}"
            publish_share(collector, stem, row, slices, pointer)
            for name, score in row["baselines"].items():
                key = join("slices", column, value, name)
                publish_share(collector, key, score, slices, f"{pointer}/baselines/{step(name)}")
            for end, count in row.get("words", {}).items():
                collector.add(f"{stem}.words.{end}", count, "count", slices, f"{pointer}/words/{end}")
    collector.write()


def publish_share(collector: Collector, key: str, row: dict[str, Any], path: Path, pointer: str) -> None:
    collector.add(f"{key}.accuracy", row["accuracy"], "accuracy", path, f"{pointer}/accuracy", row["interval"])
    for name in ("correct", "count"):
        collector.add(f"{key}.{name}", row[name], "count", path, f"{pointer}/{name}")


if __name__ == "__main__":
    run(main)
