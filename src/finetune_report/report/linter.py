"""Checks pandoc's document tree for numbers and comparisons that no result stands behind.

The tree holds all that gets printed: text, captions, table cells, footnotes, headings, metadata, alternative texts,
code and math. What the engine printed is marked there by `.value` and `.claim`, what the author vouches for by
`.stated` with a reason.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from finetune_report.report import lexicon as wording

import panflute as pf

UNPRINTED = {"bibliography", "csl", "lang", "link-citations", "nocite", "toc", "toc-depth", "reference-section-title"}
HIDDEN = "\ufffc"  # stands for a character that a check must not see
LOCATOR = re.compile(r"[,\s]*(?:pp?|secs?|ch|chap|vol|fig|eq)\.[\s\xa0][\d.,–\s-]+")  # the page in [@key, p. 3]
SECTION_NUMBER = re.compile(r"[0-9A-Z]+(?:\.[0-9]+)*\.?")
MARK = re.compile(r"\{\.(?:value|claim|stated)\b")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\Wa-z_])")
ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|al|vs|cf|Figs?|Secs?|Eqs?|No|pp?|approx|resp)\.$")
SUB_OR_SUPERSCRIPT = re.compile(r"[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[^\s{}\\])")
LATEX_COMMAND = re.compile(r"\\[A-Za-z]+")
HTML_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)


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


@dataclass(frozen=True)
class State:
    """What the elements around a place say of it: that its numbers are bound, that its comparisons are claimed."""

    bound: bool = False
    claimed: bool = False


@dataclass
class Passage:
    """The running text of a block; what a check must not see is masked for it."""

    text: str = ""
    bound: list[bool] = field(default_factory=list)
    claimed: list[bool] = field(default_factory=list)
    found: list[tuple[str, int, str]] = field(default_factory=list)  # kind, place in the text, what

    def add(self, text: str, state: State) -> None:
        self.text += text
        self.bound += [state.bound] * len(text)
        self.claimed += [state.claimed] * len(text)

    def note(self, kind: str, what: str) -> None:
        """Something found in what is added next."""
        self.found.append((kind, len(self.text), what))

    def problems(self, names: Iterable[str]) -> list[Problem]:
        for start, end in wording.numbers(self.seen(self.bound), names):
            self.found.append(("unbound number", start, self.text[start:end]))
        for start, end in wording.comparisons(self.seen(self.claimed)):
            self.found.append(("unbound comparison", start, self.text[start:end]))
        self.found += [("broken mark", mark.start(), mark[0]) for mark in MARK.finditer(self.text)]
        return [self.problem(*found) for found in sorted(self.found, key=lambda found: found[1])]

    def seen(self, mask: list[bool]) -> str:
        return "".join(HIDDEN if hidden else letter for letter, hidden in zip(self.text, mask, strict=True))

    def problem(self, kind: str, start: int, what: str) -> Problem:
        words = re.findall(r"\w+", self.text)
        place = min(len(re.findall(r"\w+", self.text[:start])), max(0, len(words) - 1))
        around = slice(max(0, place - 8), place + 9)
        return Problem(kind, what, self.sentence(start), tuple(words[around]), place - around.start)

    def sentence(self, place: int) -> str:
        """The sentence around a place in the text."""
        low, high = 0, len(self.text)
        for end in SENTENCE_END.finditer(self.text):
            if ABBREVIATION.search(self.text[: end.start()]):
                continue
            if end.end() > place:
                high = end.start()
                break
            low = end.end()
        return " ".join(self.text[low:high].split())


class Check:
    """Walks through a tree and gathers problems.

    `names` pass whatever digits they hold; `printed` are the texts that the engine printed, by key.
    """

    def __init__(self, names: Iterable[str], printed: dict[str, set[str]]) -> None:
        self.names = frozenset(names)
        self.printed = {key: {bare(text) for text in texts} for key, texts in printed.items()}
        self.problems: list[Problem] = []
        self.claims: Counter[str] = Counter()  # how often each claim's mark occurs

    def document(self, doc: pf.Doc) -> None:
        for name, entry in doc.metadata.content.items():
            if name not in UNPRINTED:
                self.metadata(entry)
        self.blocks(doc.content, State())

    def metadata(self, entry: Any) -> None:
        if isinstance(entry, pf.MetaMap):
            for below in entry.content.values():
                self.metadata(below)
        elif isinstance(entry, pf.MetaList):
            for below in entry.content:
                self.metadata(below)
        elif isinstance(entry, pf.MetaBlocks):
            self.blocks(entry.content, State())
        elif isinstance(entry, pf.MetaInlines):
            self.passage(entry.content, State())
        elif isinstance(entry, pf.MetaString):
            self.plain(entry.text, State())

    def blocks(self, elements: Iterable[Any], state: State) -> None:
        for element in elements:
            self.block(element, self.entered(element, state, passage=None))

    def block(self, element: Any, state: State) -> None:
        match element:
            case pf.Para() | pf.Plain() | pf.Header() | pf.LineItem():
                number = element.attributes.get("number") if isinstance(element, pf.Header) else None
                self.passage(element.content, state, number)
            case pf.CodeBlock():
                self.plain(element.text, state)
            case pf.RawBlock():
                self.plain(HTML_TAG.sub(" ", element.text), state)
            case pf.Table():
                self.blocks(element.caption.content if element.caption else [], state)
                for part in (element.head, *element.content, element.foot):
                    for row in [*getattr(part, "intermediate_head", []), *(part.content if part else [])]:
                        self.row(row, state)
            case pf.Figure():
                caption = element.caption.content if element.caption else []
                self.blocks(caption, state)
                self.figure(element, pf.stringify(pf.Div(*caption)) if caption else "", state)
            case pf.DefinitionItem():
                self.passage(element.term, state)
                self.blocks(element.definitions, state)
            case pf.HorizontalRule() | pf.Null():
                pass
            case _:
                self.blocks(element.content, state)

    def figure(self, figure: pf.Figure, caption: str, state: State) -> None:
        """What a figure holds, without the alternative text that repeats the caption."""
        for block in figure.content:
            lone = block.content[0] if isinstance(block, pf.Plain) and len(block.content) == 1 else None
            if isinstance(lone, pf.Image) and bare(pf.stringify(lone)) == bare(caption):
                self.attributes(lone, self.entered(lone, state, passage=None))
            else:
                self.blocks([block], state)

    def row(self, row: pf.TableRow, state: State) -> None:
        """A table's row as one passage, so that a finding shows all of it."""
        passage = Passage()
        for number, cell in enumerate(row.content):
            passage.add(" | " if number else "", State())
            for block in cell.content:
                if isinstance(block, pf.Plain | pf.Para):
                    self.inlines(block.content, passage, state)
                else:
                    self.blocks([block], state)
        self.problems += passage.problems(self.names)

    def passage(self, inlines: Iterable[Any], state: State, section_number: str | None = None) -> None:
        passage = Passage()
        if section_number is not None and not SECTION_NUMBER.fullmatch(section_number):
            passage.note("unbound number", section_number)
        self.inlines(inlines, passage, state)
        self.problems += passage.problems(self.names)

    def plain(self, text: str, state: State) -> None:
        passage = Passage()
        passage.add(text, state)
        self.problems += passage.problems(self.names)

    def inlines(self, elements: Iterable[Any], passage: Passage, state: State) -> None:
        for element in elements:
            self.inline(element, passage, self.entered(element, state, passage))

    def inline(self, element: Any, passage: Passage, state: State) -> None:
        match element:
            case pf.Str():
                passage.add(element.text, state)
            case pf.Space() | pf.SoftBreak() | pf.LineBreak():
                passage.add(" ", state)
            case pf.Code():
                passage.add(element.text, state)
            case pf.Math():
                self.math(element.text, passage, state)
            case pf.RawInline():
                passage.add(HTML_TAG.sub("", element.text), state)
            case pf.Note():
                self.blocks(element.content, state)
            case pf.Cite():
                for citation in element.citations:
                    self.inlines(citation.prefix, passage, state)
                    passage.add(f"@{citation.id}", State(True, True))
                    locator = LOCATOR.fullmatch(pf.stringify(pf.Span(*citation.suffix)))
                    self.inlines(citation.suffix, passage, State(True, True) if locator else state)
            case pf.Link() if "uri" in element.classes or "email" in element.classes:
                passage.add(pf.stringify(element), State(True, True))
            case pf.Quoted():
                marks = "‘’" if element.quote_type == "SingleQuote" else "“”"
                passage.add(marks[0], state)
                self.inlines(element.content, passage, state)
                passage.add(marks[1], state)
            case _:
                self.attributes(element, state)
                self.inlines(element.content, passage, state)

    def attributes(self, element: Any, state: State) -> None:
        """The texts of links and images that a reader meets in a tooltip or has read out."""
        if isinstance(element, pf.Link | pf.Image):
            for text in (element.title, element.attributes.get("alt", "")):
                self.plain(text, state)

    def math(self, text: str, passage: Passage, state: State) -> None:
        """Numbers in math count, except in sub- and superscripts; the formula itself is no prose."""
        bare_math = LATEX_COMMAND.sub(" ", SUB_OR_SUPERSCRIPT.sub(" ", text))
        if not state.bound:
            for start, end in wording.numbers(bare_math, self.names):
                passage.note("unbound number", bare_math[start:end])
        if not state.claimed:
            for start, end in wording.comparisons(bare_math):
                passage.note("unbound comparison", bare_math[start:end])
        passage.add(f"${text}$", State(True, True))

    def entered(self, element: Any, state: State, passage: Passage | None) -> State:
        """The state inside an element."""
        classes = getattr(element, "classes", [])
        if "stated" in classes:
            if not element.attributes.get("reason", "").strip():
                self.complain("missing reason", element, passage)
            return State(bound=True, claimed=True)
        if "value" in classes:
            key = element.attributes.get("key", "")
            if bare(pf.stringify(element)) not in self.printed.get(key, ()):
                self.complain("forged value", element, passage)
            return State(bound=True, claimed=True)
        if "claim" in classes:
            self.claims[element.attributes.get("n", "")] += 1
            return replace(state, claimed=True)
        return state

    def complain(self, kind: str, element: Any, passage: Passage | None) -> None:
        text = pf.stringify(element).strip() or getattr(element, "text", "")
        if passage is None:
            passage = Passage(text=text, bound=[True] * len(text), claimed=[True] * len(text))
            self.problems.append(passage.problem(kind, 0, text))
        else:
            passage.note(kind, text)


def bare(text: str) -> str:
    """A text without white space and without the signs that Markdown needs for superscripts, code and escapes."""
    return re.sub(r"[\s\\^`]", "", text)
