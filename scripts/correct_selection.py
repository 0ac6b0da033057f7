"""Say how good the selected setting's validation score is without the luck of having been selected.

Reads what every run made of the validation examples after each epoch, the split, and the selection. Writes the winner's
score as it is and corrected, among how many candidates it was selected, its places among the settings by loss and by
calibration error, and how many epochs the settings had; publishes all of that.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.epochs import evaluator, read_epochs, tie_evaluator
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.run_scores import clusters_of
from finetune_report.stats.selection import paths_by_setting
from finetune_report.stats.winners_curse import correct_winner

import pandas as pd

MEASURES = ("accuracy", "loss", "calibration_error")  # by which the winner's place is told


def main(
    epochs: list[Path], validation: Path, selection: Path, corrected: Path, values: Path, settings: list[str]
) -> None:
    """`epochs` are at `runs/<setting>/seed<seed>/epochs.parquet`.

    Pruned settings count too: that they were pruned was a choice by validation results.
    """
    chosen, data = read_json(selection), pd.read_parquet(validation)
    metric, labels = chosen["metric"], data["label"].to_numpy()
    places, budgets, candidates, ties = paths_by_setting(epochs), [], [], []
    for name in settings:
        runs = list(map(read_epochs, places[name]))
        budgets.append(max(len(of_run.numbers) for of_run in runs))
        candidates.append([evaluator(metric, labels, of_run) for of_run in runs])
        ties.append([tie_evaluator(metric, labels, of_run) for of_run in runs])
    better = METRICS[metric].higher_is_better
    found = correct_winner(candidates, len(data), better, clusters_of(data), ties=ties)
    rows = {row["setting"]: row for row in chosen["settings"]}
    winner = chosen["winner"]
    facts = {
        "metric": metric,
        "score": rows[winner]["mean"],
        "corrected": found.corrected,
        "candidates": found.candidates,
        "settings": len(settings),
        "epochs": {"least": min(budgets), "most": max(budgets)},
        "places": {name: place(rows, winner, name) for name in MEASURES},
    }
    write_json(corrected, facts)
    publish(corrected, values)
    logging.info("%s: %s %.4f, corrected %.4f", winner, metric, facts["score"], found.corrected)


def place(rows: dict[str, dict[str, Any]], winner: str, metric: str) -> int:
    """The winner's place among the settings by the mean of a metric; 1 is the best, and of equals the better one."""
    sign = METRICS[metric].sign
    own = sign * rows[winner]["means"][metric]
    return 1 + sum(sign * row["means"][metric] > own for row in rows.values())


def publish(corrected: Path, values: Path) -> None:
    """`selection.score`, and `.corrected` for the selection among `.candidates`, which are the epochs of `.settings`;
    `.epochs.least` and `.most` of the settings; and the winner's `.place_by_loss` and so on.
    """
    collector, found = Collector(values), read_json(corrected)
    kind = METRICS[found["metric"]].kind
    for name in ("score", "corrected"):
        collector.add(f"selection.{name}", found[name], kind, corrected, f"/{name}")
    for name in ("candidates", "settings"):
        collector.add(f"selection.{name}", found[name], "count", corrected, f"/{name}")
    for end, count in found["epochs"].items():
        collector.add(f"selection.epochs.{end}", count, "count", corrected, f"/epochs/{end}")
    for name, number in found["places"].items():
        collector.add(f"selection.place_by_{name}", number, "count", corrected, f"/places/{name}")
    collector.write()


if __name__ == "__main__":
    run(main)
