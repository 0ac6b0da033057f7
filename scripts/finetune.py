"""Fine-tune the pretrained model with one setting and one seed, and keep the epoch that is best by validation.

Reads the labelled training and validation splits, their tokens and the model; never the test split.
Writes the history by epoch, the metrics of the best epoch, its weights, and its predictions of the validation split.
How long it took goes into a file of its own: it is the only thing that differs when the run is repeated.
"""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lib.batches import Examples, read_examples
from lib.compute import resolve_compute
from lib.files import read_json, sha256, write_json
from lib.fine_tuning import set_up, trained
from lib.job import run
from lib.metrics import by_class, intervals
from lib.pretrained import pretrained_folder
from lib.progress import Progress
from lib.tuning import merged
from transformers import AutoTokenizer


def main(
    train: Path,
    validation: Path,
    train_tokens: Path,
    validation_tokens: Path,
    summary: Path,
    model: Path,
    history: Path,
    metrics: Path,
    timing: Path,
    tuned: Path,
    predictions: Path,
    setting: str,
    seed: int,
    streams: dict[str, int],
    hyperparameters: dict[str, Any],
    selection_metric: str,
    on_divergence: str,
    compute: dict[str, Any],
    checkpoint_path: str,
    stamp: str,
) -> None:
    """`hyperparameters` are the setting's; `compute` has device, precision, threads; `checkpoint_path` is a prefix.

    `streams` has the seed of each use of chance: weights, order, dropout.
    """
    resolved = resolve_compute(**compute)
    labels, source = read_json(summary)["labels"], read_json(model)
    pretrained = pretrained_folder(source)
    fingerprints = {"train": sha256(train), "validation": sha256(validation), "model": source["fingerprint"]}
    examples, held_out = read_examples(train, train_tokens), read_examples(validation, validation_tokens)
    training, updates = set_up(
        pretrained,
        labels,
        examples,
        held_out,
        hyperparameters,
        streams,
        selection_metric,
        on_divergence,
        resolved,
        checkpoint_path,
        [fingerprints, sha256(train_tokens), sha256(validation_tokens), stamp],
    )
    trained_weights = sum(weight.numel() for weight in training.trainable().values())
    progress = trained(training, f"setting {setting}, seed {seed}")
    merged(training.model, updates).save_pretrained(tuned)
    AutoTokenizer.from_pretrained(pretrained, trust_remote_code=False).save_pretrained(tuned)
    pd.DataFrame(progress.history).to_csv(history, index=False)
    write_predictions(predictions, held_out, progress, labels)
    facts = {"setting": setting, "seed": seed, "streams": streams, "hyperparameters": hyperparameters}
    facts |= asdict(resolved) | {"trained_weights": trained_weights}
    write_json(metrics, facts | results(progress, held_out, labels) | {"fingerprints": fingerprints})
    write_json(timing, time_taken(progress, len(examples)))
    training.checkpoints.remove_others()
    logging.info(
        "best epoch %d, validation accuracy %.4f", progress.kept["epoch"], progress.kept["validation"]["accuracy"]
    )


def results(progress: Progress, held_out: Examples, labels: list[str]) -> dict[str, Any]:
    """What the run came to: the best epoch's metrics, and whether it diverged or failed.

    A run failed if its validation accuracy is no better than that of always naming the commonest class there
    (Mosbach, Andriushchenko & Klakow 2021 call it so).
    """
    best = progress.kept
    failed = best["validation"]["correct"] <= np.bincount(held_out.labels).max()
    predictions = best["probabilities"].numpy().argmax(axis=1)
    details = {
        "classes": by_class(held_out.labels, predictions, labels),
        "intervals": intervals(held_out.labels, predictions),
    }
    return {
        "status": "diverged" if progress.diverged else "failed" if failed else "trained",
        "diverged": progress.diverged,
        "best_epoch": best["epoch"],
        "epochs_run": len(progress.history),
        "steps": progress.step,
        "train": best["train"],
        "validation": best["validation"] | details,
    }


def time_taken(progress: Progress, train_rows: int) -> dict[str, Any]:
    """Seconds of training and measuring, in all and by epoch, and training examples a second."""
    seconds = progress.total_seconds
    rate = train_rows * len(progress.epoch_seconds) / seconds
    return {"seconds": seconds, "examples_per_second": rate, "epoch_seconds": progress.epoch_seconds}


def write_predictions(path: Path, examples: Examples, progress: Progress, labels: list[str]) -> None:
    """Validation predictions at the best epoch: id, label, prediction and a probability a class."""
    probabilities = progress.kept["probabilities"].numpy()
    table = pd.DataFrame({"id": examples.ids, "label": examples.labels, "prediction": probabilities.argmax(axis=1)})
    for number, label in enumerate(labels):
        table[f"p_{label}"] = probabilities[:, number].astype(np.float32)
    table.to_parquet(path, index=False)


if __name__ == "__main__":
    run(main)
