"""What is printed claims no more than what was found."""

from finetune_report.stats.rounding import column_decimals, outward

import numpy as np
import pytest


def test_bounds_move_outwards_only() -> None:
    for low, width in np.random.default_rng(0).normal(size=(2000, 2)):
        for decimals in range(4):
            rounded = outward((low, low + abs(width)), decimals)
            assert rounded[0] <= low + 1e-12
            assert rounded[1] >= low + abs(width) - 1e-12
            assert rounded[1] - rounded[0] <= abs(width) + 2 * 10**-decimals + 1e-9


@pytest.mark.parametrize("number", [0.29, 0.57, 0.1 + 0.2, 1.15, 0.85])
def test_what_is_round_already_stays(number: float) -> None:
    assert outward((number, number), 2) == (round(number, 2), round(number, 2))


def test_no_minus_before_0() -> None:
    assert str(outward((-0.0, -0.0001), 2)[1]) == "0.0"


def test_a_column_has_the_decimals_that_keep_bounds_off_0() -> None:
    assert column_decimals([(-1.23, 4.5), (0.31, 2.0)]) == 1
    assert column_decimals([(-1.23, 4.5), (0.04, 2.0)]) == 2
    assert column_decimals([(0.0, 2.0)]) == 1
    assert column_decimals([(1e-9, 2.0)]) == 4
