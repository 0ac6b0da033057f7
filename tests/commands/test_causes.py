"""What can have changed a result: every rule behind a file is known, with what it reads."""

from finetune_report.cli.causes import CONFIG, RULES, UPSTREAM, Cause, reaching, rule_of
from finetune_report.files import PROJECT as ROOT

import pytest


def test_every_rule_that_is_named_has_a_script_and_its_upstream() -> None:
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    named = {*RULES.values(), *CONFIG, *(rule for rules in UPSTREAM.values() for rule in rules)}
    assert named <= scripts
    assert set(RULES.values()) <= set(UPSTREAM)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("runs/base/seed1/metrics.json", "finetune"),
        ("learning-curve/50/seed1.json", "train_fraction"),
        ("tokens/counts.json", "count_tokens"),
        ("figures/learning-curve.csv", "plot_learning_curve"),
        ("figures/attention-error.csv", "demonstrate_attention"),
        ("slices.json", "score_slices"),
        ("nothing.json", None),
    ],
)
def test_files_are_known_by_their_rule(source: str, rule: str | None) -> None:
    assert rule_of(source) == rule


def test_a_cause_reaches_what_follows_from_it_alone() -> None:
    setting = Cause("config", "settings.base.epochs", "3", "9", ("finetune",))
    keys = Cause("config", "attention.seed", "1", "2", ("demonstrate_attention",))
    assert reaching("runs/base/seed1/metrics.json", [setting, keys]) == "config settings.base.epochs"
    assert reaching("runs/other/seed1/metrics.json", [setting, keys]) == "nothing that is recorded"
    assert reaching("slices.json", [setting, keys]) == "config settings.base.epochs"
    assert reaching("attention/attention.json", [setting, keys]) == "config attention.seed"
    assert reaching("baselines.json", [setting, keys]) == "nothing that is recorded"
