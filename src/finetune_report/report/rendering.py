"""Calls pandoc and Typst: Markdown to a document tree, and a tree to HTML and PDF, the same bytes each time."""

import io
import json
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError

import panflute as pf
import pypandoc
import typst
from panflute.elements import RAW_FORMATS

RAW_FORMATS.add("typst")  # pandoc has it, panflute's list does not

UNLIMITED = (
    100_000  # a pipe table with a row of more characters would be as wide as the text, its columns as its dashes
)
DRAWN_COLUMNS = 72  # characters that stand for the text's width in a table drawn as a grid

# Figures and tables come with their numbers; pdfLaTeX knows no minus sign outside math.
LATEX_HEADER = r"""\usepackage{graphicx,xcolor,caption,float}
\captionsetup{labelformat=empty}
\floatplacement{figure}{htb}
\ifdefined\DeclareUnicodeCharacter\DeclareUnicodeCharacter{2212}{\ensuremath{-}}\fi"""
LATEX_DRAFT = r"""\AddToHook{shipout/background}{\put(0.5\paperwidth,-0.5\paperheight){\makebox(0,0){%
  \rotatebox{55}{\resizebox{!}{35mm}{\textcolor[gray]{0.92}{\textbf{DRAFT}}}}}}}"""


@dataclass(frozen=True)
class Style:
    """The files that give the report its looks, and its references (none or one)."""

    typst_template: Path
    html_template: Path
    css: Path
    bibliography: list[Path]


def parse(markdown: str, write_up: Path) -> pf.Doc:
    """pandoc's tree of a text. Raises UserError on whatever pandoc warns of, such as a label that stands twice.

    A table's columns are as wide as what they hold, unless it is drawn as a grid or has an attribute `widths`, percents
    of the text's width: `: Caption {#tbl:label widths="20 20 60"}`.
    """
    defaults = {"from": "markdown", "to": "json", "columns": UNLIMITED, "fail-if-warnings": True}
    tree = pandoc(markdown, defaults, write_up)
    try:
        doc = pf.load(io.StringIO(tree))
    except TypeError:
        raise UserError(f"{write_up}: raw text may be of the formats html, latex and typst, and no other") from None

    def widen(element: Any, doc: pf.Doc) -> None:
        if isinstance(element, pf.Table):
            alignments = [alignment for alignment, _ in element.colspec]
            element.colspec = list(zip(alignments, widths(element, write_up), strict=True))

    doc.walk(widen)
    return doc


def widths(table: pf.Table, write_up: Path) -> list[float | str]:
    """The widths of a table's columns as shares of the text's width, or "ColWidthDefault"."""
    given = table.attributes.pop("widths", None)
    if given is None:
        drawn = [width for _, width in table.colspec]
        shares = [width * UNLIMITED / DRAWN_COLUMNS for width in drawn if not isinstance(width, str)]
        return [share / max(1.0, sum(shares)) for share in shares] if len(shares) == len(drawn) else drawn
    try:
        percents = [float(percent) for percent in given.split()]
    except ValueError:
        percents = []
    if len(percents) != len(table.colspec) or sum(percents) > 100 or min(percents) <= 0:
        raise UserError(
            f"{write_up}: the table '{table.identifier}' has widths=\"{given}\"; expected {len(table.colspec)} "
            "percents, one for each column, of 100 at most together"
        )
    return [percent / 100 for percent in percents]


def serialised(doc: pf.Doc) -> str:
    stream = io.StringIO()
    pf.dump(doc, stream)
    return stream.getvalue()


def render(
    doc: pf.Doc, style: Style, variables: dict[str, Any], root: Path, write_up: Path, engine: str, commit_time: int
) -> tuple[bytes, str]:
    """The PDF and the HTML of a tree; images and the manifest are found below `root`.

    Raises UserError on what pandoc, or the PDF engine, complains of.
    """
    tree = serialised(doc)
    with ThreadPoolExecutor(max_workers=1) as pool:
        pending = pool.submit(html, tree, style, variables, root, write_up, "toc" in doc.metadata)
        if engine == "typst":
            pdf = typst_pdf(tree, style, variables, root, write_up, commit_time)
        else:
            pdf = latex_pdf(tree, style, variables, root, write_up, engine, commit_time)
        return pdf, pending.result()


