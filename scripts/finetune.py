"""Fine-tune the pretrained model with one setting and one seed, and keep the epoch that is best by validation.

Reads the labelled training and validation splits, their tokens and the model; never the test split. Where settings are
pruned on the way, also the last decision: the run of a pruned setting ends with what it had come to by then.
Writes the history by epoch, the metrics of the best epoch, its weights, and its predictions of the validation split.
How long it took goes into a file of its own: it is the only thing that differs when the run is repeated.
"""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from finetune_report.files import write_json
from finetune_report.model.adapters import merged
from finetune_report.model.batching import Examples
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import by_class, intervals
from finetune_report.training.halving import pruned_at
from finetune_report.training.setup import Plan, trained, whole_run
from finetune_report.training.state import Progress

import numpy as np
import pandas as pd
from transformers import AutoTokenizer


def main(
    train: Path,
    validation: Path,
    train_tokens: Path,
    validation_tokens: Path,
    summary: Path,
    model: Path,
    decision: list[Path],
    history: Path,
    metrics: Path,
    timing: Path,
    tuned: Path,
    predictions: Path,
    setting: str,
    seed: int,
    plan: dict[str, Any],
    stamp: str,
) -> None:
    """`plan` is as `finetune_report.training.setup.Plan` has it; `decision` has a file where settings are pruned."""
    files = (train, validation, train_tokens, validation_tokens, summary, model)
    whole = whole_run(*files, Plan(**plan), stamp)
    training, labels, held_out = whole.training, whole.labels, whole.held_out
    trained_weights = sum(weight.numel() for weight in training.trainable().values())
    pruned = pruned_at(decision, setting)
    progress = trained(training, f"setting {setting}, seed {seed}", pruned["epochs"] if pruned else None)
    merged(training.model, whole.updates).save_pretrained(tuned)
    AutoTokenizer.from_pretrained(whole.pretrained, trust_remote_code=False).save_pretrained(tuned)
    pd.DataFrame(progress.history).to_csv(history, index=False)
    write_predictions(predictions, held_out, progress, labels)
    facts = {"setting": setting, "seed": seed} | {name: plan[name] for name in ("streams", "hyperparameters")}
    facts |= asdict(training.compute) | {"trained_weights": trained_weights}
    write_json(metrics, facts | results(progress, held_out, labels, pruned) | {"fingerprints": whole.fingerprints})
    write_json(timing, time_taken(progress, len(whole.examples)))
    training.checkpoints.remove_others()
    logging.info(
        "best epoch %d, validation accuracy %.4f", progress.kept["epoch"], progress.kept["validation"]["accuracy"]
    )


def results(
    progress: Progress, held_out: Examples, labels: list[str], pruned: dict[str, int] | None = None
) -> dict[str, Any]:
    """What the run came to: the best epoch's metrics, and whether it diverged, was pruned or failed.

    A run failed if its validation accuracy is no better than that of always naming the commonest class there
    (Mosbach, Andriushchenko & Klakow 2021 call it so). A pruned one was given no time to, and is not said to have.
    """
    best = progress.kept
    failed = best["validation"]["correct"] <= np.bincount(held_out.labels).max()
    status = "diverged" if progress.diverged else "pruned" if pruned else "failed" if failed else "trained"
    predictions = best["probabilities"].numpy().argmax(axis=1)
    details = {
        "classes": by_class(held_out.labels, predictions, labels),
        "intervals": intervals(held_out.labels, predictions),
    }
    return {
        "status": status,
        "diverged": progress.diverged,
        **({"pruned": pruned} if pruned else {}),
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
