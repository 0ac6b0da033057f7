"""What a value is about, and what its sentence says that it is about: split, metric and setting."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from finetune_report.report.derived import keys_in
from finetune_report.report.keys import parts_of

SPLITS = {
    "train": re.compile(
        r"\btrain(?:ing)?\s(?:set|split|data|accuracy|loss|error|sentences?|texts?|examples?)\b|\bon\strain\b", re.I
    ),
    "validation": re.compile(
        r"\b(?:validation|development|dev|held-out)\s(?:set|split|data|accuracy|loss|error)\b", re.I
    ),
    "test": re.compile(
        r"\btest(?:ing)?\s(?:set|split|data|accuracy|loss|error|score|sentences?|texts?|examples?)\b|"
        r"\bon\stest\b|\bin\stesting\b|\bunseen\s(?:data|sentences|texts)\b|\bevaluation\s(?:set|data|split)\b|^\W*test:",
        re.I,
    ),
}
# The longer name first: "balanced accuracy" is no accuracy, "calibration error" no error.
METRICS = re.compile(
    r"\b(?:(?P<balanced_accuracy>balanced\saccurac(?:y|ies))|(?P<calibration_error>calibration\serrors?)|"
    r"(?P<accuracy>accurac(?:y|ies))|(?P<loss>loss(?:es)?)|(?P<recall>recall)|(?P<precision>precision)|"
    r"(?P<f1>(?:macro-)?(?:averaged\s)?F1|F-scores?)|(?P<error_rate>error\srates?|error(?=\s(?:is|was|of|reaches)\b))|(?P<auc>AUC|AUROC)|"
    r"(?P<sensitivity>sensitivity)|(?P<specificity>specificity)|(?P<perplexity>perplexity)|(?P<matthews>Matthews))\b",
    re.IGNORECASE,
)
SAME = {"macro_f1": "f1"}
WORD = re.compile(r"[^\W_][\w.-]*\w|\w")  # a setting's name is one word
SELECTED = re.compile(r"\b(?:(?:selected|winning|chosen)\s(?:model|setting|one)|winner)\b", re.I)
PRONOUNS = re.compile(r"\b(?:its?|this|selected|winner|winning|chosen)\b", re.I)
SEPARATOR = re.compile(r"[\s_-]+")
LONGEST = 5  # words of a name that is spelt with spaces

Named = list[tuple[int, str]]  # place in a sentence, and what is named there


@dataclass(frozen=True)
class Subjects:
    """What is compared in an experiment: its settings, the one that was selected, and the simple methods.

    `things` are further names that sentences speak of results by: classes, the model, the experiment. `aliases` are
    other names of settings, which the author declared, each with the setting that it is of. In a study `settings` are
    its systems.
    """

    settings: frozenset[str] = frozenset()
    winner: str = ""
    methods: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()
    aliases: tuple[tuple[str, str], ...] = ()
    experiments: frozenset[str] = frozenset()  # of a study

    def other(self, key: str, sentence: str, place: int = 0, keys: Sequence[str] = ()) -> str:
        """What `sentence` speaks of where a value of another split, metric or setting is printed in it; '' if it fits.

        `place` is where in the sentence it is printed, and `keys` are those of all values in it, in their order. Where
        a sentence names several, a value follows its own, or values come in the order of the names.
        """
        for owners, named in (
            (splits_of, splits_in(sentence)),
            (metrics_of, metrics_in(sentence)),
            (self.owners_of, self.compared_in(sentence)),
            (self.experiments_of, self.experiments_in(sentence)),
        ):
            own, near = owners(key), clause(sentence, place)
            if len({name for _, name in named}) > 1:
                named = [(start, name) for start, name in named if start in near]
            if own and not fits(own, named, place, [owners(other) for other in keys]):
                if owners == self.owners_of and self.winner in own and PRONOUNS.search(sentence):
                    continue
                return ", ".join(sorted({name for _, name in named if name not in own}))
        return ""

    def owners_of(self, key: str) -> frozenset[str]:
        """The settings or methods that a value is of."""
        found: set[str] = set()
        for each in keys_in(key):
            parts = parts_of(each)
            match parts[1:] if parts[0] in self.experiments else parts:
                case ("study", name, *_):
                    found.add(name)
                case ("ranks", "pairs", a, b, _):
                    found |= {a, b}
                case ("winner", *_):
                    found.add(self.winner)
                case ("runs" | "baselines", name, *_):
                    found.add(name)
                case ("test", name, _) | ("test", name, _, "sd" | "least" | "most") if name != "confusion":
                    found.add(self.winner if name == "winner" else name)
                case ("comparison" | "agreement", "test", a, b, _):
                    found |= {self.winner if name == "winner" else name for name in (a, b)}
                case ("comparison" | "agreement", a, b, *_):
                    found |= {a, b}
        return frozenset(found)

    def experiments_of(self, key: str) -> frozenset[str]:
        """The experiments of a study that a value is of."""
        found = set()
        for each in keys_in(key):
            match parts_of(each):
                case ("study", _, name, *_) | ("experiments", name, *_) | (name, *_) if name in self.experiments:
                    found.add(name)
        return frozenset(found)

    def experiments_in(self, sentence: str) -> Named:
        """The experiments of a study that a sentence names."""
        return self.spelt(sentence, self.experiments) if self.experiments else []

    def compared_in(self, sentence: str) -> Named:
        """The settings and methods that a sentence names, by the whole name, also with spaces, or by an alias."""
        aliases = dict(self.aliases)
        found = [*self.spelt(sentence, self.compared)]
        found += [(place, aliases[name]) for place, name in self.spelt(sentence, frozenset(aliases))]
        found += [(match.start(), self.winner) for match in SELECTED.finditer(sentence) if self.winner]
        return sorted(found)

    def compares(self, sentence: str) -> bool:
        """Whether a sentence names a setting or a method, in whatever spelling."""
        known = self.compared | {name for name, _ in self.aliases} if self.aliases else self.compared
        return bool(self.spelt(sentence, known) or SELECTED.search(sentence))

    def speak_in(self, name: str) -> bool:
        """Whether a name has words that tell what a value is about: a split, a metric, a setting or a method."""
        return bool(splits_in(name) or metrics_in(name) or self.compares(name))

    @cached_property
    def compared(self) -> frozenset[str]:
        return self.settings | self.methods

    @cached_property
    def every(self) -> frozenset[str]:
        return self.settings | self.methods | self.things

    def settings_in(self, sentence: str) -> frozenset[str]:
        return self.settings.intersection(match[0] for match in WORD.finditer(sentence))

    def named_in(self, sentence: str) -> list[str]:
        """Every name of the experiment in a sentence, in order: settings, methods, classes, model, experiment.

        A name of several parts may be spelt with spaces, and a first letter may be a capital.
        """
        return [name for _, name in sorted(self.spelt(sentence, self.every))]

    def spans_in(self, sentence: str) -> list[tuple[int, int]]:
        """Where the names of `named_in` begin and end: their words compare nothing."""
        return [(start, start + len(name)) for start, name in self.spelt(sentence, self.every)]

    def spelt(self, sentence: str, names: frozenset[str]) -> list[tuple[int, str]]:
        """Where a sentence has a name, whether in these letters or with spaces between its parts."""
        return names_in(sentence, names)


@lru_cache(maxsize=4096)  # the same sentences are looked at for values, claims and statements
def names_in(sentence: str, names: frozenset[str]) -> list[tuple[int, str]]:
    spellings, openings = spelled(names)
    found = []
    words = list(WORD.finditer(sentence))
    for first, word in enumerate(words):
        if SEPARATOR.split(word[0], maxsplit=1)[0].casefold() not in openings:
            continue
        for last in range(min(first + LONGEST, len(words)), first, -1):
            name = spellings.get(folded(sentence[word.start() : words[last - 1].end()]))
            if name:
                found.append((word.start(), name))
                break
    return found


def clause(sentence: str, place: int) -> range:
    """Where the part of a sentence between semicolons begins and ends."""
    return range(sentence.rfind(";", 0, place) + 1, (sentence.find(";", place) + 1 or len(sentence) + 1) - 1)


@lru_cache(maxsize=16)
def spelled(names: frozenset[str]) -> tuple[dict[str, str], set[str]]:
    """Names by how they are looked up, and the first parts of these."""
    spellings = {folded(name): name for name in names}
    return spellings, {spelling.partition("-")[0] for spelling in spellings}


def folded(name: str) -> str:
    """A name without regard to capitals, and with hyphens for spaces and underscores."""
    return SEPARATOR.sub("-", name.casefold())


def fits(own: frozenset[str], named: Named, place: int, owners: list[frozenset[str]]) -> bool:
    """Whether a value of `own` may stand at a place in a sentence that names what it names there."""
    names = [name for _, name in named]
    if not names:
        return True
    if own.isdisjoint(names):
        return False
    if len(own) > 1 or len(set(names)) == 1:
        return True
    before = [name for start, name in named if start < place]
    nearest = before[-1] if before else names[0]
    if nearest in own:
        return True
    single = [next(iter(each)) for each in owners if len(each) == 1]
    known = set(single)
    return list(dict.fromkeys(single)) == list(dict.fromkeys(name for name in names if name in known))


def splits_of(key: str) -> frozenset[str]:
    """The split that a value is of, where it is of one."""
    found = [{part for part in parts_of(each) if part in SPLITS} for each in keys_in(key)]
    return frozenset(set().union(*found)) if all(len(each) == 1 for each in found) else frozenset()


def splits_in(sentence: str) -> Named:
    return sorted((match.start(), name) for name, words in SPLITS.items() for match in words.finditer(sentence))


def metrics_of(key: str) -> frozenset[str]:
    last = [SAME.get(parts[-1], parts[-1]) for parts in map(parts_of, keys_in(key))]
    return frozenset(name for name in last if name in METRICS.groupindex)


def metrics_in(sentence: str) -> Named:
    return [(match.start(), match.lastgroup) for match in METRICS.finditer(sentence) if match.lastgroup]
