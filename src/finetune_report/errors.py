"""The one error that a person is meant to read, and how its message quotes what was found."""

from collections.abc import Iterable


class UserError(Exception):
    """Something that the person who runs the workflow can fix.

    Its message says what was found and where, what was expected, and what to do. It is printed as it is, without a
    traceback; every other exception is a bug of ours and keeps its traceback in the log.
    """


def clip(value: object, most: int = 40) -> str:
    """`value` as text of one line for a message, cut after `most` characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= most else text[:most] + "..."


def few(names: Iterable[object], most: int = 10) -> str:
    """Names in a row for a message, each and all of them cut short."""
    shown = [clip(name) for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")
