"""Collect every value that the write-up may cite, each with its uncertainty and the file that it came from.

Reads the results of all stages. Writes one flat list of keys such as `runs.baseline.validation.accuracy`.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd
from lib.files import read_json, write_json
from lib.job import run
from lib.uncertainty import wilson_interval

MOST_ROWS = 8


def main(
    summary: Path,
    model: Path,
    metrics: list[Path],
    timings: list[Path],
    selection: Path,
    test_metrics: Path,
    test_predictions: Path,
    test: Path,
    baselines: Path,
    attention: Path,
    heads: Path,
    values: Path,
    name: str,
    settings: list[str],
    seeds: list[int],
    root: str,
) -> None:
    """`root` is the results folder, against which each value's source is named.

    Metrics and timings stand at `runs/<setting>/seed<seed>/`; without timings there are no values of cost.
    """
    collector = Collector(Path(root))
    runs = {(row["setting"], row["seed"]): (path, row) for path in metrics for row in [read_json(path)]}
    collector.add("experiment.name", name, "text", summary, "/source")
    collector.add("sweep.settings", len(settings), "count", selection, "/settings")
    collector.add("sweep.seeds", len(seeds), "count", selection, "/settings/0/seeds")
    collector.add("sweep.runs", len(runs), "count", selection, "/runs")
    collect_data(collector, summary)
    collect_model(collector, model)
    of_setting: dict[str, list[Path]] = {}
    for path in timings:
        of_setting.setdefault(path.parts[-3], []).append(path)
    for setting in settings:
        collect_setting(collector, f"runs.{setting}", [runs[setting, seed] for seed in seeds])
        if timings:
            collect_cost(collector, f"runs.{setting}.cost", of_setting[setting])
    winner = read_json(selection)["winner"]
    collector.add("winner.name", winner, "text", selection, "/winner")
    collector.add("selection.rule", read_json(selection)["rule"], "text", selection, "/rule")
    collect_setting(collector, "winner", [runs[winner, seed] for seed in seeds])
    collect_test(collector, test_metrics)
    collect_slices(collector, test_predictions, test)
    collect_baselines(collector, baselines)
    collect_attention(collector, attention, heads)
    write_json(values, collector.values)
    logging.info("%d values", len(collector.values))


class Collector:
    """Gathers values by key; a key given twice is an error of ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.values: dict[str, dict[str, Any]] = {}

    def add(
        self, key: str, value: Any, kind: str, source: Path, pointer: str, interval: tuple[float, float] | None = None
    ) -> None:
        if key in self.values:
            raise ValueError(f"the value {key} is collected twice")
        self.values[key] = {
            "value": value,
            "kind": kind,
            "interval": interval,
            "source": source.relative_to(self.root).as_posix(),
            "pointer": pointer,
        }

    def add_score(self, key: str, row: dict[str, Any], source: Path, pointer: str) -> None:
        """An accuracy with the counts behind it, its Wilson interval, and the loss where there is one."""
        interval = wilson_interval(row["correct"], row["count"])
        self.add(f"{key}.accuracy", row["accuracy"], "accuracy", source, f"{pointer}/accuracy", interval)
        self.add(f"{key}.correct", row["correct"], "count", source, f"{pointer}/correct")
        self.add(f"{key}.count", row["count"], "count", source, f"{pointer}/count")
        if "loss" in row:
            self.add(f"{key}.loss", row["loss"], "loss", source, f"{pointer}/loss")


def collect_data(collector: Collector, path: Path) -> None:
    summary = read_json(path)
    collector.add("data.classes", len(summary["labels"]), "count", path, "/labels")
    for split, facts in summary["splits"].items():
        pointer = f"/splits/{split}"
        collector.add(f"data.{split}.rows", facts["rows"], "count", path, f"{pointer}/rows")
        collector.add(f"data.{split}.duplicates", facts["duplicates"], "count", path, f"{pointer}/duplicates")
        for label, count in facts["classes"].items():
            collector.add(f"data.{split}.class.{label}", count, "count", path, f"{pointer}/classes/{label}")
        for word, kind in (("min", "count"), ("mean", "real"), ("max", "count")):
            collector.add(f"data.{split}.words.{word}", facts["words"][word], kind, path, f"{pointer}/words/{word}")
    for pair, count in summary["overlap"].items():
        collector.add(f"data.overlap.{pair}", count, "count", path, f"/overlap/{pair}")
    for split, count in summary["dropped"].items():
        collector.add(f"data.dropped.{split}", count, "count", path, f"/dropped/{split}")
    if summary["carved"]:
        collector.add("data.carved.fraction", summary["carved"]["fraction"], "real", path, "/carved/fraction")
        collector.add("data.carved.seed", summary["carved"]["seed"], "count", path, "/carved/seed")


def collect_model(collector: Collector, path: Path) -> None:
    model = read_json(path)
    source = model["source"]
    name = source.get("name") or source.get("package") or source.get("path")
    collector.add("model.name", name, "text", path, "/source")
    collector.add("model.sha256", model["files"]["model.safetensors"], "text", path, "/files/model.safetensors")


