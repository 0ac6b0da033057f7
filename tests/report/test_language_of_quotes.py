"""Texts that are quoted from the data are marked as being in the data's language, and nothing else is."""

from pathlib import Path

from finetune_report.files import read_json, write_json
from tests.support.evidence import entry, make_results, render

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

TEXT = """A quote: {{ value("mistakes.1.text") }}; a class: {{ value("mistakes.1.true") }}.

| text |
|:--|
| {{ value("label_audit.listed.1.text") }} |
"""
QUOTED = ["Der Film war [langweilig] und “lang”", "Noch ein *Text* #1"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("quotes") / "results")


def quotes(results: Path, language: str | None) -> list[tuple[str, str]]:
    """Each marked quote of the HTML with its language; all that is quoted is in the PDF too."""
    found = read_json(results / "values.json")
    found.pop("data.language", None)
    if language:
        found["data.language"] = entry(language, "text", "data/summary.json", "/language/tag")
    found["mistakes.1.text"] = entry(QUOTED[0], "text", "mistakes.json", "/0/text")
    found["mistakes.1.true"] = entry("schlecht", "text", "mistakes.json", "/0/true")
    found["label_audit.listed.1.text"] = entry(QUOTED[1], "text", "label-audit.json", "/0/text")
    write_json(results / "values.json", found)
    write_up = results.parent / "w.md"
    write_up.write_text(TEXT, encoding="utf-8")
    assert render(results, write_up, docx=results / "write-up.docx")["findings"] == []
    page = BeautifulSoup((results / "write-up.html").read_text(encoding="utf-8"), "html.parser").main
    pdf = "".join(page.extract_text() for page in PdfReader(results / "write-up.pdf").pages)
    assert page is not None
    for text in (page.get_text(), pdf):
        assert all(word in text for quote in QUOTED for word in quote.split())
    return [(span.get_text(), str(span["lang"])) for span in page.select("a.value [lang]")]


@pytest.mark.parametrize("language", ["de", "pt-BR", "zh-Hant", "ar", "zza"])
def test_quotes_are_marked(results: Path, language: str) -> None:
    assert quotes(results, language) == [(text, language) for text in QUOTED]


def test_nothing_is_marked_where_the_language_is_not_known(results: Path) -> None:
    assert quotes(results, None) == []
