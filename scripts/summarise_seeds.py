"""Summarise each setting over its seeds: means, deviations, intervals, and seeds that diverged or failed.

Reads what all runs came to, the metrics of the test split, and the selection. Writes a summary a setting and, of the
selected one, the measures by class.
"""

import logging
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.runtime.job import run
from finetune_report.stats.intervals import seeds_interval
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.selection import by_setting

CLASS_METRICS = ("precision", "recall", "f1")


def main(runs: Path, test_metrics: Path, selection: Path, seeds: Path, settings: list[str]) -> None:
    of_setting = by_setting(read_json(runs))
    winner, test = read_json(selection)["winner"], read_json(test_metrics)
    found = {name: setting_summary(of_setting[name]) for name in settings}
    validation = [row["validation"] for row in of_setting[winner]]
    chosen = found[winner] | {
        "test": over_seeds(test["runs"]),
        "classes": {"validation": class_means(validation), "test": test["classes"]},
    }
    write_json(seeds, {"settings": found, "winner": chosen})
    for name, row in found.items():
        if row["diverged"] or row["failed"]:
            logging.warning("%s: %d seeds diverged, %d failed", name, row["diverged"], row["failed"])


def setting_summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    statuses = [row["status"] for row in runs]
    return {
        "seeds": len(runs),
        "diverged": statuses.count("diverged"),
        "failed": statuses.count("failed"),
        "statuses": {str(row["seed"]): row["status"] for row in runs},
        **{split: over_seeds([row[split] for row in runs]) for split in ("train", "validation")},
    }


def over_seeds(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each metric the mean; the interval over examples where there is one, the mean of the seeds' own; over seeds,
    where there are several, the standard deviation (n - 1), Student's interval of the mean, and the ends.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in METRICS:
        values = [score[name] for score in scores]
        intervals = [score["intervals"][name] for score in scores if name in score.get("intervals", {})]
        found[name] = {"mean": fmean(values), "interval": mean_interval(intervals), "values": values}
        if len(values) > 1:
            found[name] |= {"sd": stdev(values), "min": min(values), "max": max(values)}
            found[name]["seeds_interval"] = seeds_interval(values)
    return found


def mean_interval(intervals: list[list[float]]) -> list[float] | None:
    return [fmean(low for low, _ in intervals), fmean(high for _, high in intervals)] if intervals else None


def class_means(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Precision, recall and F1 of each class, the mean over the seeds, with the mean of the seeds' intervals."""
    found: dict[str, Any] = {}
    for label, first in scores[0]["classes"].items():
        rows = [score["classes"][label] for score in scores]
        found[label] = {name: fmean(row[name] for row in rows) for name in CLASS_METRICS} | {"count": first["count"]}
        for name in ("precision", "recall"):
            known = [row[f"{name}_interval"] for row in rows if row[f"{name}_interval"]]
            found[label][f"{name}_interval"] = mean_interval(known)
    return found


if __name__ == "__main__":
    run(main)
