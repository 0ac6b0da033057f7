"""What a value is about, and what its sentence says that it is about: split, metric and setting."""

import re
from dataclasses import dataclass

from finetune_report.report.keys import parts_of

SPLITS = {
    "train": re.compile(r"\btraining\s(?:set|split|data|accuracy|loss|error|sentences?|texts?|examples?)\b", re.I),
    "validation": re.compile(
        r"\b(?:validation|development|dev|held-out)\s(?:set|split|data|accuracy|loss|error)\b", re.I
    ),
    "test": re.compile(r"\btest\s(?:set|split|data|accuracy|loss|error|score|sentences?|texts?|examples?)\b", re.I),
}
# The longer name first: "balanced accuracy" is no accuracy, "calibration error" no error.
METRICS = re.compile(
    r"\b(?:(?P<balanced_accuracy>balanced\saccurac(?:y|ies))|(?P<calibration_error>calibration\serrors?)|"
    r"(?P<accuracy>accurac(?:y|ies))|(?P<loss>loss(?:es)?)|(?P<recall>recall)|(?P<precision>precision)|"
    r"(?P<f1>(?:macro-)?(?:averaged\s)?F1)|(?P<matthews>Matthews))\b",
    re.IGNORECASE,
)
SAME = {"macro_f1": "f1"}
WORD = re.compile(r"[\w-]+")  # a setting's name is one word
PRONOUNS = re.compile(r"\b(?:it|its|selected|winner|winning|chosen|this)\b", re.I)


@dataclass(frozen=True)
class Subjects:
    """What is compared in an experiment: its settings, and the one that was selected."""

    settings: frozenset[str] = frozenset()
    winner: str = ""

    def other(self, key: str, sentence: str) -> str:
        """What `sentence` speaks of where a value of another split, metric or setting is printed in it; '' if it fits.

        A sentence that names several, or none, is left to the author.
        """
        parts = parts_of(key)
        checks = (
            (split_of(parts), splits_in(sentence)),
            (metric_of(parts), metrics_in(sentence)),
        )
        for own, named in checks:
            if own and len(named) == 1 and own not in named:
                return named.pop()
        own_settings, others = self.settings_of(parts), self.settings_in(sentence)
        if not own_settings or own_settings & others or (parts[0] == "winner" and PRONOUNS.search(sentence)):
            return ""
        return ", ".join(sorted(others))

    def settings_of(self, parts: tuple[str, ...]) -> set[str]:
        match parts:
            case ("winner", *_):
                return {self.winner}
            case ("runs", name, *_):
                return {name}
            case ("comparison" | "agreement", a, b, *_):
                return {a, b}
        return set()

    def settings_in(self, sentence: str) -> frozenset[str]:
        return self.settings.intersection(WORD.findall(sentence))


def split_of(parts: tuple[str, ...]) -> str:
    found = [part for part in parts if part in SPLITS]
    return found[0] if len(found) == 1 else ""


def splits_in(sentence: str) -> set[str]:
    return {name for name, words in SPLITS.items() if words.search(sentence)}


def metrics_in(sentence: str) -> set[str]:
    return {match.lastgroup for match in METRICS.finditer(sentence) if match.lastgroup}


def metric_of(parts: tuple[str, ...]) -> str:
    last = SAME.get(parts[-1], parts[-1])
    return last if last in METRICS.groupindex else ""
