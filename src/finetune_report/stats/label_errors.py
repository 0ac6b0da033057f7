"""Labels that a model of the other rows finds unlikely: candidates for errors of annotation.

Confident learning (Northcutt, Jiang, Chuang 2021, Journal of Artificial Intelligence Research 70, section 3): what a
class's own examples get on average is how sure one has to be to be counted as of that class.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Suspect:
    """A row whose label is likely wrong: its place, the class that it is counted as, and the two probabilities."""

    row: int
    suggested: int
    probability: float
    own: float


def suspects(labels: np.ndarray, probabilities: np.ndarray) -> list[Suspect]:
    """The rows that count as another class than their label, the least likely label first.

    `labels` [rows] are classes by number, `probabilities` [rows, classes] were predicted for each row by a model that
    was not fitted on it. A row counts as the likeliest of the classes whose threshold its probability reaches; the
    threshold of a class is the mean probability of it over the rows that have its label. A class without rows has
    none, and no row counts as it.
    """
    rows, classes = probabilities.shape
    thresholds = np.array(
        [probabilities[labels == k, k].mean() if (labels == k).any() else np.inf for k in range(classes)]
    )
    reaching = np.where(probabilities >= thresholds, probabilities, -1.0)
    counted = reaching.argmax(axis=1)
    own = probabilities[np.arange(rows), labels]
    found = [
        Suspect(int(row), int(counted[row]), float(probabilities[row, counted[row]]), float(own[row]))
        for row in np.flatnonzero((reaching.max(axis=1) >= 0) & (counted != labels))
    ]
    return sorted(found, key=lambda suspect: (suspect.own - suspect.probability, suspect.row))
