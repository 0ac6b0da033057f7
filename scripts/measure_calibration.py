"""Measure how far the selected setting is as often right on the test split as it is confident.

Reads its test predictions, and the split. Writes the expected calibration error of each seed and what it is for a model
that is calibrated, the Brier score and the mean confidence, which it publishes, and a table of accuracy by confidence.
"""

import logging
from pathlib import Path
from statistics import fmean
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.calibration import BINS, bin_numbers, calibration_error
from finetune_report.stats.crossed import mean_over_seeds
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.run_scores import by_seed, clusters_of, run_scores

import numpy as np
import pandas as pd


def main(predictions: Path, test: Path, summary: Path, calibration: Path, table: Path, values: Path) -> None:
    found, data, labels = pd.read_parquet(predictions), pd.read_parquet(test), read_json(summary)["labels"]
    columns = [f"p_{label}" for label in labels]
    brier = mean_over_seeds(run_scores(by_seed(found), data["id"].tolist(), labels, "brier"), clusters_of(data))
    low, high = brier.interval()
    rows = [measure(int(str(seed)), of_seed, columns) for seed, of_seed in found.groupby("seed")]
    # Whether all seeds' models are calibrated: a p-value for each, corrected by their number (Bonferroni).
    p_value = min(1.0, len(rows) * min(row["p"] for row in rows))
    means = {name: fmean(row[name] for row in rows) for name in ("error", "expected", "confidence")}
    score = {"brier": brier.value, "brier_interval": [max(0.0, low), min(2.0, high)]}  # 2 is the worst there is
    write_json(calibration, means | score | {"p": p_value, "runs": rows})
    write_text(table, by_confidence(found, columns, len(rows)).to_csv(index=False))
    publish(calibration, values)
    logging.info("calibration error %.4f, of a calibrated model %.4f", means["error"], means["expected"])


def measure(seed: int, found: pd.DataFrame, columns: list[str]) -> dict[str, Any]:
    """One seed's calibration error, what a calibrated model has on as many examples, and p of being one."""
    chances, labels = found[columns].to_numpy(dtype=float), found["label"].to_numpy()
    error = calibration_error(labels, chances)
    return {
        "seed": seed,
        "error": error.value,
        "expected": error.null_mean,
        "p": error.p_value,
        "confidence": float(chances.max(axis=1).mean()),
    }


def by_confidence(found: pd.DataFrame, columns: list[str], seeds: int) -> pd.DataFrame:
    """A row a bin of confidence that is not empty: its bounds, examples a seed, mean confidence, and accuracy.

    The interval is Wilson's, of as many examples as one seed has in the mean: more seeds are not more examples.
    """
    chances = found[columns].to_numpy(dtype=float)
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == found["label"].to_numpy()
    numbers = bin_numbers(confidence)
    rows = []
    for number in np.unique(numbers):
        here = numbers == number
        low, high = wilson_interval(right[here].sum() / seeds, here.sum() / seeds)
        rows.append(
            {
                "above": (number - 1) / BINS,
                "up_to": number / BINS,
                "count": here.sum() / seeds,
                "confidence": confidence[here].mean(),
                "accuracy": right[here].mean(),
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)


def publish(calibration: Path, values: Path) -> None:
    """`calibration.expected`, `.p`, `.brier` with its interval, and `.confidence`; the error itself is
    `winner.test.calibration_error`.
    """
    collector, found = Collector(values), read_json(calibration)
    collector.add("calibration.brier", found["brier"], "real", calibration, "/brier", found["brier_interval"])
    for name, kind in {"expected": "real", "p": "p", "confidence": "accuracy"}.items():
        collector.add(f"calibration.{name}", found[name], kind, calibration, f"/{name}")
    collector.write()


if __name__ == "__main__":
    run(main)
