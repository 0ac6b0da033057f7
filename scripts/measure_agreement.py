"""Measure how far settings and baselines agree on the validation split, and systems on the test split, right or not.

Reads the validation predictions of all runs and of the baselines, and those of all systems on the test split. Writes,
for each two of them, the share of examples that both put into the same class, Cohen's kappa, and the share on which
both are wrong. Of a setting with several seeds the class of the highest mean probability counts. Publishes all of it.
"""

import logging
from itertools import combinations
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.selection import paths_by_setting
from finetune_report.stats.systems import scored_systems, system_classes

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

MOST = 20  # settings; more pairs than they make could not be read


def main(
    predictions: list[Path],
    simple: Path,
    tested: list[Path],
    others: list[Path],
    baselines: list[Path],
    elsewhere: list[Path],
    test: list[Path],
    selection: Path,
    summary: Path,
    agreement: Path,
    values: Path,
    settings: list[str],
) -> None:
    """`predictions` are at `runs/<setting>/seed<seed>/predictions.parquet`; of the validation split, as `simple` are.

    `tested`, `others`, `baselines` and `elsewhere` are of the test split, and empty where it has no labels.
    """
    labels, chosen = read_json(summary)["labels"], read_json(selection)
    compared = most_interesting(settings, chosen)
    methods = pd.read_parquet(simple).set_index("id")
    true = methods.pop("label")
    of_setting = paths_by_setting(predictions)
    classes = {name: setting_classes(of_setting[name], labels).reindex(true.index) for name in compared}
    classes |= {str(name): column for name, column in methods.items()}
    found = {"validation": pairs_of({name: column.to_numpy() for name, column in classes.items()}, true.to_numpy())}
    for rows, of_winner, of_others, of_methods in zip(test, tested, others, baselines, strict=True):
        data = pd.read_parquet(rows, columns=["id", "label"])
        scored = scored_systems(of_winner, of_others, of_methods, elsewhere)
        on_test = {name: system_classes(runs, data["id"].tolist(), labels) for name, runs in scored.items()}
        found["test"] = pairs_of(on_test, data["label"].to_numpy())
    write_json(agreement, found)
    publish(agreement, values)
    logging.info("%d settings and baselines compared", len(classes))


def pairs_of(classes: dict[str, np.ndarray], true: np.ndarray) -> dict[str, dict[str, Any]]:
    """How far each two agree, by the first and the second name."""
    pairs: dict[str, dict[str, Any]] = {name: {} for name in classes}
    for a, b in combinations(classes, 2):
        pairs[a][b] = agree(classes[a], classes[b], true)
    return {name: row for name, row in pairs.items() if row}


def most_interesting(settings: list[str], selection: dict[str, Any]) -> list[str]:
    """The settings in their order; where there are too many, the first and those with the best means."""
    if len(settings) <= MOST:
        return settings
    sign = METRICS[selection["metric"]].sign
    means = {row["setting"]: sign * row["mean"] for row in selection["settings"]}
    best = sorted(settings[1:], key=lambda name: -means[name])[: MOST - 1]
    return [name for name in settings if name in {settings[0], *best}]


def setting_classes(paths: list[Path], labels: list[str]) -> pd.Series:
    """The class of each example by id."""
    chances = pd.concat([pd.read_parquet(path) for path in paths]).groupby("id")[[f"p_{label}" for label in labels]]
    means = chances.mean()
    return pd.Series(means.to_numpy().argmax(axis=1), index=means.index)


def agree(a: np.ndarray, b: np.ndarray, true: np.ndarray) -> dict[str, Any]:
    same, count = int((a == b).sum()), len(a)
    both_wrong = int(((a != true) & (b != true)).sum())
    # Where both always name one and the same class, chance explains it all.
    kappa = 0.0 if len({*a, *b}) == 1 else float(cohen_kappa_score(a, b))
    return {
        "share": same / count,
        "interval": wilson_interval(same, count),
        "kappa": kappa,
        "both_wrong": both_wrong / count,
        "both_wrong_interval": wilson_interval(both_wrong, count),
        "count": count,
    }


def publish(agreement: Path, values: Path) -> None:
    """`agreement.<a>.<b>.share`, `.kappa`, `.both_wrong`, and `agreement.test.<a>.<b>` of the systems on the test
    split; either name may come first.
    """
    collector, found = Collector(values), read_json(agreement)
    rows = [(split, a, b, pair) for split in found for a, row in found[split].items() for b, pair in row.items()]
    for split, a, b, pair in rows:
        pointer = f"/{split}/{step(a)}/{step(b)}"
        on = ["test"] if split == "test" else []
        for stem in (join("agreement", *on, a, b), join("agreement", *on, b, a)):
            for name in ("share", "both_wrong"):
                interval = pair["interval" if name == "share" else "both_wrong_interval"]
                collector.add(f"{stem}.{name}", pair[name], "accuracy", agreement, f"{pointer}/{name}", interval)
            collector.add(f"{stem}.kappa", pair["kappa"], "real", agreement, f"{pointer}/kappa")
    collector.write()


if __name__ == "__main__":
    run(main)
