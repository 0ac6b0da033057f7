"""The kinds of claim that an author can make of a sentence, each judged by the results.

A kind is a function of the evidence and of the claim's arguments that returns a verdict. Wherever an argument is a
number, the key of a value will do.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal, get_args

from finetune_report.errors import UserError
from finetune_report.report.keys import is_below, join, split
from finetune_report.report.results import Evidence, common_onset, nearest, onset
from finetune_report.report.verdicts import DECIDED, Verdict, declared, require_settings
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.ranks import FEWEST_DATASETS, FEWEST_SYSTEMS

Number = float | str
Split = Literal["validation", "test"]

CurveName = Literal["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
CURVES = get_args(CurveName)
LEVEL = 4  # a plateau is so many times flatter than the whole curve, at least
# Parts of the keys of models' scores.
SCORES = {
    *METRICS,
    *("precision", "recall", "f1", "correct", "errors", "confusion", "brier", "score", "corrected", "expected"),
    *("average_score", "average_rank"),
}
# Kinds whose sentence must say that it is about trained models where there is one seed.
OF_MODELS = ("model_beats", "equivalent")
GONE = {
    "no_difference": "there is no claim 'no_difference' any more: that a test finds nothing does not show that there "
    "is nothing. Say claim('undecided', ...) in a sentence such as: the data do not decide between a and b; or "
    "declare comparisons.margin in the config and say claim('equivalent', ...)"
}


def judge(kind: str, arguments: dict[str, Any], evidence: Evidence) -> Verdict:
    """The verdict on a claim. Raises UserError on an unknown kind, argument, setting or key."""
    if kind in GONE:
        raise UserError(GONE[kind])
    if kind not in KINDS:
        raise UserError(f"there is no claim '{kind}'{nearest(kind, KINDS)}")
    if kind not in OF_STUDIES and "experiment" in arguments:
        found = evidence.within(arguments["experiment"])
        verdict = judge(kind, {name: given for name, given in arguments.items() if name != "experiment"}, found)
        return replace(verdict, allowed=f"on {arguments['experiment']}, {verdict.allowed}")
    if evidence.experiments and kind not in (*OF_STUDIES, *OF_VALUES):
        raise UserError(
            f"the claim '{kind}' is about one experiment; say which, as in experiment='{evidence.experiments[0]}'"
        )
    try:
        inspect.signature(KINDS[kind]).bind(evidence, **arguments)
    except TypeError as error:
        expected = ", ".join(list(inspect.signature(KINDS[kind]).parameters)[1:])
        raise UserError(f"the claim '{kind}' takes {expected}: {error}") from None
    return KINDS[kind](evidence, **arguments)


def best_epoch_before(evidence: Evidence, run: str, epoch: Number) -> Verdict:
    """In every seed, the epoch that is best by validation comes before `epoch`, which is one of those trained."""
    last = max(row["epoch"] for rows in evidence.runs(run).values() for row in rows)
    if amount(evidence, epoch) > last:
        raise UserError(
            f"the claim 'best_epoch_before' says nothing with epoch {amount(evidence, epoch):g}, since {run} was "
            f"trained for {last:g}; say an epoch that it was trained for"
        )
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


def overfits(evidence: Evidence, run: str) -> Verdict:
    """From some epoch on every seed's run overfits (see `results.onset`)."""
    runs = evidence.runs(run)
    onsets = {seed: onset(curve) for seed, curve in runs.items()}
    return Verdict(common_onset(runs) is not None, f"the epoch from which on {run} overfits is {by_seed(onsets)}")


def rises(evidence: Evidence, run: str, curve: CurveName, since: Number = 1) -> Verdict:
    """From the epoch `since` on, in every seed: the curve nowhere falls, and ends higher than it began."""
    return follows(evidence, "rises", run, curve, since, 1)


def falls(evidence: Evidence, run: str, curve: CurveName, since: Number = 1) -> Verdict:
    """From the epoch `since` on, in every seed: the curve nowhere rises, and ends lower than it began."""
    return follows(evidence, "falls", run, curve, since, -1)


