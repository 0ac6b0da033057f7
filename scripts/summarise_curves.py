"""Summarise how all runs learn: their histories in one table, and from which epoch on each setting overfits.

Reads the histories of all runs and the selection, which knows their best epochs. Writes all histories as one table,
those of the baseline as tables of accuracy and loss, the onsets of overfitting by seed, and publishes the latter.
"""

from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.report.results import common_onset, onset, read_curves
from finetune_report.runtime.job import run

import pandas as pd


def main(
    histories: list[Path],
    selection: Path,
    curves: Path,
    accuracy_table: Path,
    loss_table: Path,
    validation_table: Path,
    overfitting: Path,
    values: Path,
    baseline: str,
) -> None:
    """`histories` are at `runs/<setting>/seed<seed>/history.csv`."""
    table = pd.concat(map(history_of, histories), ignore_index=True)
    write_text(curves, table.to_csv(index=False))
    best = {(row["setting"], row["seed"]): row["best_epoch"] for row in read_json(selection)["runs"]}
    own = table[table["setting"] == baseline]
    own = own.assign(best=[int(best[baseline, row["seed"]] == int(row["epoch"])) for row in own.to_dict("records")])
    for measure, path in (("accuracy", accuracy_table), ("loss", loss_table)):
        columns = ["seed", "epoch", f"train_{measure}", f"validation_{measure}", "train_sample", "best"]
        write_text(path, own[columns].to_csv(index=False))
    write_text(validation_table, table[["setting", "seed", "epoch", "validation_accuracy"]].to_csv(index=False))
    write_json(overfitting, onsets(curves))
    publish(overfitting, values)


def history_of(path: Path) -> pd.DataFrame:
    """A run's history with its setting and seed, every number as it was written."""
    setting, seed = path.parts[-3], int(path.parts[-2].removeprefix("seed"))
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.insert(0, "setting", setting)
    table.insert(1, "seed", seed)
    return table


def onsets(curves: Path) -> dict[str, Any]:
    """Of each setting the epoch from which on every seed overfits, and that of each seed; None where there is none."""
    return {
        setting: {"from_epoch": common_onset(runs), "seeds": {str(seed): onset(rows) for seed, rows in runs.items()}}
        for setting, runs in read_curves(curves).items()
    }


def publish(overfitting: Path, values: Path) -> None:
    """`overfitting.<setting>.from_epoch` of each setting that overfits."""
    collector = Collector(values)
    for setting, row in read_json(overfitting).items():
        if row["from_epoch"] is not None:
            key, pointer = join("overfitting", setting, "from_epoch"), f"/{step(setting)}/from_epoch"
            collector.add(key, row["from_epoch"], "count", overfitting, pointer)
    collector.write()


if __name__ == "__main__":
    run(main)
