"""What a reader gets: the PDF, the HTML and Snakemake's own report, held against the values behind them."""

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

from tests.support.commands import command
from tests.support.projects import Project

import pytest
from bs4 import BeautifulSoup, Tag
from pypdf import PdfReader

LOADING = {"src", "href", "xlink:href", "srcset", "data", "poster", "action", "background"}


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def bare(text: str) -> str:
    """A text without white space, soft hyphens, the slant of math, and the signs of Markdown for powers and escapes."""
    return re.sub(r"[\s\u00ad\\^`]", "", unicodedata.normalize("NFKC", text))


@pytest.fixture(scope="module")
def values(finished: Project) -> dict[str, Any]:
    return read(finished.results / "values.json")


@pytest.fixture(scope="module")
def cited(finished: Project) -> dict[str, list[str]]:
    """The different texts that each cited value was printed as, by its key."""
    texts: dict[str, list[str]] = {}
    for citation in read(finished.results / "checks.json")["values"]:
        forms = texts.setdefault(citation["key"], [])
        if bare(citation["printed"]) not in forms:
            forms.append(bare(citation["printed"]))
    return texts


@pytest.fixture(scope="module")
def pdf(finished: Project) -> str:
    pages = [page.extract_text() for page in PdfReader(finished.results / "write-up.pdf").pages]
    return bare("".join(re.sub(r"\n?\d+ / \d+\s*$", "", page) for page in pages))


@pytest.fixture(scope="module")
def html(finished: Project) -> BeautifulSoup:
    return BeautifulSoup((finished.results / "write-up.html").read_text(encoding="utf-8"), "html.parser")


def test_a_clean_run_is_no_draft(finished: Project, pdf: str, html: BeautifulSoup) -> None:
    checks = read(finished.results / "checks.json")
    assert (checks["draft"], checks["reasons"]) == (False, [])
    assert "DRAFT" not in pdf
    assert "Draft" not in html.find("title").get_text()


def test_citations_are_the_collected_values(finished: Project, values: dict[str, Any]) -> None:
    citations = read(finished.results / "checks.json")["values"]
    assert len(citations) > 5
    for citation in citations:
        entry = values[citation["key"]]
        assert (citation["value"], citation["source"]) == (entry["value"], entry["source"])


def whole_of(value: Any) -> str:
    """What the table says of a value beside its printed forms: all digits of a number; a text is printed whole."""
    return "" if isinstance(value, str) else full(value)


def test_every_value_is_in_the_pdf_with_its_origin(
    cited: dict[str, list[str]], values: dict[str, Any], pdf: str
) -> None:
    text = pdf.replace("−", "-")  # Typst sets the sign of any number so
    for key, forms in cited.items():
        for form in forms:
            assert form in pdf, key
        if key in values:
            whole = values[key]["value"]
            row = bare(key) + (bare(whole)[:20] if isinstance(whole, str) else full(whole))
            assert row.replace("−", "-") in text, key
            assert bare(values[key]["source"]) in text, key


def test_the_table_of_values_takes_few_pages(finished: Project) -> None:
    pages = [page.extract_text() for page in PdfReader(finished.results / "write-up.pdf").pages]
    first = next(number for number, page in enumerate(pages) if "Where the values come from" in page)
    assert len(pages) - first <= 4  # it begins below other text, and what the author vouches for comes after it


def test_every_value_is_in_the_html_and_leads_to_its_origin(
    cited: dict[str, list[str]], values: dict[str, Any], html: BeautifulSoup
) -> None:
    rows = {}
    for row in html.select(".provenance tbody tr"):
        key, printed, whole, source = (bare(cell.get_text()) for cell in row.find_all("td"))
        rows[row.find(id=True)["id"]] = key
        assert printed == ";".join(cited[key]) or printed.endswith("...")
        if key in values:
            assert (whole, source) == (bare(whole_of(values[key]["value"])), bare(values[key]["source"]))
    assert sorted(rows.values()) == sorted(cited)
    links = [link for link in html.select("a.value") if link["href"].startswith("#")]
    shown = {(rows[link["href"][1:]], bare(link.get_text())) for link in links}
    assert shown == {(key, form) for key, forms in cited.items() for form in forms}


def full(value: float | str) -> str:
    return value if isinstance(value, str) else repr(value)


def test_the_html_needs_no_other_file(html: BeautifulSoup) -> None:
    for tag in html.find_all(True):
        for name in LOADING & set(tag.attrs):
            if not (tag.name == "a" and name == "href"):
                assert str(tag[name]).startswith(("data:", "#")), str(tag)[:200]
        for styles in [tag.get_text()] if tag.name == "style" else [str(tag.get("style", ""))]:
            assert "@import" not in styles
            assert all(target.startswith(("data:", "#")) for target in re.findall(r"url\(['\"]?([^)'\"]*)", styles))
        if tag.name == "a" and "href" in tag.attrs:
            assert leads_somewhere(str(tag["href"]), html), str(tag)[:200]
    assert html.find("img") or html.find("svg")


def leads_somewhere(target: str, html: BeautifulSoup) -> bool:
    """Whether a link goes to the web, or to a place within the page that is there."""
    if target.startswith("#"):
        return target == "#" or isinstance(html.find(id=target[1:]), Tag)
    return target.startswith(("http://", "https://", "mailto:", "data:"))


def test_both_forms_show_the_same_figures_and_tables(pdf: str, html: BeautifulSoup) -> None:
    captions = [
        "".join(text for text in caption.strings if text.parent and text.parent.name != "annotation")  # LaTeX of math
        for caption in html.select("figcaption, caption")
    ]
    assert any(caption.startswith("Figure") for caption in captions)
    assert any(caption.startswith("Table") for caption in captions)
    for caption in captions:
        assert bare(caption) in pdf, caption


def test_what_was_built_is_verified_and_what_was_changed_is_not(project: Project) -> None:
    """All of it by its own manifest, which is to verify both forms of the report."""
    results = project.results.relative_to(project.root)
    line = ["-m", "finetune_report.cli", "verify", str(results / "manifest.json"), "--config", "tiny.yaml"]
    environment = project.environment()
    done = subprocess.run([sys.executable, *line], cwd=project.root, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    project.edit(str(results / "selection.json"), "accuracy", "accurary")
    for name in ("write-up.pdf", "write-up.html", "manifest.json"):
        done = command("verify", project.root, results / name, "--config", "tiny.yaml")
        assert done.returncode == 1, name
        assert "differs: results/tiny/selection.json" in done.stdout, name


def test_snakemake_reports_offline(project: Project) -> None:
    done = project.plan("--report", "report.html")
    assert done.returncode == 0, done.stderr
    text = (project.root / "report.html").read_text(encoding="utf-8")
    assert "hyperparam.png" in text
    assert "write-up.pdf" in text


def test_the_linter_wants_nothing_but_environments(project: Project) -> None:
    """A rule here has none on purpose: one lock file serves them all."""
    lints = re.findall(r"^    \* (.+):$", project.plan("--lint").stderr, re.MULTILINE)
    assert set(lints) == {"Specify a conda environment or container for each rule."}