def plateaus(evidence: Evidence, run: str, curve: CurveName, since: Number, within: float) -> Verdict:
    """From the epoch `since` on, in every seed, no two numbers of the curve are further apart than `within`."""
    found = pieces(evidence, "plateaus", run, curve, since)
    course = min(max(piece) - min(piece) for piece in pieces(evidence, "plateaus", run, curve, 1))
    if within > course / LEVEL:
        raise UserError(
            f"the claim 'plateaus' with within={within:g} says nothing of the {named(curve)} of {run}, which all in "
            f"all varies by {course:.4g}; say a number of at most {course / LEVEL:.2g}"
        )
    widest = max(max(piece) - min(piece) for piece in found)
    return Verdict(
        widest <= within,
        f"from epoch {amount(evidence, since):g} on the {named(curve)} of {run} varies by {widest:.4g}",
    )


def beats(evidence: Evidence, a: str, b: str, metric: str = "", split: Split = "validation") -> Verdict:
    """Setting `a` is ahead of `b`, over examples and seeds like these; needs two seeds at least."""
    found = declared(evidence, a, b, metric, split)
    require_settings("beats", found)
    return found.verdict(found.outcome == "ahead")


def differ(evidence: Evidence, a: str, b: str, metric: str = "", split: Split = "validation") -> Verdict:
    """One of two settings is ahead of the other, whichever it is; needs two seeds at least."""
    found = declared(evidence, a, b, metric, split)
    require_settings("differ", found)
    return found.verdict(found.outcome in DECIDED)


def model_beats(evidence: Evidence, a: str, b: str, metric: str = "", split: Split = "validation") -> Verdict:
    """With one seed: the model trained with `a` is ahead of the one trained with `b`, on examples like these."""
    found = declared(evidence, a, b, metric, split)
    if found.about != "models":
        raise UserError(
            f"the claim 'model_beats' is about two trained models, and '{a}' and '{b}' were trained with several "
            "seeds; say claim('beats', ...), which is about the settings"
        )
    return found.verdict(found.outcome == "ahead")


def equivalent(evidence: Evidence, a: str, b: str, metric: str = "", split: Split = "validation") -> Verdict:
    """The difference lies within the margin that the config declares (two one-sided tests)."""
    found = declared(evidence, a, b, metric, split)
    if not evidence.has(f"{found.key}.within_margin"):
        raise UserError(
            "the claim 'equivalent' needs a margin, declared before training: comparisons.margin in the config, such "
            "as 0.02 for differences of up to two points"
        )
    return found.verdict(evidence.text(f"{found.key}.within_margin") == "true")


def undecided(evidence: Evidence, a: str, b: str, metric: str = "", split: Split = "validation") -> Verdict:
    """The data do not decide between `a` and `b`: neither is ahead, nor are they equivalent within a margin."""
    found = declared(evidence, a, b, metric, split)
    return found.verdict(found.outcome == "undecided")


def could_be_best(evidence: Evidence, a: str) -> Verdict:
    """Setting `a` is not ruled out as the best of all, or as good as it (Hsu's comparisons with the best)."""
    evidence.runs(a)
    key = join("comparison", a, "could_be_best")
    if not evidence.has(key):
        raise UserError("there is a single setting, or too many of them, to say which could be the best")
    p = evidence.number(key)
    could = p >= level(evidence)
    said = f"{a} {'could be' if could else 'is ruled out as'} the best of the settings (p of being the best {p:.2g})"
    return Verdict(could, said, p=p)


def largest(evidence: Evidence, key: str, among: list[str]) -> Verdict:
    """The value of `key` is larger than that of every other key in `among`; not for scores of models."""
    refuse_scores("largest", [key, *among], evidence)
    if not {*among} - {key}:
        raise UserError(f"the claim 'largest' says nothing without another key than '{key}' in among")
    numbers = {name: evidence.number(name) for name in dict.fromkeys([*among, key])}
    top = max(numbers.values())
    tops = [name for name, found in numbers.items() if found == top]
    return Verdict(tops == [key], f"the largest is {' and '.join(tops)} ({top:.4g}); {key} is {numbers[key]:.4g}")


def ranks(evidence: Evidence, key: str, place: int, among: list[str]) -> Verdict:
    """Of the values in `among`, `place` − 1 are larger than that of `key`, and no other equals it; not for scores."""
    refuse_scores("ranks", [key, *among], evidence)
    if not {*among} - {key}:
        raise UserError(f"the claim 'ranks' says nothing without another key than '{key}' in among")
    own = evidence.number(key)
    others = [evidence.number(name) for name in dict.fromkeys(among) if name != key]
    found = 1 + sum(other > own for other in others)
    said = f"{key} is in place {found} of {len(others) + 1}" + (", with an equal" if own in others else "")
    return Verdict(found == place and own not in others, said)