def html(tree: str, style: Style, variables: dict[str, Any], root: Path, write_up: Path, contents: bool) -> str:
    """One file that needs no other: images, styles and the manifest are within, and math is MathML."""
    # Within <script>, not only </script> means something: <!-- and <script> together keep it from ending.
    manifest = variables["manifest"].replace("<", "\\u003c")
    defaults = cited(style) | {
        "to": "html5",
        "template": str(style.html_template.resolve()),
        "css": [style.css.name],  # not its whole path: pandoc would not escape a quote in it
        "embed-resources": True,
        "resource-path": [str(root.resolve()), str(style.css.parent.resolve())],
        "html-math-method": {"method": "mathml"},
        "section-divs": True,
        "table-of-contents": contents,
        "variables": variables | {"manifest": manifest},
    }
    return pandoc(tree, defaults, write_up)


def typst_pdf(
    tree: str, style: Style, variables: dict[str, Any], root: Path, write_up: Path, commit_time: int
) -> bytes:
    defaults = cited(style) | {
        "to": "typst-smart",  # quotes come curly from pandoc
        "template": str(style.typst_template.resolve()),
        "variables": variables,
    }
    source = pandoc(tree, defaults, write_up)
    try:
        time = datetime.fromtimestamp(commit_time, UTC)
        pdf, warnings = typst.compile_with_warnings(  # type: ignore[type-var]  # its stub knows no bytes
            source.encode(), root=str(root), ignore_system_fonts=True, timestamp=time
        )
    except typst.TypstError as error:
        raise UserError(f"Typst cannot set {write_up}: {error.message}\n{error.diagnostic}") from None
    if warnings:
        raise UserError(f"Typst warns of {write_up}: " + "; ".join(warning.message for warning in warnings))
    return pdf


def latex_pdf(
    tree: str,
    style: Style,
    variables: dict[str, Any],
    root: Path,
    write_up: Path,
    engine: str,
    commit_time: int,
) -> bytes:
    """The PDF by a LaTeX engine that is installed, in pandoc's own layout.

    It differs from build to build in the identifier that pandoc puts into its trailer, and does not carry the manifest.
    """
    header = [LATEX_HEADER, LATEX_DRAFT] if variables["draft"] else [LATEX_HEADER]
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "write-up.pdf"
        defaults = cited(style) | {
            "to": "latex",
            "output-file": str(pdf),
            "pdf-engine": engine,
            "resource-path": [str(root.resolve())],
            "variables": variables | {"header-includes": header, "papersize": "a4", "geometry": "margin=2.4cm"},
        }
        pandoc(tree, defaults, write_up, {"SOURCE_DATE_EPOCH": str(commit_time), "FORCE_SOURCE_DATE": "1"})
        return pdf.read_bytes()


def cited(style: Style) -> dict[str, Any]:
    """What all forms of the report share: a tree as input, references resolved."""
    return {
        "from": "json",
        "standalone": True,
        "fail-if-warnings": True,
        "citeproc": True,
        "metadata": {
            "bibliography": [str(path.resolve()) for path in style.bibliography],
            "link-citations": True,
            "lang": "en-GB",
        },
    }


def pandoc(text: str, defaults: dict[str, Any], write_up: Path, environment: dict[str, str] | None = None) -> str:
    """What pandoc makes of `text`. Raises UserError with its message, about the file `write_up`, where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        options = Path(folder) / "defaults.yaml"
        options.write_text(json.dumps(defaults), encoding="utf-8")
        done = subprocess.run(
            [pypandoc.get_pandoc_path(), "--defaults", str(options)],
            input=text.encode(),
            capture_output=True,
            env=os.environ | (environment or {}),
        )
    if done.returncode:
        raise UserError(f"pandoc cannot use {write_up}: {done.stderr.decode().strip()}")
    return done.stdout.decode()
