"""Values that the write-up may cite, and how they are printed: never with more digits than their interval supports."""

import math
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune_report.files import read_json
from finetune_report.fonts import undrawable
from finetune_report.stats.intervals import ALPHA
from finetune_report.stats.rounding import column_decimals, outward
from finetune_report.terminal import JOINERS, visible

SIGNIFICANT_DIGITS = 3  # of a measured number without an interval
SETTING_DIGITS = 6  # a number of at most so many digits was set, not measured, and is printed as it is
EXTRA_DIGITS = 3  # at most, so that a bound near 0 is not printed as 0
SCIENTIFIC_BELOW = 1e-3
LARGEST_SMALL_ERROR = 1e-2
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


@dataclass(frozen=True)
class Value:
    """One entry of values.json; `pointer` says where in the file `source` it stands.

    Where it was made of several numbers, `aggregate` says how (mean, sum, sd), and `parts` where each of them stands.
    """

    key: str
    value: float | str
    kind: str
    interval: tuple[float, float] | None
    source: str
    pointer: str
    aggregate: str = ""
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def origins(self) -> tuple[tuple[str, str], ...]:
        """Source and pointer of each number that it was made of."""
        return self.parts or ((self.source, self.pointer),)

    @property
    def full(self) -> str:
        """The value with all its digits, as the result file has it."""
        return self.value if isinstance(self.value, str) else repr(self.value)


def read_values(path: Path) -> dict[str, Value]:
    """Every value of a values.json, by key."""
    return values_of(read_json(path))


def values_of(entries: dict[str, Any]) -> dict[str, Value]:
    """Every value by its key, from the entries of a values.json."""
    return {
        key: Value(
            key,
            entry["value"],
            entry["kind"],
            tuple(entry["interval"]) if entry["interval"] else None,
            entry["source"],
            entry["pointer"],
            entry.get("aggregate", ""),
            tuple((source, pointer) for source, pointer in entry.get("parts", [])),
        )
        for key, entry in entries.items()
    }


def printed(
    value: Value,
    digits: int | None = None,
    percent: bool = False,
    points: bool = False,
    interval: bool = False,
    code: bool = False,
) -> str:
    """`value` as pandoc Markdown.

    `digits` asks for that many decimals by name; without it `supported_digits` decides. `percent` multiplies by 100,
    `points` prints a difference of shares in percentage points, `interval` adds the interval in parentheses, its bounds
    rounded outward, and `code` prints a text in a code span. Raises ValueError where the value
    has no interval, or is a text that an option for numbers is asked of, or the other way round.
    """
    if isinstance(value.value, str):
        if digits is not None or percent or points or interval:
            raise ValueError("it is a text; digits, percent, points and interval are for numbers")
        return code_span(value.value) if code else escaped(value.value)
    if code:
        raise ValueError("it is a number; code is for texts")
    if percent or points:
        value = in_percent(value)
    elif digits is not None and value.kind != "error" and hides(float(value.value), value.kind, digits):
        raise ValueError(f"with {digits} decimals nothing of {value.value:g} would be left; ask for more")
    if digits is None and (points or (interval and value.interval)):
        digits = decimals([value], points)
    text = number(value, digits) + ("%" if percent else "")
    if not interval:
        return text
    if value.interval is None:
        raise ValueError("it has no interval")
    assert digits is not None
    low, high = (fixed(bound, digits) for bound in outward(value.interval, digits))
    return f"{text} ({low} to {high})"


def hides(number: float, kind: str, digits: int) -> bool:
    """Whether so few decimals turn a share into 0 or 1, or a rate that was set into 0."""
    return (digits < 1 and 0 < abs(number) < 1) or (kind == "rate" and number != 0 and not round(number, digits))


def decimals(values: list[Value], points: bool = False) -> int:
    """The decimals for all of some values, as one column of a table has them: those that the surest one supports.

    Differences in points have one. No bound of a difference but 0 is printed as 0, so that an interval that leaves 0
    out shows that.
    """
    intervals = [value.interval for value in values if value.interval]
    least = 1 if points else max(map(supported_digits, intervals), default=SIGNIFICANT_DIGITS)
    differences = [value.interval for value in values if value.interval and value.kind == "real"]
    return column_decimals(differences, least, least + EXTRA_DIGITS)


