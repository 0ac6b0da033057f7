"""Keys of values: dotted, as in TOML, so that any name can be a part of one.

A part of letters, digits, `_` and `-` stands as it is; any other, the empty one too, stands in double quotes with
TOML's escapes: `slices.title."Dr. X".accuracy`. Every key is put together and taken apart here.
"""

import re

from finetune_report.errors import UserError

BARE = re.compile(r"[\w-]+")
QUOTED = r'"(?:[^"\\]|\\.)*"'
BARE_OR_QUOTED = rf"(?:{QUOTED}|[\w-]+)"
PART = re.compile(rf'{QUOTED}|[^."]+', re.DOTALL)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
LETTERS = {character: letter for letter, character in SHORT.items()}
ANY = "*"  # in a pattern, any one part; a part of this name is quoted


def join(*parts: str | int) -> str:
    """The key of which these are the parts."""
    return ".".join(map(quoted, parts))


def below(key: str, *parts: str | int) -> str:
    """A key with further parts."""
    return f"{key}.{join(*parts)}" if parts else key


def quoted(part: str | int) -> str:
    """A part as it stands in a key. What does not print, such as a sign that turns the writing round, is escaped."""
    text = str(part)
    return text if BARE.fullmatch(text) else '"' + "".join(map(escaped, text)) + '"'


def escaped(character: str) -> str:
    if character in LETTERS:
        return "\\" + LETTERS[character]
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def split(key: str) -> tuple[str, ...]:
    """The parts of a key. Raises UserError where it is none."""
    return tuple(unquoted(part) for part in raw_parts(key))


def parts_of(text: str) -> tuple[str, ...]:
    """The parts of a key; of a text that is none, the text."""
    try:
        return split(text)
    except UserError:
        return (text,)


def raw_parts(key: str) -> list[str]:
    """The parts of a key as they stand in it."""
    parts, place = [], 0
    while found := PART.match(key, place):
        parts.append(found[0])
        place = found.end()
        if place == len(key):
            return parts
        if key[place] != ".":
            break
        place += 1
    raise UserError(
        f"{key!r} is no key: found {key[place:]!r} where a part is expected; parts are joined by dots, and one that is "
        'not made of letters, digits, _ and - stands in double quotes, as in slices.title."Dr. X".accuracy'
    )


def unquoted(part: str) -> str:
    return ESCAPE.sub(unescaped, part[1:-1]) if part.startswith('"') else part


def unescaped(escape: re.Match[str]) -> str:
    number = escape[1] or escape[2]
    if number:
        return chr(int(number, 16)) if int(number, 16) < 0x110000 else escape[0]
    return SHORT.get(escape[3], escape[0])


def is_below(key: str, prefix: str) -> bool:
    """Whether a key begins with all parts of another, and has more."""
    return key.startswith(f"{prefix}.")


def matches(key: str, pattern: str) -> bool:
    """Whether a key has the parts of a pattern, in which a bare `*` stands for any one part."""
    wanted, found = raw_parts(pattern), raw_parts(key)
    return len(wanted) == len(found) and all(part in (ANY, other) for part, other in zip(wanted, found, strict=True))
