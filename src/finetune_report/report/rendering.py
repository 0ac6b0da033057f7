"""Calls pandoc and Typst: Markdown to a tree, and a tree to each form of the report, in the same bytes each time."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune_report import fonts
from finetune_report.errors import UserError
from finetune_report.report.print_tables import pdf_tree
from finetune_report.report.raw_code import converted as convert_raw

import panflute as pf
import pypandoc
import typst
from panflute.elements import RAW_FORMATS

RAW_FORMATS.add("typst")  # pandoc has it, panflute's list does not

UNLIMITED = (
    100_000  # a pipe table with a row of more characters would be as wide as the text, its columns as its dashes
)
# A table of 10,000 rows takes pandoc 25 seconds and 0.3 GB; these are for what never ends.
PANDOC_SECONDS = 120
PANDOC_MEMORY = "2g"
OUT_OF_MEMORY = 251  # the exit code of its run-time system
ENDLESS = "look for an entry of the bibliography that refers to itself (crossref), or is nested thousands deep"
MEDIA_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}
DRAWN_COLUMNS = 72  # characters that stand for the text's width in a table drawn as a grid

# Figures and tables come with their numbers; pdfLaTeX knows no minus sign outside math.
LATEX_HEADER = r"""\usepackage{graphicx,xcolor,caption,float}
\captionsetup{labelformat=empty}
\floatplacement{figure}{htb}
\ifdefined\DeclareUnicodeCharacter\DeclareUnicodeCharacter{2212}{\ensuremath{-}}\fi"""
LATEX_DRAFT = r"""\AddToHook{shipout/background}{\put(0.5\paperwidth,-0.5\paperheight){\makebox(0,0){%
  \rotatebox{55}{\resizebox{!}{35mm}{\textcolor[gray]{0.92}{\textbf{DRAFT}}}}}}}"""

LATEX_OPTIONS = {
    "": ["-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"],
    "tectonic": ["--untrusted"],
}
LATEX_RUNS = 3  # until references and tables' widths have settled


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
    defaults = {"from": "markdown", "to": "json", "columns": UNLIMITED}
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
    convert_raw(doc, lambda text: latex_tree(text, write_up), lambda text: place_of(write_up, text, markdown))
    return doc


def place_of(write_up: Path, text: str, markdown: str = "") -> str:
    """Where a piece of a write-up stands, for a message: the file, and the line where it is found.

    `markdown` takes the place of a file that is not there.
    """
    source = write_up.read_text(encoding="utf-8") if write_up.is_file() else markdown
    before, found, _ = source.partition(text)
    return f"{write_up}, line {before.count(chr(10)) + 1}" if found else str(write_up)


def latex_tree(text: str, write_up: Path) -> str:
    """pandoc's tree of a piece of LaTeX. Raises UserError where pandoc does not know all of it."""
    tree, said = pandoc_said(text, {"from": "latex", "to": "json", "verbosity": "INFO"}, write_up)
    skipped = re.findall(r"Skipped '(.*?)' at", said, re.DOTALL)
    if skipped:
        raise UserError(f"pandoc does not know {', '.join(skipped)}")
    return tree


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
    doc: pf.Doc,
    style: Style,
    variables: dict[str, Any],
    resources: dict[str, Path],
    write_up: Path,
    engine: str,
    commit_time: int,
    forms: Iterable[str],
) -> dict[str, bytes]:
    """The forms of a tree that are asked for, by the ends of their files' names.

    `resources` are all the files that it may read, by the names that it knows them by: images, and for the PDF the
    manifest. Raises UserError on what pandoc, or the PDF engine, complains of.
    """
    tree = serialised(doc)
    make: dict[str, Callable[[], bytes]] = {
        "html": lambda: html(tree, style, variables, resources, write_up, "toc" in doc.metadata).encode(),
        "pdf": lambda: (
            typst_pdf(pdf_tree(tree, True), style, variables, resources, write_up, commit_time)
            if engine == "typst"
            else latex_pdf(pdf_tree(tree, False), style, variables, resources, write_up, engine, commit_time)
        ),
        "docx": lambda: docx(tree, style, variables, resources, write_up, commit_time),
    }
    with ThreadPoolExecutor(max_workers=len(make)) as pool:
        pending = {form: pool.submit(make[form]) for form in forms}
        return {form: result.result() for form, result in pending.items()}


