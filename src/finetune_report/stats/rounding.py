"""How numbers are rounded so that what is printed claims no more than what was found."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

MOST_DECIMALS = 4


def outward(interval: tuple[float, float], decimals: int) -> tuple[float, float]:
    """Bounds rounded such that the printed interval holds the real one; what is rounded already stays."""
    return towards(interval[0], decimals, ROUND_FLOOR), towards(interval[1], decimals, ROUND_CEILING)


def towards(number: float, decimals: int, rounding: str) -> float:
    # Twelve digits first: 0.1 + 0.2 is 0.3, not the next number above it.
    exact = Decimal(f"{number:.12g}").quantize(Decimal(1).scaleb(-decimals), rounding=rounding)
    return float(exact) + 0.0  # no minus sign before 0


def column_decimals(intervals: Iterable[tuple[float, float]], least: int = 1, most: int = MOST_DECIMALS) -> int:
    """The decimals of a whole column of differences: the fewest at which no bound other than 0 is printed as 0.

    Otherwise an interval that leaves out 0 could be printed as one that touches it.
    """
    bounds = list(intervals)
    for decimals in range(least, most):
        if all(
            (rounded == 0) == (bound == 0)
            for pair in bounds
            for bound, rounded in zip(pair, outward(pair, decimals), strict=True)
        ):
            return decimals
    return most
