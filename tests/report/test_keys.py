"""Keys of values: any name can be a part of one."""

import sys
import tomllib

from finetune_report.errors import UserError
from finetune_report.report.keys import below, is_below, join, matches, split

import pytest
from hypothesis import given
from hypothesis import strategies as st

PARTS = st.lists(st.text(), min_size=1)
PRINTABLE = [chr(number) for number in range(sys.maxunicode + 1) if chr(number).isprintable()]


@given(PARTS)
def test_a_key_is_taken_apart_into_the_parts_that_it_was_made_of(parts: list[str]) -> None:
    assert split(join(*parts)) == tuple(parts)


@given(PARTS, PARTS)
def test_different_parts_make_different_keys(parts: list[str], others: list[str]) -> None:
    assert (join(*parts) == join(*others)) == (parts == others)


@given(PARTS)
def test_a_key_prints_on_one_line(parts: list[str]) -> None:
    assert join(*parts).isprintable()


@given(PARTS, PARTS)
def test_a_longer_key_lies_below_its_beginning(parts: list[str], more: list[str]) -> None:
    key = below(join(*parts), *more)
    assert key == join(*parts, *more)
    assert is_below(key, join(*parts))
    assert not is_below(join(*parts), key)


@given(PARTS)
def test_a_star_stands_for_one_part_and_a_part_of_that_name_for_itself(parts: list[str]) -> None:
    assert matches(join(*parts), ".".join("*" for _ in parts))
    assert not matches(join(*parts), ".".join("*" for _ in [*parts, ""]))
    assert matches(join("a", *parts), join("a", *parts))
    assert matches(join("a", *parts), join("a", "*", *parts[1:])) == (parts[0] == "*")


def test_every_printable_character_can_be_a_part() -> None:
    assert split(join(*PRINTABLE)) == tuple(PRINTABLE)
    assert split(join("".join(PRINTABLE))) == ("".join(PRINTABLE),)


def test_a_key_is_a_dotted_key_of_toml() -> None:
    """A bare part of TOML is of ASCII only; anything in quotes is the same."""
    parts = ["slices", "Dr. X", "", 'a "quote" \\', "new\nline", "\u202e", "\U000e0001", "2.5", "\x00\x7f"]
    found = tomllib.loads(f"{join(*parts)} = 1")
    for part in parts:
        found = found[part]
    assert found == 1


def test_names_of_letters_digits_and_hyphens_stand_as_they_are() -> None:
    assert join("data", "overlap", "train-test") == "data.overlap.train-test"
    assert join("winner", "test", "class", "schön", 5) == "winner.test.class.schön.5"
    assert join("slices", "title", "Dr. X", "accuracy") == 'slices.title."Dr. X".accuracy'
    assert join("slices", "phenomenon", "") == 'slices.phenomenon.""'


@pytest.mark.parametrize("key", ["", ".", "a.", ".a", "a..b", '"', 'a."b', 'a"b"', '"a"b', '"a\\"'])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(UserError, match="is no key"):
        split(key)
