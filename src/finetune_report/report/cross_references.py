"""Turns the checked tree of a write-up into the tree that is printed.

Headings, figures and tables get their numbers, references to them their text, values a link to their row in a
provenance appendix, and its unresolved findings are listed at its end. All of it is done on pandoc's tree, so
that the PDF and the HTML agree.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.report.findings import Checked
from finetune_report.report.keys import matches
from finetune_report.report.linter import ancestors, bare, each
from finetune_report.report.results import nearest
from finetune_report.report.template import Claim, Filled
from finetune_report.report.values import Value, isolated, shown

import panflute as pf

KINDS = {"fig", "tbl", "sec"}
NO_BREAK = "\xa0"
QUOTED = ("mistakes.*.text", "label_audit.listed.*.text")  # the values that are texts of the data
LONGEST_TEXT = 40  # letters of a text in the table of values, which stands whole where it is printed

Locate = Callable[[str], str]  # where in the write-up a piece of its source stands, for a message


def number_parts(doc: pf.Doc) -> dict[str, str]:
    """Print the numbers of headings, figures and tables; returns what a reference to each label prints."""
    labels: dict[str, str] = {}
    counts = {pf.Figure: 0, pf.Table: 0}
    for header in each(doc, pf.Header):
        number, title = header.attributes.pop("number", None), pf.stringify(header).strip()
        labels[header.identifier] = f"Section{NO_BREAK}{number}" if number else f"“{title}”"
        if number:
            header.content = [pf.Span(pf.Str(number), classes=["section-number"]), pf.Space, *header.content]
    for part in each(doc, pf.Figure, pf.Table):
        if part.caption and part.caption.content:
            counts[type(part)] += 1
            label = f"{type(part).__name__}{NO_BREAK}{counts[type(part)]}"
            first = part.caption.content[0]
            first.content = [pf.Strong(pf.Str(f"{label}.")), pf.Space, *first.content]
            labels[part.identifier] = label
    return labels


def resolve_references(doc: pf.Doc, labels: dict[str, str], citable: set[str], locate: Locate) -> None:
    """Turn @fig:, @tbl: and @sec: into links; what else is cited must be among the keys of the bibliography, `citable`.

    Raises UserError on a label or key that is not there.
    """

    def resolve(element: Any, doc: pf.Doc) -> Any:
        if not isinstance(element, pf.Cite):
            return None
        names = [citation.id for citation in element.citations]
        own = [name for name in names if name.partition(":")[0] in KINDS]
        for name in names:
            known = [label for label in labels if label.partition(":")[0] in KINDS] if name in own else citable
            if name not in known:
                what = "nothing is labelled" if name in own else "the bibliography has no"
                raise UserError(f"{locate('@' + name)}: {what} '{name}'{nearest(name, known)}")
        if own and own != names:
            raise UserError(f"{locate('@' + own[0])}: a reference and a citation share one bracket; give each its own")
        return links(names, labels) if own else None

    doc.walk(resolve)


def links(names: list[str], labels: dict[str, str]) -> list[Any]:
    """Figure 1, Figure 2 and Table 1, each linked."""
    inlines: list[Any] = []
    for place, name in enumerate(names):
        joint = "" if not place else " and " if place == len(names) - 1 else ", "
        inlines += [pf.Str(joint), pf.Link(pf.Str(labels[name]), url=f"#{name}", classes=["reference"])]
    return inlines


def place_images(doc: pf.Doc, figures: Iterable[Path], root: Path, vector: bool, locate: Locate) -> None:
    """Point each image to its file below `root`, to the SVG of the same name where there is one and it is wanted.

    Raises UserError on an image that no rule makes, and on a labelled one whose caption would be lost.
    """
    files = {path.relative_to(root).as_posix() for path in figures}
    for image in each(doc, pf.Image):
        if image.url not in files:
            raise UserError(f"{locate(image.url)}: there is no figure '{image.url}'{nearest(image.url, files)}")
        if image.identifier and not any(isinstance(above, pf.Figure) for above in ancestors(image)):
            raise UserError(
                f"{locate(image.url)}: the image '{image.url}' shares a paragraph with text and would lose its "
                "caption; leave an empty line before and after it"
            )
        drawn = image.url.removesuffix(".png") + ".svg"
        if vector and drawn in files:
            image.url = drawn


def link_values(doc: pf.Doc, filled: Filled, language: str = "") -> pf.Table:
    """Link each value to its row in a table of all values, which is returned: key, printed as, full value, file.

    What is quoted from the data is marked as being in their `language`, where that is known.
    """
    values = {citation.value.key: citation.value for citation in filled.citations}
    forms: dict[str, list[Any]] = {}

    for span in each(doc, pf.Span):
        if is_value(span, values):
            known = forms.setdefault(span.attributes["key"], [])
            if bare(pf.stringify(span)) not in [bare(pf.stringify(form)) for form in known]:
                known.append(span)
    rows = {key: f"value-{number}" for number, key in enumerate(sorted(forms), start=1)}

    def link(element: Any, doc: pf.Doc) -> Any:
        if not is_value(element, values):
            return None
        value = values[element.attributes["key"]]
        if language and is_quoted(value):
            element.content = in_language(element.content, language)
        if any(isinstance(above, pf.Link) for above in ancestors(element)):  # a link within a link is none
            return pf.Span(*element.content, classes=["value"], attributes={"title": tooltip(value)})
        return pf.Link(*element.content, url=f"#{rows[value.key]}", title=tooltip(value), classes=["value"])

    table = value_table([(rows[key], values[key], forms[key]) for key in sorted(forms)])
    doc.walk(link)
    return table


def is_quoted(value: Value) -> bool:
    """Whether a value is a text of the data."""
    return any(matches(value.key, pattern) for pattern in QUOTED)


def in_language(content: Any, language: str) -> list[Any]:
    """Inlines in a language: the HTML, LaTeX and Word files get it from the attribute, Typst by its own code.

    The direction stays that of the report, in which signs of other scripts keep their own: a guess must not turn it.
    """
    named = f'#text(lang: "{language.partition("-")[0].lower()}", dir: ltr)['
    span = pf.Span(*content, attributes={"lang": language})
    return [pf.RawInline(named, format="typst"), span, pf.RawInline("]", format="typst")]


def is_value(element: Any, values: dict[str, Value]) -> bool:
    return isinstance(element, pf.Span) and "value" in element.classes and element.attributes.get("key") in values


def tooltip(value: Value) -> str:
    bounds = f" ({value.interval[0]:.6g} to {value.interval[1]:.6g})" if value.interval else ""
    return f"{value.key} = {shortened(value.full)}{bounds}, from {value.source}, {value.pointer}"


def value_table(rows: list[tuple[str, Value, list[Any]]]) -> pf.Table:
    """A row a value, with the id that links lead to, and the different forms in which it is printed."""

    def cell(*inlines: Any) -> pf.TableCell:
        return pf.TableCell(pf.Plain(*inlines))

    body = []
    for identifier, value, forms in rows:
        printed: list[Any] = []
        for form in forms:
            printed += [pf.Str("; ")] if printed else []
            printed += list(form.content)
        if isinstance(value.value, str) and len(value.value) > LONGEST_TEXT:
            printed = [pf.Str(isolated(shortened(shown(value.value), LONGEST_TEXT)))]
        key = pf.Span(pf.Code(shown(value.key)), identifier=identifier)
        full = [] if isinstance(value.value, str) else [pf.Str(value.full)]  # a text is printed
        body.append(pf.TableRow(cell(key), cell(*printed), cell(*full), cell(pf.Code(value.source))))
    head = [cell(pf.Str(title)) for title in ("key", "printed as", "full value", "file")]
    columns = [("AlignLeft", width) for width in (0.35, 0.16, 0.19, 0.3)]
    return pf.Table(pf.TableBody(*body), head=pf.TableHead(pf.TableRow(*head)), colspec=columns, classes=["values"])


def explain_marks(doc: pf.Doc, claims: list[Claim]) -> None:
    """Give claims and escapes a tooltip that says what they stand on; a claim that does not hold is marked."""
    for element in each(doc, pf.Element):
        classes = getattr(element, "classes", [])
        if "stated" in classes:
            element.attributes["title"] = f"stated: {element.attributes.pop('reason', '')}"
        number = element.attributes.pop("n", "") if "claim" in classes else ""
        if number.isdecimal() and 0 < int(number) <= len(claims):
            claim = claims[int(number) - 1]
            element.attributes["title"] = claim_tooltip(claim)
            if claim.gated and not claim.verdict.holds:
                element.classes.append("false")


def claim_tooltip(claim: Claim) -> str:
    verdict = claim.verdict
    arguments = ", ".join(f"{name}={given}" for name, given in claim.arguments.items())
    text = f"claim: {claim.kind}({arguments}) {'holds' if verdict.holds else 'does not hold'}; {verdict.allowed}"
    if verdict.interval is not None:
        low, high = verdict.interval
        text += f"; difference {verdict.difference:.4f} ({low:.4f} to {high:.4f}), corrected p {verdict.p:.2g}"
    return text


def vouched(checked: Checked) -> list[Any]:
    """What no run stands behind: every escape with its reason, and how many sentences nobody judged."""
    said: dict[str, list[str]] = {}
    for escape in checked.escapes:
        if escape.text.strip():
            said.setdefault(escape.reason, []).append(f"“{shortened(escape.text)}”")
    texts = []
    if said:
        listed = "; ".join(f"{', '.join(dict.fromkeys(found))} ({reason})" for reason, found in said.items())
        texts.append(f"No run stands behind these words, which the author vouches for: {listed}.")
    if checked.unjudged:
        count = len(checked.unjudged)
        named = "sentence speaks" if count == 1 else "sentences speak"
        texts.append(f"{count} {named} of results, or may do so, and nobody has judged what they say.")
    if checked.unread:
        count = len(checked.unread)
        named = "paragraph is" if count == 1 else "paragraphs are"
        texts.append(f"{count} {named} not in English: the numbers in it were checked, and the wording was not.")
    return [pf.Para(*words(text)) for text in texts]


def shortened(text: str, most: int = 60) -> str:
    """A text on one line, of `most` letters; `textwrap.shorten` leaves nothing of a text without spaces."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def append_parts(doc: pf.Doc, values: pf.Table, note: str, vouched: list[Any], reasons: list[str]) -> None:
    """Put the references, the provenance of the values and the reasons for a draft at the end, each under a heading.

    `vouched` says what no value stands behind.

    An author who wants the first two elsewhere writes `::: {#refs}` or `::: {#provenance}` there.
    """
    top = min((block.level for block in doc.content if isinstance(block, pf.Header)), default=1)
    found = {div.identifier: div for div in each(doc, pf.Div)}
    if "refs" not in found and each(doc, pf.Cite):
        doc.content += [heading(top, "References", "references"), pf.Div(identifier="refs")]
    if values.content[0].content:
        place = found.get("provenance")
        if place is None:
            place = pf.Div(identifier="provenance")
            doc.content += [heading(top, "Where the values come from", "values"), place]
        place.classes.append("provenance")
        place.content = [*place.content, pf.Para(*words(note)), *in_small_type(values), *vouched]
    if reasons:
        items = [pf.ListItem(pf.Plain(*words(reason))) for reason in reasons]
        doc.content += [
            pf.RawBlock("#pagebreak(weak: true)", format="typst"),
            pf.RawBlock(r"\clearpage", format="latex"),
            heading(top, "Draft: unresolved findings", "draft"),
            pf.OrderedList(*items),
        ]


