"""What a complete config declares to be scored on the test split, and compared there: before anything is scored.

A system is whatever predicts the class of a test text: the selected setting (`winner`), a setting by its name, a simple
method, or what was made elsewhere and is known by its predictions.
"""

from collections.abc import Sequence
from typing import Any

from finetune_report.config.comparisons import Pair, all_pairs, compared_metric, listed_pairs, pair_mistakes
from finetune_report.config.json_schema import Json
from finetune_report.config.messages import nearest
from finetune_report.config.settings import all_settings, excluded_settings, resolved_settings

WINNER = "winner"  # the selected setting, whichever it is
SIMPLE = ("majority", "bag-of-words", "probe")
# Names that no setting can have, since keys of values could not tell the two apart.
TAKEN = (WINNER, *SIMPLE, "confusion", "test")
IN_WORDS = {
    WINNER: "each other system against the selected setting",
    "all-pairs": "each two systems",
}


def simple_methods(config: Json) -> list[str]:
    """The simple methods that are fitted."""
    return [name for name in SIMPLE if name != "probe" or config["analyses"]["probe"]]


def elsewhere(config: Json) -> dict[str, Json]:
    """The systems from elsewhere by name."""
    return {system["name"]: system for system in config["systems"]}


def has_test_scores(config: Json) -> bool:
    """Whether there are test labels to score predictions by."""
    return bool(config["data"]["test_split"] == "labelled")


def declared_systems(config: Json) -> list[str]:
    """The systems to score on the test split, the winner first; none where there are no test labels."""
    if not has_test_scores(config):
        return []
    declared = config["test"]["systems"]
    if declared is None:
        return [WINNER, next(iter(resolved_settings(config))), *simple_methods(config), *elsewhere(config)]
    return [WINNER, *(name for name in declared if name != WINNER)]


def system_pairs(config: Json, systems: Sequence[str]) -> list[Pair]:
    """The pairs to compare on the test split among `systems`, as they are declared."""
    declared = config["test"]["with"]
    if declared == WINNER:
        return [(WINNER, name) for name in systems if name != WINNER]
    return all_pairs(systems) if declared == "all-pairs" else listed_pairs(declared, systems)


def in_words(config: Json) -> str:
    """Which systems are compared, as a report says it."""
    declared = config["test"]["with"]
    return IN_WORDS[declared] if isinstance(declared, str) else "the pairs that the config lists"


def declaration(config: Json) -> dict[str, Any]:
    """What the ledger keeps of it: systems, pairs, and by what they are compared."""
    return {
        "systems": declared_systems(config),
        "with": config["test"]["with"],
        "metric": compared_metric(config),
        "margin": config["comparisons"]["margin"],
    }


def test_split_mistakes(config: Json) -> list[str]:
    """What a config says of test scores that there cannot be, since its test split has no labels, or there is none."""
    data = config["data"]
    if has_test_scores(config):
        return []
    here = f"data.test_split is {data['test_split']}"
    found = []
    if data["test_fraction"] is not None:
        found.append(
            f"data.test_fraction: found {data['test_fraction']}, which draws a test split with labels, but {here}; "
            "leave one of them out"
        )
    if data["test_split"] == "none" and "test" in data.get("files", {}):
        found.append(
            f"data.files.test: found {data['files']['test']!r}, but {here}, so that nothing reads it; leave it out, or "
            "say data.test_split: unlabelled to have its texts classified"
        )
    for key, given in (("systems", config["systems"]), ("test.systems", config["test"]["systems"] or [])):
        if given:
            found.append(f"{key}: found {len(given)} systems to score on the test split, but {here}; leave them out")
    return found


def system_mistakes(config: Json) -> list[str]:
    """What is wrong with the declared systems that the schema cannot tell."""
    settings = list(resolved_settings(config))
    found = [
        f"settings: found the name '{setting['name']}', which stands for something else in the report; take another"
        for setting in all_settings(config)
        if setting["name"] in TAKEN
    ]
    names = [system["name"] for system in config["systems"]]
    for place, name in enumerate(names):
        if name in (*settings, *excluded_settings(config), *TAKEN, *names[:place]):
            found.append(f"systems[{place}].name: found '{name}', which is taken; each system needs a name of its own")
    known = [WINNER, *settings, *simple_methods(config), *elsewhere(config)]
    excluded = excluded_settings(config)
    declared = config["test"]["systems"]
    for place, name in enumerate(declared or []):
        if name in excluded:
            found.append(f"test.systems[{place}]: the setting '{name}' is excluded, so nothing of it can be scored")
        elif name == "probe" and name not in known:
            found.append(f"test.systems[{place}]: found 'probe', which analyses.probe switches off")
        elif name not in known:
            found.append(f"test.systems[{place}]: there is no system '{name}'{nearest(name, known)}")
    if declared is not None and WINNER not in declared:
        found.append("test.systems: 'winner' is missing; the report is about the selected setting, so name it too")
    if not has_test_scores(config):
        return found
    pairs = config["test"]["with"]
    return found + pair_mistakes("test.with", pairs, declared_systems(config), "system of test.systems")
