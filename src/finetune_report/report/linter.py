"""Checks pandoc's document tree for numbers and comparisons that no result stands behind.

The tree holds all that gets printed: text, captions, table cells, footnotes, headings, metadata, alternative texts,
code and math. What the engine printed is marked there by `.value` and `.claim`, what the author vouches for by
`.stated` with a reason.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from finetune_report.report import lexicon as wording
from finetune_report.report.passages import Escape, Made, Passage, Problem, State, states_of_compared
from finetune_report.report.raw_code import LOOKS
from finetune_report.report.subjects import Subjects

import panflute as pf

REPORTED = "reported, by the source cited there"
TITLE = "the title of a source"
EXPLANATION = "an explanation"
UNPRINTED = {"bibliography", "csl", "lang", "link-citations", "nocite", "toc", "toc-depth"}
SECTION_NUMBER = re.compile(r"(?:[1-9]\d?|[A-Z]|[IVX]+)(?:\.[1-9]\d?)*\.?")
# What the engine and the report's own filters understand. Others may show in one form of the report and not in another.
ATTRIBUTES = {"key", "n", "reason", "number", "width", "height", "widths", "alt", "lang", "dir"}
# Of a symbol: one that stands alone is a number that is set low or high.
SUB_OR_SUPERSCRIPT = re.compile(r"(?<=[\w}\])'|])[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[^\s{}\\])")
LATEX_COMMAND = re.compile(r"\\[A-Za-z]+")
MATH_WORDS = re.compile(r"\\(?:text|mathrm|operatorname|mathit|texttt|mathsf|textbf|textit)\s*\{([^{}]*)\}")
RELATION = re.compile(r"[<>≤≥≻≺≫≪]|\\(?:gt|lt|geq?|leq?|gg|ll|succ|prec|gtrsim|lesssim)\b")
HTML_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
# Comments, and tags that change the looks of words that stand in the tree.
UNPRINTED_RAW = re.compile(rf"<!--.*?-->|</?(?:br|{'|'.join(LOOKS)})\s*/?>", re.DOTALL | re.IGNORECASE)
ASKING = re.compile(r"(?:What|How|Where|When|Which|Whether)\b", re.IGNORECASE)  # a heading that says what is looked at
PLACE = r"(?:\d{1,6}|[1-9]\d?(?:\.[1-9]\d?)+)"  # a page, or a section; no share such as 0.97
REFERENCE = re.compile(r"(?:fig|tbl|sec):")  # to a part of this report, which is no source
LOCATOR = re.compile(
    rf"[,\s]*(?:pp?|secs?|ch|chap|vol|fig|eq)\.[\s\xa0]{PLACE}(?:(?:[–-]|,\s)?{PLACE})*[,.]?\s*"
)  # [@key, p. 3]


class Check:
    """Walks through a tree and gathers problems.

    `names` pass whatever digits they hold; `printed` are the texts that the engine printed, by key, `printed_names` how
    often it printed names that come from the data. `subjects` are what values and sentences may be about.
    """

    def __init__(
        self,
        names: Iterable[str],
        printed: dict[str, set[str]],
        printed_names: Mapping[str, int],
        subjects: Subjects,
    ) -> None:
        self.names, self.subjects = frozenset(names), subjects
        self.printed = {key: {bare(text) for text in texts} for key, texts in printed.items()}
        self.left_to_print = Counter({bare(text): count for text, count in printed_names.items()})
        self.problems: list[Problem] = []
        self.escapes: list[Escape] = []
        self.unjudged: list[str] = []  # sentences that speak of results without anything that was checked
        self.claims: Counter[str] = Counter()  # how often each claim's mark occurs
        self.opened: list[str] = []  # claims of several paragraphs whose first is yet to come
        self.made: list[Made] = []
        self.cited: set[str] = set()  # keys of sources
        self.unread: list[str] = []  # paragraphs that are not English
        self.last_item = 0  # of the ordered list before

    def document(self, doc: pf.Doc) -> None:
        for name, entry in doc.metadata.content.items():
            if name not in UNPRINTED:
                self.metadata(entry)
        self.blocks(doc.content, State())

    def sources(self, fields: Iterable[tuple[str, str, str]]) -> None:
        """Look at what is printed of sources: titles are listed where they have a number; notes are ours."""
        for key, name, text in fields:
            if "title" in name:
                if wording.numbers(text, self.names):
                    self.escapes.append(Escape(text, TITLE, f"@{key}"))
                continue
            passage = Passage()
            passage.add(text, State())
            passage.state(self.subjects)
            stated = {kind for kind, *_ in passage.found}
            if stated or any(wording.is_result(text[start:], text) for start, _ in wording.numbers(text, self.names)):
                self.problems.append(passage.problem("result in a source", 0, f"@{key}"))

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
            classes = getattr(element, "classes", [])
            if "stated" in classes:
                self.block_escape(element)
            if "explanation" in classes:
                self.escapes.append(Escape(pf.stringify(element).strip(), EXPLANATION, ""))

    def block_escape(self, element: Any) -> None:
        """An escape of a block: one paragraph, list, table or piece of code, and no result in it."""
        text = getattr(element, "text", "") or pf.stringify(element).strip()
        self.escapes.append(Escape(text, element.attributes.get("reason", ""), ""))
        if isinstance(element, pf.Div):
            if len(element.content) > 1:
                self.complain("wide escape", element, None)
            if wording.is_result(text, text) and not each(element, pf.Cite):
                self.complain("escaped result", element, None)
            if states_of_compared(text, self.subjects):
                self.complain("escaped claim", element, None)

    def block(self, element: Any, state: State) -> None:
        match element:
            case pf.Para() | pf.Plain() | pf.Header() | pf.LineItem():
                number = element.attributes.get("number") if isinstance(element, pf.Header) else None
                prose = isinstance(element, pf.Para) or isinstance(element.parent, pf.ListItem | pf.Definition)
                asks = isinstance(element, pf.Header) and ASKING.match(pf.stringify(element))
                caption = isinstance(element, pf.Plain) and not prose
                self.passage(element.content, state, number, prose, states=not asks, alone=caption)
            case pf.CodeBlock():
                self.plain(element.text, state, states=True)
            case pf.RawBlock():
                self.raw(element, None, state)
            case pf.OrderedList():
                if element.start not in (1, self.last_item + 1) and not state.bound:
                    self.plain(str(element.start), state)
                self.blocks(element.content, state)
                self.last_item = element.start + len(element.content) - 1
            case pf.Table():
                self.blocks(element.caption.content if element.caption else [], state)
                heads = column_heads(element)
                for part in (element.head, *element.content, element.foot):
                    for row in [*getattr(part, "intermediate_head", []), *(part.content if part else [])]:
                        self.row(row, state, [] if part is element.head else heads)
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

    def row(self, row: pf.TableRow, state: State, heads: list[str]) -> None:
        """A table's row as one passage, so that a finding shows all of it; `heads` are those of its columns."""
        passage = Passage()
        for number, cell in enumerate(row.content):
            if heads and number < len(heads):
                passage.heads.append((len(passage.text), heads[number]))
            passage.add(" | " if number else "", State())
            for block in cell.content:
                if isinstance(block, pf.Plain | pf.Para):
                    self.inlines(block.content, passage, state)
                else:
                    self.blocks([block], state)
        passage.label()
        self.made += passage.claim()
        if heads:
            passage.state(self.subjects)
        self.finish(passage)

    def passage(
        self,
        inlines: Iterable[Any],
        state: State,
        section_number: str | None = None,
        prose: bool = False,
        states: bool = True,
        alone: bool = False,
    ) -> None:
        passage = Passage(state.explained)
        if section_number is not None and not SECTION_NUMBER.fullmatch(section_number):
            passage.note("unbound number", section_number)
        self.inlines(inlines, passage, state)
        passage.claims += [(0, len(passage.text), number) for number in self.opened]
        self.opened.clear()
        self.made += passage.claim()
        if states:
            passage.state(self.subjects, alone)
        self.finish(passage)
        if prose and wording.is_foreign(passage.text):
            self.unread.append(" ".join(passage.text.split()))
        elif prose:  # captions and heads say what is shown
            self.unjudged += passage.unjudged(self.subjects)

    def plain(self, text: str, state: State, states: bool = False) -> None:
        """A text without elements; one that `states` is read as prose is."""
        passage = Passage()
        passage.add(text, state)
        if states:
            passage.state(self.subjects)
        self.finish(passage)

    def finish(self, passage: Passage) -> None:
        self.problems += passage.problems(self.names, self.subjects)
        vouched = passage.escapes + [(start, end, REPORTED) for start, end in passage.reported]
        self.escapes += [Escape(passage.text[a:b], reason, passage.sentence(a)) for a, b, reason in sorted(vouched)]

    def raw(self, element: Any, passage: Passage | None, state: State) -> None:
        """Code of an output format: what it prints, in which forms of the report, no check can tell."""
        if not state.bound and UNPRINTED_RAW.sub("", element.text).strip():
            self.complain("raw code", element, passage)
        text = HTML_TAG.sub(" " if passage is None else "", element.text)
        if passage is None:
            self.plain(text, state)
        else:
            passage.add(text, state)

    def inlines(self, elements: Iterable[Any], passage: Passage, state: State) -> None:
        for element in elements:
            start = len(passage.text)
            self.inline(element, passage, self.entered(element, state, passage))
            classes, place = getattr(element, "classes", []), (start, len(passage.text))
            marks = passage.values + passage.claims
            if isinstance(element, pf.Strikeout) and any(start <= place for place, *_ in marks):
                self.complain("struck out", element, passage)
            if "value" in classes:
                passage.values.append((*place, element.attributes.get("key", "")))
            if "name" in classes:
                passage.names.append(place)
            if isinstance(element, pf.Code) and element.text in self.names:
                passage.settings.append(place)
            if "stated" in classes:
                passage.escapes.append((*place, element.attributes.get("reason", "")))
            if "claim" in classes:
                passage.claims.append((*place, element.attributes.get("n", "")))

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
                self.raw(element, passage, state)
            case pf.Note():  # a text of its own, whatever stands around its mark
                self.blocks(element.content, State())
            case pf.Cite():
                if not all(REFERENCE.match(citation.id) for citation in element.citations):
                    passage.cited.append(len(passage.text))
                if any(citation.mode == "AuthorInText" for citation in element.citations):
                    passage.authors.append(len(passage.text))
                for citation in element.citations:
                    self.cited.add(citation.id)
                    self.inlines(citation.prefix, passage, state)
                    passage.add(f"@{citation.id}", State(True, True))
                    locator = LOCATOR.fullmatch(pf.stringify(pf.Span(*citation.suffix)))
                    self.inlines(citation.suffix, passage, State(True, True) if locator else state)
            case pf.Link() if element.url.removeprefix("mailto:") == pf.stringify(element):
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
                self.plain(text, state, states=True)

    def math(self, text: str, passage: Passage, state: State) -> None:
        """Numbers in math count, except in sub- and superscripts; the formula itself is no prose."""
        scripts = SUB_OR_SUPERSCRIPT.sub(lambda script: script[0] if wording.DECIMAL.search(script[0]) else " ", text)
        bare_math = LATEX_COMMAND.sub(" ", scripts)
        if not state.bound:
            for start, end in wording.numbers(bare_math, self.names):
                passage.note("unbound number", bare_math[start:end])
        if not state.claimed:
            for start, end in wording.comparisons(bare_math):
                passage.note("unbound comparison", bare_math[start:end])
        words = " ".join(MATH_WORDS.findall(text))
        if not state.claimed and RELATION.search(text) and self.subjects.compares(words):
            passage.note("unbound comparison", text)
        passage.add(f"${text}$", State(True, True))

    def entered(self, element: Any, state: State, passage: Passage | None) -> State:
        """The state inside an element."""
        classes, attributes = getattr(element, "classes", []), getattr(element, "attributes", {})
        for name in sorted(attributes.keys() - ATTRIBUTES):
            self.complain("unknown attribute", element, passage, name)
        if "stated" in classes:
            if len(re.findall(r"[^\W\d_]+", attributes.get("reason", ""))) < 2:
                self.complain("missing reason", element, passage)
            return State(bound=True, claimed=True)
        if "name" in classes:
            text = bare(pf.stringify(element))
            self.left_to_print[text] -= 1
            if self.left_to_print[text] < 0:
                self.complain("forged name", element, passage)
            return State(bound=True, claimed=state.claimed)
        if "value" in classes:
            key = element.attributes.get("key", "")
            if bare(pf.stringify(element)) not in self.printed.get(key, ()):
                self.complain("forged value", element, passage)
            return State(bound=True, claimed=True)
        if "claim" in classes:
            self.claims[element.attributes.get("n", "")] += 1
            if passage is None:  # a claim of several paragraphs is made by the first
                self.opened.append(element.attributes.get("n", ""))
        return replace(state, explained=True) if "explanation" in classes else state

    def complain(self, kind: str, element: Any, passage: Passage | None, found: str = "") -> None:
        text = found or pf.stringify(element).strip() or getattr(element, "text", "")
        if passage is None:
            passage = Passage(text=text, bound=[True] * len(text), claimed=[True] * len(text))
            self.problems.append(passage.problem(kind, 0, text))
        else:
            passage.note(kind, text)


def column_heads(table: pf.Table) -> list[str]:
    """The words above each column; none where a cell of the head spans several."""
    rows = list(table.head.content)
    cells = list(rows[-1].content) if rows else []
    return [pf.stringify(cell) for cell in cells] if all(cell.colspan == 1 for cell in cells) else []


def each(tree: Any, *kinds: type) -> list[Any]:
    """Every element of these kinds in a tree, in the order in which panflute walks: what is inside comes first."""
    found: list[Any] = []
    tree.walk(lambda element, doc: found.append(element) if isinstance(element, kinds) else None)
    return found


def ancestors(element: Any) -> Iterator[Any]:
    while element.parent is not None:
        element = element.parent
        yield element


def bare(text: str) -> str:
    """A text without white space and without the signs that Markdown needs for superscripts, code and escapes."""
    return re.sub(r"[\s\\^`]", "", text)
