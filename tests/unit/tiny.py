"""A small model and a few examples, made on the spot."""

from pathlib import Path

from finetune_report.model.batching import Examples

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification


def tiny_bert(dropout: float = 0.1, seed: int = 0, layers: int = 2) -> BertForSequenceClassification:
    torch.manual_seed(seed)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=50,
            hidden_size=16,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=16,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            num_labels=2,
            pad_token_id=0,
        )
    )


def few_examples(count: int, seed: int = 0) -> Examples:
    """Sequences of 3 to 9 tokens; the class is whether token 7 occurs."""
    rng = np.random.default_rng(seed)
    rows = [rng.integers(5, 30, size=rng.integers(3, 10)) for _ in range(count)]
    for row in rows[::2]:
        row[1] = 7
    labels = np.array([int(7 in row) for row in rows])
    return Examples([f"x-{i}" for i in range(count)], rows, None, labels)


def save_tiny(folder: Path, dropout: float = 0.1) -> Path:
    tiny_bert(dropout).save_pretrained(folder)
    return folder
