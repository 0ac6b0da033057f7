"""Stopping a job in good order: Ctrl-C, a request to end and a time limit all end in one exception and one message."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]

REASONS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "told to end",
    signal.SIGALRM: "at its time limit (resources: runtime)",
}


class Stopped(BaseException):
    """A job ends before its work is done, since it was asked to; its message says where it stopped and how to go on."""


def stop(number: int, frame: FrameType | None) -> None:
    """Stop a job that has nothing worth keeping yet."""
    raise Stopped(f"stopped, {REASONS[signal.Signals(number)]}; the same command makes this step again")


@contextmanager
def when_asked_to_stop(handler: Handler) -> Iterator[None]:
    """Let `handler` answer every signal that asks a job to stop."""
    before = {number: signal.signal(number, handler) for number in REASONS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
