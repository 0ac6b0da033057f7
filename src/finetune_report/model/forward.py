"""From examples to logits: on a CPU packed into one row where the model allows it, otherwise padded to the longest.

Where training is to be compiled, its steps get padded texts: packing is made of what a compiler cannot look into.
"""

import ctypes
from typing import Any

from finetune_report.model.batching import Examples, Indices, chunks_by_length, packs, padded
from finetune_report.model.compiled import Compiled
from finetune_report.model.cpu.dropout import exchange_dropout
from finetune_report.model.cpu.packed_attention import ATTENTION, Layout, layout_of
from finetune_report.model.device import Compute

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

TRIED = 8  # examples on which packed and padded logits are compared
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


class Forward:
    """A model's logits for some of the examples; `chunks` says how many go through it at a time."""

    def __init__(self, model: PreTrainedModel, examples: Examples, compute: Compute) -> None:
        self.model, self.examples, self.compute = model, examples, compute
        self.lengths = [len(row) for row in examples.token_ids]
        self.pad = model.config.pad_token_id or 0
        self.offset: int | None = None
        self.compiled = Compiled(model, self.longest_text()) if compute.compiled else None
        if compute.device == "cpu":
            keep_memory()
            if not compute.compiled:
                exchange_dropout(model)
            self.offset = self.find_offset()

    def __call__(self, chunk: Indices) -> torch.Tensor:
        """Logits in fp32, [texts, classes], in the order of `chunk`, which `chunks` has made."""
        if self.offset is not None and not self.compiling:
            return self.packed(chunk, self.offset).float()
        inputs = padded(self.examples, chunk, self.pad, self.compute.device)
        return (self.compiling or self.model)(**inputs).logits.float()

    @property
    def compiling(self) -> Compiled | None:
        """The compiled model where it is the one to use: in training, and never in measurements."""
        return self.compiled if self.model.training else None

    def longest_text(self) -> dict[str, torch.Tensor]:
        longest = np.array([np.argmax(self.lengths)])
        return padded(self.examples, longest, self.pad, self.compute.device)

    def packed(self, chunk: Indices, offset: int) -> torch.Tensor:
        lengths = [self.lengths[i] for i in chunk]
        layout = layout_of(lengths, self.model.config.num_attention_heads)
        inputs = {"input_ids": row([self.examples.token_ids[i] for i in chunk])}
        inputs["position_ids"] = row([np.arange(offset, offset + length) for length in lengths])
        if self.examples.token_types is not None:
            inputs["token_type_ids"] = row([self.examples.token_types[i] for i in chunk])
        hooks = keep_first_tokens(self.model.base_model, layout)
        try:
            return self.model(**inputs, layout=layout).logits
        finally:
            for hook in hooks:
                hook.remove()

    def chunks(self, indices: Indices, max_tokens: int) -> list[Indices]:
        """The examples in chunks of about `max_tokens` tokens, sorted by length."""
        split = chunks_by_length if self.offset is None or self.compiling else packs
        return split(indices, self.lengths, max_tokens)

    def find_offset(self) -> int | None:
        """The position of a first token with which the model makes of packed texts what it makes of padded ones.

        None where it does not: the model then gets padded texts. RoBERTa's positions start behind its padding's id.
        """
        if self.model.config._attn_implementation not in ("sdpa", ATTENTION):
            return None
        chunk = packs(np.arange(min(TRIED, len(self.examples))), self.lengths, 2**30)[0]
        inputs = padded(self.examples, chunk, self.pad, "cpu")
        training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode():
                expected = self.model(**inputs).logits
                self.model.set_attn_implementation(ATTENTION)
                for offset in (0, self.pad + 1):
                    if torch.allclose(self.packed(chunk, offset), expected, rtol=1e-4, atol=1e-5):
                        return offset
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
            pass  # a model of another build than the ones that packing knows
        finally:
            self.model.train(training)
        self.model.set_attn_implementation("sdpa")
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


def keep_memory() -> None:
    """Tell glibc to keep freed memory for the next step; to give it back costs a page fault for every 4 KiB."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(M_MMAP_THRESHOLD, 32 << 20)
    mallopt(M_TRIM_THRESHOLD, -1)
