"""Loads sequence classifiers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError, few
from finetune_report.model.heads import head_layers, match_head, names_of, without_head
from finetune_report.model.weights import load_weights

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, AutoConfig, AutoTokenizer, PreTrainedModel

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def load_classifier(path: Path, labels: list[str], dropout: float | None = None, head: str = "keep") -> PreTrainedModel:
    """A pretrained model with a classification head for `labels`, in fp32; a head that it lacks is drawn at random.

    `dropout` replaces the model's own dropout of hidden states and attention where it is given. A head that the model
    has is kept, its outputs matched to `labels` by name, unless `head` is "new".
    Raises UserError where the folder holds no model that `transformers` can classify sequences with, and where its
    weights are not those that its config asks for: `transformers` would draw the others at random and go on.
    """
    try:
        config = AutoConfig.from_pretrained(path, trust_remote_code=False)
        names = names_of(config)
        if dropout is not None:
            set_dropout(config, dropout)
        config.num_labels = len(labels)
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
        kind: Any = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)]
        weights = load_weights(path)
        model, loading = kind.from_pretrained(
            None,
            config=config,
            state_dict=without_head(weights, kind.base_model_prefix) if head == "new" else weights,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # told below, in one line
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, ArithmeticError, StrictDataclassError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"model: {path} does not load as a sequence classifier with {len(labels)} classes.\n"
            f"  What transformers says: {reason}\n  Name a model that AutoModelForSequenceClassification can load."
        ) from error
    if model.config.pad_token_id is None:
        model.config.pad_token_id = padding_token(path, model.config)
    if model.config.pad_token_id is None:
        raise UserError(
            f"model: {path}/config.json names neither a pad_token_id nor an eos_token_id, so that texts of different "
            "lengths make no batch; add the pad_token_id of its tokenizer"
        )
    missing = loading["missing_keys"]
    check_weights(path, model, labels, loading["mismatched_keys"], missing)
    if not any(f"{name}.weight" in missing for name, _ in head_layers(model, len(labels))):
        match_head(model, names, labels, str(path))
    return model


def check_weights(
    path: Path,
    model: PreTrainedModel,
    labels: list[str],
    mismatched: set[tuple[str, Sequence[int], Sequence[int]]],
    missing: set[str],
) -> None:
    """Raises UserError where weights other than a new head were not in the model's files, or had another shape."""
    body = f"{model.base_model_prefix}."
    for name, found, expected in sorted(mismatched, key=lambda item: (not item[0].startswith(body), item[0])):
        if not name.startswith(body):
            raise UserError(
                f"model: {path} has a head for {found[0]} classes ({name}), but the data have {len(labels)} "
                f"({few(labels)}); set model.head: new to begin with a new head, or list its classes in data.labels"
            )
        raise UserError(
            f"model: {path}: {name} has the shape {list(found)}, but config.json asks for {list(expected)}; "
            "save or download weights and config together"
        )
    # A pooler belongs to the head in all but name: pretraining need not have one.
    absent = sorted(name for name in missing if name.startswith(body) and ".pooler." not in name)
    if absent:
        raise UserError(
            f"model: the weights in {path} lack {absent[0]}{f' and {len(absent) - 1} more' * (len(absent) > 1)} that "
            "config.json asks for; save or download weights and config together"
        )


def padding_token(path: Path, config: transformers.PretrainedConfig) -> int | None:
    """The id to pad with for a model that names none: a decoder reads off its answer at the last token that is another.

    The tokenizer's own where it has one that the model knows, else the end of a text.
    """
    try:
        own = AutoTokenizer.from_pretrained(path, trust_remote_code=False).pad_token_id
    except (OSError, ValueError):
        own = None
    ends = config.eos_token_id
    known = [own, *(ends if isinstance(ends, list) else [ends])]
    return next((token for token in known if token is not None and token < config.vocab_size), None)


def set_dropout(config: transformers.PretrainedConfig, dropout: float) -> None:
    """Set every dropout that the architecture's config knows of hidden states and attention."""
    names = [name for name in vars(config) if "dropout" in name or name.endswith(("pdrop", "drop"))]
    known = [name for name in names if isinstance(getattr(config, name), float) and "layer" not in name]
    for name in known:
        setattr(config, name, dropout)
