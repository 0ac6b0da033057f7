"""Two settings trained with 20 seeds each on a part of the shipped data, for `real_seeds.py` and its test.

Writes each run's probability of the second class on sentences that it was not trained on: the validation split and the
training sentences left over. Both settings use the same seeds for weights, order and dropout, as the workflow does.
Takes about ten minutes on one core: `python benchmarks/train_seeds.py`.
"""

import argparse
from pathlib import Path

import numpy as np
from workers import ROOT, Ours, model_folder, read_split, tokenized

TRAINED_ON = 400
SETTINGS = {"baseline": 2e-4, "milder": 1e-4}  # learning rates; everything else is alike
BATCH, EPOCHS, SEEDS, MAX_LENGTH = 10, 3, 20, 64
STORED = ROOT / "tests" / "data" / "seeds.npz"


class Seeds(Ours):
    """This project's loop on the first sentences of the training split, scored on all others."""

    def __init__(self) -> None:
        from lib.batches import Examples
        from lib.compute import resolve_compute

        self.compute = resolve_compute("cpu", "auto", 1, False)
        texts, labels = read_split(ROOT / "data" / "reviews", "train", 1600)
        more_texts, more_labels = read_split(ROOT / "data" / "reviews", "validation", 300)
        parts = (
            (texts[:TRAINED_ON], labels[:TRAINED_ON]),
            (more_texts + texts[TRAINED_ON:900], more_labels + labels[TRAINED_ON:900]),
        )
        self.sets = []
        for part, truth in parts:
            tokens = [np.array(row) for row in tokenized(part, MAX_LENGTH)]
            self.sets.append(Examples([str(i) for i in range(len(part))], tokens, None, np.array(truth)))

    def probabilities(self, rate: float, seed: int) -> np.ndarray:
        """Of the second class, for each held-out sentence, after the last epoch."""
        import tempfile

        import torch
        from lib.batches import derive_seed
        from lib.checkpoints import Checkpoints
        from lib.model import load_classifier, score
        from lib.training import Hyperparameters, Run

        setting = Hyperparameters(BATCH, rate, EPOCHS, 0.01, 0.1, "linear", 1.0, None, None)
        torch.manual_seed(derive_seed(seed, "weights"))
        model = load_classifier(model_folder(), ["0", "1"])
        with tempfile.TemporaryDirectory() as folder:
            run = Run(
                model, *self.sets, setting, seed, "accuracy", self.compute, Checkpoints(Path(folder) / "run", "0" * 64)
            )
            for _ in range(EPOCHS):
                run.train_epoch()
                run.progress.epoch, run.progress.batch = run.progress.epoch + 1, 0
            return score(run.validating).probabilities[:, 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=STORED)
    out = parser.parse_args().out
    trainer = Seeds()
    found: dict[str, list[np.ndarray]] = {name: [] for name in SETTINGS}
    labels = trainer.sets[1].labels
    for seed in range(1, SEEDS + 1):
        for name, rate in SETTINGS.items():
            found[name].append(trainer.probabilities(rate, seed).astype(np.float16))
            print(name, seed, f"{((found[name][-1] > 0.5) == labels).mean():.4f}", flush=True)
    arrays = {name: np.stack(runs, axis=1) for name, runs in found.items()}
    np.savez_compressed(out, labels=labels.astype(np.int8), **arrays)


if __name__ == "__main__":
    main()
