"""Values in print: by kind, with the digits that their interval supports, and as an author asks."""

from typing import Any

from finetune_report.report.values import Value, escaped, printed, supported_digits

import numpy as np
import pytest


def value(number: float | str, kind: str = "real", interval: tuple[float, float] | None = None) -> Value:
    return Value("a.key", number, kind, interval, "file.json", "/a")


@pytest.mark.parametrize(
    ("interval", "digits"),
    [
        ((0.82, 0.91), 2),  # half-width 0.045
        ((0.70, 0.94), 2),  # 0.12, whose first digit is a 1
        ((0.890, 0.906), 3),  # 0.008
        ((0.0, 0.1999), 2),  # 0.09995 is 0.1 with one digit
        ((0.60, 0.94), 1),  # 0.17 is 0.2 with one digit
        ((95.0, 115.0), 0),
        ((0.5, 0.5), 1),
    ],
)
def test_digits_end_at_the_first_of_the_half_width_or_the_second_after_a_1(
    interval: tuple[float, float], digits: int
) -> None:
    assert supported_digits(interval) == digits


@pytest.mark.parametrize(
    ("number", "kind", "interval", "expected"),
    [
        (0.8733333, "accuracy", (0.82, 0.91), "0.87"),
        (0.8733333, "accuracy", (0.60, 0.96), "0.9"),
        (0.8733333, "accuracy", None, "0.873"),
        (6920, "count", None, "6,920"),
        (3.5, "count", None, "3.5"),
        (4.0, "count", None, "4"),
        (0.35012, "loss", None, "0.350"),
        (1234.56, "seconds", None, "1,230"),
        (1e-5, "rate", None, "1 × 10^−5^"),
        (2.5e-5, "rate", None, "2.5 × 10^−5^"),
        (0.00012345, "rate", None, "1.2345 × 10^−4^"),  # a setting, so printed as it is
        (0.01, "rate", None, "0.01"),
        (123.456789, "rate", None, "123"),  # measured
        (1.2345e-7, "error", None, "1.2 × 10^−7^"),
        (0.0, "error", None, "0"),
        (17.2, "real", None, "17.2"),
        (-0.0123456789, "real", (-0.04, 0.02), "−0.01"),
        (-0.001, "real", (-0.04, 0.04), "0.00"),
        (0.0349999, "p", None, "0.035"),
        (1.9e-9, "p", None, "1.9 × 10^−9^"),
        (1.0, "p", None, "1.0"),
        (104.0, "seconds", (75.0, 115.0), "100"),
        (0.04996, "p", None, "0.04996"),  # on its side of 0.05,
    ],
)
def test_numbers_are_printed_by_kind_and_interval(
    number: float, kind: str, interval: tuple[float, float] | None, expected: str
) -> None:
    assert printed(value(number, kind, interval)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"digits": 4}, "0.8733"),
        ({"interval": True}, "0.87 (0.82 to 0.91)"),
        ({"percent": True}, "87%"),
        ({"percent": True, "digits": 1}, "87.3%"),
        ({"percent": True, "interval": True}, "87% (82 to 91)"),
        ({"digits": 4, "interval": True}, "0.8733 (0.8200 to 0.9100)"),
        ({"points": True, "interval": True}, "87.3 (82.0 to 91.0)"),
    ],
)
def test_an_author_may_ask_for_more(options: dict[str, Any], expected: str) -> None:
    assert printed(value(0.8733333, "accuracy", (0.82, 0.91)), **options) == expected


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (value("text", "text"), {"digits": 2}),
        (value(0.5), {"interval": True}),
        (value(5, "count"), {"percent": True}),
        (value(0.5), {"code": True}),
    ],
)
def test_an_impossible_wish_is_refused(given: Value, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"number|interval|share"):
        printed(given, **options)


def test_texts_lose_their_meaning_to_markdown() -> None:
    assert printed(value("a_b*c|d [x]\n^2^", "text")) == r"a\_b\*c\|d \[x\] \^2\^"
    assert printed(value("a`b", "text"), code=True) == "`` a`b ``"
    assert escaped("plain") == "plain"


def test_a_printed_p_stays_on_its_side() -> None:
    for p in np.random.default_rng(1).uniform(0.0495, 0.0505, 2000):
        assert (float(printed(value(p, "p"))) < 0.05) == (p < 0.05)


def test_differences_in_points_have_one_decimal_and_no_minus_before_0() -> None:
    assert printed(value(-0.0001), points=True) == "0.0"
    assert printed(value(0.0456), points=True) == "4.6"
