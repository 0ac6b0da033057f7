"""Systems across experiments: a score a system and a data set, what no other system beats there, averages and ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from finetune_report.stats.metrics import METRICS
from finetune_report.stats.ranks import (
    FEWEST_DATASETS,
    FEWEST_SYSTEMS,
    LEVEL,
    critical_difference,
    friedman,
    ranks_of,
)

import numpy as np

Json = dict[str, Any]
WINNER = "winner"
# Whether another system beats one on a data set: what no test between the two was declared for cannot be said.
UNBEATEN, BEATEN, UNTESTED = "unbeaten", "beaten", "untested"


@dataclass(frozen=True)
class Column:
    """One data set: what its experiment's files of systems and comparisons on the test split hold, and which setting
    was selected there.
    """

    systems: Json
    comparisons: Json
    selected: str

    @property
    def metric(self) -> str:
        """The metric that its systems are compared by."""
        return str(self.comparisons["family"]["metric"])

    def one(self, name: str) -> str:
        """A system by one name: the selected setting is the winner."""
        return WINNER if name == self.selected else name

    def score(self, name: str) -> Json | None:
        """The mean of a system by the column's metric, with what else is known of it; None where it was not scored."""
        found = self.systems.get(name) or self.systems.get(self.one(name))
        if found is None or self.metric not in found:
            return None
        return {**found[self.metric], "seeds": found["seeds"]}

    def standing(self, name: str, others: Sequence[str]) -> tuple[str, list[str]]:
        """Whether one of the `others` beats a system significantly in the experiment's own family of paired tests, and
        which do; where none does, but some were not compared with it, which these are.
        """
        own = self.one(name)
        rivals = [other for other in others if self.one(other) != own and self.score(other) is not None]
        outcomes = {rival: self.outcome(own, self.one(rival)) for rival in rivals}
        ahead = [rival for rival, outcome in outcomes.items() if outcome == "behind"]
        untested = [rival for rival, outcome in outcomes.items() if outcome is None]
        return (BEATEN, ahead) if ahead else (UNTESTED, untested) if untested else (UNBEATEN, [])

    def outcome(self, a: str, b: str) -> str | None:
        """What the declared comparison of two came to, from the first one's side; None where there was none."""
        row = self.comparisons["pairs"].get(a, {}).get(b)
        return None if row is None else str(row["outcome"])


def table_of(columns: dict[str, Column], systems: Sequence[str]) -> Json:
    """Each system's score and standing on each data set; None where it was not scored."""
    found: Json = {}
    for system in systems:
        found[system] = {}
        for name, column in columns.items():
            score = column.score(system)
            if score is None:
                found[system][name] = None
                continue
            standing, others = column.standing(system, systems)
            found[system][name] = score | {"standing": standing, "by": others}
    return found


def across(table: Json, metrics: dict[str, str]) -> Json:
    """Averages and average ranks over the data sets on which every system of a table was scored; Friedman's test and
    the critical difference where these are enough (Demšar 2006).

    `metrics` has the metric of each data set. There is no average where less is better by some metric and more by
    another, or where one has no bound: a mean over such numbers means nothing.
    """
    systems = list(table)
    complete = [name for name in metrics if all(table[system][name] is not None for system in systems)]
    found: Json = {
        "datasets": len(complete),
        "systems": len(systems),
        "fewest_datasets": FEWEST_DATASETS,
        "fewest_systems": FEWEST_SYSTEMS,
        "left_out": [name for name in metrics if name not in complete],
    }
    if not complete:
        return found | {"rows": {system: {} for system in systems}, "test": None}
    means = np.array([[table[system][name]["mean"] for system in systems] for name in complete])
    signs = np.array([[METRICS[metrics[name]].sign] for name in complete])
    ranks = ranks_of(means * signs).mean(axis=0)
    rows: Json = {system: {"average_rank": float(rank)} for system, rank in zip(systems, ranks, strict=True)}
    if all(METRICS[metrics[name]].higher_is_better and METRICS[metrics[name]].reach < np.inf for name in complete):
        for place, system in enumerate(systems):
            rows[system]["average_score"] = fmean(means[:, place])
    enough = len(complete) >= FEWEST_DATASETS and len(systems) >= FEWEST_SYSTEMS
    return found | {"rows": rows, "test": rank_test(means * signs, systems, ranks) if enough else None}


def rank_test(scores: np.ndarray, systems: list[str], ranks: np.ndarray) -> Json:
    """Whether systems differ in rank, and which two do: where Friedman's test says that some do."""
    statistic, p = friedman(scores)
    least = critical_difference(len(systems), len(scores))
    differ = p < LEVEL
    return {
        "statistic": statistic,
        "p": p,
        "level": LEVEL,
        "differ": differ,
        "critical_difference": least,
        "pairs": {
            a: {b: rank_outcome(float(ranks[i] - ranks[j]), least, differ) for j, b in enumerate(systems) if j != i}
            for i, a in enumerate(systems)
        },
    }


def rank_outcome(difference: float, least: float, differ: bool) -> Json:
    """`difference` is the first one's average rank minus the other's, of which less is better."""
    decided = differ and abs(difference) >= least
    return {"difference": difference, "outcome": ("ahead" if difference < 0 else "behind") if decided else "undecided"}
