"""Runs a model on packed texts, where it makes of them what it makes of padded ones."""

from dataclasses import dataclass
from typing import Any

from finetune_report.data.examples import Examples
from finetune_report.model.batching import Indices, packs, padded
from finetune_report.model.cpu.packed_attention import ATTENTION, Layout, layout_of

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

TRIED = 8  # examples on which packed and padded logits are compared
OTHER_BUILDS = (AttributeError, IndexError, RuntimeError, TypeError, ValueError)  # of models that packing does not know


@dataclass(frozen=True)
class Packing:
    """A model that takes packed texts; `offset` is the position of each text's first token."""

    model: PreTrainedModel
    offset: int

    def logits(self, examples: Examples, chunk: Indices) -> torch.Tensor:
        """[texts, classes], in the order of `chunk`, which has the longest text first."""
        lengths = [examples.lengths[i] for i in chunk]
        layout = layout_of(lengths, self.model.config.num_attention_heads)
        inputs = {"input_ids": row([examples.token_ids[i] for i in chunk])}
        inputs["position_ids"] = row([np.arange(self.offset, self.offset + length) for length in lengths])
        if examples.token_types is not None:
            inputs["token_type_ids"] = row([examples.token_types[i] for i in chunk])
        hooks = keep_first_tokens(self.model.base_model, layout)
        try:
            return self.model(**inputs, layout=layout).logits
        finally:
            for hook in hooks:
                hook.remove()


def packing_for(model: PreTrainedModel, examples: Examples) -> Packing | None:
    """Packing for a model, tried on some examples; None where it needs padded texts, and is left as it was.

    RoBERTa's positions start behind the id of its padding. Switches the model's attention to the packed one.
    """
    if model.config._attn_implementation not in ("sdpa", ATTENTION):  # private; seen in transformers 5.23.0
        return None
    pad = model.config.pad_token_id or 0
    chunk = packs(np.arange(min(TRIED, len(examples))), examples.lengths, 2**30)[0]
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            expected = model(**padded(examples, chunk, pad, "cpu")).logits
            model.set_attn_implementation(ATTENTION)
            for offset in (0, pad + 1):
                packing = Packing(model, offset)
                if torch.allclose(packing.logits(examples, chunk), expected, rtol=1e-4, atol=1e-5):
                    return packing
    except OTHER_BUILDS:
        pass
    finally:
        model.train(training)
    model.set_attn_implementation("sdpa")
    return None


def row(parts: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts))[None]


def keep_first_tokens(base: nn.Module, layout: Layout) -> list[Any]:
    """Hooks that leave of the encoder's result each text's first token, [texts, 1, size], as classifiers read it.

    Where the last layer is built as BERT's, its tokens part already after attention: nothing reads the others' outputs.
    """

    def part(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return tuple(tensor.index_select(1, layout.first) for tensor in inputs)

    def as_texts(module: nn.Module, inputs: Any, output: Any) -> Any:
        states = output.last_hidden_state
        if states.shape[1] != len(layout.first):
            states = states.index_select(1, layout.first)
        output.last_hidden_state = states.transpose(0, 1)
        return output

    encoder: Any = base.encoder if hasattr(base, "encoder") else base.transformer
    hooks = [encoder.register_forward_hook(as_texts)]
    last: Any = getattr(getattr(encoder, "layer", [None])[-1], "attention", None)
    if hasattr(last, "output"):
        hooks.append(last.output.register_forward_pre_hook(part))
    return hooks
