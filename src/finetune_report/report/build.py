"""Fill the author's write-up in, check it, and render it as Markdown, PDF, HTML and what further forms are asked for.

Reads the write-up, the values, the results that claims are judged by, the figures and the report's templates. Writes
the forms of the report, what they carry to be checked by, and the unresolved findings; while there are any, they
are marked as a draft.
"""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, sha256, write_json, write_text
from finetune_report.report.bibliography import citable
from finetune_report.report.cross_references import (
    append_parts,
    explain_marks,
    frame_tables,
    link_values,
    number_parts,
    place_images,
    provenance_note,
    resolve_references,
    set_date,
    vouched,
)
from finetune_report.report.figure_checks import disagreements
from finetune_report.report.findings import Checked, check_document, reasons
from finetune_report.report.notices import no_test_score, put_first, with_notice
from finetune_report.report.rendering import Style, parse, place_of, render
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.template import Filled, fill
from finetune_report.report.values import read_values

import panflute as pf


def main(
    write_up: Path,
    values: Path,
    manifest: Path,
    selection: Path,
    summary: Path,
    ledger: Path,
    curves: Path,
    figures: list[Path],
    tables: list[Path],
    bibliography: list[Path],
    typst_template: Path,
    html_template: Path,
    css: Path,
    markdown: Path,
    pdf: Path,
    html: Path,
    checks: Path,
    carried: Path,
    settings: list[str],
    failed_runs: str,
    pdf_engine: str,
    commit: str,
    dirty: bool,
    commit_time: int,
    forms: Iterable[str] | None = None,
    experiments: Iterable[str] = (),
    **further: Path,
) -> None:
    """Figures lie below the folder of `values`, by which the write-up names them.

    `commit_time` (seconds since 1970) dates the report. `tables` has the table of each CSV file among `figures`, in the
    same order. `failed_runs` is "refuse" where they block a final build, "report" where they do not. `further` forms
    have the ends of their files' names. Where `forms` are given, those alone are rendered. `experiments` are those of a
    study, whose `settings` are the systems of its table.
    """
    places = {"pdf": pdf, "html": html} | further
    labels, chosen = read_json(summary)["labels"], read_json(selection)
    evidence = Evidence(read_values(values), settings, labels, chosen, read_curves(curves), tuple(experiments))
    filled = fill(write_up, evidence)
    doc = parse(filled.text, write_up)
    checked = check_document(doc, filled, write_up, bibliography)
    against = reasons(checked.findings, commit, dirty, chosen, failed_runs == "refuse", disagreements(figures, tables))
    root = values.parent
    tested = read_json(ledger)
    facts = read_json(manifest)
    shared = sum("shared" in called for called in facts.get("calls", {}).values())
    note = provenance_note(commit, tested["test"]["text"], tested["record"]["head"], shared)
    notice = no_test_score(evidence)
    language = evidence.text("data.language") if evidence.has("data.language") else ""
    vector = pdf_engine == "typst"
    finish(doc, filled, checked, against, write_up, figures, bibliography, root, note, language, vector)
    if notice:
        put_first(doc, parse(notice, write_up))
    text = with_notice(filled.text, notice)
    set_date(doc, commit_time)
    style = Style(typst_template, html_template, css, bibliography)
    record = what_was_checked(checked, against, filled)
    sources = [write_up, *bibliography, typst_template, html_template, css]
    write_json(carried, what_it_carries(facts, sources, text, record))
    variables = {"draft": bool(against), "manifest": carried.read_text(encoding="utf-8")}
    resources = {path.relative_to(root).as_posix(): path for path in figures} | {"write-up.json": carried}
    made = render(doc, style, variables, resources, write_up, pdf_engine, commit_time, forms or places)
    write_text(markdown, text)
    for form, content in made.items():
        places[form].write_bytes(content)
    write_json(checks, record)
    for reason in against:
        logging.warning("%s", reason)
    logging.info("%s", "a draft; its last page lists the unresolved findings" if against else "no unresolved findings")


def finish(
    doc: pf.Doc,
    filled: Filled,
    checked: Checked,
    against: list[str],
    write_up: Path,
    figures: list[Path],
    bibliography: list[Path],
    root: Path,
    note: str,
    language: str,
    vector: bool,
) -> None:
    """Turn the checked tree into the one that is printed."""
    locate = partial(place_of, write_up)
    place_images(doc, figures, root, vector, locate)
    labels = number_parts(doc)
    resolve_references(doc, labels, citable(bibliography), locate)
    table = link_values(doc, filled, language)
    explain_marks(doc, filled.claims)
    append_parts(doc, table, note, vouched(checked), against)
    frame_tables(doc)


def what_was_checked(checked: Checked, against: list[str], filled: Filled) -> dict[str, Any]:
    """What checks.json says: whether and why the report is a draft, and every claim and value in it.

    And what nobody checked: the author's escapes, and sentences that speak of results and were not judged.
    """
    return {
        "draft": bool(against),
        "reasons": against,
        "findings": [finding.as_json() for finding in checked.findings],
        "escapes": [asdict(escape) for escape in checked.escapes],
        "unjudged": checked.unjudged,
        "unread": checked.unread,
        "claims": [claim.as_json() for claim in filled.claims],
        "values": [citation.as_json() for citation in filled.citations],
    }


def what_it_carries(manifest: dict[str, Any], sources: list[Path], text: str, checks: dict[str, Any]) -> dict[str, Any]:
    """The manifest, the hashes of what the report was rendered from, and all that was printed and claimed in it."""
    inputs = {path.as_posix(): sha256(path) for path in sources}
    return manifest | {"inputs": inputs, "markdown": hashlib.sha256(text.encode()).hexdigest(), "checks": checks}
