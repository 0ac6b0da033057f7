"""What the selected setting's validation score would be without the selection: bootstrap bias correction.

The best of many candidates is best by luck too, so its score on the data that chose it is too good. The whole
selection, the epoch of each run and the setting, is made again on examples drawn with replacement, and scored on the
examples that were not drawn; the mean over the draws is what a selection like this one achieves (Tsamardinos, Greasidou
& Borboudakis 2018). It needs the validation predictions of all candidates, those of every epoch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from finetune_report.stats.metrics import Margins, counter

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
# Of one run: weights of the examples [draws, examples] to the metric after each epoch [draws, epochs].
Evaluator = Callable[[Floats], Floats]

RESAMPLES = 1000
BLOCK = 100  # draws at a time
EQUAL = 1e-12  # what two means of the same numbers may differ by


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
    ties: Sequence[Sequence[Evaluator]] | None = None,
) -> Corrected:
    """Of the best setting, by the mean over its runs' best epochs; `settings` has an evaluator for each run of each.

    Among equals, settings or epochs, `ties` decide: an evaluator for each run again, of which more is better. What is
    equal then too, or where there are none, comes in its order. The draws are the same each time.
    """
    sign = 1 if higher_is_better else -1
    seconds = ties or [[of_nothing(run) for run in of_setting] for of_setting in settings]
    runs = [list(zip(*both, strict=True)) for both in zip(settings, seconds, strict=True)]
    whole = np.ones((1, examples))
    scores, _, of_ties = chosen_scores(runs, whole, whole, sign)
    winner = int(best_places(sign * scores, of_ties)[0])
    epochs = [int(best_places(sign * run(whole), second(whole))[0]) for run, second in runs[winner]]
    chance = np.random.default_rng(0)
    found = []
    for start in range(0, resamples, BLOCK):
        drawn = draw_weights(min(BLOCK, resamples - start), examples, clusters, chance)
        left = (drawn == 0).astype(float)
        inside, outside, of_ties = chosen_scores(runs, drawn, left, sign)
        found.append(outside[np.arange(len(drawn)), best_places(sign * inside, of_ties)])
    return Corrected(
        winner,
        tuple(epochs),
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
    settings: Sequence[Sequence[tuple[Evaluator, Evaluator]]], drawn: Floats, left: Floats, sign: int
) -> tuple[Floats, Floats, Floats]:
    """Each setting's mean over its runs, each at the epoch best by `drawn`: by `drawn`, by `left`, and of its ties."""
    rows = np.arange(len(drawn))
    found = np.zeros((3, len(drawn), len(settings)))
    for place, runs in enumerate(settings):
        for run, second in runs:
            by_epoch, of_ties = run(drawn), second(drawn)
            best = best_places(sign * by_epoch, of_ties)
            found[:, :, place] += by_epoch[rows, best], run(left)[rows, best], of_ties[rows, best]
        found[:, :, place] /= len(runs)
    inside, outside, seconds = found
    return inside, outside, seconds


def best_places(scores: Floats, ties: Floats) -> NDArray[np.intp]:
    """In each row the place of the highest score, among equals of the highest tie, the first of what is equal then."""
    top = scores.max(axis=1, keepdims=True)
    return np.argmax(np.where(scores >= top - EQUAL * np.maximum(1, np.abs(top)), ties, -np.inf), axis=1)


def of_nothing(run: Evaluator) -> Evaluator:
    """For ties that nothing decides."""
    return lambda weights: np.zeros_like(run(weights))


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
    counters = [counter(labels, column) for column in np.asarray(predictions).T]

    def evaluate(weights: Floats) -> Floats:
        return np.stack([metric(count(weights)) for count in counters], axis=1)

    return evaluate


def of_sums(parts: Sequence[ArrayLike], metric: Callable[[Floats], Floats]) -> Evaluator:
    """For a metric of weighted means over examples, [draws, parts], from [examples, parts] for each epoch."""
    tables = [np.asarray(each, dtype=float) for each in parts]

    def evaluate(weights: Floats) -> Floats:
        total = np.maximum(weights.sum(axis=1, keepdims=True), 1)
        return np.stack([metric(weights @ table / total) for table in tables], axis=1)

    return evaluate
