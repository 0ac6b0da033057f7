"""Everything that makes a CPU fast, behind one call."""

import logging
from collections.abc import Iterable

from finetune_report.data.examples import Examples
from finetune_report.model.cpu.allocator import keep_memory
from finetune_report.model.cpu.dropout import exchange_dropout
from finetune_report.model.cpu.packing import Packing, packing_for

from transformers import PreTrainedModel


def accelerate_for_cpu(model: PreTrainedModel, examples: Examples, compiled: bool = False) -> Packing | None:
    """Change a model in place so that a CPU runs it faster, and say in the log how.

    Returns how to run it on packed texts, where it can be. A model that is to be compiled keeps PyTorch's dropout.
    """
    keep_memory()
    if not compiled:
        exchange_dropout(model)
    packing = packing_for(model, examples)
    done: Iterable[str] = [
        "packed texts" if packing else "padded texts, since this model takes no packed ones",
        *([] if compiled else ["dropout from cheap random bits"]),
    ]
    logging.info("on a CPU: %s", ", ".join(done))
    return packing
