"""What a claim comes to, and the declared comparison of two settings or methods that claims of them rest on."""

from dataclasses import dataclass

from finetune_report.config.comparisons import EXPLORATORY
from finetune_report.errors import UserError
from finetune_report.report.keys import join
from finetune_report.report.results import SPLITS, Evidence
from finetune_report.stats.metrics import METRICS

DECIDED = ("ahead", "behind")


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds, and the wording that the data allow; `p` is the one within the declared family.

    `about` says of a comparison whether it is of "settings" or, with one seed, of trained "models", and `metric` by
    which metric they are compared.
    """

    holds: bool
    allowed: str
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    about: str | None = None
    metric: str | None = None


@dataclass(frozen=True)
class Compared:
    """A declared comparison of `a` with `b`, as it is published below `key`; `by` is its metric, `metric` its name."""

    a: str
    b: str
    key: str
    metric: str
    outcome: str
    about: str
    difference: float
    interval: tuple[float, float]
    p: float
    detectable: float
    margin: float | None
    by: str

    def verdict(self, holds: bool) -> Verdict:
        return Verdict(holds, self.allowed, self.difference, self.interval, self.p, self.about, self.by)

    @property
    def allowed(self) -> str:
        if self.outcome in DECIDED:
            ahead, behind = (self.a, self.b) if self.outcome == "ahead" else (self.b, self.a)
            if self.about == "models":
                return (
                    f"the model trained with {ahead} is ahead of that trained with {behind} by {self.metric}; with one "
                    "seed nothing is said of the settings"
                )
            return f"{ahead} is ahead of {behind} by {self.metric}"
        if self.outcome == "equivalent":
            return f"{self.a} and {self.b} are equivalent by {self.metric}, within a margin of {self.margin:g}"
        return (
            f"the data do not decide between {self.a} and {self.b} by {self.metric}; this design finds a difference of "
            f"{self.detectable:.2g} in four of five cases"
        )


def declared(evidence: Evidence, a: str, b: str, metric: str, split: str) -> Compared:
    """The comparison of two settings. Raises UserError where it was not declared, or by another metric."""
    key = evidence.compared(a, b, split)
    family = join("family", *SPLITS[split])
    by = evidence.text(f"{family}.metric")
    if metric and metric != by:
        raise UserError(
            f"on the {split} split the comparisons are by {by}, not by {metric}; comparisons.metric in the config "
            "says by which metric, and is to be declared before training"
        )
    outcome = evidence.text(f"{key}.outcome")
    if outcome == EXPLORATORY:
        raise UserError(
            f"'{a}' and '{b}' are no declared pair ({evidence.text(f'{family}.text')}), so their comparison is "
            "exploratory and no claim can rest on it. Declare the pair by comparisons.with in the config before "
            "training; or print the difference, and say that it is exploratory and not corrected"
        )
    difference = evidence.value(f"{key}.difference")
    assert difference.interval is not None
    return Compared(
        a,
        b,
        key,
        f"{split} {METRICS[by].label}",
        outcome,
        evidence.text(f"{key}.about"),
        evidence.number(f"{key}.difference"),
        difference.interval,
        evidence.number(f"{key}.p"),
        evidence.number(f"{key}.detectable"),
        evidence.number(f"{family}.margin") if evidence.has(f"{family}.margin") else None,
        by,
    )


def require_settings(kind: str, found: Compared) -> None:
    if found.about != "settings":
        raise UserError(
            f"the claim '{kind}' is about settings, and '{found.a}' and '{found.b}' were trained with one seed, which "
            "says nothing of how far another would come out elsewhere. Train two seeds or more (five are advised); or "
            "say claim('model_beats', ...) in a sentence about the trained models"
        )
