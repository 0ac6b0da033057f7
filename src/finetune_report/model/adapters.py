"""Which weights a setting trains: all of them, the head alone, or low-rank updates next to it."""

import re
import warnings
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

from finetune_report.errors import UserError

from torch import nn
from transformers import PreTrainedModel

if TYPE_CHECKING:
    from peft import PeftModel


@dataclass(frozen=True)
class Tuning:
    """The part of a setting that says what is trained, as the config's schema describes it."""

    tune: str
    lora_rank: int
    lora_alpha: float
    lora_dropout: float
    lora_modules: str


def split_tuning(hyperparameters: dict[str, Any]) -> tuple[Tuning, dict[str, Any]]:
    """The tuning in a setting's hyperparameters, and those that are left for the training loop.

    Which of several models is trained is neither: the run's inputs are of that one.
    """
    names = [field.name for field in fields(Tuning)]
    rest = {name: value for name, value in hyperparameters.items() if name not in (*names, "model")}
    return Tuning(**{name: hyperparameters[name] for name in names}), rest


def choose_weights(model: PreTrainedModel, tuning: Tuning) -> "PeftModel | None":
    """Freeze what is not trained; for LoRA (Hu et al. 2022) put the updates into `model`, and return their handle.

    Raises UserError where `lora_modules` fits no layer.
    """
    if tuning.tune == "full":
        return None
    head = head_modules(model)
    handle = add_updates(model, tuning, list(head)) if tuning.tune == "lora" else None
    if handle is None:
        model.requires_grad_(False)
    for module in head.values():
        module.requires_grad_(True)
    return handle


def head_modules(model: PreTrainedModel) -> dict[str, nn.Module]:
    """By name, what stands on top of the encoder: the classification head, and the pooler in front of it."""
    outside = {name: module for name, module in model.named_children() if module is not model.base_model}
    poolers = {name: module for name, module in model.named_modules() if name.rpartition(".")[2] == "pooler"}
    return outside | poolers


def add_updates(model: PreTrainedModel, tuning: Tuning, head: list[str]) -> "PeftModel":
    import peft  # takes seconds, and most settings do without

    config = peft.LoraConfig(
        r=tuning.lora_rank,
        lora_alpha=cast(int, tuning.lora_alpha),
        lora_dropout=tuning.lora_dropout,
        target_modules=tuning.lora_modules,
        exclude_modules="|".join(rf"{re.escape(name)}(\..*)?" for name in head),
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what peft asks of transformers under an old name, and of layers kept sideways
            return cast("PeftModel", peft.get_peft_model(model, config))
    except ValueError as error:
        layers = sorted({name for name, module in model.named_modules() if isinstance(module, nn.Linear)})
        raise UserError(
            f"lora_modules: {tuning.lora_modules!r} fits no layer of {type(model).__name__}; it is a regular "
            f"expression for whole names such as {', '.join(layers[:3])}, or all-linear"
        ) from error


def merged(model: PreTrainedModel, handle: "PeftModel | None") -> PreTrainedModel:
    """The model with its updates added to the weights that they update, as `from_pretrained` can load it."""
    return model if handle is None else cast(PreTrainedModel, handle.merge_and_unload())
