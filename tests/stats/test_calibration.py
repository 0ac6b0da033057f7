"""The calibration error and its null value."""

from finetune_report.stats.calibration import calibration_error, expected_calibration_error

import numpy as np
import pytest


def two(confidence: np.ndarray) -> np.ndarray:
    return np.stack([confidence, 1 - confidence], axis=1)


def test_by_hand() -> None:
    """Bins: 0.6 twice, half right (gap 0.2 in sum); 0.91 and 0.99 once right (0.9): of four examples."""
    found = calibration_error([0, 1, 0, 1], two(np.array([0.6, 0.6, 0.91, 0.99])))
    assert found.value == pytest.approx((0.2 + 0.9) / 4)


def test_a_calibrated_model_is_at_its_null_value() -> None:
    chance = np.random.default_rng(0)
    values, p_values = [], []
    for _ in range(60):
        confidence = chance.uniform(0.5, 1, 300)
        found = calibration_error((chance.random(300) > confidence).astype(int), two(confidence), 300)
        values.append(found.value - found.null_mean)
        p_values.append(found.p_value)
        assert found.null_mean > 0.02
    assert abs(np.mean(values)) < 0.006
    assert 0.3 < np.mean(p_values) < 0.7


def test_overconfidence_is_found() -> None:
    chance = np.random.default_rng(1)
    found = calibration_error((chance.random(300) > 0.7).astype(int), two(np.full(300, 0.95)))
    assert found.value > found.null_high
    assert found.p_value < 0.01


def test_calibration_error_by_hand() -> None:
    # Confidence 0.75 with 1 of 2 right, and 0.95 with 2 of 2 right: (2 * 0.25 + 2 * 0.05) / 4.
    probabilities = np.array([[0.75, 0.25], [0.25, 0.75], [0.95, 0.05], [0.05, 0.95]])
    assert expected_calibration_error(np.array([0, 0, 0, 1]), probabilities) == pytest.approx(0.15)
    assert expected_calibration_error(np.array([0, 1]), np.eye(2)) == 0.0


def test_gaps_of_opposite_sign_in_different_bins_do_not_cancel() -> None:
    probabilities = np.array([[0.65, 0.35], [0.85, 0.15]])
    assert expected_calibration_error(np.array([0, 1]), probabilities) == pytest.approx((0.35 + 0.85) / 2)
