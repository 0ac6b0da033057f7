"""Break the test accuracy of the selected setting, and of the baselines, down by what is known of the examples.

Reads the test predictions of both and the test split. Writes, for each further column of the data and for the length
in words by quarters, the accuracy at each value; whether the values differ at all, corrected for the number of columns
(Holm); and, where a value has enough examples, the differences from the baselines with intervals that are simultaneous
over the column's values. Publishes all of it. Means are taken over the seeds, and counts are of examples.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import below, join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.crossed import mean_over_seeds
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.metrics import whole
from finetune_report.stats.run_scores import Floats, clusters_of
from finetune_report.stats.shares import share_interval
from finetune_report.stats.subgroups import FEWEST, PERMUTATIONS, compare_slices, differ_at_all, holm

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

DRAWN_NUMBERS, FEWEST_PERMUTATIONS = 1e8, 999  # of the omnibus test, which a large test split would make long
QUARTERS = ["shortest", "short", "long", "longest"]


def main(
    test: Path,
    predictions: Path,
    baselines: Path,
    elsewhere: list[Path],
    slices: Path,
    values: Path,
    columns: list[str],
) -> None:
    """`elsewhere` has the systems from elsewhere, if there are any; they come with the baselines."""
    rows = pd.read_parquet(test).set_index("id")
    tuned, simple = pd.read_parquet(predictions), pd.read_parquet(baselines).set_index("id").reindex(rows.index)
    tuned["right"] = (tuned["label"] == tuned["prediction"]).astype(float)
    by_seed = tuned.pivot(index="id", columns="seed", values="right").reindex(rows.index)
    methods = {str(name): (simple[name] == simple["label"]).astype(float) for name in simple.columns.drop("label")}
    for table in map(pd.read_parquet, elsewhere):
        for name, found_there in table.set_index("id").groupby("system", sort=False):
            methods[str(name)] = (found_there["prediction"] == found_there["label"]).reindex(rows.index).astype(float)
    right = {"tuned": by_seed} | {name: column.to_frame() for name, column in methods.items()}
    words, clusters = word_counts(rows), clusters_of(rows)
    groups = {name: rows[name] for name in columns} | {"length": quarters(words)}
    found = {name: by_value(group, right, clusters) for name, group in groups.items()}
    tests = {name: tests_of(group, by_seed.to_numpy(), methods, clusters) for name, group in groups.items()}
    corrected = holm({name: test["p"] for name, test in tests.items() if test["p"] is not None})
    tests = {name: test | {"p": corrected.get(name)} for name, test in tests.items()}
    for name, score in found["length"].items():
        inside = words[groups["length"] == name]
        score |= {"words": {"min": int(inside.min()), "max": int(inside.max())}}
    write_json(slices, {"fewest": FEWEST, "columns": found, "tests": tests})
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


def by_value(
    values: pd.Series, right: dict[str, pd.DataFrame], clusters: NDArray[np.object_] | None
) -> dict[str, dict[str, Any]]:
    """For each value its score, and below `baselines` that of each baseline; quarters in order, others sorted."""
    order = [name for name in QUARTERS if name in set(values)] if set(values) <= set(QUARTERS) else sorted(set(values))
    found = {}
    for value in order:
        here = (values == value).to_numpy()
        groups = None if clusters is None else clusters[here]
        scores = {name: score(table.to_numpy()[here], groups) for name, table in right.items()}
        found[value] = scores.pop("tuned") | {"baselines": scores}
    return found


def score(right: Floats, clusters: ArrayLike | None) -> dict[str, Any]:
    """Share right with its interval over examples and, from three seeds on, seeds; `right` is [examples, seeds]."""
    correct, count = float(right.mean(axis=1).sum()), len(right)
    units = count if clusters is None else len(set(np.asarray(clusters).tolist()))
    # Of a single example nothing varies.
    interval = wilson_interval(correct, count) if units < 2 else share_interval(mean_over_seeds(right, clusters))
    return {"accuracy": correct / count, "interval": interval, "correct": whole(correct), "count": count}


def tests_of(
    values: pd.Series, tuned: Floats, methods: dict[str, pd.Series], clusters: ArrayLike | None
) -> dict[str, Any]:
    """Whether the tuned model's accuracy, [examples, seeds], is the same at all values (an omnibus test, before anyone
    looks at one of them), and its differences from each method at the values that have enough examples.

    There is no omnibus test of a single value.
    """
    names = values.to_numpy(dtype=str)
    permutations = int(np.clip(DRAWN_NUMBERS / len(names), FEWEST_PERMUTATIONS, PERMUTATIONS))
    p_value = differ_at_all(tuned, names, permutations, clusters) if len(set(names)) > 1 else None
    differences: dict[str, dict[str, Any]] = {}
    for method, right in methods.items():
        same = np.repeat(right.to_numpy()[:, None], tuned.shape[1], axis=1)  # the same with every seed
        for value, adjusted in compare_slices(tuned, same, names, clusters).slices.items():
            row = {"difference": adjusted.difference.value + 0.0, "interval": adjusted.interval, "p": adjusted.p_value}
            differences.setdefault(value, {})[method] = row
    return {"p": p_value, "differences": differences}


def publish(slices: Path, values: Path) -> None:
    """`slices.<column>.<value>.accuracy`, `.correct`, `.count`; of the baselines `.<method>.accuracy`; of lengths the
    fewest and most `words`. `slice_tests.<column>.p` of the omnibus test, corrected for the number of columns, and of
    values with `slice_tests.fewest` examples `slice_tests.<column>.<value>.<method>.difference` and `.p`.
    """
    collector, written = Collector(values), read_json(slices)
    collector.add("slice_tests.fewest", written["fewest"], "count", slices, "/fewest")
    for column, tests in written["tests"].items():
        publish_tests(collector, join("slice_tests", column), tests, slices, f"/tests/{step(column)}")
    for column, found in written["columns"].items():
        for value, row in found.items():
            stem, pointer = join("slices", column, value), f"/columns/{step(column)}/{step(value)}"
            publish_share(collector, stem, row, slices, pointer)
            for name, score in row["baselines"].items():
                key = join("slices", column, value, name)
                publish_share(collector, key, score, slices, f"{pointer}/baselines/{step(name)}")
            for end, count in row.get("words", {}).items():
                collector.add(f"{stem}.words.{end}", count, "count", slices, f"{pointer}/words/{end}")
    collector.write()


def publish_tests(collector: Collector, stem: str, tests: dict[str, Any], path: Path, pointer: str) -> None:
    if tests["p"] is not None:
        collector.add(f"{stem}.p", tests["p"], "p", path, f"{pointer}/p")
    for value, methods in tests["differences"].items():
        for method, row in methods.items():
            key, place = below(stem, value, method), f"{pointer}/differences/{step(value)}/{step(method)}"
            collector.add(f"{key}.difference", row["difference"], "real", path, f"{place}/difference", row["interval"])
            collector.add(f"{key}.p", row["p"], "p", path, f"{place}/p")


def publish_share(collector: Collector, key: str, row: dict[str, Any], path: Path, pointer: str) -> None:
    collector.add(f"{key}.accuracy", row["accuracy"], "accuracy", path, f"{pointer}/accuracy", row["interval"])
    for name in ("correct", "count"):
        collector.add(f"{key}.{name}", row[name], "count", path, f"{pointer}/{name}")


if __name__ == "__main__":
    run(main)
