"""What is claimed is seldom wrong, on simulated and on real runs."""

import numpy as np
import pytest


@pytest.mark.slow
def test_errors_are_near_five_percent_in_a_short_simulation() -> None:
    import simulated_runs

    cells = {
        (seeds, sd): simulated_runs.two_settings(
            np.random.default_rng(seeds), simulated_runs.WORLDS[300], seeds, sd, 400
        )
        for seeds in (1, 2, 3, 5)
        for sd in (0.0, 0.01)
    }
    for (seeds, sd), cell in cells.items():
        allowed = seeds > 1 or sd == 0
        assert not allowed or 0.015 < cell.null["new"] < 0.09, (seeds, sd)
        assert 0.915 < cell.null["covered"] < 0.985, (seeds, sd)
        assert 0.915 < cell.null["own"] < 0.985, (seeds, sd)
        assert cell.null["apart"] == cell.power["apart"] == 0
    assert np.mean([cell.null["new"] for (seeds, _), cell in cells.items() if seeds > 1]) == pytest.approx(
        0.05, abs=0.015
    )


@pytest.mark.slow
def test_real_runs_of_one_setting_are_seldom_told_apart() -> None:
    import real_seeds

    every_epoch = real_seeds.right_answers()
    right = every_epoch[:, -1]
    assert right.shape[1] == 20
    for seeds in (2, 3, 5):
        _, now = real_seeds.false_claims(right, seeds, splits=300)
        assert now is not None
        assert now < 0.1
    as_it_is, corrected = real_seeds.luck(every_epoch, splits=60)
    assert as_it_is > 1
    assert abs(corrected) < as_it_is / 2
