"""What the selected setting's validation score would be without the selection: bootstrap bias correction.

The best of many candidates is best by luck too, so its score on the data that chose it is too good. The whole
selection, the epoch of each run and the setting, is made again on examples drawn with replacement, and scored on the
examples that were not drawn; the mean over the draws is what a selection like this one achieves (Tsamardinos, Greasidou
& Borboudakis 2018). It needs the validation predictions of all candidates, those of every epoch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from finetune_report.stats.metrics import Margins, margins

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
# Of one run: weights of the examples [draws, examples] to the metric after each epoch [draws, epochs].
Evaluator = Callable[[Floats], Floats]

RESAMPLES = 1000
BLOCK = 100  # draws at a time


@dataclass(frozen=True)
class Corrected:
    """The selected setting's place, its score as it is, and as it is expected on other examples.

    `epochs` has the selected epoch of each of its runs, from 0; `candidates` counts the epochs of all settings (of its
    longest run each).
    """

    selected: int
    epochs: tuple[int, ...]
    score: float
    corrected: float
    candidates: int

    @property
    def optimism(self) -> float:
        return self.score - self.corrected


def correct_winner(
    settings: Sequence[Sequence[Evaluator]],
    examples: int,
    higher_is_better: bool = True,
    clusters: ArrayLike | None = None,
    resamples: int = RESAMPLES,
) -> Corrected:
    """Of the best setting, by the mean over its runs' best epochs; `settings` has an evaluator for each run of each.

    Of equals the first is selected, setting or epoch. The draws are the same each time.
    """
    sign = 1 if higher_is_better else -1
    whole = np.ones((1, examples))
    scores, epochs = chosen_epochs(settings, whole, whole, sign)
    winner = int(np.argmax(sign * scores[0]))
    chance = np.random.default_rng(0)
    found = []
    for start in range(0, resamples, BLOCK):
        drawn = draw_weights(min(BLOCK, resamples - start), examples, clusters, chance)
        left = (drawn == 0).astype(float)
        inside, outside = chosen_scores(settings, drawn, left, sign)
        found.append(outside[np.arange(len(drawn)), np.argmax(sign * inside, axis=1)])
    return Corrected(
        winner,
        tuple(int(epoch) for epoch in epochs[winner]),
        float(scores[0, winner]),
        float(np.nanmean(np.concatenate(found))),
        sum(max(run(whole).shape[1] for run in runs) for runs in settings),
    )


def draw_weights(draws: int, examples: int, clusters: ArrayLike | None, chance: np.random.Generator) -> Floats:
    """How often each example is drawn; the examples of a cluster are drawn together."""
    numbers = np.arange(examples) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    units = int(numbers.max()) + 1
    return chance.multinomial(units, np.full(units, 1 / units), size=draws)[:, numbers].astype(float)


def chosen_scores(
    settings: Sequence[Sequence[Evaluator]], drawn: Floats, left: Floats, sign: int
) -> tuple[Floats, Floats]:
    """Each setting's mean over its runs, each at the epoch best by `drawn`: by `drawn`, and by `left`."""
    rows = np.arange(len(drawn))
    inside = np.empty((len(drawn), len(settings)))
    outside = np.empty_like(inside)
    for place, runs in enumerate(settings):
        means = np.zeros((2, len(drawn)))
        for run in runs:
            by_epoch = run(drawn)
            best = np.argmax(sign * by_epoch, axis=1)
            means += by_epoch[rows, best], run(left)[rows, best]
        inside[:, place], outside[:, place] = means / len(runs)
    return inside, outside


def chosen_epochs(
    settings: Sequence[Sequence[Evaluator]], drawn: Floats, left: Floats, sign: int
) -> tuple[Floats, list[list[int]]]:
    inside, _ = chosen_scores(settings, drawn, left, sign)
    return inside, [[int(np.argmax(sign * run(drawn)[0])) for run in runs] for runs in settings]


def of_means(scores: ArrayLike) -> Evaluator:
    """For a metric that is a mean over examples, from a run's scores [examples, epochs]; kept as small as they are."""
    table = np.asarray(scores)

    def evaluate(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore"):  # of a few examples all may be drawn, and none left
            total: Floats = weights @ table / weights.sum(axis=1, keepdims=True)
        return total

    return evaluate


def of_confusion(labels: ArrayLike, predictions: ArrayLike, metric: Callable[[Margins], Floats]) -> Evaluator:
    """For a metric of confusion matrices, from a run's classes [examples, epochs]."""
    columns = np.asarray(predictions).T

    def evaluate(weights: Floats) -> Floats:
        return np.stack([metric(margins(labels, column, weights)) for column in columns], axis=1)

    return evaluate


def of_sums(parts: Sequence[ArrayLike], metric: Callable[[Floats], Floats]) -> Evaluator:
    """For a metric of weighted means over examples, [draws, parts], from [examples, parts] for each epoch."""
    tables = [np.asarray(each, dtype=float) for each in parts]

    def evaluate(weights: Floats) -> Floats:
        total = np.maximum(weights.sum(axis=1, keepdims=True), 1)
        return np.stack([metric(weights @ table / total) for table in tables], axis=1)

    return evaluate
