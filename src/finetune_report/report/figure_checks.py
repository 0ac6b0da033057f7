"""Compares the data that each figure plots with the results that the text cites.

Every figure leaves its data beside it, as CSV. What must stand there is told anew from the histories, the values and
the tables of the demonstrations; where the two differ, the figure shows something else than the text says.
"""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.files import read_json
from finetune_report.report.results import Curve
from finetune_report.report.values import Value

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Results:
    """What figures are drawn from: values by key, curves by setting and seed, further tables by path.

    `selection` is as selection.json has it; of a learning curve, `tables` has runs.json and the metrics on each part.
    """

    values: dict[str, Value]
    settings: list[str]
    labels: list[str]
    curves: dict[str, dict[int, Curve]]
    selection: dict[str, Any]
    tables: list[Path]

    def table(self, name: str) -> Rows:
        return next(read_rows(path) for path in self.tables if path.name == name)

    def rows_of(self, settings: list[str], columns: list[str]) -> Rows:
        """The columns of the histories, in the order of settings, seeds and epochs."""
        return [
            {"setting": name, "seed": seed} | {column: row[column] for column in columns}
            for name in settings
            for seed, curve in self.curves[name].items()
            for row in curve
        ]


def disagreements(figures: list[Path], results: Results) -> list[str]:
    """A sentence for each figure whose data differ from the results, or that nothing here knows how to check."""
    found = []
    for path in figures:
        if path.suffix != ".csv":
            continue
        if path.name not in EXPECTED:
            found.append(f"nothing checks the data of the figure {path.name} against the results")
        elif difference := first_difference(read_rows(path), EXPECTED[path.name](results)):
            found.append(f"the figure {path.name} does not agree with the results: {difference}")
    return found


def read_rows(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def first_difference(plotted: Rows, expected: Rows) -> str:
    """Where two tables differ, whatever the order of their rows; nothing where they do not."""
    if len(plotted) != len(expected):
        return f"it has {len(plotted)} rows, the results give {len(expected)}"
    for row, wanted in zip(ordered(plotted, expected), ordered(expected, expected), strict=True):
        for column, entry in wanted.items():
            if column not in row:
                return f"it has no column {column}"
            if comparable(row[column]) != comparable(entry):
                place = ", ".join(f"{name} {row[name]}" for name in list(wanted)[:3] if name != column)
                return f"{column} is {row[column]} where {place}; the results give {entry}"
        if unknown := [column for column in row if column not in wanted]:
            return f"nothing checks its column {unknown[0]}"
    return ""


def ordered(rows: Rows, like: Rows) -> Rows:
    """Rows sorted by their entries in the columns of `like`, from left to right."""
    return sorted(rows, key=lambda row: [str(comparable(row.get(column, ""))) for column in like[0]])


def comparable(entry: Any) -> Any:
    """A number as a number, whatever its spelling; what is no number at all is as good as empty."""
    try:
        number = float(entry)
    except (TypeError, ValueError):
        return entry or ""
    return "" if math.isnan(number) else number


def final_rows(results: Results) -> Rows:
    """Each run's accuracies at the epoch kept, with their intervals."""
    statuses = {(run["setting"], run["seed"]): run["status"] for run in results.selection["runs"]}
    rows = []
    for setting in results.settings:
        for seed in results.curves[setting]:
            for split in ("train", "validation"):
                value = results.values[f"runs.{setting}.seed{seed}.{split}.accuracy"]
                low, high = value.interval or (None, None)
                run = {"setting": setting, "seed": seed, "split": split, "status": statuses[setting, seed]}
                rows.append(run | {"accuracy": value.value, "low": low, "high": high})
    return rows


def confusion_rows(results: Results) -> Rows:
    return [
        {"true": true, "predicted": predicted, "count": results.values[f"test.confusion.{true}.{predicted}"].value}
        for true in results.labels
        for predicted in results.labels
    ]


def expected_rows(results: Results) -> Rows:
    count = sum(key.startswith("sweep.expected.") and key.endswith(".sd") for key in results.values)
    return [
        {
            "settings": number,
            "mean": results.values[f"sweep.expected.{number}"].value,
            "sd": results.values[f"sweep.expected.{number}.sd"].value,
        }
        for number in range(1, count + 1)
    ]


def baseline_rows(results: Results, measure: str) -> Rows:
    columns = ["epoch", f"train_{measure}", f"validation_{measure}"]
    rows = results.rows_of(results.settings[:1], columns)
    return [{name: entry for name, entry in row.items() if name != "setting"} for row in rows]


def learning_rows(results: Results) -> Rows:
    """Each run of the selected setting, on parts of the training split and on all of it."""
    found = [read_json(path) for path in results.tables if path.suffix == ".json"]
    runs = [run for runs in found for run in (runs if isinstance(runs, list) else [runs])]
    whole = {"percent": 100, "rows": results.values["data.train.rows"].value}
    chosen = [whole | run for run in runs if run["setting"] == results.selection["winner"]]
    return [
        {name: run[name] for name in ("percent", "rows", "seed")}
        | {name: run["validation"][name] for name in ("accuracy", "loss", "macro_f1")}
        for run in chosen
    ]


def head_rows(results: Results) -> Rows:
    return [{name: row[name] for name in ("layer", "head", "entropy", "role")} for row in results.table("heads.csv")]


EXPECTED: dict[str, Callable[[Results], Rows]] = {
    "graph.csv": lambda results: baseline_rows(results, "accuracy"),
    "loss.csv": lambda results: baseline_rows(results, "loss"),
    "hyperparam-curves.csv": lambda results: results.rows_of(results.settings, ["epoch", "validation_accuracy"]),
    "hyperparam.csv": final_rows,
    "expected.csv": expected_rows,
    "confusion.csv": confusion_rows,
    "attention-sweep.csv": lambda results: results.table("sweep.csv"),
    "attention-error.csv": lambda results: results.table("error.csv"),
    "heads.csv": head_rows,
    "learning-curve.csv": learning_rows,
}
