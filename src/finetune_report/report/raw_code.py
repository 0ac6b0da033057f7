"""Turns LaTeX and HTML that authors are used to into what every form of the report can set.

pandoc keeps both as raw code, which shows in the form of its own language alone and is lost from the others. LaTeX goes
through pandoc's own reader; of HTML, the tags of a few looks that Markdown has too. What stays raw is for the check of
the text to refuse.
"""

import io
import re
from collections.abc import Callable
from typing import Any

from finetune_report.errors import UserError

import panflute as pf

Read = Callable[[str], str]  # LaTeX to pandoc's tree, serialised; raises UserError on what pandoc does not know

TAG = re.compile(r"<(/?)([a-zA-Z]+)\s*/?>")
LOOKS: dict[str, Callable[..., Any]] = {
    "b": pf.Strong,
    "strong": pf.Strong,
    "i": pf.Emph,
    "em": pf.Emph,
    "sub": pf.Subscript,
    "sup": pf.Superscript,
    "u": pf.Underline,
    "s": pf.Strikeout,
    "del": pf.Strikeout,
    "small": pf.Span,
    "kbd": pf.Span,
    "mark": lambda *content: pf.Span(*content, classes=["mark"]),
}
REMEDY = (
    "write it in Markdown, double a backslash that is meant as one, or set a path or a piece of code between backticks"
)


def converted(doc: pf.Doc, read_latex: Read, locate: Callable[[str], str]) -> None:
    """Convert a document in place. Raises UserError with file and line on LaTeX that cannot be read."""

    def latex(element: Any, doc: pf.Doc) -> Any:
        if not isinstance(element, pf.RawInline | pf.RawBlock) or element.format != "tex":
            return None
        try:
            blocks = list(pf.load(io.StringIO(read_latex(element.text))).content)
        except UserError as error:
            raise UserError(
                f"{locate(element.text)}: {element.text!r} is read as LaTeX, and {error}; {REMEDY}"
            ) from None
        if not blocks:
            raise UserError(
                f"{locate(element.text)}: {element.text!r} is read as LaTeX and prints nothing in one form of the "
                f"report at least; {REMEDY}"
            )
        for block in blocks:
            block.walk(references)
        if isinstance(element, pf.RawBlock):
            return blocks
        return [inline for block in blocks for inline in block.content]

    def tags(element: Any, doc: pf.Doc) -> Any:
        """Pairs of tags among the inlines of an element, and line breaks, as what they stand for; in place."""
        content = getattr(element, "content", None)
        if isinstance(content, pf.ListContainer) and any(map(is_tag, content)):
            element.content = paired(list(content), locate)

    doc.walk(latex)
    doc.walk(tags)


def references(element: Any, doc: Any) -> Any:
    r"""A \ref as a reference in Markdown, and a citation without the LaTeX that pandoc keeps in it."""
    if isinstance(element, pf.Cite):
        element.content = [pf.Str(", ".join(citation.id for citation in element.citations))]
    if isinstance(element, pf.Link) and "reference" in element.attributes:
        return pf.Cite(citations=[pf.Citation(element.attributes["reference"], mode="AuthorInText")])
    return None


def is_tag(element: Any) -> bool:
    return isinstance(element, pf.RawInline) and element.format == "html" and bool(TAG.fullmatch(element.text))


def paired(inlines: list[Any], locate: Callable[[str], str]) -> list[Any]:
    """Inlines with each pair of tags that is known as one element; other tags stay as they are.

    Raises UserError on one that is known and has no partner: the HTML would go on with it, and the PDF not.
    """
    open_tags: list[tuple[str, Any, list[Any]]] = []  # name, the tag, what came before it
    current: list[Any] = []
    for inline in inlines:
        found = TAG.fullmatch(inline.text) if is_tag(inline) else None
        closing, name = (found[1], found[2].lower()) if found else ("", "")
        if name == "br":
            current.append(pf.LineBreak())
        elif name in LOOKS and not closing:
            open_tags.append((name, inline, current))
            current = []
        elif name in LOOKS and open_tags and open_tags[-1][0] == name:
            _, _, before = open_tags.pop()
            current = [*before, LOOKS[name](*current)]
        elif name in LOOKS:
            raise alone(inline.text, locate)
        else:
            current.append(inline)
    if open_tags:
        raise alone(open_tags[-1][1].text, locate)
    return current


def alone(tag: str, locate: Callable[[str], str]) -> UserError:
    return UserError(
        f"{locate(tag)}: the tag {tag} has no partner in its paragraph; close what is opened there, or write Markdown"
    )
