"""Fine-tune the pretrained model with one setting and one seed, and keep the epoch that is best by validation.

Reads the labelled training and validation splits, their tokens and the model; never the test split. Where settings are
pruned on the way, also the last decision: the run of a pruned setting ends with what it had come to by then.
Writes the history by epoch, the metrics of the best epoch, its weights, its predictions of the validation split, and,
smaller, what each epoch made of these examples.
In the history, a fixed sample stands for a long training split; the metrics of the best epoch are those of all of it.
How long it took goes into a file of its own: it is the only thing that differs when the run is repeated.
"""

import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from finetune_report.data.examples import Examples
from finetune_report.files import write_json
from finetune_report.model.adapters import merged
from finetune_report.model.weights import stored_megabytes
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import by_class, intervals
from finetune_report.training.halving import pruned_at
from finetune_report.training.setup import Plan, RunInputs, hardware_of, naming, prepare_run, run_name
from finetune_report.training.state import BestEpoch, TrainingState

import numpy as np
import pandas as pd
from transformers import AutoTokenizer


def main(
    decision: list[Path],
    history: Path,
    metrics: Path,
    timing: Path,
    tuned: Path,
    predictions: Path,
    epochs: Path,
    setting: str,
    seed: int,
    plan: dict[str, Any],
    stamp: str,
    **inputs: Path,
) -> None:
    """`plan` is a `training.setup.Plan`, `inputs` its `RunInputs`; `decision` has a file where settings are pruned."""
    name = run_name(setting, seed, plan["hyperparameters"])
    with naming(name):
        prepared = prepare_run(RunInputs(**inputs), Plan(**plan), stamp)
    training, labels = prepared.run, prepared.labels
    pruned = pruned_at(decision, setting)
    last_epoch = pruned["epochs"] if pruned else training.hyper.epochs
    with naming(name, training):
        training.resume(last_epoch)
        state = training.train(last_epoch)
        train_scores = training.train_scores()
    model = merged(training.model, prepared.updates)
    model.save_pretrained(tuned)
    AutoTokenizer.from_pretrained(prepared.pretrained, trust_remote_code=False).save_pretrained(tuned)
    for weights in tuned.glob("*.safetensors"):
        shutil.copymode(tuned / "config.json", weights)  # safetensors lets nobody read them but their owner
    sampled = len(training.train_sample) if len(training.train_sample) < len(training.train_set) else None
    pd.DataFrame(state.history).assign(train_sample=sampled).to_csv(history, index=False)
    write_predictions(predictions, training.validation_set, state.best_epoch, labels)
    write_epochs(epochs, state)
    facts = {"setting": setting, "seed": seed} | {name: plan[name] for name in ("streams", "hyperparameters")}
    facts |= asdict(training.compute) | {"train_sample": sampled}
    facts |= {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "trained_parameters": prepared.trained_parameters,
        "megabytes": stored_megabytes(tuned),
    }
    outcome = results(state, training.validation_set, labels, pruned) | {"train": train_scores}
    write_json(metrics, facts | outcome | {"fingerprints": prepared.fingerprints})
    write_json(timing, time_taken(state, len(training.train_set)))
    training.checkpoints.remove_others()
    logging.info("best epoch %d, validation accuracy %.4f", outcome["best_epoch"], outcome["validation"]["accuracy"])


def results(
    state: TrainingState, validation: Examples, labels: list[str], pruned: dict[str, int] | None = None
) -> dict[str, Any]:
    """The result of the run: the best epoch's metrics, and whether it diverged, was pruned or failed.

    A run failed if its validation accuracy is no better than that of always predicting the majority class there
    (Mosbach, Andriushchenko & Klakow 2021 call it so). A pruned one was given no time to, and is not said to have.
    """
    best = state.best_epoch
    failed = best.validation["correct"] <= np.bincount(validation.labels).max()
    status = "diverged" if state.diverged else "pruned" if pruned else "failed" if failed else "trained"
    predictions = best.probabilities.numpy().argmax(axis=1)
    details = {
        "classes": by_class(validation.labels, predictions, labels),
        "intervals": intervals(validation.labels, predictions),
    }
    return {
        "status": status,
        "diverged": state.diverged,
        **({"pruned": pruned} if pruned else {}),
        "best_epoch": best.epoch,
        "epochs_run": len(state.epochs),
        "steps": state.step,
        "validation": best.validation | details,
    }


def time_taken(state: TrainingState, train_rows: int) -> dict[str, Any]:
    """Seconds of training and measuring, in all and by epoch, and training examples a second."""
    seconds = state.total_seconds
    rate = train_rows * len(state.epoch_seconds) / seconds
    return {"seconds": seconds, "examples_per_second": rate, "epoch_seconds": state.epoch_seconds}


def write_predictions(path: Path, examples: Examples, best: BestEpoch, labels: list[str]) -> None:
    """Validation predictions at the best epoch: id, label, prediction and a probability a class."""
    probabilities = best.probabilities.numpy()
    table = pd.DataFrame({"id": examples.ids, "label": examples.labels, "prediction": probabilities.argmax(axis=1)})
    for number, label in enumerate(labels):
        table[f"p_{label}"] = probabilities[:, number].astype(np.float32)
    table.to_parquet(path, index=False)


def write_epochs(path: Path, state: TrainingState) -> None:
    """The predicted class, its probability and the loss of each validation example, epoch below epoch.

    The examples are in the order of the split, so that their ids need not be told again for each epoch.
    """
    tables = [
        pd.DataFrame({name: column.numpy() for name, column in outcome.items()}).assign(epoch=np.int32(row["epoch"]))
        for row, outcome in zip(state.epochs, state.outcomes, strict=True)
    ]
    table = pd.concat(tables, ignore_index=True)
    table[["epoch", "prediction", "confidence", "loss"]].to_parquet(path, index=False, compression="zstd")


if __name__ == "__main__":
    run(main, hardware=hardware_of)
