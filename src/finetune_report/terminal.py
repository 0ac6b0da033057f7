"""What is printed to a terminal, safe to print: a text from data or a document may hold signs that a terminal obeys."""

import unicodedata
from typing import TextIO

# Control, format (which direction marks and most of zero width are), surrogate, private, unassigned; line separators.
ESCAPED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
JOINERS = "\u200c\u200d\u00ad"  # what joins letters: words and emoji are written with it
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")  # of other kinds, and yet unseen


def visible(text: str, kept: str = "") -> str:
    """`text` with all that is obeyed or unseen, rather than seen, written as an escape such as `\\u202e`.

    Signs in `kept` stay as they are.
    """
    return "".join(
        sign.encode("unicode_escape").decode()
        if sign not in kept and (unicodedata.category(sign) in ESCAPED or sign in INVISIBLE)
        else sign
        for sign in text
    )


def say(*lines: str, stream: TextIO | None = None) -> None:
    """Print lines; whatever in them a terminal would obey, another line break too, is escaped."""
    for line in lines:
        print(visible(line), file=stream, flush=True)
