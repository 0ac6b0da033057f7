"""Measure the check of the text on labelled sentences (tests/prose/), and write what comes out into docs/checks.md.

With `--check` nothing is written, and it exits with 1 where docs/checks.md says otherwise. With `--misses` it prints
which sentences of the tuned part were judged wrongly; those of the other parts are not to be looked at.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from finetune_report.files import PROJECT
from finetune_report.report.linter import Check
from finetune_report.report.passages import State
from finetune_report.report.rendering import parse
from finetune_report.report.subjects import Subjects

FOLDER = PROJECT / "tests/prose"
TABLE = PROJECT / "docs/checks.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
LABELLED = re.compile(r"\{([^{}]+)\}")
OF_CLAIMS = {"unbound comparison", "unclaimed statement"}
KEY = "values.unknown"  # of the value in the place of a number where claims are measured
PRINTED = f'[0.5]{{.value key="{KEY}"}}'
PARTS = {"tuned": "tuned on", "held-out": "held out", "independent": "by another hand"}


@dataclass(frozen=True)
class Sentence:
    """A labelled sentence of a report in which some names are known; `text` has its numbers in braces."""

    text: str
    claim: bool
    subjects: Subjects

    @property
    def plain(self) -> str:
        return LABELLED.sub(r"\1", self.text)

    @property
    def numbers(self) -> list[str]:
        return LABELLED.findall(self.text)


@dataclass
class Counts:
    sentences: int = 0
    claims: int = 0
    blocked: int = 0
    blocked_claims: int = 0
    shown_claims: int = 0
    numbers: int = 0
    found: int = 0
    found_numbers: int = 0
    misses: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        def share(part: int, whole: int) -> str:
            return f"{part} of {whole} ({part / whole:.0%})"

        return (
            f"| {name} | {self.sentences} | {share(self.blocked_claims, self.claims)} | "
            f"{share(self.shown_claims, self.claims)} | {share(self.blocked_claims, self.blocked)} | "
            f"{share(self.found_numbers, self.numbers)} | {share(self.found_numbers, self.found)} |"
        )


def read(path: Path) -> list[Sentence]:
    """The sentences of a file; its lines with `#` say what the check knows by name in those that follow."""
    found, subjects = [], Subjects()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            facts = dict(fact.split(": ") for fact in line.split("; ")[1:])
            things = [*facts["classes"].split(", "), facts["model"], facts["data"]]
            subjects = Subjects(
                frozenset(facts["settings"].split(", ")),
                facts["winner"],
                frozenset({"majority", "bag-of-words"}),
                frozenset(things),
            )
        else:
            found.append(Sentence(line[2:], line[0] == "+", subjects))
    return found


def checked(texts: list[str], subjects: list[Subjects]) -> Iterator[Check]:
    """Each text as a paragraph of its own."""
    document = parse("\n\n".join(texts), Path("sentences.md"))
    assert len(document.content) == len(texts)
    for block, known in zip(list(document.content), subjects, strict=True):
        check = Check(known.settings, {KEY: {"0.5"}}, {}, known)
        check.blocks([block], State())
        yield check


def measured(sentences: list[Sentence]) -> Counts:
    """Numbers are measured on the sentences as typed; claims with each number that is a result printed as a value."""
    counts = Counts(len(sentences))
    subjects = [sentence.subjects for sentence in sentences]
    typed = checked([sentence.plain for sentence in sentences], subjects)
    printed = checked([LABELLED.sub(PRINTED, sentence.text) for sentence in sentences], subjects)
    for sentence, numbers, claims in zip(sentences, typed, printed, strict=True):
        count_numbers(counts, sentence, [each.found for each in numbers.problems if each.kind == "unbound number"])
        count_claim(counts, sentence, {each.kind for each in claims.problems}, bool(claims.unjudged))
    return counts


def count_numbers(counts: Counts, sentence: Sentence, found: list[str]) -> None:
    left = Counter(found)
    for number in sentence.numbers:
        token = next((token for token in left if left[token] and number in token), None)
        if token is None:
            counts.misses.append(f"number missed: {number} in {sentence.plain}")
            continue
        left[token] -= 1
        counts.found_numbers += 1
    counts.numbers += len(sentence.numbers)
    counts.found += len(found)
    counts.misses += [f"no result: {token} in {sentence.plain}" for token in left.elements()]


def count_claim(counts: Counts, sentence: Sentence, kinds: set[str], unjudged: bool) -> None:
    blocked = bool(kinds & OF_CLAIMS)
    counts.claims += sentence.claim
    counts.blocked += blocked
    counts.blocked_claims += blocked and sentence.claim
    counts.shown_claims += (blocked or unjudged) and sentence.claim
    if sentence.claim and not blocked:
        counts.misses.append(f"claim {'only listed' if unjudged else 'missed'}: {sentence.plain}")
    elif blocked and not sentence.claim:
        counts.misses.append(f"no claim: {sentence.plain}")


def table(results: dict[str, Counts]) -> str:
    return "\n".join(
        [
            "| part | sentences | claims blocked | claims blocked or listed | blocked that are claims "
            "| numbers found | found that are results |",
            "|:--|--:|--:|--:|--:|--:|--:|",
            *(counts.row(PARTS[name]) for name, counts in results.items()),
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    results = {name: measured(read(FOLDER / f"{name}.txt")) for name in PARTS}
    if "--misses" in arguments:
        print(*results["tuned"].misses, sep="\n")
    made = table(results)
    print(made)
    before, _, rest = TABLE.read_text(encoding="utf-8").partition(BEGIN) if TABLE.exists() else ("", "", "")
    old, _, after = rest.partition(END)
    if "--check" in arguments:
        return int(old != made)
    if before:
        TABLE.write_text(before + BEGIN + made + END + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
