"""Summarise each setting over its seeds: means, deviations, intervals, and seeds that diverged or failed.

Intervals are over examples and, from three seeds on, over seeds too; with fewer they are about these trained models.

Reads the metrics and predictions of all runs, what they took, those of the test split, the splits and the selection.
Writes a summary a setting and, of the selected one, the measures by class and the confusion matrix as a table;
publishes all of that.
"""

import logging
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.json_pointer import step
from finetune_report.report.keys import below, join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.class_shares import class_shares
from finetune_report.stats.crossed import mean_of_shares
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.run_scores import by_seed, clusters_of, on_examples
from finetune_report.stats.selection import by_setting, paths_by_setting
from finetune_report.stats.shares import share_interval
from finetune_report.stats.systems import metric_intervals, over_seeds

import numpy as np
import pandas as pd

MEANS = {"accuracy", "loss"}  # the metrics that are published with the runs that they are means of

Runs = list[tuple[Path, dict[str, Any]]]  # the metrics of each, and the file that holds them


def main(
    metrics: list[Path],
    timings: list[Path],
    predictions: list[Path],
    validation: Path,
    test_metrics: Path,
    test_predictions: Path,
    test: Path,
    selection: Path,
    seeds: Path,
    confusion_table: Path,
    values: Path,
    settings: list[str],
) -> None:
    """Metrics, timings and predictions are at `runs/<setting>/seed<seed>/`; without timings no cost is published."""
    of_setting = by_setting([read_json(path) for path in metrics])
    winner, tested = read_json(selection)["winner"], read_json(test_metrics)
    labels, data = tested["labels"], pd.read_parquet(validation)
    runs = {name: list(map(pd.read_parquet, paths)) for name, paths in paths_by_setting(predictions).items()}
    found = {name: setting_summary(of_setting[name], metric_intervals(runs[name], data, labels)) for name in settings}
    of_test = by_seed(pd.read_parquet(test_predictions))
    test_data = pd.read_parquet(test)
    chosen = found[winner] | {
        "test": over_seeds(tested["runs"], metric_intervals(of_test, test_data, labels)),
        "classes": {
            "validation": by_class(runs[winner], data, labels),
            "test": by_class(of_test, test_data, labels),
        },
    }
    write_json(seeds, {"settings": found, "winner": chosen})
    write_text(confusion_table, pd.DataFrame(confusion_rows(tested)).to_csv(index=False))
    publish(metrics, timings, test_metrics, selection, seeds, values, settings)
    for name, row in found.items():
        if row["diverged"] or row["failed"]:
            logging.warning("%s: %d seeds diverged, %d failed", name, row["diverged"], row["failed"])


