"""Sets a fine-tuning run up from what the config says, and trains it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune_report.config.models import model_of, naming_model
from finetune_report.data.examples import Examples, read_examples
from finetune_report.errors import UserError
from finetune_report.files import fingerprint, read_json, sha256
from finetune_report.model.adapters import choose_weights, split_tuning
from finetune_report.model.batching import derive_seed, nested_part
from finetune_report.model.classifier import load_classifier
from finetune_report.model.cpu.used_embedding import reduce_embedding, used_tokens
from finetune_report.model.device import Compute, configure_process, hardware, resolve
from finetune_report.model.forward import prepare_forward
from finetune_report.model.pretrained import pretrained_folder
from finetune_report.training.checkpoints import Checkpoints
from finetune_report.training.loop import Hyperparameters, Run

import torch

if TYPE_CHECKING:
    from peft import PeftModel


@dataclass(frozen=True)
class RunInputs:
    """The files that a run on the training split is made from."""

    train: Path
    validation: Path
    train_tokens: Path
    validation_tokens: Path
    summary: Path
    model: Path


@dataclass(frozen=True)
class Plan:
    """How to train a run, as the config has it.

    `streams` has the seed of each use of chance: weights, order, dropout; `compute` has device, precision,
    threads and compile; `checkpoint_path` is a prefix. `train_sample` training examples are evaluated after each epoch.
    """

    hyperparameters: dict[str, Any]
    streams: dict[str, int]
    selection_metric: str
    on_divergence: str
    compute: dict[str, Any]
    checkpoint_path: str
    train_sample: int


@dataclass(frozen=True)
class PreparedRun:
    """A run that has yet to train, and what it was set up from; `updates` is the handle of LoRA's updates, if any.

    `trained_parameters` is how many numbers its setting trains, LoRA's updates included.
    """

    run: Run
    updates: "PeftModel | None"
    trained_parameters: int
    pretrained: Path
    labels: list[str]
    fingerprints: dict[str, str]


def hardware_of(spec: dict[str, Any]) -> str:
    """What the results of a run depend on besides code, config and inputs; `spec` is that of a rule that trains one."""
    return hardware(resolve(**spec["plan"]["compute"]))


def prepare_run(inputs: RunInputs, plan: Plan, stamp: str, percent: float = 100) -> PreparedRun:
    """Set a run up; it resumes from checkpoints of the same plan, files and code alone.

    `stamp` stands for the code: that of the rule that trains the run to its end, whoever trains a part of it. It trains
    on `percent` of the training split.
    """
    labels, source = read_json(inputs.summary)["labels"], read_json(inputs.model)
    hashes = {name: sha256(path) for name, path in vars(inputs).items() if name not in ("summary", "model")}
    train = read_examples(inputs.train, inputs.train_tokens)
    validation = read_examples(inputs.validation, inputs.validation_tokens)
    compute = resolve(**plan.compute)
    configure_process(compute)
    if percent < 100:
        train = train.subset(nested_part(train.labels, percent / 100, plan.streams["order"]))
    how = [plan.hyperparameters, plan.streams, plan.selection_metric, asdict(compute), percent, plan.train_sample]
    head = source["source"].get("head", "keep")
    made_from = [labels, hashes, source["fingerprint"], head, stamp]
    pretrained = pretrained_folder(source)
    checkpoints = Checkpoints(Path(plan.checkpoint_path), fingerprint(how + made_from))
    with naming_model(model_of(plan.hyperparameters)):
        run, updates, trained = assemble(pretrained, labels, head, train, validation, plan, compute, checkpoints)
    fingerprints = {name: hashes[name] for name in ("train", "validation")} | {"model": source["fingerprint"]}
    return PreparedRun(run, updates, trained, pretrained, labels, fingerprints)


def assemble(
    pretrained: Path,
    labels: list[str],
    head: str,
    train: Examples,
    validation: Examples,
    plan: Plan,
    compute: Compute,
    checkpoints: Checkpoints,
) -> tuple[Run, "PeftModel | None", int]:
    """A run from its parts, the handle of LoRA's updates, and how many parameters it trains.

    `head` is the config's `model.head`.
    """
    tuning, hyperparameters = split_tuning(plan.hyperparameters)
    torch.manual_seed(derive_seed(plan.streams["weights"], "weights"))  # of a new head
    classifier = load_classifier(pretrained, labels, plan.hyperparameters["dropout"], head)
    updates = choose_weights(classifier, tuning)
    trained = sum(weight.numel() for weight in classifier.parameters() if weight.requires_grad)
    forward = prepare_forward(classifier, train, compute)
    run = Run(
        forward,
        train,
        validation,
        Hyperparameters(**hyperparameters),
        plan.streams["order"],
        plan.selection_metric,
        checkpoints,
        dropout_seed=plan.streams["dropout"],
        embedding=reduce_embedding(classifier, used_tokens(train, validation) | {forward.pad}),
        record_divergence=plan.on_divergence == "record",
        train_sample=plan.train_sample,
    )
    return run, updates, trained


def run_name(setting: str, seed: int, hyperparameters: dict[str, Any]) -> str:
    """A run as messages call it, with its model where there are several."""
    model = model_of(hyperparameters)
    return f"setting {setting}{f' (model {model})' if model else ''}, seed {seed}"


@contextmanager
def naming(name: str, run: Run | None = None) -> Iterator[None]:
    """Have whatever stops a run say which one it was, and where; of a UserError the message has the place itself."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    except Exception as error:
        error.add_note(f"{name}, epoch {run.state.epoch + 1}, step {run.state.step + 1}" if run else name)
        raise
