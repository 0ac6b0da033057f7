"""Gather the results of all runs, so that the steps after open one file; and put it into a table for people.

Reads the metrics of every run. Writes them as one list, in the order of the config, and a CSV with a row a run.
"""

from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS

import pandas as pd


def main(metrics: list[Path], runs: Path, table: Path) -> None:
    found = [read_json(path) for path in metrics]
    write_json(runs, found)
    write_text(table, pd.DataFrame(map(row_of, found)).to_csv(index=False))


def row_of(found: dict[str, Any]) -> dict[str, Any]:
    """A run on one line: what it was trained with, what became of it, and its scores at the best epoch."""
    facts = {name: found[name] for name in ("setting", "seed", "status")}
    place = {name: found[name] for name in ("best_epoch", "epochs_run")}
    train = {f"train_{name}": found["train"][name] for name in ("accuracy", "loss")}
    validation = {f"validation_{name}": found["validation"][name] for name in METRICS}
    return facts | found["hyperparameters"] | place | train | validation


if __name__ == "__main__":
    run(main)