def in_percent(value: Value) -> Value:
    if value.kind == "count":
        raise ValueError("a count is no share; percent is for shares")
    assert not isinstance(value.value, str)
    bounds = (value.interval[0] * 100, value.interval[1] * 100) if value.interval else None
    return replace(value, value=value.value * 100, interval=bounds)


def number(value: Value, digits: int | None) -> str:
    """A numeric value in Markdown, with `digits` decimals or as many as fit its kind and interval."""
    number = value.value
    assert not isinstance(number, str)
    if value.kind == "error" and (digits is not None or abs(number) < LARGEST_SMALL_ERROR):
        return scientific(number, 1 if digits is None else digits)
    if digits is not None:
        return fixed(number, digits)
    if value.kind == "count":
        return fixed(number, 0 if float(number).is_integer() else 1)
    if value.interval:
        return fixed(number, supported_digits(value.interval))
    if value.kind in ("rate", "real") and len(significand(number)) <= SETTING_DIGITS:
        return exact(number)
    wanted = p_digits(number) if value.kind == "p" else SIGNIFICANT_DIGITS
    if number and abs(number) < SCIENTIFIC_BELOW:
        return scientific(number, wanted - 1)
    return fixed(number, decimals_of(number, wanted))


def p_digits(p_value: float) -> int:
    """Two significant digits of a p, or as many as it takes to stay on its side of the level."""
    for digits in range(2, 8):
        if (round(p_value, decimals_of(p_value, digits)) < ALPHA) == (p_value < ALPHA):
            return digits
    return 8


def supported_digits(interval: tuple[float, float]) -> int:
    """The decimals that an interval supports: down to the first digit of its half-width, and no further.

    The GUM (JCGM 100:2008, 7.2.6) lets an estimate be rounded to agree with its uncertainty, given with two significant
    digits at most; of the half-width of a 95% interval, already twice the standard uncertainty, one is kept here, and
    two where the first is a 1: bounds are rounded outward, which would widen the interval by half of itself otherwise.
    """
    half = (interval[1] - interval[0]) / 2
    return decimals_of(half, 2 if f"{half:.0e}".startswith("1") else 1)


def decimals_of(number: float, significant: int) -> int:
    """Decimals that show `number` with so many significant digits; below zero, the digits left of the point to drop."""
    if not number or not math.isfinite(number):
        return significant
    exponent = int(f"{number:.{significant - 1}e}".partition("e")[2])
    return significant - 1 - exponent


def fixed(number: float, decimals: int) -> str:
    """With so many decimals, thousands separators, and a true minus sign that a rounded zero does not keep."""
    rounded = round(number, decimals)
    return f"{rounded or 0.0:,.{max(0, decimals)}f}".replace("-", "−")


def scientific(number: float, decimals: int) -> str:
    if not number:
        return "0"
    mantissa, _, exponent = f"{number:.{decimals}e}".partition("e")
    return f"{mantissa} × 10^{int(exponent)}^".replace("-", "−")


def exact(number: float) -> str:
    """All digits of a short number."""
    digits = significand(number)
    if number and abs(number) < SCIENTIFIC_BELOW:
        return scientific(number, len(digits) - 1)
    return fixed(number, max(0, decimals_of(number, len(digits))))


def significand(number: float) -> str:
    """The digits of a number without sign, point, exponent and outer zeros."""
    return re.sub(r"e.*|[^0-9]", "", repr(float(number))).strip("0") or "0"


def escaped(text: str) -> str:
    """A text in which no character means anything to pandoc."""
    return isolated(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", shown(text)))


def shown(text: str) -> str:
    """A text on one line, in which nothing turns the direction of what is printed or hides.

    What joins letters stays: words and emoji are written with it. A sign that no font has is written as an escape.
    """
    line = visible(" ".join(text.split()), kept=JOINERS)
    for sign in undrawable(line):
        line = line.replace(sign, sign.encode("unicode_escape").decode())
    return line


def isolated(text: str) -> str:
    """A text with letters written from right to left, kept from turning what stands next to it."""
    rightward = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}" if rightward else text


def code_span(text: str) -> str:
    """A text in a code span, fenced by more backticks than it holds in a row."""
    text = isolated(shown(text))
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"