def train_intervals(runs: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """That of the accuracy on the training split, of which no predictions are kept."""
    shares = [row["train"]["accuracy"] for row in runs]
    return {"accuracy": share_interval(mean_of_shares(shares, runs[0]["train"]["count"]))}


def setting_summary(runs: list[dict[str, Any]], of_validation: dict[str, tuple[float, float]]) -> dict[str, Any]:
    statuses, best = [row["status"] for row in runs], [row["best_epoch"] for row in runs]
    return {
        "seeds": len(runs),
        "diverged": statuses.count("diverged"),
        "failed": statuses.count("failed"),
        "statuses": {str(row["seed"]): row["status"] for row in runs},
        "best_epoch": {"text": f"{min(best)} to {max(best)}", "least": min(best), "most": max(best)},
        "train": over_seeds([row["train"] for row in runs], train_intervals(runs)),
        "validation": over_seeds([row["validation"] for row in runs], of_validation),
    }


def by_class(runs: list[pd.DataFrame], data: pd.DataFrame, labels: list[str]) -> dict[str, Any]:
    """Precision, recall and F1 of each class, of all seeds put together, with intervals."""
    tables = [on_examples(rows, data["id"].tolist()) for rows in runs]
    predictions = np.stack([table["prediction"].to_numpy() for table in tables], axis=1)
    return class_shares(tables[0]["label"].to_numpy(), predictions, labels, clusters_of(data))


def confusion_rows(test: dict[str, Any]) -> list[dict[str, Any]]:
    """How often each class of the test split was predicted as each other, over all seeds."""
    return [
        {"true": true, "predicted": predicted, "count": count}
        for true, counts in zip(test["labels"], test["confusion"], strict=True)
        for predicted, count in zip(test["labels"], counts, strict=True)
    ]


def publish(
    metrics: list[Path],
    timings: list[Path],
    test_metrics: Path,
    selection: Path,
    seeds: Path,
    values: Path,
    settings: list[str],
) -> None:
    collector = Collector(values)
    runs: dict[str, Runs] = {
        name: [(path, read_json(path)) for path in paths] for name, paths in paths_by_setting(metrics).items()
    }
    costs = paths_by_setting(timings)
    summaries = read_json(seeds)
    for setting in settings:
        publish_setting(collector, join("runs", setting), runs[setting], summaries["settings"][setting])
        if setting in costs:
            publish_cost(collector, join("runs", setting, "cost"), costs[setting])
    chosen = read_json(selection)
    collector.add("winner.name", chosen["winner"], "text", selection, "/winner")
    collector.add("selection.rule", chosen["rule"], "text", selection, "/rule")
    publish_setting(collector, "winner", runs[chosen["winner"]], summaries["winner"])
    publish_test(collector, test_metrics, summaries["winner"]["test"])
    publish_summaries(collector, seeds)
    collector.write()


def publish_setting(collector: Collector, key: str, runs: Runs, summary: dict[str, Any]) -> None:
    """A setting's hyperparameters, its size, and its metrics at the best epoch: the mean over seeds, each seed's own.

    `<key>.parameters` are those of the tuned model, `.parameters.trained` those that were not frozen, LoRA's updates
    among them, and `.megabytes` what its weights take on disk.
    """
    path, first = runs[0]
    for name, value in first["hyperparameters"].items():
        kind = "text" if value is None or isinstance(value, str) else "count" if isinstance(value, int) else "rate"
        collector.add(f"{key}.{name}", "none" if value is None else value, kind, path, f"/hyperparameters/{name}")
    for split in ("train", "validation"):
        publish_means(collector, f"{key}.{split}", runs, split, summary[split])
    others = [other for other, _ in runs[1:]]
    for name in ("best_epoch", "steps"):
        numbers = [row[name] for _, row in runs]
        if name == "steps" or len(set(numbers)) == 1:  # else a text: no epoch is the mean of some
            collector.add(f"{key}.{name}", mean_or_only(numbers), "count", path, f"/{name}", None, "mean", others)
    if first["train_sample"] is not None:
        collector.add(f"{key}.train_sample", first["train_sample"], "count", path, "/train_sample")
    for name in ("precision", "device"):
        collector.add(f"{key}.{name}", first[name], "text", path, f"/{name}")
    collector.add(f"{key}.threads", first["threads"], "count", path, "/threads")
    collector.add(f"{key}.parameters", first["parameters"], "count", path, "/parameters")
    collector.add(f"{key}.parameters.trained", first["trained_parameters"], "count", path, "/trained_parameters")
    collector.add(f"{key}.megabytes", first["megabytes"], "real", path, "/megabytes")
    if first["compiled"]:
        collector.add(f"{key}.compiled", "true", "text", path, "/compiled")
    for source, row in runs:
        for split in ("train", "validation"):
            collector.add_score(f"{key}.seed{row['seed']}.{split}", row[split], source, f"/{split}")


def publish_means(collector: Collector, key: str, runs: Runs, split: str, summary: dict[str, Any]) -> None:
    """Mean accuracy and loss over seeds with their intervals; `sd` is the spread over the seeds."""
    path, others, rows = runs[0][0], [other for other, _ in runs[1:]], [row[split] for _, row in runs]
    for name in ("accuracy", "loss"):
        mean, interval = fmean(row[name] for row in rows), summary[name]["interval"]
        collector.add(f"{key}.{name}", mean, name, path, f"/{split}/{name}", interval, "mean", others)
    if len(rows) > 1:
        spread = stdev(row["accuracy"] for row in rows)
        collector.add(f"{key}.accuracy.sd", spread, "real", path, f"/{split}/accuracy", None, "sd", others)


def mean_or_only(numbers: list[int]) -> float | int:
    return numbers[0] if len(set(numbers)) == 1 else fmean(numbers)


def publish_cost(collector: Collector, key: str, timings: list[Path]) -> None:
    """How long a setting's runs took together, and their mean speed."""
    rows = [read_json(path) for path in timings]
    seconds, rates = sum(row["seconds"] for row in rows), [row["examples_per_second"] for row in rows]
    path, others = timings[0], timings[1:]
    collector.add(f"{key}.seconds", seconds, "seconds", path, "/seconds", None, "sum", others)
    collector.add(
        f"{key}.examples_per_second", fmean(rates), "rate", path, "/examples_per_second", None, "mean", others
    )


def publish_test(collector: Collector, path: Path, summary: dict[str, Any]) -> None:
    """`winner.test.accuracy`, `.correct`, `.count` and `.loss`, and `test.confusion.<true>.<predicted>`."""
    metrics = read_json(path)
    for name in ("accuracy", "loss"):
        collector.add(f"winner.test.{name}", metrics[name], name, path, f"/{name}", summary[name]["interval"])
    for name in ("correct", "count"):
        collector.add(f"winner.test.{name}", metrics[name], "count", path, f"/{name}")
    labels = metrics["labels"]
    for row, true in enumerate(labels):
        for column, predicted in enumerate(labels):
            count = metrics["confusion"][row][column]
            key = below("test.confusion", true, predicted)
            collector.add(key, count, "count", path, f"/confusion/{row}/{column}")


def publish_summaries(collector: Collector, path: Path) -> None:
    """Of each setting and of the winner: `<run>.<split>.<metric>` beyond accuracy and loss, with its interval; with
    several seeds `<metric>.sd`, `.least` and `.most`, and `<run>.best_epoch.least` and `.most` where they differ;
    `<run>.diverged` and `<run>.failed`, how many seeds did.
    """
    found = read_json(path)
    rows = {join("runs", name): (f"/settings/{step(name)}", row) for name, row in found["settings"].items()}
    rows["winner"] = ("/winner", found["winner"])
    for stem, (pointer, row) in rows.items():
        for name in ("diverged", "failed"):
            collector.add(f"{stem}.{name}", row[name], "count", path, f"{pointer}/{name}")
        best = row["best_epoch"]
        if best["least"] != best["most"]:
            collector.add(f"{stem}.best_epoch", best["text"], "text", path, f"{pointer}/best_epoch/text")
            for end in ("least", "most"):
                collector.add(f"{stem}.best_epoch.{end}", best[end], "count", path, f"{pointer}/best_epoch/{end}")
        for split in ("train", "validation", "test"):
            for metric, summary in row.get(split, {}).items():
                publish_metric(collector, f"{stem}.{split}", metric, summary, path, f"{pointer}/{split}/{metric}")
    for split, classes in found["winner"]["classes"].items():
        for label, row in classes.items():
            key, pointer = join("winner", split, "class", label), f"/winner/classes/{split}/{step(label)}"
            publish_class(collector, key, row, path, pointer)


def publish_metric(
    collector: Collector, stem: str, metric: str, summary: dict[str, Any], path: Path, pointer: str
) -> None:
    key, kind = f"{stem}.{metric}", METRICS[metric].kind
    if metric not in MEANS:
        collector.add(key, summary["mean"], kind, path, f"{pointer}/mean", summary["interval"])
    if "sd" not in summary:
        return
    if f"{key}.sd" not in collector.values:
        collector.add(f"{key}.sd", summary["sd"], "real", path, f"{pointer}/sd")
    for end in ("least", "most"):
        collector.add(f"{key}.{end}", summary[end], kind, path, f"{pointer}/{end}")


def publish_class(collector: Collector, key: str, row: dict[str, Any], path: Path, pointer: str) -> None:
    """`<key>.precision` and `.recall` with their intervals, `.f1`, and `.count` of examples."""
    for name in ("precision", "recall"):
        collector.add(f"{key}.{name}", row[name], "accuracy", path, f"{pointer}/{name}", row[f"{name}_interval"])
    collector.add(f"{key}.f1", row["f1"], "real", path, f"{pointer}/f1")
    collector.add(f"{key}.count", row["count"], "count", path, f"{pointer}/count")


if __name__ == "__main__":
    run(main)
