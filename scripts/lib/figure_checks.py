"""Compares the data that each figure plots with the results that the text cites.

Every figure leaves its data beside it, as CSV. What must stand there is told anew from the histories, the values and
the tables of the demonstrations; where the two differ, the figure shows something else than the text says.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.evidence import Curve
from lib.values import Value

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Results:
    """What figures are drawn from: values by key, curves by setting and seed, further tables by path."""

    values: dict[str, Value]
    settings: list[str]
    labels: list[str]
    curves: dict[str, dict[int, Curve]]
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
    return ""


def ordered(rows: Rows, like: Rows) -> Rows:
    """Rows sorted by their entries in the columns of `like`, from left to right."""
    return sorted(rows, key=lambda row: [str(comparable(row.get(column, ""))) for column in like[0]])


def comparable(entry: Any) -> Any:
    """A number as a number, whatever its spelling."""
    try:
        return float(entry)
    except ValueError:
        return entry


def final_rows(results: Results) -> Rows:
    """Each run's accuracies at the epoch kept, with their intervals."""
    rows = []
    for setting in results.settings:
        for seed in results.curves[setting]:
            for split in ("train", "validation"):
                value = results.values[f"runs.{setting}.seed{seed}.{split}.accuracy"]
                low, high = value.interval or (None, None)
                run = {"setting": setting, "seed": seed, "split": split}
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
}
