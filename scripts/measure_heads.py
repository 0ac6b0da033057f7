"""Measure how concentrated each attention head of the selected, tuned model is over validation sentences.

Reads the selection, the tuned models (of the selected setting the first seed's) and the tokenized validation split.
Writes a row a head, and a summary of which heads copy and which average. Layers and heads are numbered from 1.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.config.models import ONLY
from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json, write_text
from finetune_report.model.device import configure_process, resolve
from finetune_report.model.weights import load_weights
from finetune_report.runtime.job import run

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch
import transformers
from scipy.special import entr
from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, AutoConfig, PreTrainedModel

COPIES_ABOVE = 0.8  # of the mean largest weight
AVERAGES_ABOVE = 0.9  # of the mean normalised entropy
POSITIONS = ["same", "previous", "next", "first", "last"]
MEASURES = ["entropy", "largest_weight", *POSITIONS]

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def main(
    selection: Path,
    tuned: list[Path],
    validation_tokens: list[Path],
    heads: Path,
    summary: Path,
    models: list[str],
    model_of: dict[str, str],
    sentences: int,
    threads: int,
) -> None:
    """`tuned` holds the model folders of all runs; `runs/<setting>/seed<seed>/model` says which is whose.

    `validation_tokens` are those of `models`, in their order; `model_of` says which one each setting trains.
    """
    configure_process(resolve("cpu", "fp32", threads))
    winner = read_json(selection)["winner"]
    folder = next(path for path in tuned if path.parts[-3] == winner)
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    kind: Any = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)]
    weights = load_weights(folder)
    model = kind.from_pretrained(
        None, config=config, state_dict=weights, attn_implementation="eager", dtype=torch.float32
    ).eval()
    tokens = read_tokens(validation_tokens[models.index(model_of.get(winner, ONLY))], sentences)
    table = head_table([[measure(weights) for weights in attentions(model, row)] for row in tokens])
    write_text(heads, table.to_csv(index=False))
    facts = {
        "setting": winner,
        "seed": int(folder.parts[-2].removeprefix("seed")),
        "sentences": len(tokens),
        "tokens": sum(len(row["input_ids"]) for row in tokens),
    }
    facts |= summarise(table)
    write_json(summary, facts)
    logging.info("%(count)d heads: %(copying)d copy, %(averaging)d average", facts)


def read_tokens(path: Path, sentences: int) -> list[dict[str, list[int]]]:
    """The model's inputs for the first sentences; those of a single token, with nothing to choose from, are left out.

    Raises UserError where none is left.
    """
    table = pq.read_table(path).slice(0, sentences).drop_columns(["id", "cut"])
    rows = [row for row in table.to_pylist() if len(row["input_ids"]) > 1]
    if not rows:
        raise UserError(
            f"{path}: none of the first {sentences} sentences has two tokens, so attention cannot be measured on them; "
            f"raise attention.sentences, or check the validation texts"
        )
    return rows


@torch.inference_mode()
def attentions(model: PreTrainedModel, row: dict[str, list[int]]) -> list[np.ndarray]:
    """The weights of every layer's self-attention on one sentence, each [heads, tokens, tokens].

    Of a model with encoder and decoder, those of the encoder. Raises UserError where a model gives no such weights.
    """
    inputs = {name: torch.tensor([values]) for name, values in row.items()}
    output = model(**inputs, attention_mask=torch.ones_like(inputs["input_ids"]), output_attentions=True)
    layers = output.get("encoder_attentions") or output.get("attentions") or [None]
    count = len(row["input_ids"])
    if any(layer is None or layer.shape[-2:] != (count, count) for layer in layers):
        raise UserError(
            f"model: {type(model).__name__} does not return its attention weights, of every token on every token, "
            f"which the report needs; name a model with ordinary self-attention, or set attention.sentences: 0, which "
            f"leaves the heads out"
        )
    return [layer[0].double().numpy() for layer in layers]


def measure(weights: np.ndarray) -> np.ndarray:
    """The measures of a layer's heads on one sentence, [heads, measures], in the order of MEASURES.

    `weights` is [heads, tokens that attend, tokens attended to]. Each measure is the mean over the attending tokens
    that see more than one token, if any does (under a causal mask the first sees only itself): the entropy of a
    token's weights divided by the logarithm of how many tokens it sees, its largest weight, and its weight on each of
    POSITIONS. A first token has no previous and a last token no next one; their weight there is 0.
    """
    # A mask hides a token from all heads, whereas a weight that merely rounds to 0 does so in one.
    seen = (weights > 0).any(axis=0).sum(axis=1)
    choosing = seen > 1 if seen.max() > 1 else seen == 1
    weights = weights * choosing[:, None]
    limit = np.log(np.maximum(seen, 2))  # the entropy over a single token is 0, whatever it is divided by
    sums = {
        "entropy": (entr(weights).sum(axis=2) / limit).sum(axis=1),
        "largest_weight": weights.max(axis=2).sum(axis=1),
        "same": np.trace(weights, axis1=1, axis2=2),
        "previous": np.trace(weights, offset=-1, axis1=1, axis2=2),
        "next": np.trace(weights, offset=1, axis1=1, axis2=2),
        "first": weights[:, :, 0].sum(axis=1),
        "last": weights[:, :, -1].sum(axis=1),
    }
    return np.stack([sums[name] for name in MEASURES], axis=1) / choosing.sum()


def head_table(measured: list[list[np.ndarray]]) -> pd.DataFrame:
    """A row a head: the mean of its measures over the sentences, each of which counts the same, and its role.

    `measured[sentence][layer]` is [heads, measures].
    """
    means = [np.mean(layer, axis=0) for layer in zip(*measured, strict=True)]
    rows = [
        {"layer": layer, "head": head, **dict(zip(MEASURES, values.tolist(), strict=True))}
        for layer, heads in enumerate(means, start=1)
        for head, values in enumerate(heads, start=1)
    ]
    table = pd.DataFrame(rows)
    table["role"] = "neither"
    table.loc[table["largest_weight"] > COPIES_ABOVE, "role"] = "copies"
    table.loc[table["entropy"] > AVERAGES_ABOVE, "role"] = "averages"
    return table


def summarise(table: pd.DataFrame) -> dict[str, Any]:
    """How many heads copy and average, by which thresholds, and the heads at either end."""
    return {
        "layers": int(table["layer"].max()),
        "count": len(table),
        "copies_above": COPIES_ABOVE,
        "averages_above": AVERAGES_ABOVE,
        "copying": int((table["role"] == "copies").sum()),
        "averaging": int((table["role"] == "averages").sum()),
        "mean_entropy": float(table["entropy"].mean()),
        "most_concentrated": described_head(table.iloc[int(table["largest_weight"].argmax())]),
        "most_even": described_head(table.iloc[int(table["entropy"].argmax())]),
    }


def described_head(row: pd.Series) -> dict[str, Any]:
    """A head's measures, and on which of POSITIONS most of its weight lies."""
    measures = {name: float(row[name]) for name in MEASURES}
    mostly = max(POSITIONS, key=lambda name: measures[name])
    return {
        "layer": int(row["layer"]),
        "head": int(row["head"]),
        **measures,
        "mostly_on": mostly,
        "mostly_on_share": measures[mostly],
    }


if __name__ == "__main__":
    run(main)
