"""The expected calibration error, with what it is for a model that is calibrated.

Binned gaps are absolute values, so the error is above 0 even then, the more so the fewer the examples. Log loss and the
Brier score, which are means over examples, have no such trouble: `influence.log_loss`, `influence.brier`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BINS = 10
DRAWS = 2000


@dataclass(frozen=True)
class CalibrationError:
    """Of one run: the error, the mean and the 95% quantile that a calibrated model has, and the p of being one."""

    value: float
    null_mean: float
    null_high: float
    p_value: float


def bin_numbers(confidence: ArrayLike) -> NDArray[np.int64]:
    """The bin of each confidence, 1 to BINS; a bin holds its upper bound, not its lower one."""
    return np.clip(np.ceil(np.asarray(confidence, dtype=float) * BINS).astype(np.int64), 1, BINS)


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """How far confidence and accuracy lie apart, over ten bins of equal width, for probabilities [examples, classes].

    Guo, Pleiss, Sun & Weinberger 2017.
    """
    chances = np.asarray(probabilities, dtype=float)
    confidence = chances.max(axis=1)
    gaps = (chances.argmax(axis=1) == np.asarray(labels)) - confidence
    return float(np.abs(np.bincount(bin_numbers(confidence), weights=gaps)).sum() / len(gaps))


def calibration_error(labels: ArrayLike, probabilities: ArrayLike, draws: int = DRAWS) -> CalibrationError:
    """The expected calibration error, and what a calibrated model would have on as many examples.

    A calibrated model is right as often as it is confident: answers are drawn with these chances and the error is
    computed again (consistency resampling: Bröcker & Smith 2007; Vaicenavicius et al. 2019). The same each time.
    """
    chances = np.asarray(probabilities, dtype=float)
    confidence = np.minimum(chances.max(axis=1), 1.0)
    bins = np.eye(BINS + 1)[bin_numbers(confidence)]
    value = expected_calibration_error(labels, probabilities)
    chance = np.random.default_rng(0)
    block = max(1, 2_000_000 // len(confidence))
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    null = np.concatenate(
        [
            binned_error((chance.random((size, len(confidence))) < confidence).astype(float), confidence, bins)
            for size in sizes
        ]
    )
    p_value = (1 + int((null >= value - 1e-12).sum())) / (1 + draws)
    return CalibrationError(value, float(null.mean()), float(np.quantile(null, 0.95)), p_value)


def binned_error(right: Floats, confidence: Floats, bins: Floats) -> Floats:
    """For each row of answers, [draws, examples]."""
    error: Floats = np.abs((right - confidence) @ bins).sum(axis=1) / len(confidence)
    return error
