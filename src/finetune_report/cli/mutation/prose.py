"""Falsifies the text of a report instead of its results: each changed paragraph must become a finding.

In the filled-in text, paragraph by paragraph: a value is typed as a number, the interval of one is another, two values
trade places, a sentence names another split, a claim loses its mark, is denied, or has its two settings the other way
round. Two values are swapped where their keys differ in split, metric, or setting or method, which is what the check
knows of them. All changed paragraphs are parsed in one call.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from finetune_report.report.claim_wording import DIRECTED, misworded
from finetune_report.report.findings import check_of
from finetune_report.report.passages import State
from finetune_report.report.rendering import parse
from finetune_report.report.subjects import metrics_of, splits_of
from finetune_report.report.template import Filled

VALUE = re.compile(r'\[((?:[^\[\]\\]|\\.)*)\]\{\.value key="((?:[^"\\]|\\.)*)"\}')
CLAIM = re.compile(r'\{\.claim n="(\d+)"\}')
PARAGRAPH = re.compile(r"\n[ \t]*\n")
NO_PARAGRAPH = re.compile(r"[|#:!<`$-]|\s|\[\^")  # how tables, headings, fences, figures, lists begin
OTHER_SPLIT = {"validation": "test", "test": "validation", "train": "validation"}
SPLIT_WORD = {"validation": "validation", "test": "test", "train": "training"}


@dataclass(frozen=True)
class Mutant:
    """A paragraph with something false in it, the paragraph that it was, and what was done."""

    kind: str
    before: str
    text: str
    what: str


def survivors(filled: Filled, write_up: Path) -> tuple[int, list[str]]:
    """How many false paragraphs were tried, and a line for each that is no finding."""
    tried = [mutant for text in paragraphs(filled.text) for mutant in mutants(text, filled)]
    if not tried:
        return 0, []
    texts = list(dict.fromkeys(text for mutant in tried for text in (mutant.before, mutant.text)))
    blocks = "\n\n".join(f":::::: {{#m{number}}}\n\n{text}\n\n::::::" for number, text in enumerate(texts))
    document = parse(blocks, write_up)
    found = {text: faults(block, filled) for text, block in zip(texts, list(document.content), strict=True)}
    left = [mutant for mutant in tried if not found[mutant.text] - found[mutant.before] and not lost(mutant)]
    return len(tried), [f"{mutant.kind}: {mutant.what}" for mutant in left]


def paragraphs(markdown: str) -> Iterator[str]:
    """The plain paragraphs of a filled-in text that have a mark in them."""
    for text in PARAGRAPH.split(markdown):
        if not NO_PARAGRAPH.match(text) and "[^" not in text and (VALUE.search(text) or CLAIM.search(text)):
            yield text


def faults(block: object, filled: Filled) -> set[tuple[str, str]]:
    """What the check finds in a paragraph."""
    check = check_of(filled)
    check.blocks([block], State())
    found = {(problem.kind, problem.found) for problem in check.problems}
    return found | {("misworded claim", wrong) for _, _, wrong in misworded(check.made, filled)}


def lost(mutant: Mutant) -> bool:
    """Whether a claim has lost its mark, which the check of a whole document finds by the number of marks."""
    return sorted(CLAIM.findall(mutant.before)) != sorted(CLAIM.findall(mutant.text))


def mutants(text: str, filled: Filled) -> Iterator[Mutant]:
    values = list(VALUE.finditer(text))
    for value in values:
        key, shown = value[2], value[1]
        if re.search(r"\d", shown) and not is_text(key, filled):
            yield Mutant("typed number", text, replaced(text, value, shown), f"{shown} ({key})")
        inner = re.search(r"\(.*?(\d)(?=\D*$)", shown)
        if inner:
            other = shown[: inner.start(1)] + str((int(inner[1]) + 1) % 10) + shown[inner.end(1) :]
            yield Mutant("other interval", text, replaced(text, value, f'[{other}]{{.value key="{key}"}}'), key)
    for one, other in combinations(values, 2):
        if differ(one[2], other[2], filled) and one[0] != other[0]:
            swapped = text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]
            yield Mutant("swapped values", text, swapped, f"{one[2]} and {other[2]}")
    yield from of_another_split(text, values)
    for mark in CLAIM.finditer(text):
        yield from of_claims(text, mark, filled)


def replaced(text: str, match: re.Match[str], by: str) -> str:
    return text[: match.start()] + by + text[match.end() :]


def is_text(key: str, filled: Filled) -> bool:
    return any(citation.value.key == key and isinstance(citation.value.value, str) for citation in filled.citations)


def differ(one: str, other: str, filled: Filled) -> bool:
    """Whether two keys are of one measure of two splits, or of two settings or methods."""
    if metrics_of(one) != metrics_of(other) or not metrics_of(one):
        return False
    owners = filled.subjects.owners_of(one), filled.subjects.owners_of(other)
    if any(len(each) != 1 for each in owners):
        return False
    return owners[0] != owners[1] or (splits_of(one) != splits_of(other) and bool(splits_of(one)))


def of_another_split(text: str, values: list[re.Match[str]]) -> Iterator[Mutant]:
    """The paragraph with the only split that it names, and that its values are of, called by another's name."""
    splits = set().union(*(splits_of(value[2]) for value in values))
    plain = VALUE.sub(" ", text)
    for split in splits:
        word = SPLIT_WORD[split]
        named = rf"\b{word}(?=\s(?:set|split|accuracy|loss))"
        others = [other for other in SPLIT_WORD.values() if other != word and re.search(rf"\b{other}\b", plain)]
        if len(splits) == 1 and not others and re.search(named, plain, re.IGNORECASE):
            other = SPLIT_WORD[OTHER_SPLIT[split]]
            yield Mutant("other split", text, re.sub(named, other, text), f"{word} called {other}")


def of_claims(text: str, mark: re.Match[str], filled: Filled) -> Iterator[Mutant]:
    """A claim without its mark, denied, and with its settings the other way round."""
    claim = filled.claims[int(mark[1]) - 1]
    begin = opening(text, mark.start() - 1)
    what = f"{claim.kind}, line {claim.line}"
    yield Mutant("deleted mark", text, text[: mark.start()] + text[mark.end() :], what)
    yield Mutant("denied claim", text, f"{text[:begin]}It is false that {text[begin:]}", what)
    a, b = (str(claim.arguments.get(name, "")) for name in ("a", "b"))
    body = text[begin : mark.start()]
    if claim.kind in DIRECTED and (claim.gated or claim.verdict.holds) and a in body and b in body:
        swapped = body.replace(a, "\0").replace(b, a).replace("\0", b)
        yield Mutant("swapped settings", text, text[:begin] + swapped + text[mark.start() :], what)


def opening(text: str, closing: int) -> int:
    """The place of the bracket that one at `closing` closes."""
    depth = 0
    for place in range(closing, -1, -1):
        if text[place] in "[]" and text[place - 1 : place] != "\\":
            depth += 1 if text[place] == "]" else -1
            if not depth:
                return place
    return 0
