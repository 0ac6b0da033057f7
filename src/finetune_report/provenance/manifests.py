"""Reads the manifest that a report carries, which a stranger may have written: it is checked before it is used."""

import json
import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from finetune_report import regular_files as regular
from finetune_report.errors import UserError
from finetune_report.files import PROJECT
from finetune_report.terminal import visible

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

SCHEMA = PROJECT / "config" / "manifest.yaml"
LARGEST = {".pdf": 2**28, ".html": 2**28, ".json": 2**26}  # bytes of a document
MOST = 2**26  # characters of a manifest
DEEPEST = 40  # lists and objects in each other
SCRIPT = '<script type="application/json" id="manifest">'

Manifest = dict[str, Any]


def carried_manifest(path: Path) -> Manifest:
    """The manifest in a PDF's attachment or an HTML's script element, or in a JSON file of its own.

    Raises UserError, with one line, where it cannot be read or is not what a manifest may be.
    """
    readers: dict[str, Callable[[bytes], bytes | str]] = {".pdf": from_pdf, ".html": from_html, ".json": bytes.decode}
    if path.suffix not in readers:
        raise UserError(f"{path}: expected a file that ends in .pdf, .html or .json")
    try:
        content = regular.read(path.parent, path.name, LARGEST[path.suffix])
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    try:
        text = readers[path.suffix](content)
        manifest = parsed(text.decode() if isinstance(text, bytes) else text)
    except Malformed as error:
        raise UserError(unreadable(path, str(error))) from None
    except (ValueError, RecursionError):
        raise UserError(unreadable(path, "it is not JSON in UTF-8")) from None
    check(manifest, path)
    return dict(manifest)


def unreadable(path: Path, why: str) -> str:
    return f"{path}: it carries no manifest that can be read ({why}); nothing in it can be verified"


class Malformed(ValueError):
    """What is wrong with a document or a manifest, in words of ours."""


def from_pdf(content: bytes) -> bytes:
    import io

    from pypdf import PdfReader

    try:
        [found] = PdfReader(io.BytesIO(content)).attachments["manifest.json"]
    except Exception:  # on a hostile file a reader of PDFs can fail in any way
        raise Malformed("no PDF with one attachment manifest.json") from None
    if not isinstance(found, bytes):
        raise Malformed("its attachment manifest.json is no file")
    return found


def from_html(content: bytes) -> str:
    """The text of the one script element that the template writes; no element of another form is looked for."""
    _, *found = content.decode().split(SCRIPT)
    if len(found) != 1:
        raise Malformed(f"{len(found)} elements {SCRIPT}, expected 1")
    text, end, _ = found[0].partition("</script>")
    if not end:
        raise Malformed("the script element with it does not end")
    return text


def parsed(text: str) -> Any:
    """JSON as a manifest has it: not too large or deep, no key twice, no number that is none."""
    if len(text) > MOST:
        raise Malformed(f"it has {len(text)} characters, more than {MOST}")
    depth = deepest = 0
    for sign in re.sub(r'"(?:[^"\\]|\\.)*+"?', "", text, flags=re.DOTALL):
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            raise Malformed(f"it is nested more than {DEEPEST} deep")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise Malformed("a key stands in it twice")
        return found

    def number(digits: str) -> float | int:
        found = float(digits)
        if not math.isfinite(found):
            raise Malformed(f"{digits[:20]} is no number that can be computed with")
        return int(digits) if digits.lstrip("-").isdecimal() else found

    found = json.loads(text, object_pairs_hook=once, parse_constant=number, parse_float=number, parse_int=number)
    json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair would stop whatever writes it
    return found


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))


def check(manifest: Any, path: Path) -> None:
    """Raises UserError where a manifest is not as its schema has it, about the first mistake."""
    error = best_match(validator().iter_errors(manifest))
    if error is None:
        return
    place = "".join(f"[{part!r}]" for part in error.absolute_path)[:200]
    rule = f"{error.validator}: {error.validator_value}" if error.validator != "additionalProperties" else "known keys"
    found = repr(error.instance)
    raise UserError(
        f"{path}: the manifest in it is none{f' at {visible(place)}' if place else ''}: found "
        f"{visible(found[:100])}{'...' * (len(found) > 100)}, expected {rule[:300]}; nothing in it can be verified"
    )
