"""Tables on paper: none runs over its page or into itself, and every word of it is there."""

import itertools
import re
from pathlib import Path

from finetune_report.report.print_tables import CUT, PADDING, TEXT, Column, fit_of
from finetune_report.report.rendering import parse
from tests.support.evidence import entry, make_results, render, values

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

MARGIN = 26 / 25.4 * 72  # of the page, in points


def columns() -> st.SearchStrategy[list[Column]]:
    # Training elsewhere in this process rounds subnormal numbers to 0.
    widths = st.tuples(st.floats(0.5, 13), st.floats(0, 300, allow_subnormal=False))
    return st.lists(widths.map(lambda pair: Column(pair[0] + pair[1], pair[0])), min_size=1, max_size=40)


@given(columns())
def test_what_is_set_fits_and_every_column_is_there(found: list[Column]) -> None:
    how = fit_of(found)
    if how is None:
        assert sum(column.natural + PADDING for column in found) <= TEXT
        return
    assert how.shares is not None
    assert set(itertools.chain(*how.groups)) == set(range(len(found)))
    room = TEXT * 9.6 / how.size
    for group in how.groups:
        assert sum(how.shares[place] for place in group) <= 1 + 1e-9
        if len(group) > 2:
            assert all(how.shares[place] * room >= found[place].least for place in group)


def table(head: list[str], rows: list[list[str]], caption: str = "") -> str:
    lines = [head, [":--"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + (f"\n\n: {caption}\n" if caption else "\n")


def pages(tmp_path: Path, text: str, **more: str) -> list[tuple[str, list[tuple[float, float, str]]]]:
    """The text of each page of the PDF, and its pieces with their places."""
    root = make_results(tmp_path / "results")
    write_up = tmp_path / "w.md"
    write_up.write_text(text, encoding="utf-8")
    render(root, write_up)
    found = []
    for page in PdfReader(root / "write-up.pdf").pages:
        pieces: list[tuple[float, float, str]] = []

        def note(text: str, outer: list[float], inner: list[float], *_: object, into: list = pieces) -> None:
            if text.strip():
                into.append((inner[4] * outer[0] + outer[4], inner[5] * outer[3] + outer[5], text.strip()))

        page.extract_text(visitor_text=note)
        found.append((page.extract_text(), pieces))
    return found


@pytest.mark.parametrize("caption", ["", "A long table. {#tbl:long}"])
def test_a_table_longer_than_a_page_goes_on_with_its_head(tmp_path: Path, caption: str) -> None:
    names = [f"class-{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}" for number in range(99)]
    found = pages(tmp_path, table(["class", "recall"], [[name, "some"] for name in names], caption))
    text = "".join(page for page, _ in found)
    assert len(found) > 1
    assert all(text.count(name) == 1 for name in names)
    assert all("recall" in page for page, _ in found)
    assert all(height > 60 for _, pieces in found for _, height, text in pieces if "class" in text)


def test_sixteen_columns_are_spread_and_repeat_the_first(tmp_path: Path) -> None:
    head = [f"column{chr(97 + number)}" for number in range(16)]
    [(text, pieces)] = pages(tmp_path, table(head, [[f"cell{name}" for name in head]] * 3, "Wide. {#tbl:w}"))
    assert all(name in text for name in head)
    assert text.count("columna") > 1
    assert text.count("Table") == 1
    assert all(MARGIN - 1 <= left < 595 - MARGIN for left, _, _ in pieces)


def test_long_words_break_and_stay_whole_for_a_search(tmp_path: Path) -> None:
    word, name = "w" * 300, "a-very-long-name-of-a-class-that-does-not-end"
    [(text, _)] = pages(tmp_path, table(["text", "true"], [[word, name]]))
    assert word in re.sub(r"\s", "", text)
    assert name in re.sub(r"\s", "", text)


def test_a_long_text_of_the_data_is_cut_in_the_pdf_and_whole_in_the_html(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(["it"] * 400) + " end of it"
    found = values() | {"mistakes.most.text": entry(text, "text", "mistakes.json", "/text")}
    monkeypatch.setattr("tests.support.evidence.values", lambda: found)
    given = table(["text", "true"], [['{{ value("mistakes.most.text") }}', "no"]])
    [(page, _)] = pages(tmp_path, given)
    assert page.count("end of it") == 0
    assert f"it {CUT}" in " ".join(page.split())
    assert "the HTML has them whole" in page
    html = str(BeautifulSoup((tmp_path / "results/write-up.html").read_text(encoding="utf-8"), "html.parser").main)
    assert html.count("end of it") == 1  # neither in a tooltip nor in the table of values


def test_widths_that_the_author_gave_stay(tmp_path: Path) -> None:
    text = '| a | b |\n|---|---|\n| x | y |\n\n: Caption {#tbl:a widths="30 70"}\n'
    [found] = [block for block in parse(text, tmp_path).content if hasattr(block, "colspec")]
    assert [width for _, width in found.colspec] == [0.3, 0.7]
