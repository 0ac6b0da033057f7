"""Score the selected setting on the test split: one model a seed, no other setting.

Reads the selection, the tuned models and the tokenized test split. Writes test metrics and predictions,
and puts the scoring on the record before anybody can see them.
"""

import logging
from pathlib import Path
from statistics import fmean
from typing import Any

from finetune_report.data.examples import Examples, read_examples
from finetune_report.files import read_json, sha256, write_json
from finetune_report.model.classifier import load_classifier
from finetune_report.model.device import configure_process, resolve
from finetune_report.model.evaluation import Scores, evaluate
from finetune_report.model.forward import prepare_forward
from finetune_report.provenance.test_ledger import record_scoring, weights_fingerprint
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS, by_class, intervals, whole

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix


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
    problems: list[str],
) -> None:
    """`tuned` holds the model folders of all runs; `runs/<setting>/seed<seed>/model` says which is whose.

    `ledger` is the file that outlives this job's outputs; `scorings` is what it holds now. `problems` were found with
    it as the workflow began.
    """
    for problem in problems:
        logging.warning("the ledger of test scorings %s: %s", ledger, problem)
    resolved = resolve(**compute)
    configure_process(resolved)
    winner = read_json(selection)["winner"]
    labels = read_json(summary)["labels"]
    examples = read_examples(test, test_tokens)
    scored: dict[int, Scores] = {}
    weights: dict[str, str] = {}
    for folder in tuned:
        setting, seed = folder.parts[-3], int(folder.parts[-2].removeprefix("seed"))
        if setting == winner:
            model = load_classifier(folder, labels)
            weights[str(seed)] = weights_fingerprint(folder)
            scored[seed] = evaluate(prepare_forward(model, examples, resolved), examples)
            logging.info("%s, seed %d: test accuracy %.4f", setting, seed, scored[seed].summary()["accuracy"])
    data = read_json(summary)["splits"]["test"]["fingerprint"]
    known = record_scoring(Path(ledger), {"data": data, "setting": winner, "models": weights})
    write_json(scorings, {"scorings": known.scorings, "record": known.described()})
    pd.concat([prediction_table(seed, examples, scores, labels) for seed, scores in scored.items()]).to_parquet(
        predictions, index=False
    )
    write_json(metrics, {"setting": winner, "labels": labels} | pooled(scored, labels) | {"fingerprint": sha256(test)})


def prediction_table(seed: int, examples: Examples, scores: Scores, labels: list[str]) -> pd.DataFrame:
    """A row an example: seed, id, label, prediction and a probability a class."""
    table = pd.DataFrame({"seed": seed, "id": examples.ids, "label": scores.labels, "prediction": scores.predictions})
    for number, label in enumerate(labels):
        table[f"p_{label}"] = scores.probabilities[:, number].astype(np.float32)
    return table


def pooled(scored: dict[int, Scores], labels: list[str]) -> dict[str, Any]:
    """Means over the seeds, and the metrics of each; `correct` is a mean too, since more seeds are no more examples.

    The confusion matrix adds the seeds' up; its rows are true classes.
    """
    runs: list[dict[str, Any]] = [
        {"seed": seed} | scores.summary() | {"intervals": intervals(scores.labels, scores.predictions)}
        for seed, scores in scored.items()
    ]
    true = np.concatenate([scores.labels for scores in scored.values()])
    predicted = np.concatenate([scores.predictions for scores in scored.values()])
    means = {name: fmean(run[name] for run in runs) for name in METRICS}
    counts = {name: whole(fmean(run[name] for run in runs)) for name in ("correct", "count")}
    return {
        **means,
        **counts,
        "runs": runs,
        "classes": by_class(true, predicted, labels, len(runs)),
        "confusion": confusion_matrix(true, predicted, labels=range(len(labels))).tolist(),
    }


if __name__ == "__main__":
    run(main)
