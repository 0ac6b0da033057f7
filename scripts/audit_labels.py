"""List the training labels that are likely errors, by a model that has not seen them.

Reads the training split and what the validation split chose for the bag of words. That method is fitted again on four
fifths of the rows to predict the other fifth, five times over; rows that confident learning counts as another class are
listed, the least likely label first. They are for a person to look at: nothing is changed by them.
"""

import logging
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from finetune_report.data.bag_of_words import read_texts, vectorizer
from finetune_report.files import read_json, write_json
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.label_errors import suspects

import numpy as np
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

FOLDS = 5
KINDS = {"id": "text", "text": "text", "given": "text", "suggested": "text", "probability": "real"}


def main(train: Path, baselines: Path, summary: Path, audit: Path, values: Path, count: int) -> None:
    """`count` is how many rows are listed with their texts; all suspects are counted."""
    names = read_json(summary)["labels"]
    table = pq.read_table(train, columns=["id", "label"])
    ids, labels, texts = table["id"].to_pylist(), table["label"].to_numpy(), read_texts(train)
    chosen = read_json(baselines)["bag-of-words"]["chosen"]
    # A class with a single row leaves no other to learn it from.
    counts = Counter(labels.tolist())
    rows = np.flatnonzero([counts[label] > 1 for label in labels.tolist()])
    chances = out_of_fold([texts[row] for row in rows], labels[rows], chosen)
    present, numbered = np.unique(labels[rows], return_inverse=True)
    found = suspects(numbered, chances)
    listed = [
        {
            "id": ids[rows[suspect.row]],
            "text": texts[rows[suspect.row]],
            "given": names[labels[rows[suspect.row]]],
            "suggested": names[present[suspect.suggested]],
            "probability": suspect.probability,
        }
        for suspect in found[:count]
    ]
    by_class = Counter(names[present[numbered[suspect.row]]] for suspect in found)
    write_json(
        audit,
        {
            "rows": len(rows),
            "suspects": len(found),
            "share": len(found) / len(rows),
            "by_class": dict(sorted(by_class.items())),
            "listed": listed,
        },
    )
    publish(audit, values)
    logging.info("%d of %d training labels are likely errors", len(found), len(rows))


def out_of_fold(texts: list[str], labels: np.ndarray, chosen: dict[str, Any]) -> np.ndarray:
    """The probability of each class [rows, classes] for each text by a model that was fitted without it."""
    method = make_pipeline(
        vectorizer(chosen["features"]), LogisticRegression(C=chosen["strength"], max_iter=1000, class_weight="balanced")
    )
    folds = StratifiedKFold(min(FOLDS, max(Counter(labels.tolist()).values())), shuffle=True, random_state=0)
    with warnings.catch_warnings(action="ignore"):  # of classes with fewer rows than folds
        found: np.ndarray = cross_val_predict(method, texts, labels, cv=folds, method="predict_proba")
    return found


def publish(audit: Path, values: Path) -> None:
    """`label_audit.rows`, `.suspects`, `.share`; `label_audit.listed.<n>.text`, `.given`, `.suggested`,
    `.probability` and `.id`.
    """
    collector, found = Collector(values), read_json(audit)
    for name, kind in (("rows", "count"), ("suspects", "count"), ("share", "real")):
        collector.add(f"label_audit.{name}", found[name], kind, audit, f"/{name}")
    for number, row in enumerate(found["listed"]):
        for name, kind in KINDS.items():
            collector.add(f"label_audit.listed.{number + 1}.{name}", row[name], kind, audit, f"/listed/{number}/{name}")
    collector.write()


if __name__ == "__main__":
    run(main)
