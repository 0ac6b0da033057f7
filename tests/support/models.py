"""A tiny model, a few examples and a run on them, made on the spot."""

from pathlib import Path
from typing import Any

from finetune_report.data.examples import Examples
from finetune_report.model.cpu.used_embedding import reduce_embedding, used_tokens
from finetune_report.model.device import Compute, configure_process, resolve
from finetune_report.model.forward import prepare_forward
from finetune_report.training.checkpoints import Checkpoints
from finetune_report.training.loop import Hyperparameters, Run

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tiny_bert(dropout: float = 0.1, seed: int = 0, layers: int = 2, **changes: Any) -> BertForSequenceClassification:
    """A random classifier of two classes; `changes` go into its config."""
    torch.manual_seed(seed)
    sizes = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 32, "max_position_embeddings": 16}
    config = BertConfig(
        num_hidden_layers=layers,
        num_attention_heads=2,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        num_labels=2,
        pad_token_id=0,
        **(sizes | changes),
    )
    return BertForSequenceClassification(config)


def save_classifier(folder: Path, words: list[str], length: int = 64) -> None:
    """A random classifier and its WordPiece tokenizer, which knows `words` and takes texts of `length` tokens."""
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *words])}
    BertTokenizer(vocab=vocabulary, model_max_length=length).save_pretrained(folder)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": length}
    # Weights that are large enough for what it makes of two texts to differ.
    tiny_bert(vocab_size=len(vocabulary), initializer_range=0.3, **sizes).save_pretrained(folder)


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


SETTING = Hyperparameters(
    batch_size=6,
    learning_rate=5e-3,
    epochs=3,
    weight_decay=0.1,
    warmup=0.2,
    schedule="linear",
    clip_norm=1.0,
    dropout=None,
    patience=None,
)


def on_cpu(compile: bool = False) -> Compute:
    """One thread in fp32, with this process set up for it."""
    compute = resolve("cpu", "fp32", 1, compile)
    configure_process(compute)
    return compute


def make_run(
    folder: Path, setting: Hyperparameters = SETTING, dropout: float = 0.1, order: int = 1, layers: int = 2, **more: Any
) -> Run:
    """A run that has taken up its last checkpoint, if there is one in `folder`; `more` goes to `Run`."""
    compute = more.pop("compute", None) or on_cpu()
    model, train, validation = tiny_bert(dropout, layers=layers), few_examples(40), few_examples(20, seed=1)
    forward = prepare_forward(model, train, compute)
    embedding = reduce_embedding(model, used_tokens(train, validation) | {forward.pad})
    checkpoints = Checkpoints(folder / "run", "0" * 64)
    last_epoch = more.pop("last_epoch", float("inf"))
    run = Run(forward, train, validation, setting, order, "accuracy", checkpoints, embedding=embedding, **more)
    run.resume(last_epoch)
    return run
