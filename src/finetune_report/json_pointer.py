"""JSON pointers, by which a value names its place in a result file (RFC 6901)."""

from typing import Any


def steps(pointer: str) -> list[str]:
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


def step(name: str) -> str:
    """A name as one step of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def at(document: Any, pointer: str) -> Any:
    """What stands at a pointer; raises KeyError, IndexError, TypeError or ValueError where nothing does."""
    for name in steps(pointer):
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def put(document: Any, pointer: str, value: Any) -> None:
    """Put `value` at a pointer, in the place of what stands there."""
    above, _, _ = pointer.rpartition("/")
    holder, last = at(document, above), steps(pointer)[-1]
    holder[int(last) if isinstance(holder, list) else last] = value
