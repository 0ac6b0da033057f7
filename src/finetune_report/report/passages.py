"""The running text of a block of the report, and what is wrong in it: numbers, comparisons, values out of place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from finetune_report.report import lexicon as wording
from finetune_report.report.derived import keys_in
from finetune_report.report.keys import parts_of
from finetune_report.report.statements import excused, qualifies, reported, statements
from finetune_report.report.subjects import Subjects
from finetune_report.report.values import shown

MARK = re.compile(r"\{\.(?:value|claim|stated|name)\b")
TOUCHING_BEFORE = re.compile(r"(?:[^\W_]|[.,]|(?:^|[\s(\[])[-−–+<>])$")
TOUCHING_AFTER = re.compile(r"[^\W_]|[%‰°×]|[.,]\d")
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
    """A claim where it stands: its number, its sentence from the beginning up to its end, and its own words in it."""

    number: str
    sentence: str
    words: str


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
    labels: list[tuple[int, int]] = field(default_factory=list)  # those of them that only label a row's values
    escapes: list[tuple[int, int, str]] = field(default_factory=list)  # start and end in the text, reason
    authors: list[int] = field(default_factory=list)  # where one is cited by the authors' names
    reported: list[tuple[int, int]] = field(default_factory=list)  # start and end of numbers that are a source's
    advised: dict[int, tuple[str, ...]] = field(default_factory=dict)  # place in the text, kinds of claim
    claims: list[tuple[int, int, str]] = field(default_factory=list)  # start and end in the text, number
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
        found = []
        for start, end, number in self.claims:
            first = start + len(self.text[start:end]) - len(self.text[start:end].lstrip())
            low, high = self.bounds(first)
            last = min(end, high)
            self.claimed[start:last] = [True] * (last - start)
            found.append(Made(number, " ".join(self.text[low:last].split()), " ".join(self.text[first:last].split())))
        return found

    def label(self) -> None:
        """In a row of a table: names that are a part of the key of a value there label it, and say nothing else."""
        parts = {squeezed(part) for _, _, key in self.values for each in keys_in(key) for part in parts_of(each)}
        self.labels = [(start, end) for start, end in self.names if squeezed(self.text[start:end]) in parts]
        for start, end in self.labels:
            self.claimed[start:end] = [True] * (end - start)

    def state(self, subjects: Subjects) -> None:
        """Look for sentences that state a result without a claim, where no word was found that compares by itself."""
        seen = self.seen(self.claimed)
        compared = [start for start, _ in wording.comparisons(seen)]
        for low, high in self.sentences():
            if any(low <= start < high for start in compared) or self.explains(low, subjects):
                continue
            found = next(statements(seen[low:high], subjects, self.cites(low)), None)
            if found:
                start, end, claims = found
                self.found.append(("unclaimed statement", low + start, self.text[low + start : low + end]))
                self.advised[low + start] = claims

    def problems(self, names: Iterable[str], subjects: Subjects) -> list[Problem]:
        for start, end in wording.numbers(self.seen(self.bound), names):
            if self.is_reported(start, end, subjects):
                self.reported.append((start, end))
            elif self.explains(start, subjects) and not wording.DECIMAL.search(self.text[start : end + 2]):
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
            if self.touched(start, end):
                self.found.append(("touched value", start, self.text[max(0, start - 1) : end + 2].strip()))
            other = self.misplaced(start, key, subjects)
            if other:
                self.found.append(
                    ("value of another", start, f"{self.text[start:end]} ({key}) where the sentence says {other}")
                )
        for start, end, _ in self.escapes:
            if wording.is_result(self.text[start:end], self.sentence(start)) and not self.cites(start):
                self.found.append(("escaped result", start, self.text[start:end]))
        return [self.problem(*found) for found in sorted(self.found, key=lambda found: found[1])]

    def misplaced(self, start: int, key: str, subjects: Subjects) -> str:
        """What the sentence around a value speaks of instead of what it is of; nothing where they fit."""
        low, high = self.bounds(start)
        keys = [key for place, _, key in sorted(self.values) if low <= place < high]
        text = self.text
        for first, end in self.labels:
            text = text[:first] + wording.HIDDEN * (end - first) + text[end:]
        return subjects.other(key, text[low:high], start - low, keys)

    def touched(self, start: int, end: int) -> bool:
        """Whether a printed value runs into a digit, a letter, a sign that changes it, or another value."""
        if start == end:  # a text from the data of nothing but signs without a width
            return False
        before, after = self.text[:start], self.text[end:]
        starts, ends = ({value[place] for value in self.values} for place in (0, 1))
        joined = start in ends or end in starts or (after[:1] in (".", ",") and end + 1 in starts)
        return joined or bool(TOUCHING_BEFORE.search(before[-2:]) or TOUCHING_AFTER.match(after))

    def explains(self, place: int, subjects: Subjects) -> bool:
        """Whether the sentence around a place stands in an explanation and names nothing that was compared."""
        return self.explained and not subjects.compares(self.sentence(place))

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
        """The sentences that speak of results and hold no claim or escape, nor a value with nothing said around it.

        So does one that names something that was compared, whatever its words.
        """
        stated = [place for kind, place, _ in self.found if kind in ("unclaimed statement", "unbound comparison")]
        found = []
        for start, end in self.sentences():
            sentence = self.seen(self.claimed)[start:end]
            valued, escaped, claimed = (
                any(low < end and high > start for low, high, _ in spans)
                for spans in (self.values, self.escapes, self.claims)
            )
            speaks = qualifies(sentence) or (
                not valued and (wording.speaks_of_results(sentence) or subjects.compares(sentence))
            )
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
