"""Training steps through `torch.compile`, with kernels that do not depend on which batch comes first.

A run that goes on in another process meets other batches first. So the model is compiled on made-up batches of fixed
shapes, for any number of texts and tokens, and never again: a chunk that would need its own kernels, such as a single
text, goes through the model as it is written.
"""

import logging
import time
from typing import Any

from finetune_report.errors import UserError

import torch
from transformers import PreTrainedModel

# Texts and tokens; the numbers differ, since PyTorch would take equal ones for one. Where kernels for even numbers do
# not serve for odd ones, the second shape has them made too.
SHAPES = ((40, 32), (37, 31))


class Compiled:
    """A model compiled for training, in the first call.

    `text` is a long text as the model's inputs, each [1, tokens], on the device that it computes on.
    """

    def __init__(self, model: PreTrainedModel, text: dict[str, torch.Tensor]) -> None:
        self.model, self.text = model, text
        self.ready = False
        options: dict[str, Any] = {
            "deterministic": True,  # else kernels for a GPU are chosen by how fast they happen to be
            "fallback_random": model.device.type == "cpu",  # PyTorch's dropout, where the compiled one is slower
        }
        self.network = torch.compile(model, dynamic=True, options=options)

    def __call__(self, **inputs: torch.Tensor) -> Any:
        if not self.ready:
            self.warm_up()
        with torch.compiler.set_stance("eager_on_recompile"):
            return self.network(**inputs)

    def warm_up(self) -> None:
        """Compile forward and backward; leaves random state and gradients alone.

        Raises UserError where PyTorch cannot compile the model.
        """
        from torch._dynamo.exc import TorchDynamoException  # private; seen in torch 2.13.0

        started = time.monotonic()
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        try:
            with torch.random.fork_rng():
                for texts, tokens in SHAPES:
                    inputs = {name: tensor[:, -tokens:].repeat(texts, 1) for name, tensor in self.text.items()}
                    torch.autograd.grad(self.network(**inputs).logits.float().sum(), weights, allow_unused=True)
        except TorchDynamoException as error:
            raise UserError(
                f"compile: PyTorch cannot compile {type(self.model).__name__}: {str(error).strip().splitlines()[0]}\n"
                "  Set compile: false."
            ) from error
        self.ready = True
        logging.info("compiled the model in %.0f s", time.monotonic() - started)
