"""What claims are judged by and values are looked up in: the results of the runs, by name."""

import csv
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.report.keys import below, join, parts_of
from finetune_report.report.values import Value

Curve = list[dict[str, float]]  # a row an epoch, as a history has it
SPLITS: dict[str, tuple[str, ...]] = {"validation": (), "test": ("test",)}  # what their comparisons' keys have more
TEST_SPLIT = "data.test_split"  # the value that there is where there are no test labels
OF_TEST = ("slices", "slice_tests", "mistakes", "errors", "calibration")  # values that are of the test split


@dataclass
class Evidence:
    """The results behind one document; `curves` by setting and seed, `selection` as selection.json has it."""

    values: dict[str, Value]
    settings: list[str]
    labels: list[str]
    selection: dict[str, Any]
    curves: dict[str, dict[int, Curve]]
    experiments: tuple[str, ...] = ()  # of a study, whose `settings` are its systems; other names begin with theirs

    def within(self, experiment: str) -> "Evidence":
        """The results of one experiment of a study, by the names that they have there; values keep the study's keys.

        Raises UserError where the study has no such experiment.
        """
        if experiment not in self.experiments:
            what = f"there is no experiment '{experiment}'" if self.experiments else "this report is of one experiment"
            raise UserError(f"{what}{nearest(experiment, self.experiments) if self.experiments else ''}")
        start = f"{join(experiment)}."
        curves = {name.removeprefix(start): runs for name, runs in self.curves.items() if name.startswith(start)}
        runs = [
            run | {"setting": run["setting"].removeprefix(start)}
            for run in self.selection["runs"]
            if run["setting"].startswith(start)
        ]
        values = {key.removeprefix(start): value for key, value in self.values.items() if key.startswith(start)}
        selection = {"winner": str(values["winner.name"].value), "missing": [], "runs": runs}
        return Evidence(values, list(curves), self.labels, selection, curves)

    def lacks(self, argument: Any) -> str:
        """The setting without finished runs that a key, or one among a claim's arguments, is about; or nothing."""
        if isinstance(argument, str):
            return next((part for part in parts_of(argument) if part in self.selection["missing"]), "")
        parts = argument if isinstance(argument, list) else []
        return next(filter(None, map(self.lacks, parts)), "")

    def value(self, key: str) -> Value:
        """A value by its key. Raises UserError with the nearest keys where there is none."""
        found = self.values.get(key)
        if found is None:
            why = self.without_test(key) or instead_of(key) or of_each_model(key, self.values)
            raise UserError(f"there is no value '{key}'{why or nearest(key, self.values)}")
        return found

    @property
    def test_split(self) -> str:
        """Whether there are test labels, as data.test_split in the config says it."""
        return self.text(TEST_SPLIT) if self.has(TEST_SPLIT) else "labelled"

    def without_test(self, key: str) -> str:
        """Why there is no value of this key where there are no test scores, as the end of a message; or nothing."""
        parts = parts_of(key)
        if self.test_split == "labelled" or ("test" not in parts and parts[0] not in OF_TEST):
            return ""
        other = join(*("validation" if part == "test" else part for part in parts))
        instead = f"; on the validation split it is '{other}'" if self.has(other) and other != key else ""
        return f"; data.test_split is {self.test_split}, so that nothing is scored on a test split{instead}"

    def has(self, key: str) -> bool:
        return key in self.values

    def text(self, key: str) -> str:
        """A value as a text."""
        return str(self.value(key).value)

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

    def compared(self, a: str, b: str, split: str) -> str:
        """The key of the comparison of two settings, or of two methods on the test split.

        Raises UserError where there is none.
        """
        if split not in SPLITS:
            raise UserError(f"the split is '{split}'; comparisons are on {' or '.join(SPLITS)}")
        stem = join("comparison", *SPLITS[split])
        if split == "validation":
            for name in (a, b):
                self.runs(name)
        key = below(stem, a, b)
        if not self.has(f"{key}.outcome"):
            if split == "test" and self.test_split != "labelled":
                raise UserError(f"'{a}' and '{b}' were not compared on the test split{self.without_test(key)}")
            known = [other.removesuffix(".outcome") for other in self.values if other.startswith(f"{stem}.")]
            raise UserError(
                f"'{a}' and '{b}' were not compared on the {split} split{nearest(key, dict.fromkeys(known))}"
            )
        return key


def instead_of(key: str) -> str:
    """What takes the place of a key that there was in an earlier version, as the end of a message; or nothing."""
    match parts_of(key):
        case ("comparison", a, b, "loss" | "accuracy", _):
            return (
                f"; settings are compared by one metric, which comparisons.metric in the config names, and the keys "
                f"are those of {join('comparison', a, b)}"
            )
        case (*stem, "over_seeds"):
            return f"; the interval of {join(*stem)} is over examples and seeds"
        case (*stem, "min" | "max" as end):
            return f"; its name is {join(*stem, {'min': 'least', 'max': 'most'}[end])}"
        case ("baselines", name, "test", *_) | ("test", name, _):
            return f"; on the test split only what test.systems in the config names is scored: is {name} among it?"
    return ""


def of_each_model(key: str, values: Iterable[str]) -> str:
    """Of a key that only an experiment of one model has, the same of one of several, as the end of a message."""
    match parts_of(key):
        case ("model" | "data", *what):
            found = [other for other in values if parts_of(other)[0] == "models" and list(parts_of(other)[2:]) == what]
            return f"; each model has its own, such as {found[0]}" if found else ""
    return ""


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
