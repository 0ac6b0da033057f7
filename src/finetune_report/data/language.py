"""Guesses the language of texts, which is never more than a guess: py3langid, of 97 languages (Lui & Baldwin 2012)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MOST_TEXTS = 200  # that are looked at, spread evenly over all
FEWEST_LETTERS = 20  # of a text that tells a language
FEWEST_TEXTS = 5
MAJORITY = 0.5  # the share of texts that have to be of one language


@dataclass(frozen=True)
class Guess:
    """A language as its ISO 639-1 code, and the share of so many texts that seem to be in it."""

    language: str
    share: float
    texts: int


def guessed(texts: Sequence[str]) -> Guess | None:
    """The language that most of the texts seem to be in; None where they are too short or few, or in many."""
    step = max(1, len(texts) // MOST_TEXTS)
    long = [text for text in texts[::step][:MOST_TEXTS] if sum(map(str.isalpha, text)) >= FEWEST_LETTERS]
    if len(long) < FEWEST_TEXTS:
        return None
    import py3langid  # reads its model, which takes a second

    counts = Counter(str(py3langid.classify(text)[0]) for text in long)
    language, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return Guess(language, count / len(long), len(long)) if count / len(long) > MAJORITY else None
