"""Values made of two published ones where the write-up asks for them: their difference, ratio, share or change.

Such a value has the key `ratio(<key>, <key>)` and comes from every place that its two values come from. It has an
interval only where the results have one of just this number: that of a declared comparison, or that of an accuracy.
"""

import math
import re
from collections.abc import Callable

from finetune_report.config.comparisons import EXPLORATORY
from finetune_report.errors import UserError
from finetune_report.report.keys import BARE_OR_QUOTED, join, split
from finetune_report.report.results import Evidence
from finetune_report.report.values import Value, decimals_of, supported_digits

MEASURED_DIGITS = 2  # significant ones of a ratio of two numbers of which one has an interval
OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "difference": lambda a, b: a - b,
    "ratio": lambda a, b: a / b,
    "share": lambda a, b: a / b,
    "change": lambda a, b: (b - a) / a,
}
KEY = rf"{BARE_OR_QUOTED}(?:\.{BARE_OR_QUOTED})*"
DERIVED = re.compile(rf"({'|'.join(OPERATIONS)})\(({KEY}), ({KEY})\)", re.DOTALL)


def operands(key: str) -> tuple[str, str, str] | None:
    """Operation and keys of a derived value's key; None of another key."""
    found = DERIVED.fullmatch(key)
    return (found[1], found[2], found[3]) if found else None


def keys_in(key: str) -> tuple[str, ...]:
    """The published keys that a key is about: its two of a derived value, itself otherwise."""
    found = operands(key)
    return found[1:] if found else (key,)


def derived(name: str, a: str, b: str, evidence: Evidence) -> Value:
    """The value `name(a, b)`. Raises UserError where one is a text, the kinds do not fit, or b (or a) is 0."""
    first, second = evidence.value(a), evidence.value(b)
    x, y = evidence.number(a), evidence.number(b)
    refuse(name, first, second, x, y)
    source = compared(name, a, b, evidence) or scored(name, a, b, evidence)
    number = OPERATIONS[name](x, y)
    fits = source is not None and math.isclose(number, float(source.value), rel_tol=1e-9, abs_tol=1e-12)
    places = (source,) if fits and source else ()
    return Value(
        f"{name}({a}, {b})",
        number,
        "count" if name == "difference" and first.kind == "count" else "real",
        source.interval if fits and source else None,
        first.source,
        first.pointer,
        name,
        tuple(dict.fromkeys(place for value in (first, second, *places) for place in value.origins)),
    )


def refuse(name: str, first: Value, second: Value, x: float, y: float) -> None:
    if name in ("difference", "change") and first.kind != second.kind:
        raise UserError(
            f"{name}('{first.key}', '{second.key}') would mix numbers of two kinds, {first.kind} and {second.kind}; "
            "take two of one kind"
        )
    divisor, key = (x, first.key) if name == "change" else (y, second.key)
    if name != "difference" and not divisor:
        raise UserError(f"{name}('{first.key}', '{second.key}') would divide by '{key}', which is 0")
    if name == "share" and not 0 <= x <= y:
        raise UserError(
            f"share('{first.key}', '{second.key}') is for a part and its whole, and they are {x:g} and {y:g}; say "
            "ratio(...) of numbers that are neither"
        )


def compared(name: str, a: str, b: str, evidence: Evidence) -> Value | None:
    """The difference in a declared comparison of the settings or methods that two scores are of."""
    if name != "difference":
        return None
    one, other = scored_by(a, evidence), scored_by(b, evidence)
    if one is None or other is None or one[1:] != other[1:]:
        return None
    (who, on, metric), whom = one, other[0]
    below = ("test",) if on == "test" else ()
    stem, family = join("comparison", *below, who, whom), join("family", *below)
    if not evidence.has(f"{stem}.outcome") or evidence.text(f"{stem}.outcome") == EXPLORATORY:
        return None
    return evidence.value(f"{stem}.difference") if evidence.text(f"{family}.metric") == metric else None


def scored_by(key: str, evidence: Evidence) -> tuple[str, str, str] | None:
    """Which setting or method a score is of, on which split, by which metric; None of another value."""
    from finetune_report.stats.metrics import METRICS  # NumPy with it, which `why` need not wait for

    match split(key):
        case ("winner", "validation", metric) if metric in METRICS:
            return evidence.selection["winner"], "validation", metric
        case ("runs", name, "validation", metric) if metric in METRICS:
            return name, "validation", metric
        case ("winner", "test", metric) if metric in METRICS:
            return "winner", "test", metric
        case ("baselines", name, "test", metric) | ("test", name, metric) if metric in METRICS:
            return name, "test", metric
    return None


def scored(name: str, a: str, b: str, evidence: Evidence) -> Value | None:
    """The accuracy that the share of right answers is."""
    stem = a.removesuffix(".correct")
    if name in ("share", "ratio") and a == f"{stem}.correct" and b == f"{stem}.count":
        return evidence.values.get(f"{stem}.accuracy")
    return None


def digits_of(value: Value, evidence: Evidence, scaled: bool) -> int | None:
    """The decimals of a derived value that the numbers behind it support; None where it is printed as any value is.

    `scaled` where it is printed in percent or points. A difference has the decimals of the less sure of its two.
    """
    assert not isinstance(value.value, str)
    if value.interval or value.kind == "count":
        return None
    inputs = [evidence.value(key) for key in keys_in(value.key)]
    intervals = [given.interval for given in inputs if given.interval]
    shift = 2 if scaled else 0
    if not intervals:
        return None
    digits = (
        min(map(supported_digits, intervals))
        if value.aggregate == "difference"
        else decimals_of(value.value, MEASURED_DIGITS)
    )
    return max(0, digits - shift)
