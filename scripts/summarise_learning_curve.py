"""Summarise how the selected setting's validation results grow with the training examples.

Reads the metrics of the runs on parts of the training split, those of the runs on all of it, the selection and the
summary of the data. Writes the means by part, which it publishes, and a table with a row a run.
"""

from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.json_pointer import step
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.crossed import mean_of_shares
from finetune_report.stats.metrics import whole
from finetune_report.stats.shares import share_interval

import pandas as pd

SCORES = ("accuracy", "loss", "macro_f1")


def main(
    fractions: list[Path], runs: Path, selection: Path, summary: Path, curve: Path, table: Path, values: Path
) -> None:
    winner, rows = read_json(selection)["winner"], read_json(summary)["splits"]["train"]["rows"]
    full = [row | {"percent": 100, "rows": rows} for row in read_json(runs) if row["setting"] == winner]
    parts = sorted([read_json(path) for path in fractions] + full, key=lambda run: (run["percent"], run["seed"]))
    percents = dict.fromkeys(run["percent"] for run in parts)
    means = {f"{percent:g}": point([run for run in parts if run["percent"] == percent]) for percent in percents}
    write_json(curve, {"setting": winner, "points": means})
    write_text(table, pd.DataFrame(map(row_of, parts)).to_csv(index=False))
    publish(curve, values)


def row_of(run: dict[str, Any]) -> dict[str, Any]:
    scores = {name: run["validation"][name] for name in SCORES}
    return {name: run[name] for name in ("percent", "rows", "seed")} | scores


def point(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean accuracy over the seeds on one part, with its interval."""
    accuracies = [run["validation"]["accuracy"] for run in runs]
    count = runs[0]["validation"]["count"]
    return {
        "percent": runs[0]["percent"],
        "rows": whole(fmean(run["rows"] for run in runs)),
        "accuracy": fmean(accuracies),
        "interval": share_interval(mean_of_shares(accuracies, count)),
        "sd": stdev(accuracies) if len(accuracies) > 1 else None,
    }


def publish(curve: Path, values: Path) -> None:
    """`learning_curve.<place>.rows`, `.percent`, `.validation.accuracy` and its `.sd`; places count from 1."""
    collector = Collector(values)
    for place, (percent, row) in enumerate(read_json(curve)["points"].items(), start=1):
        stem, pointer = f"learning_curve.{place}", f"/points/{step(percent)}"
        key = f"{stem}.validation.accuracy"
        collector.add(f"{stem}.percent", row["percent"], "real", curve, f"{pointer}/percent")
        collector.add(f"{stem}.rows", row["rows"], "count", curve, f"{pointer}/rows")
        collector.add(key, row["accuracy"], "accuracy", curve, f"{pointer}/accuracy", row["interval"])
        if row["sd"] is not None:
            collector.add(f"{key}.sd", row["sd"], "real", curve, f"{pointer}/sd")
    collector.write()


if __name__ == "__main__":
    run(main)
