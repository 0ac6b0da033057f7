"""Fits the tables of a document to the pages of the PDF, where nobody can scroll.

A table too wide for its natural width gets columns in proportion to what they hold; where that is not enough its type
is smaller, and at last its columns are spread over several tables that repeat the first column. Words too long for any
column may break, and long texts from the data are cut, with a mark; the HTML has them whole.
"""

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from finetune_report.report.linter import each

import panflute as pf

# All widths in em of the table's type, of which the text is so many wide at its full size of 9.6 points.
TEXT = 46.0
PADDING = 1.3  # on both sides of a column
LETTER, MONOSPACE, WIDE = 0.5, 0.64, 1.02  # mean widths of letters; of those of code; of Chinese and its like
SIZES = {9.6: "", 8.2: r"\footnotesize", 7.0: r"\scriptsize"}  # points, and what LaTeX says for them
LONGEST_WORD = 26  # letters; longer words may break
PIECE = 8  # letters of such a word that stay together
LONGEST_TEXT = 300  # letters of a text from the data
CUT = "[…]"

Rows = list[list[Any]]  # cells


@dataclass(frozen=True)
class Column:
    """What a column needs: the width of its longest cell on one line, and of its longest word."""

    natural: float
    least: float


@dataclass(frozen=True)
class Fit:
    """How a table is set: its size in points, its columns by groups, and their shares of the text, or None."""

    size: float
    groups: list[list[int]]
    shares: list[float] | None


def fitted(doc: pf.Doc, typst: bool) -> None:
    """Change a document so that its tables fit the pages, for Typst or else for LaTeX."""
    if shorten_texts(doc):
        note_cuts(doc)
    if typst:
        doc.walk(compact_values)

    def fit(element: Any, doc: pf.Doc) -> Any:
        if not isinstance(element, pf.Table) or "values" in element.classes:
            return None
        break_words(element, typst)
        return as_fits(element, typst)

    doc.walk(fit)


def as_fits(table: pf.Table, typst: bool) -> list[Any] | None:
    """The table as it fits, which may be several; None where it does as it is, or where its author gave widths."""
    if any(not isinstance(width, str) for _, width in table.colspec):
        return None
    how = fit_of([column_of(cells) for cells in zip(*rows_of(table), strict=True)] if is_regular(table) else [])
    if how is None:
        return None
    tables = [part_of(table, group) for group in how.groups] if len(how.groups) > 1 else [table]
    if how.shares is not None:
        for part, group in zip(tables, how.groups, strict=True):
            part.colspec = [(table.colspec[column][0], how.shares[column]) for column in group]
    return in_size(tables, how.size, typst)


def fit_of(columns: list[Column]) -> Fit | None:
    """How columns fit the text; None where they do as they are."""
    everything = [list(range(len(columns)))]
    if sum(column.natural + PADDING for column in columns) <= TEXT:
        return None
    for size in SIZES:
        room = TEXT * max(SIZES) / size
        if sum(column.least + PADDING for column in columns) <= room:
            return Fit(size, everything, shares_of(columns, room))
    groups = groups_of(columns, room)
    shares = [1.0] * len(columns)
    for group in groups:
        for place, share in zip(group, shares_of([columns[place] for place in group], room), strict=True):
            shares[place] = min(share, shares[place])
    return Fit(size, groups, shares)


def shares_of(columns: list[Column], room: float) -> list[float]:
    """Each column's share of the text: its longest word, and of what is left in proportion to what it lacks."""
    spare = room - sum(column.least + PADDING for column in columns)
    lacking = [column.natural - column.least for column in columns]
    part = max(0.0, min(1.0, spare / sum(lacking))) if sum(lacking) else 0.0
    needed = [column.least + PADDING + part * more for column, more in zip(columns, lacking, strict=True)]
    return [width / max(room, sum(needed)) for width in needed]


def groups_of(columns: list[Column], room: float) -> list[list[int]]:
    """Columns as they fit beside the first one."""
    first = columns[0].least + PADDING
    groups: list[list[int]] = [[0]]
    used = first
    for place, column in enumerate(columns[1:], start=1):
        width = column.least + PADDING
        if used + width > room and len(groups[-1]) > 1:
            groups.append([0])
            used = first
        groups[-1].append(place)
        used += width
    return groups


def column_of(cells: tuple[Any, ...]) -> Column:
    widths = [(width(pf.stringify(cell), code), longest_word(pf.stringify(cell), code)) for cell, code in coded(cells)]
    return Column(max(natural for natural, _ in widths), max(word for _, word in widths))


def coded(cells: tuple[Any, ...]) -> Iterator[tuple[Any, bool]]:
    for cell in cells:
        yield cell, bool(each(cell, pf.Code))


def width(text: str, code: bool = False) -> float:
    letter = MONOSPACE if code else LETTER
    return sum(WIDE if unicodedata.east_asian_width(sign) in "WF" else letter for sign in text)


def longest_word(text: str, code: bool = False) -> float:
    """Of writing without spaces a few letters, since it breaks anywhere."""
    return max((width(word[:LONGEST_WORD], code) for word in text.split() or [""] if not breaks(word)), default=4.0)


def breaks(word: str) -> bool:
    return any(unicodedata.east_asian_width(sign) in "WF" or "\u0e00" <= sign <= "\u0eff" for sign in word)


