"""What a pretrained model makes of texts before anyone tunes it."""

from typing import Any

from finetune_report.data.examples import Examples
from finetune_report.model.batching import chunks_by_length, padded
from finetune_report.model.device import Compute
from finetune_report.model.evaluation import EVALUATION_TOKENS

import numpy as np
import torch
from transformers import PreTrainedModel


@torch.inference_mode()
def mean_embeddings(classifier: PreTrainedModel, examples: Examples, compute: Compute) -> np.ndarray:
    """The mean over each text's tokens of the last hidden states below the head, [examples, width].

    Of a model with encoder and decoder these are the encoder's.
    """
    body: Any = classifier.base_model
    body = body.get_encoder() if getattr(classifier.config, "is_encoder_decoder", False) else body
    torch.nn.Module.to(body, compute.device).eval()
    found: dict[int, np.ndarray] = {}
    with compute.autocast():
        for chunk in chunks_by_length(np.arange(len(examples)), examples.lengths, EVALUATION_TOKENS):
            inputs = padded(examples, chunk, classifier.config.pad_token_id or 0, compute.device)
            states, mask = body(**inputs)[0].float(), inputs["attention_mask"].unsqueeze(-1)
            means = (states * mask).sum(dim=1) / mask.sum(dim=1)
            found |= zip(chunk.tolist(), means.cpu().numpy(), strict=True)
    return np.stack([found[place] for place in range(len(examples))])
