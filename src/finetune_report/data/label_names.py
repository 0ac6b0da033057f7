"""Labels that are probably one class in several spellings, and the map that makes one of them."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from finetune_report.errors import clip

# What YAML 1.1 takes for a truth value when it is written without quotes.
TRUTH = {False: ("false", "no", "off", "n"), True: ("true", "yes", "on", "y")}


def normal_form(label: str) -> str:
    """What two spellings of a label share: case, spaces, Unicode form and "0" or "0.0" do not matter."""
    text = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
    try:
        number = float(text)
    except ValueError:
        return unicodedata.normalize("NFKC", text)
    return str(int(number)) if number.is_integer() else text


def look_alikes(counts: Mapping[str, int]) -> list[list[str]]:
    """Groups of labels with one normal form, the most frequent spelling first."""
    groups: dict[str, list[str]] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        groups.setdefault(normal_form(label), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def map_of(groups: Iterable[list[str]]) -> dict[str, str]:
    """Each rarer spelling to the most frequent one."""
    return {label: group[0] for group in groups for label in group[1:]}


def spelled(counts: Mapping[str, int], groups: Iterable[list[str]]) -> str:
    """The groups for a message: each spelling with its rows."""
    return "; ".join(" and ".join(f"'{clip(label)}' ({counts[label]} rows)" for label in group) for group in groups)


def as_yaml(mapping: Mapping[str, str | None]) -> str:
    """A map on one line, as it can be put into a config."""
    return json.dumps(dict(mapping), ensure_ascii=False)


def resolved(labels: Iterable[Any], counts: Counter[str]) -> list[str]:
    """The names that data.labels means: of `[no, yes]`, which YAML reads as truth values, the words of the data."""
    return [truth_name(label, counts) if isinstance(label, bool) else str(label) for label in labels]


def truth_name(value: bool, counts: Counter[str]) -> str:
    """The label of the data that YAML read as `value`; the most frequent one where several could be meant."""
    words = [label for label in counts if label.casefold() in TRUTH[value]]
    return max(words, key=lambda label: counts[label], default=str(value).lower())
