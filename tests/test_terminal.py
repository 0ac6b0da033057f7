"""What reaches a terminal from data or a document is seen, not obeyed."""

import unicodedata

from finetune_report.report.values import escaped
from finetune_report.terminal import say, visible

import pytest
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(st.characters()))
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for sign in shown)
    assert visible(shown) == shown
    shown.encode()


@pytest.mark.parametrize("text", ["plain text", "Übermaß", "日本語", "עברית", "🙂", "a\u00a0b", "−1.5 × 10⁻³"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\r\nb", "a\\r\\nb"),
        ("\ud800", "\\ud800"),
        ("\u3164", "\\u3164"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_is_named(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert visible(text) == shown
    say(text)
    assert capsys.readouterr().out == shown + "\n"


def test_a_name_from_data_cannot_turn_the_line_that_it_stands_in() -> None:
    assert escaped("so\u202e12\u202c") == "so\\\\u202e12\\\\u202c"
    assert escaped("👩\u200d🔬") == "👩\u200d🔬"
