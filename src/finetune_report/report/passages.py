"""The running text of a block of the report, and what is wrong in it: numbers, comparisons, values out of place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from finetune_report.report import lexicon as wording
from finetune_report.report.derived import keys_in
from finetune_report.report.keys import parts_of
from finetune_report.report.statements import excused, may_state, reported, statements
from finetune_report.report.subjects import Subjects, metrics_of
from finetune_report.report.values import shown

MARK = re.compile(r"\{\.(?:value|claim|stated|name)\b")
TOUCHING_BEFORE = re.compile(r"(?:[^\W_]|[.,√¬]|(?:^|[\s(\[])[-−–+<>]|\bminus\s|[√¬]\s)$")
TOUCHING_AFTER = re.compile(r"[^\W_]|[%‰°×/]|[.,]\d|\s(?:per\s?cent|squared|cubed|hundred|thousand|million)\b")
# What a number directly behind these words is of, by the last part of its key.
QUANTITY = re.compile(r"\b(p|batch\ssize|learning\srate|best\sepoch|rows)\s?(?:is|was|of|=|:)\s*$", re.IGNORECASE)
QUANTITIES = {
    "p": {"p"},
    "batch size": {"batch_size"},
    "learning rate": {"learning_rate"},
    "best epoch": {"best_epoch", "epoch", "from_epoch"},
    "rows": {"rows"},
}
OF_RUNS = {"p", "batch_size", "learning_rate", "best_epoch", "accuracy", "loss", "recall", "precision", "f1", "rows"}
# Around a score, words that make another number of it; and units that no score has.
TURNING = re.compile(
    r"\b(?:not|never|anything\sbut|(?:more|less|fewer|better|worse|higher|lower|greater)\sthan|(?:well\s|just\s)?(?:over|under|above|below|beyond)|"
    r"nearly|almost|at\s(?:least|most)|up\sto|no\s(?:more|less)\sthan|exceed(?:s|ed|ing)?|minus|half\sof|(?:twice|double|half)(?:\sof)?)\s(?:an?\s|the\s)?$",
    re.IGNORECASE,
)
DENYING = re.compile(r"\b(?:not|never|anything\sbut|minus)\s(?:an?\s|the\s)?$", re.IGNORECASE)
UNIT = re.compile(
    r"\s(?:percentage\s)?(?:points?|per\s?cent|errors?|mistakes?|hours?|minutes?|seconds?|days?|epochs?|steps?|sentences?|texts?|examples?|"
    r"runs?|seeds?|settings?|classes|times)\b",
    re.IGNORECASE,
)
OWN_RESULTS = re.compile(
    r"\b(?:our|my)\s(?:own\s)?(?:models?|runs?|results?|experiments?|settings?|classifiers?|data|sentences|accuracy|test)\b",
    re.IGNORECASE,
)
PERCENT = re.compile(r"\s?(?:[%‰]|per\s?cent)")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\Wa-z_]|@)")
ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|al|vs|cf|Figs?|Secs?|Eqs?|No|pp?|approx|resp)\.$")


@dataclass(frozen=True)
class Problem:
    """What was found in the tree, in which sentence; by `words`, those around it, its line in the write-up is found.

    `place` is that of the first word found among `words`.
    """

    kind: str
    found: str
    sentence: str
    words: tuple[str, ...]
    place: int
    claims: tuple[str, ...] = ()  # kinds that could back what was found


@dataclass(frozen=True)
class State:
    """What the elements around a place say of it: its numbers are bound, its comparisons claimed, or it explains."""

    bound: bool = False
    claimed: bool = False
    explained: bool = False


@dataclass(frozen=True)
class Escape:
    """A text that the author vouches for, why, and in which sentence."""

    text: str
    reason: str
    sentence: str


@dataclass(frozen=True)
class Made:
    """A claim where it stands: its number, its sentence from the beginning up to its end, its words, and the rest."""

    number: str
    sentence: str
    words: str
    after: str


@dataclass
class Passage:
    """The running text of a block; what a check must not see is masked for it."""

    explained: bool = False  # it explains theory, and nothing of this experiment
    text: str = ""
    bound: list[bool] = field(default_factory=list)
    claimed: list[bool] = field(default_factory=list)
    found: list[tuple[str, int, str]] = field(default_factory=list)  # kind, place in the text, what
    values: list[tuple[int, int, str]] = field(default_factory=list)  # start and end in the text, key
    names: list[tuple[int, int]] = field(default_factory=list)  # start and end of printed names from the data
    settings: list[tuple[int, int]] = field(default_factory=list)  # and of names of settings, printed as code
    labels: list[tuple[int, int]] = field(default_factory=list)  # those of them that only label a row's values
    escapes: list[tuple[int, int, str]] = field(default_factory=list)  # start and end in the text, reason
    authors: list[int] = field(default_factory=list)  # where one is cited by the authors' names
    reported: list[tuple[int, int]] = field(default_factory=list)  # start and end of numbers that are a source's
    advised: dict[int, tuple[str, ...]] = field(default_factory=dict)  # place in the text, kinds of claim
    claims: list[tuple[int, int, str]] = field(default_factory=list)  # start and end in the text, number
    heads: list[tuple[int, str]] = field(default_factory=list)  # of a row: where a cell begins, the head of its column
    cited: list[int] = field(default_factory=list)  # where in the text something is cited

    def add(self, text: str, state: State) -> None:
        text = wording.cleaned(text)
        self.text += text
        self.bound += [state.bound] * len(text)
        self.claimed += [state.claimed] * len(text)

    def note(self, kind: str, what: str) -> None:
        """Something found in what is added next."""
        self.found.append((kind, len(self.text), what))

    def claim(self) -> list[Made]:
        """Cover the one sentence that each claim is of: the first of what stands in it."""
        found, places = [], []
        for start, end, number in self.claims:
            first = start + len(self.text[start:end]) - len(self.text[start:end].lstrip())
            low, high = self.bounds(first)
            last = min(end, high)
            self.claimed[start:last] = [True] * (last - start)
            places.append((number, low, first, last, high))
        seen = self.seen(self.claimed)  # what follows a claim, without what the next one covers
        for number, low, first, last, high in places:
            parts = (self.text[low:last], self.text[first:last], seen[last:high])
            found.append(Made(number, *(" ".join(part.split()) for part in parts)))
        return found

    def label(self) -> None:
        """In a row of a table: names that are a part of the key of a value there label it, and say nothing else.

        The name of a setting, which stands there as code, has to be what a value is of; where a value is of another
        setting, it still says what the row is about.
        """
        keys = [parts_of(each) for _, _, key in self.values for each in keys_in(key)]
        parts = {squeezed(part) for key in keys for part in key}
        owners = {part for key in keys for part in key[1:3]}
        self.labels = [(start, end) for start, end in self.names if squeezed(self.text[start:end]) in parts]
        settings = [(start, end) for start, end in self.settings if self.text[start:end] in owners]
        for start, end in settings:
            self.bound[start:end] = [True] * (end - start)
        for start, end in self.labels + settings:
            self.claimed[start:end] = [True] * (end - start)
        self.labels += [place for place in settings if all(self.text[slice(*place)] in key[1:3] for key in keys)]

    def state(self, subjects: Subjects, alone: bool = False) -> None:
        """Look for sentences that state a result without a claim, where no word was found that compares by itself.

        `alone` as in `finetune_report.report.statements.statements`: for captions, which say what is shown.
        """
        seen = self.seen(self.claimed)
        compared = []
        for start, _ in wording.comparisons(seen):
            low, high = self.bounds(start)
            if not excused(self.text[low:high], start - low, subjects, self.cites(start)):
                compared.append(start)
        for low, high in self.sentences():
            if any(low <= start < high for start in compared) or self.explains(low, subjects):
                continue
            found = next(statements(seen[low:high], subjects, self.cites(low), alone), None)
            if found:
                start, end, claims = found
                self.found.append(("unclaimed statement", low + start, self.text[low + start : low + end]))
                self.advised[low + start] = claims

    def problems(self, names: Iterable[str], subjects: Subjects) -> list[Problem]:
        for start, end in wording.numbers(self.seen(self.bound), names):
            if self.is_reported(start, end, subjects):
                self.reported.append((start, end))
            elif (
                self.explains(start, subjects) and not wording.DECIMAL.search(self.text[start : end + 2])
            ) or self.defines(start, end, subjects):
                continue
            else:
                self.found.append(("unbound number", start, self.text[start:end]))
        for start, end in wording.comparisons(self.seen(self.claimed)):
            low, high = self.bounds(start)
            excuse = excused(self.text[low:high], start - low, subjects, self.cites(start))
            if not excuse and not self.explains(start, subjects):
                self.found.append(("unbound comparison", start, self.text[start:end]))
        for start, end in wording.disguised(self.text):
            self.found.append(("disguised word", start, self.text[start:end]))
        self.found += [("broken mark", mark.start(), mark[0]) for mark in MARK.finditer(self.text)]
        for start, end, key in self.values:
            if self.touched(start, end, key):
                self.found.append(("touched value", start, self.text[max(0, start - 1) : end + 2].strip()))
            other = self.misplaced(start, key, subjects)
            if other:
                self.found.append(
                    ("value of another", start, f"{self.text[start:end]} ({key}) where the sentence says {other}")
                )
        for start, end, _ in self.escapes:
            text = self.text[start:end]
            percent = PERCENT.match(self.text[end:])
            vouched, sentence = text + (percent[0] if percent else ""), self.sentence(start)
            result = wording.is_result(vouched, sentence) or wording.is_share_of_results(vouched, sentence)
            if result and not self.cites(start):
                self.found.append(("escaped result", start, text))
            if states_of_compared(text, subjects):
                self.found.append(("escaped claim", start, text))
        return [self.problem(*found) for found in sorted(self.found, key=lambda found: found[1])]

    def misplaced(self, start: int, key: str, subjects: Subjects) -> str:
        """What the sentence around a value speaks of instead of what it is of; nothing where they fit."""
        low, high = self.bounds(start)
        keys = [key for place, _, key in sorted(self.values) if low <= place < high]
        quantity = QUANTITY.search(self.text[low:start])
        if quantity and len(list(keys_in(key))) == 1:
            own = parts_of(key)[-1]
            meant = QUANTITIES[" ".join(quantity[1].lower().split())]
            if own in OF_RUNS and own not in meant:
                return quantity[1]
        head = next((words for place, words in reversed(self.heads) if place <= start), "")
        text = self.text
        for first, end in self.labels:
            text = text[:first] + wording.HIDDEN * (end - first) + text[end:]
        return subjects.other(key, text[low:high], start - low, keys) or subjects.other(key, head)

    def touched(self, start: int, end: int, key: str) -> bool:
        """Whether a printed value runs into a digit, a letter, a sign or a word that changes it, or another value."""
        if start == end:  # a text from the data of nothing but signs without a width
            return False
        before, after = self.text[:start], self.text[end:]
        starts, ends = ({value[place] for value in self.values} for place in (0, 1))
        joined = start in ends or end in starts or (after[:1] in (".", ",") and end + 1 in starts)
        if joined or TOUCHING_BEFORE.search(before[-7:]) or TOUCHING_AFTER.match(after):
            return True
        if self.claimed[start - 1 : start] == [True]:  # in a claim, which is judged
            return False
        if not is_measured(key):
            return bool(DENYING.search(before[-20:]))
        counted = UNIT.match(after) and "%" not in self.text[start:end] and not is_difference(key)
        return bool(TURNING.search(before[-30:]) or counted)

    def explains(self, place: int, subjects: Subjects) -> bool:
        """Whether the sentence around a place stands in an explanation and names nothing that was compared."""
        sentence = self.sentence(place)
        return self.explained and not subjects.compares(sentence) and not OWN_RESULTS.search(sentence)

    def defines(self, start: int, end: int, subjects: Subjects) -> bool:
        """Whether a number is the end of a scale that its sentence explains, naming nothing that was compared."""
        sentence = self.sentence(start)
        return wording.is_end_of_scale(self.text[start:end], sentence) and not subjects.compares(sentence)

    def is_reported(self, start: int, end: int, subjects: Subjects) -> bool:
        """Whether a number is that of a source, cited in its sentence."""
        low, high = self.bounds(start)
        by_name = any(low <= place <= high for place in self.authors)
        number = self.text[start : end + 2]
        return self.cites(start) and reported(self.text[low:high], number, subjects, by_name)

    def cites(self, place: int) -> bool:
        """Whether something is cited in the sentence around a place."""
        low, high = self.bounds(place)
        return any(low <= cited <= high + 1 for cited in self.cited)

    def unjudged(self, subjects: Subjects) -> list[str]:
        """The sentences that may speak of results, and hold no claim or escape, nor a value with nothing around it."""
        stated = [place for kind, place, _ in self.found if kind in ("unclaimed statement", "unbound comparison")]
        found = []
        for start, end in self.sentences():
            sentence = self.seen(self.claimed)[start:end]
            valued, escaped, claimed = (
                any(low < end and high > start for low, high, _ in spans)
                for spans in (self.values, self.escapes, self.claims)
            )
            speaks = may_state(sentence, subjects, valued, self.cites(start))
            settled = claimed or escaped or self.explained
            if speaks and not settled and not any(start <= place < end for place in stated):
                found.append(" ".join(self.text[start:end].split()))
        return list(dict.fromkeys(found))

    def seen(self, mask: list[bool]) -> str:
        return "".join(wording.HIDDEN if hidden else letter for letter, hidden in zip(self.text, mask, strict=True))

    def problem(self, kind: str, start: int, what: str) -> Problem:
        words = re.findall(r"\w+", self.text)
        place = min(len(re.findall(r"\w+", self.text[:start])), max(0, len(words) - 1))
        around = slice(max(0, place - 8), place + 9)
        return Problem(
            kind, what, self.sentence(start), tuple(words[around]), place - around.start, self.advised.get(start, ())
        )

    def sentence(self, place: int) -> str:
        """The sentence around a place in the text."""
        low, high = self.bounds(place)
        return " ".join(self.text[low:high].split())

    def bounds(self, place: int) -> tuple[int, int]:
        """Where the sentence around a place in the text begins and ends."""
        found = self.sentences()
        return next(((low, high) for low, high in found if place <= high), found[-1])

    def sentences(self) -> list[tuple[int, int]]:
        """Where each sentence of the text begins and ends."""
        return sentences(self.text)


def is_measured(key: str) -> bool:
    """Whether a key is that of a score of a model, and not of a number that was set, such as a longest length."""
    return bool(metrics_of(key)) and not is_difference(key)


def is_difference(key: str) -> bool:
    """Whether a key is that of a number made of two, which may be said in points, times or epochs."""
    return len(list(keys_in(key))) > 1 or key.startswith("comparison")


def states_of_compared(text: str, subjects: Subjects) -> bool:
    """Whether a text states a result of a setting or a method that it names."""
    if not subjects.compares(text):
        return False
    stated = next(statements(text, subjects, cited=False), None)
    return stated is not None or any(
        not excused(text, start, subjects, False) for start, _ in wording.comparisons(text)
    )


def squeezed(name: str) -> str:
    """A name as it is compared with a part of a key, however its white space and escapes are printed."""
    return "".join(shown(wording.cleaned(name)).split())


@lru_cache(maxsize=64)
def sentences(text: str) -> list[tuple[int, int]]:
    found, low = [], 0
    for end in SENTENCE_END.finditer(text):
        if not ABBREVIATION.search(text[: end.start()]):
            found.append((low, end.start()))
            low = end.end()
    return [*found, (low, len(text))]
