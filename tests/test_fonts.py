"""Fonts for what data and authors write: everyday scripts have glyphs, and what has none is known."""

from pathlib import Path

from finetune_report.fonts import families, files, undrawable
from finetune_report.report.values import escaped
from tests.support.evidence import make_results, render

import pytest
from pypdf import PdfReader

SCRIPTS = {
    "Chinese": "中文分类测试",
    "Japanese": "日本語のテキスト",
    "Korean": "한국어텍스트",
    "Thai": "ภาษาไทย",
    "Arabic": "مرحبا بالعالم",
    "Hebrew": "שלום",
    "Devanagari": "हिन्दी क्षत्रिय",
    "Tamil": "தமிழ்",
    "Bengali": "বাংলা",
    "Georgian": "ქართული",
    "Ethiopic": "አማርኛ",
    "emoji": "😀👍🏽👨‍👩‍👧🇩🇪",
    "symbols": "→ ✓ ∮ ⟨ € № ☃ − × 𝒜",
    "Vietnamese": "tiếng Việt",
}
NO_FONT = "\U00012000"  # a cuneiform sign


@pytest.mark.parametrize("script", SCRIPTS)
def test_everyday_scripts_have_glyphs(script: str) -> None:
    assert undrawable(SCRIPTS[script]) == []


def test_what_no_font_has_is_named_once() -> None:
    assert undrawable(f"a{NO_FONT}é{NO_FONT}\ue000") == [NO_FONT, "\ue000"]
    assert escaped(f"x{NO_FONT}") == r"x\\U00012000"


def test_every_font_has_a_family() -> None:
    assert len(families()) == len(files())


def test_scripts_are_embedded_as_used_and_read_out_of_the_pdf(tmp_path: Path) -> None:
    root = make_results(tmp_path / "results")
    write_up = tmp_path / "w.md"
    write_up.write_text("\n\n".join(SCRIPTS.values()), encoding="utf-8")
    assert render(root, write_up)["draft"] is False
    page = PdfReader(root / "write-up.pdf").pages[0]
    text = page.extract_text()
    for script in ("Chinese", "Japanese", "Korean", "Georgian", "Vietnamese"):
        assert SCRIPTS[script] in text
    names = {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}
    assert not any("LastResort" in name or "DejaVuSansMono" in name for name in names), names
    assert (root / "write-up.pdf").stat().st_size < 200_000


def test_a_sign_without_a_font_blocks_a_final_report_with_its_line(tmp_path: Path) -> None:
    root = make_results(tmp_path / "results")
    write_up = tmp_path / "w.md"
    write_up.write_text(f"A line.\n\nAnother with {NO_FONT} in it.\n", encoding="utf-8")
    [finding] = render(root, write_up)["findings"]
    assert (finding["kind"], finding["line"], finding["found"]) == ("missing glyph", 3, NO_FONT)
    assert "U+12000 CUNEIFORM SIGN A" in finding["advice"]