def parts_of(table: pf.Table) -> list[Any]:
    """Head, bodies and foot."""
    return [part for part in (table.head, *table.content, table.foot) if part]


def rows_of(table: pf.Table) -> Rows:
    return [list(row.content) for part in parts_of(table) for row in part.content]


def is_regular(table: pf.Table) -> bool:
    """Whether no cell spans others and no body has heads of its own."""
    cells = [cell for row in rows_of(table) for cell in row]
    plain = all(cell.rowspan == cell.colspan == 1 for cell in cells)
    return bool(cells) and plain and not any(getattr(body, "intermediate_head", []) for body in table.content)


def part_of(table: pf.Table, columns: list[int]) -> pf.Table:
    """Some columns of a table; its caption and name go with the first ones."""

    def row(found: pf.TableRow) -> pf.TableRow:
        return pf.TableRow(*[pf.TableCell(*found.content[column].content) for column in columns])

    heads = [row(found) for found in table.head.content] if table.head else []
    bodies = [pf.TableBody(*[row(found) for found in body.content]) for body in table.content]
    spec = [table.colspec[column] for column in columns]
    first = columns[:2] == [0, 1]
    caption = table.caption if first else None
    identifier = table.identifier if first else ""
    return pf.Table(*bodies, head=pf.TableHead(*heads), colspec=spec, caption=caption, identifier=identifier)


def in_size(tables: list[Any], size: float, typst: bool) -> list[Any]:
    if size == max(SIZES):
        return tables
    if typst:
        before, after, form = f"#[#show table: set text({size}pt)", "]", "typst"
    else:
        before, after, form = rf"\begingroup{SIZES[size]}", r"\endgroup", "latex"
    return [pf.RawBlock(before, format=form), *tables, pf.RawBlock(after, format=form)]


def break_words(table: pf.Table, typst: bool) -> None:
    """Let words break that are too long for a column; a sign that allows it would be copied along out of the PDF."""

    def split(element: Any, doc: Any) -> Any:
        if not isinstance(element, pf.Str) or not any(map(is_long, element.text.split())):
            return None
        pieces = [element.text[start : start + PIECE] for start in range(0, len(element.text), PIECE)]
        if typst:
            boxed = (
                [pf.RawInline("#box[", format="typst"), pf.Str(piece), pf.RawInline("]", "typst")] for piece in pieces
            )
            return [inline for piece in boxed for inline in piece]
        joint = pf.RawInline(r"\allowbreak{}", format="latex")
        return [inline for piece in pieces for inline in (pf.Str(piece), joint)]

    for part in parts_of(table):
        part.walk(split)


def is_long(word: str) -> bool:
    """Whether it has more letters than a column may ask for, of an alphabet whose letters stand apart."""
    return len(word) > LONGEST_WORD and all(sign < "\u0590" for sign in word)


def shorten_texts(doc: pf.Doc) -> bool:
    """Cut the long texts among the values; returns whether there were any."""
    found = False
    for element in each(doc, pf.Link, pf.Span):
        text = pf.stringify(element)
        if "value" in element.classes and len(text) > LONGEST_TEXT and not each(element, pf.Link)[1:]:
            kept = text[:LONGEST_TEXT].rpartition(" ")[0] or text[:LONGEST_TEXT]
            inlines: list[Any] = []
            for word in kept.split():
                inlines += [pf.Str(word), pf.Space]
            element.content = [*inlines, pf.Str(CUT)]
            found = True
    return found


def note_cuts(doc: pf.Doc) -> None:
    words = f"Texts that end in {CUT} are cut here; the HTML has them whole.".split()
    spaced = [inline for word in words for inline in (pf.Str(word), pf.Space)][:-1]
    places = [div for div in each(doc, pf.Div) if div.identifier == "provenance"]
    (places[0] if places else doc).content.append(pf.Para(*spaced))


def compact_values(element: Any, doc: pf.Doc) -> Any:
    """The table of values in two columns of the page: under each file, the keys of its values and all their digits."""
    if not isinstance(element, pf.Table) or "values" not in element.classes:
        return None
    by_file: dict[str, Rows] = {}
    for row in element.content[0].content:
        key, printed, full, source = row.content
        value = full if pf.stringify(full).strip() else printed
        by_file.setdefault(pf.stringify(source), []).append([key, value])
    rows = []
    for source, cells in sorted(by_file.items()):
        rows.append(pf.TableRow(pf.TableCell(pf.Plain(pf.Strong(pf.Code(source))), colspan=2)))
        rows += [pf.TableRow(*[pf.TableCell(*cell.content) for cell in pair]) for pair in cells]
    columns = [("AlignLeft", "ColWidthDefault"), ("AlignLeft", "ColWidthDefault")]
    table = pf.Table(pf.TableBody(*rows), colspec=columns, classes=["values"])
    return [
        pf.RawBlock("#columns(2, gutter: 12pt)[", format="typst"),
        table,
        pf.RawBlock("]", format="typst"),
    ]


def pdf_tree(tree: str, typst: bool) -> str:
    """A serialised document as the PDF shows it."""
    doc = pf.load(io.StringIO(tree))
    fitted(doc, typst)
    stream = io.StringIO()
    pf.dump(doc, stream)
    return stream.getvalue()