def collect_setting(collector: Collector, key: str, runs: list[tuple[Path, dict[str, Any]]]) -> None:
    """A setting's hyperparameters, and its metrics at the kept epoch: the mean over seeds, and each seed's own."""
    path, first = runs[0]
    for name, value in first["hyperparameters"].items():
        kind = "text" if value is None or isinstance(value, str) else "count" if isinstance(value, int) else "rate"
        collector.add(f"{key}.{name}", "none" if value is None else value, kind, path, f"/hyperparameters/{name}")
    for split in ("train", "validation"):
        add_means(collector, f"{key}.{split}", runs, split)
    rows = [row for _, row in runs]
    collector.add(f"{key}.best_epoch", mean_or_only([row["best_epoch"] for row in rows]), "count", path, "/best_epoch")
    collector.add(f"{key}.steps", mean_or_only([row["steps"] for row in rows]), "count", path, "/steps")
    for name in ("precision", "device"):
        collector.add(f"{key}.{name}", first[name], "text", path, f"/{name}")
    collector.add(f"{key}.threads", first["threads"], "count", path, "/threads")
    for source, row in runs:
        for split in ("train", "validation"):
            collector.add_score(f"{key}.seed{row['seed']}.{split}", row[split], source, f"/{split}")


def collect_cost(collector: Collector, key: str, timings: list[Path]) -> None:
    """How long a setting's runs took together, and their mean speed."""
    rows = [read_json(path) for path in timings]
    seconds, rates = sum(row["seconds"] for row in rows), [row["examples_per_second"] for row in rows]
    collector.add(f"{key}.seconds", seconds, "seconds", timings[0], "/seconds")
    collector.add(f"{key}.examples_per_second", fmean(rates), "rate", timings[0], "/examples_per_second")


def add_means(collector: Collector, key: str, runs: list[tuple[Path, dict[str, Any]]], split: str) -> None:
    """Mean accuracy and loss over seeds. The interval is that of the examples; `sd` is the spread over the seeds."""
    path, rows = runs[0][0], [row[split] for _, row in runs]
    accuracies = [row["accuracy"] for row in rows]
    interval = wilson_interval(fmean(row["correct"] for row in rows), rows[0]["count"])
    collector.add(f"{key}.accuracy", fmean(accuracies), "accuracy", path, f"/{split}/accuracy", interval)
    collector.add(f"{key}.loss", fmean(row["loss"] for row in rows), "loss", path, f"/{split}/loss")
    if len(rows) > 1:
        collector.add(f"{key}.accuracy.sd", stdev(accuracies), "real", path, f"/{split}/accuracy")


def mean_or_only(numbers: list[int]) -> float | int:
    return numbers[0] if len(set(numbers)) == 1 else fmean(numbers)


def collect_test(collector: Collector, path: Path) -> None:
    metrics = read_json(path)
    collector.add_score("winner.test", metrics, path, "")
    labels = metrics["labels"]
    for row, true in enumerate(labels):
        for column, predicted in enumerate(labels):
            count = metrics["confusion"][row][column]
            collector.add(f"test.confusion.{true}.{predicted}", count, "count", path, f"/confusion/{row}/{column}")


def collect_slices(collector: Collector, predictions: Path, test: Path) -> None:
    """Test accuracy by the values of each further column of the data; rows without a value count as `none`."""
    rows = pd.read_parquet(predictions).merge(pd.read_parquet(test).drop(columns=["label"]), on="id")
    rows["right"] = rows["label"] == rows["prediction"]
    known = {"seed", "id", "label", "prediction", "text", "text_pair", "right"}
    for column in [name for name in rows.columns if name not in known and not name.startswith("p_")]:
        for value, right in rows.groupby(rows[column].replace("", "none"))["right"]:
            score = {"accuracy": right.mean(), "correct": int(right.sum()), "count": len(right)}
            collector.add_score(f"slices.{column}.{value}", score, predictions, f"?{column}={value}")


def collect_baselines(collector: Collector, path: Path) -> None:
    for name, splits in read_json(path).items():
        for split, score in splits.items():
            collector.add_score(f"baselines.{name}.{split}", score, path, f"/{name}/{split}")


def collect_attention(collector: Collector, attention: Path, heads: Path) -> None:
    """Every number and text of the demonstrations and of the measurement of the heads; rows count from 0."""
    for path, prefix in ((attention, "attention"), (heads, "heads")):
        for pointer, value in named_numbers(read_json(path)):
            key = ".".join([prefix, *pointer.strip("/").split("/")])
            kind = "error" if key.endswith("error") else "count" if isinstance(value, int) else "real"
            collector.add(key, value, kind if not isinstance(value, str) else "text", path, pointer)


def named_numbers(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """JSON pointers of all numbers and texts, but not those in tables of more rows than a write-up could show."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from named_numbers(item, f"{pointer}/{name}")
    elif isinstance(value, list):
        if len(value) <= MOST_ROWS:
            for number, item in enumerate(value):
                yield from named_numbers(item, f"{pointer}/{number}")
    elif isinstance(value, int | float | str):
        yield pointer, value


if __name__ == "__main__":
    run(main)