def frame_tables(doc: pf.Doc) -> None:
    """Put each table into a frame of its own, which a narrow screen can scroll."""

    def frame(element: Any, doc: pf.Doc) -> Any:
        return pf.Div(element, classes=["table"]) if isinstance(element, pf.Table) else None

    doc.walk(frame)


def in_small_type(table: pf.Table) -> list[Any]:
    """A table in the type of the provenance; the HTML's style sheet knows it by its class."""
    return [
        pf.RawBlock("#provenance[", format="typst"),
        pf.RawBlock(r"\begingroup\scriptsize", format="latex"),
        table,
        pf.RawBlock(r"\endgroup", format="latex"),
        pf.RawBlock("]", format="typst"),
    ]


def provenance_note(commit: str, tested: str, head: str, shared: int) -> str:
    """What stands above the table of values; `tested` says how often the test set was scored, asked or not.

    `head` is that of the ledger that says so, empty where it has no line; results of `shared` jobs were taken from a
    shared cache.
    """
    taken = f" Results of {shared} {'jobs were' if shared > 1 else 'job was'} taken from a shared cache."
    return (
        "Each value with all its digits, and the file among the results that it comes from"
        f"{f' (made at commit {commit[:10]})' if commit else ''}. "
        f"By the ledger of test scorings, {tested}{f' (its head is {head[:16]})' if head else ''}."
        f"{taken if shared else ''}"
    )


def heading(level: int, text: str, identifier: str) -> pf.Header:
    return pf.Header(*words(text), level=level, identifier=identifier, classes=["unnumbered"])


def words(text: str) -> list[Any]:
    inlines: list[Any] = []
    for word in text.split():
        inlines += [pf.Space, pf.Str(word)] if inlines else [pf.Str(word)]
    return inlines


def set_date(doc: pf.Doc, commit_time: int) -> None:
    """Date the report by its commit, unless the author gave a date."""
    if "date" not in doc.metadata:
        date = datetime.fromtimestamp(commit_time, UTC)
        doc.metadata["date"] = pf.MetaString(f"{date.day} {date:%B %Y}")