def most(evidence: Evidence, part: str, whole: str) -> Verdict:
    """The count `part` is more than half of the count `whole`, which is another."""
    if part == whole:
        raise UserError(f"the claim 'most' says nothing where part and whole are both '{part}'; name the whole of it")
    for key in (part, whole):
        if evidence.value(key).kind != "count":
            raise UserError(f"the claim 'most' is of counts, and '{key}' is none; say claim('at_least', ...)")
    some, every = evidence.number(part), evidence.number(whole)
    return Verdict(every > 0 and some > every / 2, f"{part} is {some:g} of {every:g}")


def at_least(evidence: Evidence, key: str, x: Number) -> Verdict:
    """The value is `x` at least; of a model's score the whole interval lies there, and `x` is a number."""
    return bounded(evidence, "at_least", key, x, 1)


def at_most(evidence: Evidence, key: str, x: Number) -> Verdict:
    """The value is `x` at most; of a model's score the whole interval lies there, and `x` is a number."""
    return bounded(evidence, "at_most", key, x, -1)


def monotone(evidence: Evidence, keys: list[Number], direction: Literal["rising", "falling"]) -> Verdict:
    """Each value is larger (rising) or smaller (falling) than the one before it; not for scores of models."""
    if direction not in ("rising", "falling"):
        raise UserError(f"direction is '{direction}'; it must be 'rising' or 'falling'")
    refuse_scores("monotone", [key for key in keys if isinstance(key, str)], evidence)
    numbers = [amount(evidence, key) for key in keys]
    if len(numbers) < 2:
        raise UserError("monotone needs at least two values")
    steps = [(after - before) * (1 if direction == "rising" else -1) for before, after in pairwise(numbers)]
    return Verdict(all(step > 0 for step in steps), f"in order they are {', '.join(f'{x:.4g}' for x in numbers)}")


def unbeaten(evidence: Evidence, system: str, experiment: str) -> Verdict:
    """In a study: no other system of its table beats this one significantly on the test split of an experiment."""
    key = join("study", system, experiment, "standing")
    if not evidence.has(key):
        raise UserError(f"there is no score of '{system}' on '{experiment}' in the table of this report")
    standing = evidence.text(key)
    others = [
        str(value.value)
        for name, value in evidence.values.items()
        if is_below(name, join("study", system, experiment, "by"))
    ]
    said = {
        "unbeaten": f"no other system beats {system} significantly on {experiment}",
        "beaten": f"on {experiment}, {system} is beaten by {', '.join(others)}",
        "untested": f"on {experiment}, {system} was not compared with {', '.join(others)} (test.with: all-pairs does)",
    }[standing]
    return Verdict(standing == "unbeaten", said)


def outranks(evidence: Evidence, a: str, b: str) -> Verdict:
    """In a study: over its data sets system `a` has a better average rank than `b` (Friedman's and Nemenyi's tests)."""
    if not evidence.has("ranks.p"):
        raise UserError(
            "the claim 'outranks' is about the average ranks of a study's systems, which are tested where there are "
            f"{FEWEST_SYSTEMS} systems at least, and {FEWEST_DATASETS} data sets at least that have them all"
        )
    key = join("ranks", "pairs", a, b)
    if not evidence.has(f"{key}.outcome"):
        raise UserError(f"there is no system '{a if a not in evidence.settings else b}'{nearest(a, evidence.settings)}")
    least, found = evidence.number("ranks.critical_difference"), evidence.number(f"{key}.difference")
    outcome = evidence.text(f"{key}.outcome")
    said = {
        "ahead": f"{a} outranks {b} over the data sets",
        "behind": f"{b} outranks {a} over the data sets",
        "undecided": f"the data sets do not tell the ranks of {a} and {b} apart",
    }[outcome]
    return Verdict(outcome == "ahead", f"{said} (difference {found:.3g}, critical {least:.3g})")


def miscalibrated(evidence: Evidence) -> Verdict:
    """The selected model's confidence on the test split is significantly off from how often it is right."""
    p = evidence.number("calibration.p")
    holds = p < level(evidence)
    return Verdict(holds, "the confidence is off" if holds else "the confidence is not shown to be off", p=p)


