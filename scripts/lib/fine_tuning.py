"""Sets a fine-tuning run up from what the config says, and trains it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lib.batches import Examples, derive_seed, read_examples
from lib.checkpoints import Checkpoints
from lib.compute import resolve_compute
from lib.errors import UserError
from lib.files import fingerprint, read_json, sha256
from lib.model import load_classifier
from lib.pretrained import pretrained_folder
from lib.progress import Progress
from lib.training import Hyperparameters, Run
from lib.troubles import trouble
from lib.tuning import choose_weights, split_tuning

if TYPE_CHECKING:
    from peft import PeftModel


@dataclass(frozen=True)
class Plan:
    """How to train a run, as the config has it.

    `streams` has the seed of each use of chance: weights, order, dropout; `compute` has device, precision,
    threads and compile; `checkpoint_path` is a prefix.
    """

    hyperparameters: dict[str, Any]
    streams: dict[str, int]
    selection_metric: str
    on_divergence: str
    compute: dict[str, Any]
    checkpoint_path: str


@dataclass(frozen=True)
class WholeRun:
    """A run on all of the training split that has yet to train, and what it was set up from."""

    training: Run
    updates: "PeftModel | None"
    pretrained: Path
    labels: list[str]
    examples: Examples
    held_out: Examples
    fingerprints: dict[str, str]


def whole_run(
    train: Path,
    validation: Path,
    train_tokens: Path,
    validation_tokens: Path,
    summary: Path,
    model: Path,
    plan: Plan,
    stamp: str,
) -> WholeRun:
    """Set up the run that finetune trains to its end; `stamp` is that of finetune, whoever trains a part of it."""
    labels, source = read_json(summary)["labels"], read_json(model)
    pretrained = pretrained_folder(source)
    fingerprints = {"train": sha256(train), "validation": sha256(validation), "model": source["fingerprint"]}
    examples, held_out = read_examples(train, train_tokens), read_examples(validation, validation_tokens)
    made_from = [fingerprints, sha256(train_tokens), sha256(validation_tokens), stamp]
    head = source["source"].get("head", "keep")
    training, updates = set_up(pretrained, labels, examples, held_out, plan, [*made_from, head], head)
    return WholeRun(training, updates, pretrained, labels, examples, held_out, fingerprints)


def set_up(
    pretrained: Path,
    labels: list[str],
    train: Examples,
    validation: Examples,
    plan: Plan,
    made_from: list[Any],
    head: str = "keep",
) -> "tuple[Run, PeftModel | None]":
    """A run of one setting that has yet to train, and the handle of its low-rank updates where it has any.

    The run goes on from a checkpoint that belongs to the same plan and to `made_from`, which stands for model, data and
    code.
    """
    compute = resolve_compute(**plan.compute)
    key = [plan.hyperparameters, plan.streams, plan.selection_metric, asdict(compute), labels, *made_from]
    tuning, rest = split_tuning(plan.hyperparameters)
    torch.manual_seed(derive_seed(plan.streams["weights"], "weights"))
    classifier = load_classifier(pretrained, labels, plan.hyperparameters["dropout"], head)
    updates = choose_weights(classifier, tuning)
    run = Run(
        classifier,
        train,
        validation,
        Hyperparameters(**rest),
        plan.streams["order"],
        plan.selection_metric,
        compute,
        Checkpoints(Path(plan.checkpoint_path), fingerprint(key)),
        dropout_seed=plan.streams["dropout"],
        record_divergence=plan.on_divergence == "record",
    )
    return run, updates


def trained(run: Run, name: str, until: int | None = None) -> Progress:
    """Train to the end, or the first `until` epochs.

    Raises UserError naming run and place where it fails for want of sense, memory or disk.
    """
    try:
        return run.train(until)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    except Exception as error:
        known, done = trouble(error), run.progress
        if not known:
            raise
        raise UserError(f"{name}, epoch {done.epoch + 1}, step {done.step + 1}: {known}") from error
