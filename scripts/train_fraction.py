"""Train the selected setting on a part of the training split, to see how the accuracy grows with the examples.

Reads the selection, the training and validation splits, their tokens and the model; never the test split.
Writes the metrics of the epoch that is best by validation. Parts are nested: a larger one holds the smaller ones.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.config.models import model_of
from finetune_report.files import read_json, write_json
from finetune_report.runtime.job import run
from finetune_report.training.setup import Plan, RunInputs, hardware_of, naming, prepare_run, run_name


def main(
    selection: Path,
    train: Path,
    validation: Path,
    train_tokens: list[Path],
    validation_tokens: list[Path],
    summary: Path,
    model: list[Path],
    metrics: Path,
    percent: float,
    seed: int,
    settings: dict[str, dict[str, Any]],
    models: list[str],
    plan: dict[str, Any],
    stamp: str,
) -> None:
    """`percent` of the training split is used; `plan` is that of finetune without the hyperparameters in `settings`.

    The tokens and the `model` are those of `models`, in their order.
    """
    winner = read_json(selection)["winner"]
    chosen = Plan(hyperparameters=settings[winner], **plan)
    place = models.index(model_of(settings[winner]))
    of_model = {"train_tokens": train_tokens, "validation_tokens": validation_tokens, "model": model}
    inputs = RunInputs(
        train=train, validation=validation, summary=summary, **{name: paths[place] for name, paths in of_model.items()}
    )
    name = f"{run_name(winner, seed, settings[winner])}, {percent:g}% of the training split"
    with naming(name):
        training = prepare_run(inputs, chosen, stamp, percent).run
    with naming(name, training):
        training.resume()
        state = training.train()
    best, rows = state.best_epoch, len(training.train_set)
    facts = {"setting": winner, "seed": seed, "percent": percent, "rows": rows, "best_epoch": best.epoch}
    write_json(metrics, facts | {"diverged": state.diverged, "validation": best.validation})
    training.checkpoints.remove_others()
    logging.info("%d rows: validation accuracy %.4f", rows, best.validation["accuracy"])


if __name__ == "__main__":
    run(main, hardware=hardware_of)
