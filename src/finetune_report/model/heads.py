"""The classification head of a checkpoint that has been tuned already: which class each of its outputs is."""

import logging
import re

from finetune_report.data.label_names import normal_form
from finetune_report.errors import UserError, few

import torch
from transformers import PretrainedConfig, PreTrainedModel

Weights = dict[str, torch.Tensor]


def without_head(weights: Weights, prefix: str) -> Weights:
    """The weights of the body alone; all of them where the checkpoint is of the body and names no prefix."""
    body = {name: weight for name, weight in weights.items() if name.startswith(f"{prefix}.")}
    return body or weights


def names_of(config: PretrainedConfig) -> list[str] | None:
    """The classes of a checkpoint in the order of its outputs; None where they are only numbered (LABEL_0)."""
    names = [str(name) for _, name in sorted((config.id2label or {}).items())]
    return None if all(re.fullmatch(r"LABEL_\d+", name) for name in names) else names


def match_head(model: PreTrainedModel, names: list[str] | None, labels: list[str], path: str) -> None:
    """Put the outputs of a head that was loaded into the order of `labels`, by the names of its classes.

    Raises UserError where its classes have other names: their outputs would be given the wrong ones in silence.
    """
    if names is None:
        logging.warning(
            "%s has a head whose classes have no names; they are taken to be %s, in order", path, few(labels)
        )
        return
    # Their own names first: classes may be spelled alike on purpose.
    form = str if set(labels) == set(names) else normal_form
    place = {form(name): number for number, name in enumerate(names)}
    wanted = [place.get(form(label)) for label in labels]
    if None in wanted or len(set(wanted)) < len(names):
        raise UserError(
            f"model: {path} has a head for the classes {few(names)}, but the data have {few(labels)}; set model.head: "
            f"new to begin with a new head, or give the data's labels the names of the head's in data.label_map"
        )
    if wanted == list(range(len(labels))):
        return
    outputs = [module for _, module in head_layers(model, len(labels))]
    if len(outputs) != 1:
        raise UserError(
            f"model: {path} has a head whose classes are in another order ({few(names)}) than the data's "
            f"({few(labels)}); say data.labels: {list(names)}, or set model.head: new"
        )
    with torch.no_grad():
        for weight in outputs[0].parameters():
            weight.copy_(weight[torch.tensor(wanted)].clone())


def head_layers(model: PreTrainedModel, classes: int) -> list[tuple[str, torch.nn.Linear]]:
    """The layers behind the body that give one output per class."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if not name.startswith(f"{model.base_model_prefix}.")
        and isinstance(module, torch.nn.Linear)
        and module.out_features == classes
    ]
