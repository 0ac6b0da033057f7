"""One setting's real runs, split at random into two "settings" a thousand times: how often the two are told apart.

They are the same setting, so every claim about settings is false. Reads what `train_seeds.py` wrote. The same runs are
used again and again, and two halves of few runs are less alike than two settings' runs would be; it shows what the
simulation of `inference.py` says on runs that nobody simulated, and is no exact rate. `python benchmarks/real_seeds.py`
prints it.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from finetune_report.stats.crossed import components, difference  # noqa: E402
from finetune_report.stats.winners_curse import correct_winner, of_means  # noqa: E402

from scipy.special import bdtr, ndtr  # noqa: E402

STORED = ROOT / "tests" / "data" / "seeds.npz"
SPLITS = 1000


def right_answers(path: Path = STORED) -> np.ndarray:
    """1 or 0 for right or wrong, [examples, epochs, seeds]."""
    with np.load(path) as stored:
        return (stored["baseline"] == stored["labels"][:, None, None]).astype(float)


def former_p(a: np.ndarray, b: np.ndarray) -> float:
    """The exact McNemar test at one seed, a bootstrap over examples (its normal limit) otherwise."""
    gaps = a.mean(axis=1) - b.mean(axis=1)
    if a.shape[1] == 1:
        only_a, only_b = int((gaps > 0).sum()), int((gaps < 0).sum())
        return min(1.0, 2 * float(bdtr(min(only_a, only_b), max(1, only_a + only_b), 0.5)))
    return float(2 * ndtr(-abs(gaps.mean()) / max(1e-12, gaps.std() / len(gaps) ** 0.5)))


def false_claims(right: np.ndarray, seeds: int, splits: int = SPLITS, seed: int = 0) -> tuple[float, float | None]:
    """Shares of splits into two times `seeds` runs in which the settings are said to differ: formerly, and now.

    At one seed no claim is made about settings: None.
    """
    chance = np.random.default_rng(seed)
    former = now = 0
    for _ in range(splits):
        runs = chance.permutation(right.shape[1])[: 2 * seeds]
        a, b = right[:, runs[:seeds]], right[:, runs[seeds:]]
        former += former_p(a, b) < 0.05
        now += seeds > 1 and difference(a, b).p_value < 0.05
    return former / splits, now / splits if seeds > 1 else None


def luck(right: np.ndarray, selected_on: int = 200, splits: int = 200, seed: int = 0) -> tuple[float, float]:
    """Points by which the best of all runs and epochs is too high on the sentences that it was selected on, as it is
    and corrected, in the mean over splits; the other sentences say what it is.
    """
    chance, tables = np.random.default_rng(seed), np.moveaxis(right, 2, 0)
    found = []
    for _ in range(splits):
        order = chance.permutation(len(right))
        own, others = order[:selected_on], order[selected_on:]
        one = correct_winner([[of_means(run[own])] for run in tables], selected_on, resamples=100)
        truth = tables[one.selected][others, one.epochs[0]].mean()
        found.append((one.score - truth, one.corrected - truth))
    as_it_is, corrected = 100 * np.mean(found, axis=0)
    return float(as_it_is), float(corrected)


def main() -> None:
    every_epoch = right_answers()
    right = every_epoch[:, -1]
    parts, seeds = components(right), right.shape[1]
    spread = max(0.0, float(parts.seeds - parts.noise) * seeds) ** 0.5
    print(f"{len(right)} sentences, {seeds} seeds, accuracy {right.mean():.3f}, ", end="")
    print(f"sd between seeds {100 * right.mean(axis=0).std(ddof=1):.1f} points, without noise {100 * spread:.1f}")
    for each in (1, 2, 3, 5, 10):
        former, now = false_claims(right, each)
        said = "refused" if now is None else f"{100 * now:.1f}%"
        print(f"  {each} and {each} seeds: formerly {100 * former:.1f}% said to differ, now {said}")
    as_it_is, corrected = luck(every_epoch)
    print(f"the best of {seeds} runs and {every_epoch.shape[1]} epochs is {as_it_is:.1f} points too high, ", end="")
    print(f"corrected {corrected:.1f}")


if __name__ == "__main__":
    main()