KINDS: dict[str, Callable[..., Verdict]] = {
    function.__name__: function
    for function in (
        best_epoch_before,
        overfits,
        overfits_from,
        rises,
        falls,
        plateaus,
        beats,
        differ,
        model_beats,
        equivalent,
        undecided,
        could_be_best,
        largest,
        ranks,
        most,
        at_least,
        at_most,
        monotone,
        miscalibrated,
        unbeaten,
        outranks,
    )
}
OF_STUDIES = ("unbeaten", "outranks")
OF_VALUES = ("largest", "ranks", "most", "at_least", "at_most", "monotone")  # whatever these are of


def level(evidence: Evidence) -> float:
    """The level of significance of the declared comparisons."""
    return evidence.number("family.level")


def amount(evidence: Evidence, number: Number) -> float:
    """A number as it is, or that of the value whose key is given."""
    return evidence.number(number) if isinstance(number, str) else number


def follows(evidence: Evidence, kind: str, run: str, curve: str, since: Number, sign: int) -> Verdict:
    found = pieces(evidence, kind, run, curve, since)
    steady = all(sign * (after - before) >= 0 for piece in found for before, after in pairwise(piece))
    ends = all(sign * (piece[-1] - piece[0]) > 0 for piece in found)
    listed = "; ".join(", ".join(f"{number:.4g}" for number in piece) for piece in found)
    return Verdict(steady and ends, f"epoch by epoch the {named(curve)} of {run} is {listed}")


def pieces(evidence: Evidence, kind: str, run: str, curve: str, since: Number) -> list[list[float]]:
    """The numbers of a curve from an epoch on, of every seed. Raises UserError on fewer than two, or no such curve."""
    if curve not in CURVES:
        raise UserError(f"there is no curve '{curve}'{nearest(curve, CURVES)}")
    first = amount(evidence, since)
    found = [[row[curve] for row in rows if row["epoch"] >= first] for rows in evidence.runs(run).values()]
    if min(map(len, found)) < 2:
        raise UserError(f"the claim '{kind}' needs two epochs at least, and {run} has fewer from epoch {first:g} on")
    return found


def named(curve: str) -> str:
    return curve.replace("_", " ").replace("train ", "training ")


def bounded(evidence: Evidence, kind: str, key: str, x: Number, sign: int) -> Verdict:
    value = evidence.value(key)
    found = evidence.number(key)
    if not is_score(key, evidence):
        return Verdict(sign * (found - amount(evidence, x)) >= 0, f"{key} is {found:.6g}")
    if isinstance(x, str):
        refuse_scores(kind, [key, x], evidence)
    if value.interval is None:
        raise UserError(f"the claim '{kind}' needs an interval of '{key}', a model's score, and it has none")
    low, high = value.interval
    holds = sign * ((low if sign > 0 else high) - amount(evidence, x)) >= 0
    return Verdict(holds, f"{key} is {found:.4g}, with 95% confidence {low:.4g} to {high:.4g}", interval=(low, high))


def refuse_scores(kind: str, keys: list[str], evidence: Evidence) -> None:
    scores = [key for key in keys if is_score(key, evidence)]
    if scores:
        raise UserError(
            f"the claim '{kind}' compares numbers as they are, and '{scores[0]}' is a model's score, which would be "
            "another on other examples. Say claim('beats', ...) or, with one seed, claim('model_beats', ...), with "
            "split='test' for the systems that are compared there"
        )


def is_score(key: str, evidence: Evidence) -> bool:
    """Whether a value is a score that models are measured by, or made of such scores: what has an interval is, and what
    is of their kind, and what its key says so of.
    """
    value = evidence.values.get(key)
    measured = value is not None and (value.interval is not None or value.kind in ("accuracy", "loss"))
    return measured or is_called_score(key)


def is_called_score(key: str) -> bool:
    parts = split(key)
    return parts[0] == "comparison" or parts[-1] == "validation" or not SCORES.isdisjoint(parts)


def by_seed(found: dict[int, int | None]) -> str:
    """`4`, or `4 (seed 1), 5 (seed 2)` where seeds differ."""
    if len(set(found.values())) == 1:
        return str(next(iter(found.values())) or "none")
    return ", ".join(f"{epoch or 'none'} (seed {seed})" for seed, epoch in found.items())
