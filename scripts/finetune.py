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
import torch
from lib.batches import Examples, derive_seed, read_examples
from lib.checkpoints import Checkpoints
from lib.compute import resolve_compute
from lib.errors import UserError
from lib.files import fingerprint, read_json, sha256, write_json
from lib.job import run
from lib.metrics import by_class, intervals
from lib.model import load_classifier
from lib.training import Hyperparameters, Progress, Run
from lib.troubles import trouble
from lib.tuning import choose_weights, merged, split_tuning
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
    fingerprints = {"train": sha256(train), "validation": sha256(validation), "model": source["fingerprint"]}
    tokens = [sha256(train_tokens), sha256(validation_tokens)]
    key = [hyperparameters, streams, selection_metric, asdict(resolved), labels, fingerprints, tokens, stamp]
    checkpoints = Checkpoints(Path(checkpoint_path), fingerprint(key))
    tuning, rest = split_tuning(hyperparameters)
    torch.manual_seed(derive_seed(streams["weights"], "weights"))
    classifier = load_classifier(Path(source["path"]), labels, hyperparameters["dropout"])
    updates = choose_weights(classifier, tuning)
    examples, held_out = read_examples(train, train_tokens), read_examples(validation, validation_tokens)
    training = Run(
        classifier,
        examples,
        held_out,
        Hyperparameters(**rest),
        streams["order"],
        selection_metric,
        resolved,
        checkpoints,
        dropout_seed=streams["dropout"],
        record_divergence=on_divergence == "record",
    )
    trained_weights = sum(weight.numel() for weight in training.trainable().values())
    progress = trained(training, f"setting {setting}, seed {seed}")
    merged(classifier, updates).save_pretrained(tuned)
    AutoTokenizer.from_pretrained(source["path"], trust_remote_code=False).save_pretrained(tuned)
    pd.DataFrame(progress.history).to_csv(history, index=False)
    write_predictions(predictions, held_out, progress, labels)
    facts = {"setting": setting, "seed": seed, "streams": streams, "hyperparameters": hyperparameters}
    facts |= asdict(resolved) | {"trained_weights": trained_weights}
    write_json(metrics, facts | results(progress, held_out, labels) | {"fingerprints": fingerprints})
    write_json(timing, time_taken(progress, len(examples)))
    checkpoints.remove_others()
    logging.info(
        "best epoch %d, validation accuracy %.4f", progress.kept["epoch"], progress.kept["validation"]["accuracy"]
    )


def trained(training: Run, name: str) -> Progress:
    """Train to the end. Raises UserError naming run and place where it fails for want of sense, memory or disk."""
    try:
        return training.train()
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    except Exception as error:
        known, done = trouble(error), training.progress
        if not known:
            raise
        raise UserError(f"{name}, epoch {done.epoch + 1}, step {done.step + 1}: {known}") from error


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
