"""What a message must say, without its prose: where the mistake is, what was found, and what to do."""

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


@contextmanager
def refuses(*parts: str | Parts) -> Iterator[None]:
    """Expect a UserError that says all of `parts`."""
    with pytest.raises(UserError) as caught:
        yield
    for part in parts:
        (part if isinstance(part, Parts) else Parts(part)).check(str(caught.value))
