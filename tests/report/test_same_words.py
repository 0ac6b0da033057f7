"""What is written is what is printed: the same words in Markdown, HTML and PDF, or an error with its line."""

import re
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from finetune_report.files import read_json, write_json
from finetune_report.report.keys import join
from finetune_report.report.values import shown
from tests.support.evidence import entry, make_results, render
from tests.support.messages import refuses

import pytest
from bs4 import BeautifulSoup
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

PAPER = r"""---
title: Every kind
---

# Some heading

This is \textbf{bold} and \emph{leaning}, see \ref{tbl:x} and @tbl:x; a\footnote{with notes in LaTeX} note[^n].
Say <b>fat <i>and both</i></b>, H<sub>y</sub>O, <kbd>Ctrl</kbd>, <mark>marked</mark>, ~~struck~~, `C:\Users\me`.

[^n]: A note in Markdown.

| left | right |
|:--|:--|
| before<br>after | `code|bar` |

: A caption {#tbl:x}

\begin{align}
a &= b \\
c &= d
\end{align}

\begin{tabular}{ll} ant & bee \\ cat & dog \end{tabular}

Term

:   Definition

> Quoted with “marks” and 'single' ones -- dashed.

- [ ] open
- [x] done

| Line
|   block

```
verbatim <b> \textbf{x}
```
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("same") / "results")


def rendered(results: Path, text: str) -> tuple[str, str]:
    """The words of the HTML and of the PDF."""
    write_up = results.parent / "w.md"
    write_up.write_text(text, encoding="utf-8")
    render(results, write_up)
    html = BeautifulSoup((results / "write-up.html").read_text(encoding="utf-8"), "html.parser").main
    assert html is not None
    for unprinted in html.select("annotation, .provenance, #values"):  # the PDF has another table of values
        unprinted.decompose()
    pages = [page.extract_text() for page in PdfReader(results / "write-up.pdf").pages]
    pdf = "\n".join(re.sub(r"\n\d+ / \d+\s*$", "", page) for page in pages)
    return html.get_text(), pdf.partition("Where the values come from")[0]


def letters(text: str) -> Counter[str]:
    """The letters of a text, which neither line breaks nor the slant of math change."""
    return Counter(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalpha())


def test_every_word_is_in_both_forms(results: Path) -> None:
    html, pdf = rendered(results, PAPER)
    assert letters(html) - letters(pdf) == Counter()
    assert letters(pdf) - letters(html) == Counter()
    source = re.sub(r"\\(?:begin|end)\{\w+\}(?:\{ll\})?|\\(?:textbf|emph|footnote|ref)\b|</?\w+>", " ", PAPER)
    for word in re.findall(r"[A-Za-z]{3,}", source):
        assert word in html.replace("\n", " ") or word in ("title", "tbl"), word


def test_a_word_processor_gets_the_same_words_and_figures(results: Path) -> None:
    write_up = results.parent / "w.md"
    write_up.write_text(f"{PAPER}\n\n![A figure](figures/graph.png){{#fig:graph}}\n\n97% of it.\n", encoding="utf-8")
    docx, again = results / "write-up.docx", results / "again.docx"
    render(results, write_up, docx=docx)
    render(results, write_up, docx=again)
    assert docx.read_bytes() == again.read_bytes()
    html = BeautifulSoup((results / "write-up.html").read_text(encoding="utf-8"), "html.parser").main
    assert html is not None
    for unprinted in html.select("annotation, sup, [role=doc-backlink]"):
        unprinted.decompose()
    with zipfile.ZipFile(docx) as packed:
        parts = [packed.read(f"word/{name}.xml").decode() for name in ("document", "footnotes")]
        pictures = [name for name in packed.namelist() if name.startswith("word/media/")]
    said = " ".join(" ".join(ElementTree.fromstring(part).itertext()) for part in parts)
    assert letters(said) - letters(html.get_text()) == letters("DRAFT: what is not resolved is listed at the end")
    assert letters(html.get_text()) - letters(said) == Counter()
    assert [Path(name).suffix for name in pictures] == [".png"]


def test_raw_code_of_one_form_is_not_lost(results: Path) -> None:
    html, pdf = rendered(results, r"First \textbf{second}, <u>last</u>, a<br>b. \LaTeX{} and \ldots")
    assert "second" in html
    assert "second" in pdf
    assert "ab" not in pdf.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("One.\n\nThe path C:\\Users\\me\\data here.", ("line 3", r"\\Users", "backslash")),
        ("One.\n\n\\textbf{a \\unknown b}", ("line 3", r"\unknown")),
        ("One.\nTwo \\newpage three.", ("line 2", r"\newpage")),
        ("One.\n\n\\input{/etc/passwd}", ("line 3", r"\\input")),
        ("One.\n\nA <b>fat end.", ("line 3", "<b>")),
        ("One.\n\nAn end</i>.", ("line 3", "</i>")),
    ],
)
def test_what_no_form_can_set_is_an_error_with_its_line(results: Path, text: str, places: tuple[str, ...]) -> None:
    with refuses(*places):
        rendered(results, text)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["accuracy", "validation accuracy", "better", "baseline", "small-batch is best", "twice", "the test loss"]
)


@settings(max_examples=3, phases=[Phase.generate])  # to shrink a document of many names would take minutes
@given(st.lists(NAMES, min_size=40, max_size=60, unique_by=lambda name: " ".join(name.split())), NAMES)
def test_any_name_is_printed_in_every_form(results: Path, names: list[str], column: str) -> None:
    """Of slices and their column, of classes, and as texts."""
    before = (results / "values.json").read_text(encoding="utf-8")
    found = read_json(results / "values.json")
    for number, name in enumerate(names, start=1):
        key = join("slices", column, name, "accuracy")
        found[key] = entry(0.5, "accuracy", "slices.json", f"/{number}", [0.4, 0.6])
        found[f"mistakes.{number}.text"] = entry(name or "x", "text", "mistakes.json", f"/{number}")
    write_json(results / "values.json", found)
    try:
        text = (
            "{% for column in names('slices') %}\n\n| name | share |\n|:--|:--|\n"
            "{% for name in names('slices', column) %}\n"
            "| {{ column }}: {{ name }} | {{ value('slices', column, name, 'accuracy') }} |\n"
            "{% endfor %}\n{% endfor %}\n\n"
            "| text |\n|:--|\n{% for number in names('mistakes') %}\n"
            "| {{ value('mistakes', number, 'text') }} |\n{% endfor %}\n"
        )
        html, pdf = rendered(results, text)
        found = read_json(results / "checks.json")["findings"]
        assert found == []
    finally:
        (results / "values.json").write_text(before, encoding="utf-8")
    squeezed = re.sub(r"\s", "", html)
    for name in names:
        assert re.sub(r"\s", "", shown(name)) in squeezed, name
    latin = Counter({letter: count for letter, count in letters(html).items() if letter < "\u0100"})
    assert latin - letters(pdf) == Counter()
