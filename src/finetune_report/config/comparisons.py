"""Which settings a complete config declares to be compared, and by what: fixed before anything is trained."""

from collections import Counter
from collections.abc import Sequence

from finetune_report.config.json_schema import Json
from finetune_report.config.settings import resolved_settings

Pair = tuple[str, str]

EXPLORATORY = "exploratory"  # the outcome of a comparison that was not declared


def against_first(names: Sequence[str]) -> list[Pair]:
    """Each other setting against the first, the baseline."""
    return [(name, names[0]) for name in names[1:]]


def all_pairs(names: Sequence[str]) -> list[Pair]:
    """Each setting against each one before it."""
    return [(name, other) for place, name in enumerate(names) for other in names[:place]]


def declared_pairs(config: Json, names: Sequence[str]) -> list[Pair]:
    """The pairs that `comparisons` declares among the settings `names`, which come in the config's order."""
    declared = config["comparisons"]["with"]
    if declared == "baseline":
        return against_first(names)
    if declared == "all-pairs":
        return all_pairs(names)
    return listed_pairs(declared, names)


def listed_pairs(declared: Sequence[Sequence[str]], names: Sequence[str]) -> list[Pair]:
    """The pairs of a list whose names are all among `names`."""
    return [(a, b) for a, b in declared if a in names and b in names]


def compared_metric(config: Json) -> str:
    """The metric of the comparisons: that of the selection, unless the config says otherwise.

    A calibration error is no mean over examples; settings selected by it are compared by their loss.
    """
    chosen = config["comparisons"]["metric"] or config["selection_metric"]
    return "loss" if chosen == "calibration_error" else str(chosen)


def in_words(config: Json) -> str:
    """What is declared, as a report says it."""
    declared = config["comparisons"]["with"]
    if declared == "baseline":
        return "each setting against the baseline"
    if declared == "all-pairs":
        return "each two settings"
    return "the pairs that the config lists"


def comparison_mistakes(config: Json) -> list[str]:
    """What is wrong with a list of pairs that the schema cannot tell; `config` is complete."""
    declared = config["comparisons"]["with"]
    return pair_mistakes("comparisons.with", declared, list(resolved_settings(config)), "setting to train")


def pair_mistakes(where: str, declared: str | list[Pair], known: Sequence[str], kind: str) -> list[str]:
    """What is wrong with the pairs that stand at `where`, if it is a list of them: each of two different `known`."""
    if isinstance(declared, str):
        return []
    found = []
    for place, (a, b) in enumerate(declared):
        unknown = [name for name in (a, b) if name not in known]
        if unknown:
            found.append(f"{where}[{place}]: '{unknown[0]}' is no {kind}; there are {', '.join(known)}")
        elif a == b:
            found.append(f"{where}[{place}]: found '{a}' twice; a pair is two different ones")
    counts = Counter(frozenset(pair) for pair in declared)
    twice = [" and ".join(sorted(pair)) for pair, count in counts.items() if count > 1]
    return found + [f"{where}: the pair {pair} stands more than once; name it once" for pair in twice]
