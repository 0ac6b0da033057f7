"""Tells troubles of the machine, which a user can fix, from bugs: memory, disk, permissions."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from finetune_report.errors import UserError
from finetune_report.terminal import say

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")
DISK_FULL = ("no space left on device", "disk quota exceeded", "storagefull")


def trouble(error: BaseException) -> str:
    """What the machine lacks and what to do about it, where an exception comes of that; otherwise nothing.

    Libraries wrap such errors each in its own way (PyTorch as RuntimeError, safetensors and Arrow as their own), so the
    text of every exception in the chain counts too.
    """
    for each in chain(error):
        text = str(each).lower()
        if isinstance(each, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY):
            return (
                f"out of memory ({first_line(each)})\n  Run fewer jobs at once (--cores), lower max_length, take a "
                "smaller model, or close what else uses memory. The same command goes on from the last checkpoint."
            )
        full = isinstance(each, OSError) and each.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or any(sign in text for sign in DISK_FULL):
            return (
                f"no space left on the disk ({first_line(each)})\n  Free some, or put the project on a larger disk. "
                "The same command goes on from the last checkpoint."
            )
        if isinstance(each, OSError) and each.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return (
                f"no permission: {each.filename or first_line(each)} ({each.strerror})\n  Mend its permissions or "
                "owner, or work on a copy of the project that is yours."
            )
        if isinstance(each, OSError) and each.errno in (errno.EEXIST, errno.ENOTDIR):
            return f"{each.filename or first_line(each)} is a file, where a folder is needed; move it away"
    return ""


@contextmanager
def one_message() -> Iterator[None]:
    """End the process with one message: with status 2 on a mistake of the person, 1 on what the machine lacks."""
    try:
        yield
    except UserError as error:
        say(*str(error).split("\n"), stream=sys.stderr)
        sys.exit(2)
    except Exception as error:
        known = trouble(error)
        if not known:
            raise
        say(*known.split("\n"), stream=sys.stderr)
        sys.exit(1)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
