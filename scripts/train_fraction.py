"""Train the selected setting on a part of the training split, to see how the accuracy grows with the examples.

Reads the selection, the training and validation splits, their tokens and the model; never the test split.
Writes the metrics of the epoch that is best by validation. Parts are nested: a larger one holds the smaller ones.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
from lib.batches import Examples, derive_seed, read_examples
from lib.files import read_json, sha256, write_json
from lib.fine_tuning import Plan, set_up, trained
from lib.job import run
from lib.pretrained import pretrained_folder


def main(
    selection: Path,
    train: Path,
    validation: Path,
    train_tokens: Path,
    validation_tokens: Path,
    summary: Path,
    model: Path,
    metrics: Path,
    percent: float,
    seed: int,
    settings: dict[str, dict[str, Any]],
    plan: dict[str, Any],
    stamp: str,
) -> None:
    """`percent` of the training split is used; `plan` is that of finetune without the hyperparameters in `settings`."""
    labels, source, winner = read_json(summary)["labels"], read_json(model), read_json(selection)["winner"]
    files = [sha256(path) for path in (train, validation, train_tokens, validation_tokens)]
    whole, held_out = read_examples(train, train_tokens), read_examples(validation, validation_tokens)
    chosen = Plan(hyperparameters=settings[winner], **plan)
    part = subset(whole, chosen_rows(whole.labels, percent / 100, chosen.streams["order"]))
    head = source["source"].get("head", "keep")
    made_from = [percent, files, source["fingerprint"], stamp, head]
    training, _ = set_up(pretrained_folder(source), labels, part, held_out, chosen, made_from, head)
    progress = trained(training, f"setting {winner}, seed {seed}, {percent:g}% of the training split")
    best = progress.kept
    facts = {"setting": winner, "seed": seed, "percent": percent, "rows": len(part), "best_epoch": best["epoch"]}
    write_json(metrics, facts | {"diverged": progress.diverged, "validation": best["validation"]})
    training.checkpoints.remove_others()
    logging.info("%d rows: validation accuracy %.4f", len(part), best["validation"]["accuracy"])


def chosen_rows(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The rows of a part, in their order: of each class its share, one at least, by a draw that all parts share."""
    chance = np.random.default_rng(derive_seed(seed, "fraction"))
    rows = []
    for label in np.unique(labels):
        drawn = chance.permutation(np.flatnonzero(labels == label))
        rows.append(drawn[: max(1, round(share * len(drawn)))])
    return np.sort(np.concatenate(rows))


def subset(examples: Examples, rows: np.ndarray) -> Examples:
    types = examples.token_types
    return Examples(
        ids=[examples.ids[row] for row in rows],
        token_ids=[examples.token_ids[row] for row in rows],
        token_types=None if types is None else [types[row] for row in rows],
        labels=examples.labels[rows],
    )


if __name__ == "__main__":
    run(main)
