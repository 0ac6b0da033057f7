"""What a message must say, without its prose: where the mistake is, what was found, and what to do."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from finetune_report.errors import UserError

import pytest


class Parts:
    """What a message must hold, in any order and between any words: place, found, remedy, as far as it has them."""

    def __init__(self, *parts: str) -> None:
        self.parts = parts

    def __repr__(self) -> str:
        return f"Parts{self.parts}"

    def check(self, message: str) -> None:
        """Raises AssertionError where a part is missing, or where it is not one message but a traceback."""
        missing = [part for part in self.parts if part not in message]
        assert not missing, f"{missing} not in the message: {message}"
        assert "Traceback" not in message


# What is no prose: quoted texts; words that hold a digit or a sign of a path, a key or an option; and terms.
QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|\([^()]*\)")
FACT = re.compile(r"[^\s,;:()'\"]*(?:[\d_/\\\[\]={}]|\w\.\w|--)[^\s,;:()'\"]*")
TERM = re.compile(
    r"\b(integer|boolean|empty|missing|unknown|required|header|label|quotes?|memory|disk|folder|[A-Z]{3,}\w*)\b"
)


def facts(message: str) -> Counter[str]:
    """The parts of a message that are no prose."""
    plain = QUOTED.sub(" ", message)
    found = QUOTED.findall(message) + FACT.findall(plain) + TERM.findall(plain)
    return Counter(part.strip(".") for part in found if re.search(r"\w", part))


def assert_says(message: str, example: str) -> None:
    """Whether a message says what an example of it does, in its words or others.

    Every fact of the example is in it, as often as there: the place, what was found, the keys and options to use. It
    has no more lines, and a remedy where the example has one: a clause after a semicolon, a colon or a full stop.
    """
    absent = facts(example) - facts(message)
    assert not absent, f"{sorted(absent)} not in the message: {message}"
    assert message.count("\n") == example.count("\n"), message
    clauses = [len(re.split(r"; |: |\. |\n", text.strip())) for text in (message, example)]
    assert min(clauses[1], 2) <= clauses[0], message
    assert "Traceback" not in message


@contextmanager
def refuses(*parts: str | Parts) -> Iterator[None]:
    """Expect a UserError that says all of `parts`."""
    with pytest.raises(UserError) as caught:
        yield
    for part in parts:
        (part if isinstance(part, Parts) else Parts(part)).check(str(caught.value))
