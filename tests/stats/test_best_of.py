"""The best of settings drawn at random."""

from itertools import combinations

from finetune_report.stats.best_of import expected_best

import numpy as np
import pytest

SCORES = [0.7, 0.74, 0.69, 0.8, 0.74, 0.71, 0.77, 0.6]


@pytest.mark.parametrize("lower_is_better", [False, True])
def test_the_mean_is_that_of_all_subsets(lower_is_better: bool) -> None:
    best = min if lower_is_better else max
    for row in expected_best(SCORES, lower_is_better):
        found = [best(chosen) for chosen in combinations(SCORES, row.settings)]
        assert row.mean == pytest.approx(np.mean(found))
        assert sum(row.low <= one <= row.high for one in found) / len(found) >= 0.9


def test_the_band_never_reaches_beyond_the_best_and_the_curve_ends_there() -> None:
    for scores in np.random.default_rng(0).normal(size=(50, 30)):
        rows = expected_best(scores)
        assert all(scores.min() <= row.low <= row.high <= scores.max() for row in rows)
        assert rows[-1].mean == pytest.approx(scores.max())
        assert [row.mean for row in rows] == sorted(row.mean for row in rows)


def test_large_sweeps_are_no_trouble() -> None:
    rows = expected_best(np.linspace(0, 1, 3000))
    assert rows[1499].mean == pytest.approx(1500 / 1501, abs=1e-3)
    assert np.isfinite([row.mean for row in rows]).all()
