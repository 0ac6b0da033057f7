"""Select the setting with the best mean validation metric over its seeds. The test split plays no part in it.

Reads the metrics of every planned run. Writes every run's validation result, the rule, and the winner.
"""

import logging
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from lib.files import read_json, write_json
from lib.job import run

RULES = {
    "accuracy": "highest mean validation accuracy over the seeds; ties go to the lower mean validation loss, "
    "then to the setting that comes first in the config",
    "loss": "lowest mean validation loss over the seeds; ties go to the higher mean validation accuracy, "
    "then to the setting that comes first in the config",
}


def main(metrics: list[Path], selection: Path, settings: list[str], seeds: list[int], metric: str) -> None:
    runs = [validation_result(read_json(path)) for path in metrics]
    of_setting = defaultdict(list)
    for result in runs:
        of_setting[result["setting"]].append(result)
    table = [setting_result(name, of_setting[name]) for name in settings]
    winner = max(table, key=lambda row: merit(row, metric))["setting"]  # max keeps the first of equals
    write_json(
        selection,
        {
            "metric": metric,
            "rule": RULES[metric],
            "planned": len(settings) * len(seeds),
            "runs": runs,
            "settings": table,
            "winner": winner,
        },
    )
    logging.info("selected %s", winner)


def validation_result(metrics: dict[str, Any]) -> dict[str, Any]:
    """What selection may see of a run."""
    kept = {key: metrics[key] for key in ("setting", "seed", "best_epoch")}
    return kept | {key: metrics["validation"][key] for key in ("accuracy", "loss")}


def setting_result(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation (n - 1; none for a single seed) of the validation accuracy, and the mean loss."""
    accuracies = [run["accuracy"] for run in runs]
    return {
        "setting": name,
        "mean": mean(accuracies),
        "sd": stdev(accuracies) if len(runs) > 1 else None,
        "loss": mean(run["loss"] for run in runs),
        "seeds": len(runs),
    }


def merit(row: dict[str, Any], metric: str) -> tuple[float, float]:
    return (row["mean"], -row["loss"]) if metric == "accuracy" else (-row["loss"], row["mean"])


if __name__ == "__main__":
    run(main)
