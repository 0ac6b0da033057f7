"""Score the selected setting on the test split, and the other settings that were declared to be: one model a seed.

Reads the selection, the tuned models and the tokenized test split. Writes the selected setting's metrics and
predictions and the others' predictions, and puts the scorings on the record before anybody can see them.
"""

import logging
from pathlib import Path
from statistics import fmean
from typing import Any

from finetune_report.config.models import ONLY
from finetune_report.data.examples import Examples, read_examples
from finetune_report.files import read_json, sha256, write_json
from finetune_report.model.classifier import load_classifier
from finetune_report.model.device import configure_process, resolve
from finetune_report.model.evaluation import Scores, evaluate
from finetune_report.model.forward import prepare_forward
from finetune_report.provenance.test_ledger import (
    declare,
    declared_when,
    predictions_fingerprints,
    record_scoring,
    weights_fingerprint,
)
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS, by_class, intervals, whole

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix


def main(
    selection: Path,
    test: Path,
    test_tokens: list[Path],
    summary: Path,
    tuned: list[Path],
    elsewhere: list[Path],
    metrics: Path,
    predictions: Path,
    others: Path,
    scorings: Path,
    settings: list[str],
    models: list[str],
    model_of: dict[str, str],
    declaration: dict[str, Any],
    compute: dict[str, Any],
    ledger: str,
    problems: list[str],
    dated: bool,
) -> None:
    """`tuned` holds the model folders of all runs; `runs/<setting>/seed<seed>/model` says which is whose.

    `test_tokens` are those of `models`, in their order; `model_of` says which one each setting trains. `settings` are
    scored besides the selected one, by the `declaration` of what is scored at all; what was predicted `elsewhere` is
    put on the record here too, since its scores can be seen from here on. `ledger` is the file that outlives this job's
    outputs; `scorings` is what it holds now, the time of the declaration only where `dated`. `problems` were found with
    the ledger as the workflow began.
    """
    for problem in problems:
        logging.warning("the ledger of test scorings %s: %s", ledger, problem)
    resolved = resolve(**compute)
    configure_process(resolved)
    winner = read_json(selection)["winner"]
    labels = read_json(summary)["labels"]
    read: dict[str, Examples] = {}  # by model
    declare(Path(ledger), declaration)
    data = read_json(summary)["splits"]["test"]["fingerprint"]
    scored: dict[str, dict[int, Scores]] = {}
    for setting in dict.fromkeys([winner, *settings]):  # the winner first
        weights: dict[str, str] = {}
        name = model_of.get(setting, ONLY)
        if name not in read:
            read[name] = read_examples(test, test_tokens[models.index(name)])
        examples = read[name]
        scored[setting] = {}
        for seed, folder in models_of(setting, tuned).items():
            model = load_classifier(folder, labels)
            weights[str(seed)] = weights_fingerprint(folder)
            scored[setting][seed] = scores = evaluate(prepare_forward(model, examples, resolved), examples)
            logging.info("%s, seed %d: test accuracy %.4f", setting, seed, scores.summary()["accuracy"])
        known = record_scoring(Path(ledger), {"data": data, "setting": setting, "models": weights})
    for system, fingerprint in predictions_fingerprints(elsewhere).items():
        content = {"data": data, "setting": system, "models": {"predictions": fingerprint}}
        known = record_scoring(Path(ledger), content)
    since = declared_when(known, data, declaration) | ({} if dated else {"at": ""})
    write_json(scorings, {"scorings": known.scorings, "record": known.described(), "declared": since})
    tables = {name: prediction_tables(runs, examples, labels) for name, runs in scored.items()}  # of whichever model
    tables[winner].to_parquet(predictions, index=False)
    rest = [table.assign(setting=name) for name, table in tables.items() if name != winner]
    pd.concat(rest or [tables[winner].iloc[:0].assign(setting="")]).to_parquet(others, index=False)
    found = pooled(scored[winner], labels) | {"fingerprint": sha256(test)}
    write_json(metrics, {"setting": winner, "labels": labels} | found)


def models_of(setting: str, tuned: list[Path]) -> dict[int, Path]:
    """The models of a setting by seed."""
    return {int(path.parts[-2].removeprefix("seed")): path for path in tuned if path.parts[-3] == setting}


def prediction_tables(runs: dict[int, Scores], examples: Examples, labels: list[str]) -> pd.DataFrame:
    """Those of all seeds, one below the other."""
    return pd.concat([prediction_table(seed, examples, scores, labels) for seed, scores in runs.items()])


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
