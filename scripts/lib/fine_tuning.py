"""Sets a fine-tuning run up from what the config says, and trains it to the end."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lib.batches import Examples, derive_seed
from lib.checkpoints import Checkpoints
from lib.compute import Compute
from lib.errors import UserError
from lib.files import fingerprint
from lib.model import load_classifier
from lib.progress import Progress
from lib.training import Hyperparameters, Run
from lib.troubles import trouble
from lib.tuning import choose_weights, split_tuning

if TYPE_CHECKING:
    from peft import PeftModel


def set_up(
    pretrained: Path,
    labels: list[str],
    train: Examples,
    validation: Examples,
    hyperparameters: dict[str, Any],
    streams: dict[str, int],
    selection_metric: str,
    on_divergence: str,
    compute: Compute,
    checkpoint_path: str,
    made_from: list[Any],
) -> "tuple[Run, PeftModel | None]":
    """A run of one setting that has yet to train, and the handle of its low-rank updates where it has any.

    `streams` has the seed of each use of chance: weights, order, dropout. The run goes on from a checkpoint at
    `checkpoint_path` that belongs to the same setting, seeds, way to compute and `made_from`, which stands for model,
    data and code.
    """
    key = [hyperparameters, streams, selection_metric, asdict(compute), labels, *made_from]
    tuning, rest = split_tuning(hyperparameters)
    torch.manual_seed(derive_seed(streams["weights"], "weights"))
    classifier = load_classifier(pretrained, labels, hyperparameters["dropout"])
    updates = choose_weights(classifier, tuning)
    run = Run(
        classifier,
        train,
        validation,
        Hyperparameters(**rest),
        streams["order"],
        selection_metric,
        compute,
        Checkpoints(Path(checkpoint_path), fingerprint(key)),
        dropout_seed=streams["dropout"],
        record_divergence=on_divergence == "record",
    )
    return run, updates


def trained(run: Run, name: str) -> Progress:
    """Train to the end. Raises UserError naming run and place where it fails for want of sense, memory or disk."""
    try:
        return run.train()
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    except Exception as error:
        known, done = trouble(error), run.progress
        if not known:
            raise
        raise UserError(f"{name}, epoch {done.epoch + 1}, step {done.step + 1}: {known}") from error
