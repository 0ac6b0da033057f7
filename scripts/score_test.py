"""Score the selected setting on the test split: one model a seed, no other setting.

Reads the selection, the tuned models and the tokenized test split. Writes test metrics and predictions,
and puts the scoring on the record before anybody can see them.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lib.batches import Examples, read_examples
from lib.compute import resolve_compute
from lib.files import read_json, sha256, write_json
from lib.job import run
from lib.ledger import record_scoring, weights_fingerprint
from lib.model import Scores, load_classifier, score
from sklearn.metrics import confusion_matrix
from torch import nn


def main(
    selection: Path,
    test: Path,
    test_tokens: Path,
    summary: Path,
    tuned: list[Path],
    metrics: Path,
    predictions: Path,
    scorings: Path,
    compute: dict[str, Any],
    ledger: str,
) -> None:
    """`tuned` holds the model folders of all runs; `runs/<setting>/seed<seed>/model` says which is whose.

    `ledger` is the record that outlives this job's outputs; `scorings` is what it holds now.
    """
    resolved = resolve_compute(**compute)
    winner = read_json(selection)["winner"]
    labels = read_json(summary)["labels"]
    examples = read_examples(test, test_tokens)
    scored: dict[int, Scores] = {}
    weights: dict[str, str] = {}
    for folder in tuned:
        setting, seed = folder.parts[-3], int(folder.parts[-2].removeprefix("seed"))
        if setting == winner:
            model = load_classifier(folder, labels)
            nn.Module.to(model, resolved.device)
            weights[str(seed)] = weights_fingerprint(folder)
            scored[seed] = score(model, examples, resolved)
            logging.info("%s, seed %d: test accuracy %.4f", setting, seed, scored[seed].summary()["accuracy"])
    data = read_json(summary)["splits"]["test"]["fingerprint"]
    write_json(scorings, record_scoring(Path(ledger), {"data": data, "setting": winner, "models": weights}))
    pd.concat([prediction_table(seed, examples, scores, labels) for seed, scores in scored.items()]).to_parquet(
        predictions, index=False
    )
    write_json(metrics, {"setting": winner, "labels": labels} | pooled(scored) | {"fingerprint": sha256(test)})


def prediction_table(seed: int, examples: Examples, scores: Scores, labels: list[str]) -> pd.DataFrame:
    """A row an example: seed, id, label, prediction and a probability a class."""
    table = pd.DataFrame({"seed": seed, "id": examples.ids, "label": scores.labels, "prediction": scores.predictions})
    for number, label in enumerate(labels):
        table[f"p_{label}"] = scores.probabilities[:, number].astype(np.float32)
    return table


def pooled(scored: dict[int, Scores]) -> dict[str, Any]:
    """Metrics over all seeds' predictions together, and of each seed; rows of the confusion matrix are true classes."""
    runs = [{"seed": seed} | scores.summary() for seed, scores in scored.items()]
    correct, count = sum(run["correct"] for run in runs), sum(run["count"] for run in runs)
    classes = range(next(iter(scored.values())).probabilities.shape[1])
    confusion = sum(confusion_matrix(scores.labels, scores.predictions, labels=classes) for scores in scored.values())
    return {
        "accuracy": correct / count,
        "loss": float(np.mean([run["loss"] for run in runs])),
        "correct": correct,
        "count": count,
        "runs": runs,
        "confusion": np.asarray(confusion).tolist(),
    }


if __name__ == "__main__":
    run(main)