def html(
    tree: str, style: Style, variables: dict[str, Any], resources: dict[str, Path], write_up: Path, contents: bool
) -> str:
    """One file that needs no other: images, styles and the manifest are within, and math is MathML."""
    # Within <script>, not only </script> means something: <!-- and <script> together keep it from ending.
    manifest = variables["manifest"].replace("<", "\\u003c")
    defaults = cited(style) | {
        "to": "html5",
        "template": str(style.html_template.resolve()),
        "html-math-method": {"method": "mathml"},
        "section-divs": True,
        "table-of-contents": contents,
        "variables": variables | {"manifest": manifest, "styles": style.css.read_text(encoding="utf-8")},
    }
    return pandoc(with_images(tree, resources), defaults, write_up)


def docx(
    tree: str, style: Style, variables: dict[str, Any], resources: dict[str, Path], write_up: Path, commit_time: int
) -> bytes:
    """A file for word processors, in pandoc's own layout; it does not carry the manifest.

    These know vector graphics each in its own way, so figures are pictures of dots.
    """
    dots = {name: path.with_suffix(".png") for name, path in resources.items() if path.suffix in MEDIA_TYPES}
    found = json.loads(with_images(tree, dots))
    if variables["draft"]:
        words = "DRAFT: what is not resolved is listed at the end"
        found["blocks"].insert(0, {"t": "Para", "c": [{"t": "Strong", "c": [{"t": "Str", "c": words}]}]})
    defaults = cited(style) | {"to": "docx", "output-file": "-"}
    return ran(json.dumps(found), defaults, write_up, SOURCE_DATE_EPOCH=str(commit_time)).stdout


def with_images(tree: str, resources: dict[str, Path]) -> str:
    """A serialised tree with its images in it, since pandoc's sandbox opens none."""

    def embedded(element: dict[str, Any]) -> dict[str, Any]:
        if element.get("t") == "Image" and element["c"][2][0] in resources:
            path = resources[element["c"][2][0]]
            content = base64.b64encode(path.read_bytes()).decode()
            element["c"][2][0] = f"data:{MEDIA_TYPES[path.suffix]};base64,{content}"
        return element

    return json.dumps(json.loads(tree, object_hook=embedded))


def typst_pdf(
    tree: str, style: Style, variables: dict[str, Any], resources: dict[str, Path], write_up: Path, commit_time: int
) -> bytes:
    """The PDF by Typst, which sees a folder with the resources and nothing else.

    Raises UserError on a package from elsewhere: what it says is in no hash.
    """
    defaults = cited(style) | {
        "to": "typst-smart",  # quotes come curly from pandoc
        "template": str(style.typst_template.resolve()),
        "variables": {"draft": variables["draft"], "fonts": list(fonts.families())},
    }
    source = pandoc(tree, defaults, write_up)
    with tempfile.TemporaryDirectory() as folder:
        root, packages, given = (Path(folder) / name for name in ("root", "packages", "fonts"))
        copy_resources(resources, root)
        copy_resources({path.name: path for path in fonts.files()}, given)  # and no other that lies beside them
        compiler = typst.Compiler(
            source.encode(),
            root=root,
            font_paths=typst.Fonts(include_system_fonts=False, font_paths=[given]),
            package_path=packages,
            package_cache_path=packages,
        )
        try:
            pdf, warnings = compiler.compile_with_warnings(timestamp=datetime.fromtimestamp(commit_time, UTC))
        except typst.TypstError as error:
            raise UserError(f"Typst cannot set {write_up}: {error.message}\n{error.diagnostic}") from None
        if packages.exists():
            names = ", ".join(sorted(folder.relative_to(packages).as_posix() for folder in packages.glob("*/*/*")))
            raise UserError(
                f"{write_up}: it imports a Typst package from the network ({names}), which nobody could render again "
                f"without it; write what you need of it into the write-up's own raw Typst"
            )
    if warnings:
        raise UserError(f"Typst warns of {write_up}: " + "; ".join(warning.message for warning in warnings))
    assert isinstance(pdf, bytes)
    return pdf


