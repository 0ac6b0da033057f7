"""What claims are judged by and values are looked up in: the results of the runs, by name."""

import csv
import difflib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.report.keys import join, split
from finetune_report.report.values import Value
from finetune_report.stats.multiple_testing import Comparison, Family

Curve = list[dict[str, float]]  # a row an epoch, as a history has it


@dataclass
class Evidence:
    """The results behind one document; `curves` by setting and seed, `selection` as selection.json has it."""

    values: dict[str, Value]
    settings: list[str]
    labels: list[str]
    selection: dict[str, Any]
    curves: dict[str, dict[int, Curve]]
    family: Family

    def lacks(self, argument: Any) -> str:
        """The setting without finished runs that a key, or one among a claim's arguments, is about; or nothing."""
        if isinstance(argument, str):
            return next((part for part in parts_of(argument) if part in self.selection["missing"]), "")
        parts = argument if isinstance(argument, list) else []
        return next(filter(None, map(self.lacks, parts)), "")

    def value(self, key: str) -> Value:
        """A collected value, or one of a comparison. Raises UserError with the nearest keys where there is none."""
        found = self.values.get(key) or self.comparison_value(key)
        if found is None:
            keys = itertools.chain(self.values, self.comparison_keys())
            raise UserError(f"there is no value '{key}'{nearest(key, keys)}")
        return found

    def has(self, key: str) -> bool:
        return key in self.values or self.compared_by(key) is not None

    def number(self, key: str) -> float:
        """The value itself, not rounded. Raises UserError where it is a text."""
        value = self.value(key).value
        if isinstance(value, str):
            raise UserError(f"the value '{key}' is a text ('{value}'); a number is needed here")
        return value

    def runs(self, setting: str) -> dict[int, Curve]:
        """The curves of a setting, by seed. Raises UserError where there is no such setting."""
        if setting not in self.curves:
            raise UserError(f"there is no setting '{setting}'{nearest(setting, self.curves)}")
        return self.curves[setting]

    def comparison(self, a: str, b: str, metric: str = "accuracy") -> Comparison:
        """Setting `a` against `b`; from then on one of the comparisons that the document makes."""
        for name in (a, b):
            self.runs(name)
        if not self.family.knows(a, b, metric):
            metrics = sorted({known for _, _, known in self.family.known})
            raise UserError(
                f"'{a}' and '{b}' were not compared by '{metric}'; name two different settings, one of them "
                f"selected or named in the config's list, and one of the metrics {', '.join(metrics)}"
            )
        return self.family.make(a, b, metric)

    def comparison_keys(self) -> list[str]:
        """comparison.<a>.<b>.difference for accuracy, comparison.<a>.<b>.loss.difference for loss; .p likewise."""
        return [
            join("comparison", a, b, *([] if metric == "accuracy" else [metric]), name)
            for a, b, metric in self.family.known
            for name in ("difference", "p")
        ]

    def compared_by(self, key: str) -> tuple[str, str, str, str] | None:
        """The two settings, the metric, and what of their comparison a key asks for; None where it asks for none."""
        match parts_of(key):
            case ("comparison", a, b, *metric, ("difference" | "p") as name) if len(metric) < 2:
                found = (a, b, metric[0] if metric else "accuracy")
                return (*found, name) if self.family.knows(*found) and metric != ["accuracy"] else None
        return None

    def comparison_value(self, key: str) -> Value | None:
        """The difference of two settings with its interval, or its p corrected over the document's comparisons."""
        asked = self.compared_by(key)
        if asked is None:
            return None
        a, b, metric, name = asked
        comparison = self.comparison(a, b, metric)
        place = f"/comparisons/{self.family.place(a, b, metric)}/{name}"
        if name == "p":
            return Value(key, self.family.corrected(comparison), "p", None, "comparisons.json", place)
        return Value(key, comparison.difference, "real", comparison.interval, "comparisons.json", place)


def parts_of(text: str) -> tuple[str, ...]:
    """The parts of a key; of a text that is none, the text."""
    try:
        return split(text)
    except UserError:
        return (text,)


def nearest(name: str, names: Iterable[str]) -> str:
    """The names most like `name`, as the end of a message."""
    names = list(names)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"; the nearest are {', '.join(close)}"
    return f"; there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else "; there is none"


def read_curves(path: Path) -> dict[str, dict[int, Curve]]:
    """The histories of all runs, as curves.csv has them, by setting and seed."""
    curves: dict[str, dict[int, Curve]] = {}
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            setting, seed = row.pop("setting"), int(row.pop("seed"))
            numbers = {name: float(field or "nan") for name, field in row.items()}
            curves.setdefault(setting, {}).setdefault(seed, []).append(numbers)
    return curves


def onset(curve: Curve) -> int | None:
    """The epoch from which on a run overfits, or None.

    It is the one after the epoch of the lowest validation loss (the last of equals), provided that the training loss
    goes on falling: in every later epoch it is below what it was at the lowest validation loss. This is the picture by
    which overfitting is defined in Goodfellow, Bengio & Courville 2016, section 7.8.
    """
    lowest = min(reversed(curve), key=lambda row: row["validation_loss"])
    later = [row for row in curve if row["epoch"] > lowest["epoch"]]
    if not later or any(row["train_loss"] >= lowest["train_loss"] for row in later):
        return None
    return int(lowest["epoch"]) + 1


def common_onset(runs: dict[int, Curve]) -> int | None:
    """The first epoch from which on every seed's run overfits, or None."""
    onsets = [onset(curve) for curve in runs.values()]
    known = [epoch for epoch in onsets if epoch is not None]
    return max(known) if known and len(known) == len(onsets) else None
