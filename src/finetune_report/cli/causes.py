"""Why two builds differ: what is recorded of config, code, data, packages and seeds, and which results it can reach."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The rule behind each kind of file; the first that fits counts.
RULES = {
    "runs/*/*/*": "finetune",
    "rungs/*/*": "train_rung",
    "rungs/*": "prune_settings",
    "test/*": "score_test",
    "data/*": "prepare_data",
    "model.json": "prepare_model",
    "runs.*": "gather_runs",
    "selection.json": "select_setting",
    "sweep.json": "summarise_sweep",
    "ledger.json": "keep_ledger",
    "baselines.json": "score_baselines",
    "tokens/counts.json": "count_tokens",
    "seeds.json": "summarise_seeds",
    "slices.json": "score_slices",
    "mistakes.json": "list_mistakes",
    "agreement.json": "measure_agreement",
    "learning-curve/curve.json": "plot_learning_curve",
    "learning-curve/*/*": "train_fraction",
    "reference.json": "collect_values",
    "comparisons.json": "compare_settings",
    "attention/attention.json": "demonstrate_attention",
    "attention/heads.*": "measure_heads",
    "attention/*": "demonstrate_attention",
    "figures/attention-*": "demonstrate_attention",
    "figures/heads.csv": "measure_heads",
    "figures/confusion.csv": "score_test",
    "figures/learning-curve.csv": "plot_learning_curve",
    "figures/*": "finetune",
}

# The rules whose results a rule reads, and the parts of the config that it is given.
TOKENIZED = ("prepare_data", "prepare_model", "tokenize_texts")
TRAINED = (*TOKENIZED, "train_rung", "prune_settings", "finetune")
TESTED = (*TRAINED, "select_setting", "score_test")
UPSTREAM = {
    "prepare_data": (),
    "prepare_model": (),
    "demonstrate_attention": (),
    "train_rung": (*TOKENIZED, "prune_settings"),
    "prune_settings": (*TOKENIZED, "train_rung"),
    "finetune": TRAINED[:-1],
    "gather_runs": TRAINED,
    "select_setting": TRAINED,
    "summarise_sweep": TRAINED,
    "compare_settings": TRAINED,
    "score_baselines": ("prepare_data",),
    "score_test": TESTED[:-1],
    "measure_heads": TESTED[:-1],
    "keep_ledger": TESTED,
    "count_tokens": TOKENIZED,
    "summarise_seeds": TESTED,
    "score_slices": (*TESTED, "score_baselines"),
    "list_mistakes": TESTED,
    "measure_agreement": (*TRAINED, "select_setting", "score_baselines"),
    "train_fraction": TESTED[:-1],
    "plot_learning_curve": (*TESTED[:-1], "train_fraction"),
    "collect_values": (*TESTED, "score_baselines", "summarise_seeds"),
}
OF_A_RUN = (
    "settings",
    "defaults",
    "seeds",
    "seeds_vary",
    "selection_metric",
    "precision",
    "compile",
    "device",
    "threads",
    "on_divergence",
    "sweep",
)
CONFIG = {
    "prepare_data": ("data",),
    "prepare_model": ("model",),
    "tokenize_texts": ("max_length",),
    "train_rung": OF_A_RUN,
    "prune_settings": ("halving", "selection_metric"),
    "finetune": OF_A_RUN,
    "select_setting": ("selection_metric", "settings", "seeds"),
    "demonstrate_attention": ("attention",),
    "measure_heads": ("attention",),
    "list_mistakes": ("analyses",),
    "train_fraction": ("analyses",),
    "collect_values": ("reference",),
}
DATA = {"data/train.parquet", "data/validation.parquet", "data/test.parquet"}


@dataclass(frozen=True)
class Cause:
    """One recorded thing that differs; `rules` are those that it reaches first, `part` the config's key."""

    kind: str
    what: str
    old: str
    new: str
    rules: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.kind} {self.what}"


def rule_of(source: str) -> str | None:
    """The rule that makes a result file, named relative to the results folder."""
    return next((rule for pattern, rule in RULES.items() if Path(source).match(pattern)), None)


def causes(old: dict[str, Any], new: dict[str, Any]) -> list[Cause]:
    """Everything that two manifests record and that differs between them."""
    return [*config_causes(old, new), *code_causes(old, new), *data_causes(old, new), *other_causes(old, new)]


def config_causes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    for key, was, now in differences(dict(flat(old["config"])), dict(flat(new["config"]))):
        part = key.partition(".")[0]
        rules = tuple(rule for rule, parts in CONFIG.items() if part in parts)
        yield Cause("seed" if part in ("seeds", "seeds_vary") else "config", key, was, now, rules)


def flat(config: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """The entries of a config by their path; settings by their names."""
    if isinstance(config, dict):
        for name, entry in config.items():
            yield from flat(entry, f"{key}.{name}".lstrip("."))
    elif isinstance(config, list) and config and all(isinstance(entry, dict) and "name" in entry for entry in config):
        for entry in config:
            yield from flat({name: item for name, item in entry.items() if name != "name"}, f"{key}.{entry['name']}")
    else:
        yield key, config


def code_causes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    """Rules whose code differs, and packages behind rules that differ."""
    packages: dict[tuple[str, str, str], list[str]] = {}
    for rule, was, now in differences(old["code"], new["code"]):
        (was_code, *was_packages), (now_code, *now_packages) = was.split() or [""], now.split() or [""]
        if was_code != now_code:
            yield Cause("code", rule, was_code.removeprefix("code:"), now_code.removeprefix("code:"), (rule,))
        versions = [dict(item.split("==") for item in items) for items in (was_packages, now_packages)]
        for package, before, after in differences(*versions):
            packages.setdefault((package, before, after), []).append(rule)
    for (package, before, after), rules in packages.items():
        yield Cause("package", package, before, after, tuple(rules))


def data_causes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    for name, was, now in differences(old["files"], new["files"]):
        if name in DATA:
            yield Cause("data", name, was[:16], now[:16], ("prepare_data",))


def other_causes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    """The write-up and what it is rendered with, the commit, and the machine, which can reach every measurement."""
    for name, was, now in differences(old.get("inputs", {}), new.get("inputs", {})):
        yield Cause("source", name, was[:16], now[:16], ())
    for name, was, now in differences({"commit": old["commit"]}, {"commit": new["commit"]}):
        yield Cause("commit", name, was[:16], now[:16], ())
    for name, was, now in differences(old["machine"], new["machine"]):
        yield Cause("machine", name, was, now, ("finetune", "score_test", "measure_heads"))


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            was, now = (str(side[key]) if key in side else "" for side in (old, new))
            yield key, was, now


def reaching(source: str, found: list[Cause]) -> str:
    """Which causes can have changed a result file, in words."""
    rule = rule_of(source)
    if rule is None:
        return "unknown"
    reached = {rule, *UPSTREAM.get(rule, ())}
    setting = source.split("/")[1] if source.startswith("runs/") else None
    texts = []
    for cause in found:
        of_setting = cause.what.split(".")[1] if cause.what.startswith("settings.") else None
        other = setting and of_setting and of_setting != setting
        if reached & set(cause.rules) and not other:
            texts.append(cause.text)
    if source.endswith("timing.json"):
        texts.append("measured anew")
    return ", ".join(texts) or "nothing that is recorded"
