"""The fonts of the report and its figures: for most scripts, from packages, the same on every machine.

What neither the report's own fonts nor these can draw is no secret: `undrawable` names it.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path

import manimgx_fonts
import noto_cjk_sans_jp_regular

# Noto Sans for each script, its symbols and emoji (in one colour), and the fonts for Chinese, Japanese and Korean.
FOLDERS = [Path(str(package.__file__)).parent for package in (manimgx_fonts, noto_cjk_sans_jp_regular)]
UNDRAWN = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # controls, joiners, spaces
SELECTORS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}  # choose between forms of the sign before
ASCII = 0x80


@lru_cache
def files() -> tuple[Path, ...]:
    """The font files, upright ones alone, that for everyday scripts first and the large ones last."""
    found = [path for folder in FOLDERS for path in folder.glob("*.[ot]tf") if "Italic" not in path.name]
    *scripts, large = sorted(found, key=lambda path: ("Sans[" not in path.name, path.stat().st_size, path.name))
    return (*scripts, *symbols(), large)


def undrawable(text: str) -> list[str]:
    """The characters of a text that no font has, each once."""
    unknown = [sign for sign in dict.fromkeys(text) if ord(sign) >= ASCII and needs_glyph(sign)]
    for path in files():
        if not unknown:
            break
        unknown = [sign for sign in unknown if ord(sign) not in characters(path)]
    return unknown


def needs_glyph(sign: str) -> bool:
    return unicodedata.category(sign) not in UNDRAWN and ord(sign) not in SELECTORS


@lru_cache
def symbols() -> tuple[Path, ...]:
    """Of the fonts that come with matplotlib, those of signs and symbols."""
    import matplotlib  # slow to import, as is fontTools, and most commands print no sign that needs them

    folder = Path(matplotlib.get_data_path()) / "fonts/ttf"
    return tuple(folder / f"{name}.ttf" for name in ("DejaVuSans", "STIXGeneral"))


@lru_cache
def characters(path: Path) -> frozenset[int]:
    """The characters that a font file has a glyph for."""
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache
def families() -> tuple[str, ...]:
    """The names of the fonts, in the order of `files`."""
    from fontTools.ttLib import TTFont

    names = []
    for path in files():
        with TTFont(path, lazy=True) as font:
            names.append(str(font["name"].getBestFamilyName()))
    return tuple(dict.fromkeys(names))
