"""The kinds of claim that an author can make of a sentence, each judged by the results.

A kind is a function of the evidence and of the claim's arguments that returns a verdict. Wherever an argument is a
number, the key of a value will do.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from finetune_report.errors import UserError
from finetune_report.report.results import Evidence, common_onset, nearest, onset
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.multiple_testing import SIGNIFICANCE, Comparison

Number = float | str


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds, and the wording that the data allow; `p` is corrected for the document's comparisons."""

    holds: bool
    allowed: str
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None


def judge(kind: str, arguments: dict[str, Any], evidence: Evidence) -> Verdict:
    """The verdict on a claim. Raises UserError on an unknown kind, argument, setting or key."""
    if kind not in KINDS:
        raise UserError(f"there is no claim '{kind}'{nearest(kind, KINDS)}")
    try:
        inspect.signature(KINDS[kind]).bind(evidence, **arguments)
    except TypeError as error:
        expected = ", ".join(list(inspect.signature(KINDS[kind]).parameters)[1:])
        raise UserError(f"the claim '{kind}' takes {expected}: {error}") from None
    return KINDS[kind](evidence, **arguments)


def best_epoch_before(evidence: Evidence, run: str, epoch: Number) -> Verdict:
    """In every seed, the epoch that was kept by validation comes before `epoch`."""
    evidence.runs(run)
    best = {row["seed"]: row["best_epoch"] for row in evidence.selection["runs"] if row["setting"] == run}
    return Verdict(
        all(found < amount(evidence, epoch) for found in best.values()),
        f"the best epoch of {run} is {by_seed(best)}",
    )


def overfits_from(evidence: Evidence, run: str, epoch: Number) -> Verdict:
    """`epoch` is the first from which on every seed's run overfits (see `results.onset`)."""
    runs = evidence.runs(run)
    onsets = {seed: onset(curve) for seed, curve in runs.items()}
    return Verdict(common_onset(runs) == amount(evidence, epoch), f"{run} overfits from epoch {by_seed(onsets)} on")


def beats(evidence: Evidence, a: str, b: str, metric: str = "accuracy") -> Verdict:
    """The difference on the validation set is in favour of `a`, and significant."""
    return compared(evidence, a, b, metric, lambda comparison, shown: shown and favours_a(comparison))


def differ(evidence: Evidence, a: str, b: str, metric: str = "accuracy") -> Verdict:
    """The difference on the validation set is significant, whichever way it goes."""
    return compared(evidence, a, b, metric, lambda comparison, shown: shown)


def no_difference(evidence: Evidence, a: str, b: str, metric: str = "accuracy") -> Verdict:
    """The data show no difference: it is not significant. That there is none does not follow."""
    return compared(evidence, a, b, metric, lambda comparison, shown: not shown)


def largest(evidence: Evidence, key: str, among: list[str]) -> Verdict:
    """The value of `key` is larger than that of every other key in `among`."""
    numbers = {name: evidence.number(name) for name in dict.fromkeys([*among, key])}
    top = max(numbers.values())
    tops = [name for name, found in numbers.items() if found == top]
    return Verdict(tops == [key], f"the largest is {' and '.join(tops)} ({top:.4g}); {key} is {numbers[key]:.4g}")


def at_least(evidence: Evidence, key: str, x: Number) -> Verdict:
    found = evidence.number(key)
    return Verdict(found >= amount(evidence, x), f"{key} is {found:.6g}")


def at_most(evidence: Evidence, key: str, x: Number) -> Verdict:
    found = evidence.number(key)
    return Verdict(found <= amount(evidence, x), f"{key} is {found:.6g}")


def monotone(evidence: Evidence, keys: list[Number], direction: Literal["rising", "falling"]) -> Verdict:
    """Each value is larger (rising) or smaller (falling) than the one before it."""
    if direction not in ("rising", "falling"):
        raise UserError(f"direction is '{direction}'; it must be 'rising' or 'falling'")
    numbers = [amount(evidence, key) for key in keys]
    if len(numbers) < 2:
        raise UserError("monotone needs at least two values")
    steps = [(after - before) * (1 if direction == "rising" else -1) for before, after in pairwise(numbers)]
    return Verdict(all(step > 0 for step in steps), f"in order they are {', '.join(f'{x:.4g}' for x in numbers)}")


def miscalibrated(evidence: Evidence) -> Verdict:
    """The selected model's confidence on the test split is significantly off from how often it is right."""
    p = evidence.number("calibration.p")
    holds = p < SIGNIFICANCE
    return Verdict(holds, "the confidence is off" if holds else "the confidence is not shown to be off", p=p)


KINDS: dict[str, Callable[..., Verdict]] = {
    function.__name__: function
    for function in (
        best_epoch_before,
        overfits_from,
        beats,
        differ,
        no_difference,
        largest,
        at_least,
        at_most,
        monotone,
        miscalibrated,
    )
}


def amount(evidence: Evidence, number: Number) -> float:
    """A number as it is, or that of the value whose key is given."""
    return evidence.number(number) if isinstance(number, str) else number


def compared(evidence: Evidence, a: str, b: str, metric: str, holds: Callable[[Comparison, bool], bool]) -> Verdict:
    """The verdict on a comparison; `holds` is told it and whether its corrected p is significant."""
    comparison = evidence.comparison(a, b, metric)
    p = evidence.family.corrected(comparison)
    shown = p < SIGNIFICANCE
    if shown:
        ahead, behind = (a, b) if favours_a(comparison) else (b, a)
        allowed = f"{ahead} beats {behind} by validation {metric}"
    else:
        allowed = f"no difference in validation {metric} is shown between {a} and {b}"
    return Verdict(holds(comparison, shown), allowed, comparison.difference, comparison.interval, p)


def favours_a(comparison: Comparison) -> bool:
    return comparison.difference * METRICS[comparison.metric].sign > 0


def by_seed(found: dict[int, int | None]) -> str:
    """`4`, or `4 (seed 1), 5 (seed 2)` where seeds differ."""
    if len(set(found.values())) == 1:
        return str(next(iter(found.values())) or "none")
    return ", ".join(f"{epoch or 'none'} (seed {seed})" for seed, epoch in found.items())
