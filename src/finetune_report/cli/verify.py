"""Verify a report against the results and sources that it names.

Reads the manifest that a PDF, an HTML or a manifest file carries, hashes every file that it names again, and renders
a PDF or HTML anew to compare it byte for byte. Says what differs, what is missing and what cannot be read; exits
with 1 unless everything was read and nothing differs.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Build, copied
from finetune_report.errors import UserError
from finetune_report.files import PROJECT, sha256, write_json
from finetune_report.provenance.stamp import stamp
from finetune_report.report.build import main as render

from bs4 import BeautifulSoup
from pypdf import PdfReader
from pypdf.errors import PyPdfError

RENDERED = {".pdf", ".html"}
NOT_RENDERED = "not rendered anew: its results or sources are not what they were"
ADDED = {"inputs", "markdown", "checks"}  # to the manifest when the report is rendered
OUTPUTS = {
    "pdf": "write-up.pdf",
    "html": "write-up.html",
    "markdown": "write-up.md",
    "checks": "checks.json",
    "carried": "write-up.json",
}


def main(file: Path, results: Path | None, no_render: bool) -> int:
    manifest = carried_manifest(file)
    root = results or Path("results") / str(manifest["experiment"])
    print(f"{file}: experiment {manifest['experiment']}, commit {manifest.get('commit') or 'none'}")
    problems = list(complaints(manifest, root))
    count = len(manifest["files"]) + len(manifest.get("inputs", {}))
    if file.suffix in RENDERED and not no_render:
        problems += rendered_complaints(file, Build(root, manifest)) if not problems else [NOT_RENDERED]
    for problem in problems:
        print(f"  {problem}")
    print(f"{count} files named: " + (f"NOT verified, {len(problems)} against it" if problems else "verified"))
    return 1 if problems else 0


def carried_manifest(path: Path) -> dict[str, Any]:
    """The manifest in a PDF's attachment or an HTML's script element, or in a file of its own.

    Raises UserError where there is none or it does not say what a manifest must.
    """
    readers: dict[str, Callable[[Path], bytes | str]] = {".pdf": from_pdf, ".html": from_html, ".json": Path.read_bytes}
    if path.suffix not in readers:
        raise UserError(f"{path}: expected a file that ends in .pdf, .html or .json")
    try:
        manifest = json.loads(readers[path.suffix](path))
        manifest["experiment"], manifest["files"].items()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, PyPdfError):
        raise UserError(f"{path}: it carries no manifest that can be read, so nothing in it can be verified") from None
    return dict(manifest)


def from_pdf(path: Path) -> bytes:
    [content] = PdfReader(path).attachments["manifest.json"]
    assert isinstance(content, bytes)
    return content


def from_html(path: Path) -> str:
    element = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("script", id="manifest")
    if element is None:
        raise ValueError("no element with the id manifest")
    return str(element.string)


def complaints(manifest: dict[str, Any], root: Path) -> Iterator[str]:
    """A sentence for each file that is not what the manifest says: results below `root`, then the report's sources."""
    named = [(root / name, wanted) for name, wanted in manifest["files"].items()]
    named += [(Path(name), wanted) for name, wanted in manifest.get("inputs", {}).items()]
    if not manifest["files"]:
        yield "the manifest names no files"
    for path, wanted in named:
        try:
            found = sha256(path)
        except FileNotFoundError:
            yield f"missing: {path}"
        except OSError as error:
            yield f"cannot be read: {path} ({error.strerror})"
        else:
            if found != wanted:
                yield f"differs: {path} (expected {str(wanted)[:12]}, found {found[:12]})"


def rendered_complaints(path: Path, build: Build) -> list[str]:
    """What is wrong with a PDF or HTML whose results and sources are as they were: it must come out the same again."""
    carried = build.manifest
    code = stamp(PROJECT / "scripts" / "render_write_up.py")
    if "calls" not in carried or "inputs" not in carried:
        return ["not rendered anew: its manifest does not say how"]
    if code != carried["code"]["render_write_up"]:
        return [f"not rendered anew: it was rendered by {carried['code']['render_write_up']}, and here is {code}"]
    with tempfile.TemporaryDirectory() as folder:
        scratch = copied(build, Path(folder))
        outputs: dict[str, Any] = {name: scratch.root / file for name, file in OUTPUTS.items()}
        write_json(scratch.root / "manifest.json", {key: carried[key] for key in carried if key not in ADDED})
        try:
            render(**scratch.inputs("render_write_up"), **outputs, **build.spec("render_write_up"))
        except UserError as error:
            return [f"cannot be rendered anew: {error}"]
        if outputs[path.suffix[1:]].read_bytes() != path.read_bytes():
            return [f"differs: {path} itself is not what its results and sources give"]
    return []
