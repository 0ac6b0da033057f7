"""Data, tokens and runs of the real scripts on a model that a test has saved, in one folder."""

from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.files import write_json

import finetune
import numpy as np
import pandas as pd
import tokenize_texts

WORDS = ["good", "bad", "film", "the", "a", "plot", "not", "very", "dull", "fine"]


def write_data(root: Path, pairs: bool = False, classes: int = 2, tokens: bool = True) -> None:
    """Texts of 2 to 9 words, whose class is told by the first, and their `tokens` by the model in `pretrained`."""
    chance = np.random.default_rng(0)
    for split, count in (("train", 24), ("validation", 10), ("test", 10)):
        labels = np.arange(count) % classes
        texts = [" ".join([WORDS[c], *chance.choice(WORDS[2:], size=chance.integers(1, 9))]) for c in labels]
        columns = {"text_pair": [text[::-1] for text in texts]} if pairs else {}
        ids = [f"{split}-{number}" for number in range(1, count + 1)]
        table = pd.DataFrame({"id": ids, "text": texts, **columns, "label": labels})
        table.to_parquet(root / f"{split}.parquet", index=False)
    labels = [f"class {number}" for number in range(classes)]
    write_json(root / "summary.json", {"labels": labels, "splits": {"test": {"fingerprint": "f"}}})
    if tokens:
        source = {"path": str(root / "pretrained")}
        write_json(root / "model.json", {"source": source, **source, "files": {}, "fingerprint": "0" * 64})
        write_tokens(root, max_length=8)


def write_tokens(root: Path, max_length: int) -> None:
    """The tokens of the splits, by the model that model.json names."""
    for split in ("train", "validation", "test"):
        tokens = root / f"{split}-tokens.parquet"
        tokenize_texts.main(root / f"{split}.parquet", root / "model.json", [], tokens, max_length=max_length, name="")


def train(root: Path, run: str = "runs/a/seed1", **setting: Any) -> Path:
    """Run the script finetune on what `write_data` wrote; returns the run's folder."""
    setting = {"name": "a", "batch_size": 8, "learning_rate": 1e-2, "epochs": 2, **setting}
    config = complete({"name": "x", "data": {"path": "d"}, "model": {"path": "m"}, "settings": [setting]})
    folder = root / run
    folder.mkdir(parents=True, exist_ok=True)
    finetune.main(
        train=root / "train.parquet",
        validation=root / "validation.parquet",
        train_tokens=root / "train-tokens.parquet",
        validation_tokens=root / "validation-tokens.parquet",
        summary=root / "summary.json",
        model=root / "model.json",
        decision=[],
        history=folder / "history.csv",
        metrics=folder / "metrics.json",
        timing=folder / "timing.json",
        tuned=folder / "model",
        predictions=folder / "predictions.parquet",
        epochs=folder / "epochs.parquet",
        setting="a",
        seed=1,
        plan={
            "hyperparameters": resolved_settings(config)["a"],
            "streams": {"weights": 1, "order": 1, "dropout": 1},
            "selection_metric": "accuracy",
            "on_divergence": "stop",
            "compute": {"device": "cpu", "precision": "fp32", "threads": 1},
            "checkpoint_path": str(folder / "checkpoints"),
            "train_sample": config["train_sample"],
        },
        stamp="",
    )
    return folder