def copy_resources(resources: dict[str, Path], folder: Path) -> None:
    folder.mkdir()
    for name, path in resources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)


def latex_pdf(
    tree: str,
    style: Style,
    variables: dict[str, Any],
    resources: dict[str, Path],
    write_up: Path,
    engine: str,
    commit_time: int,
) -> bytes:
    """The PDF by a LaTeX engine that is installed, in pandoc's own layout, from a folder with the resources alone.

    It differs from build to build in the identifier in its trailer, and does not carry the manifest. Neither reads
    LaTeX a file from elsewhere, nor does it start a program.
    """
    header = [LATEX_HEADER, LATEX_DRAFT] if variables["draft"] else [LATEX_HEADER]
    layout = {"header-includes": header, "papersize": "a4", "geometry": "margin=2.4cm", "draft": variables["draft"]}
    source = pandoc(tree, cited(style) | {"to": "latex", "variables": layout}, write_up)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        copy_resources(resources, root)
        (root / "report.tex").write_text(source, encoding="utf-8")
        safe = {"openin_any": "p", "openout_any": "p", "SOURCE_DATE_EPOCH": str(commit_time), "FORCE_SOURCE_DATE": "1"}
        for _ in range(1 if engine == "tectonic" else LATEX_RUNS):
            try:
                done = subprocess.run(
                    [engine, *LATEX_OPTIONS.get(engine, LATEX_OPTIONS[""]), "report.tex"],
                    cwd=root,
                    env=os.environ | safe,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                )
            except FileNotFoundError:
                raise UserError(f"report.pdf_engine: {engine} is not installed; install it, or use typst") from None
            if done.returncode:
                said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
                raise UserError(f"{engine} cannot set {write_up}:\n" + "\n".join(said[-15:]))
        return (root / "report.pdf").read_bytes()


def cited(style: Style) -> dict[str, Any]:
    """What all forms of the report share: a tree as input, references resolved."""
    return {
        "from": "json",
        "standalone": True,
        "citeproc": True,
        "metadata": {
            "bibliography": [str(path.resolve()) for path in style.bibliography],
            "link-citations": True,
            "lang": "en-GB",
        },
    }


def pandoc(text: str, defaults: dict[str, Any], write_up: Path) -> str:
    """What pandoc makes of `text` in its sandbox, where it opens no file but those that `defaults` name.

    Raises UserError with its message, about the file `write_up`, where it fails or warns, and where it takes more time
    or memory than any report needs: an entry of a bibliography can be made so that it never ends.
    """
    return pandoc_said(text, defaults, write_up)[0]


def pandoc_said(text: str, defaults: dict[str, Any], write_up: Path) -> tuple[str, str]:
    """What pandoc makes of `text`, and what it says of it."""
    done = ran(text, defaults, write_up)
    return done.stdout.decode(), done.stderr.decode()


def ran(text: str, defaults: dict[str, Any], write_up: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """pandoc's run on `text`, with `environment` beside this process's own."""
    with tempfile.TemporaryDirectory() as folder:
        options = Path(folder) / "defaults.yaml"
        options.write_text(json.dumps(defaults | {"sandbox": True, "fail-if-warnings": True}), encoding="utf-8")
        command = [pypandoc.get_pandoc_path(), "+RTS", f"-M{PANDOC_MEMORY}", "-RTS", "--defaults", str(options)]
        try:
            done = subprocess.run(
                command,
                input=text.encode(),
                env=os.environ | environment,
                capture_output=True,
                timeout=PANDOC_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise UserError(
                f"pandoc has worked on {write_up} for {PANDOC_SECONDS} seconds and was stopped; {ENDLESS}"
            ) from None
    if done.returncode == OUT_OF_MEMORY:
        raise UserError(f"pandoc needs more than {PANDOC_MEMORY} of memory for {write_up}; {ENDLESS}")
    if done.returncode:
        raise UserError(f"pandoc cannot use {write_up}: {done.stderr.decode().strip()}")
    return done
