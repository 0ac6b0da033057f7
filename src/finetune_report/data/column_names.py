"""The names under which texts, second texts and labels are found in data files."""

import re
from collections.abc import Iterable

LABEL_NAMES = (
    *("label", "labels", "gold_label", "class", "category", "target", "sentiment", "topic", "intent", "polarity"),
    *("stance", "emotion", "y"),
)
LABEL_WORDS = {*LABEL_NAMES, "judgment", "judgement", "quality", "acceptability", "duplicate", "rating", "stars"} - {
    "y"
}
TEXT_NAMES = (
    *("text", "text1", "sentence", "sentence1", "premise", "question1", "content", "review", "body", "document"),
    *("message", "comment", "tweet", "post", "utterance", "abstract", "description", "question", "query", "claim"),
)
TEXT_WORDS = {*TEXT_NAMES, "string"}
PAIRS = {
    "text": ("text_pair", "text2"),
    "premise": ("hypothesis",),
    "question": ("sentence", "context", "passage"),
    "query": ("document", "passage", "title"),
    "claim": ("evidence",),
}
SECOND = (("1", "2"), ("a", "b"), ("A", "B"))


def second_of(name: str, columns: Iterable[str]) -> str | None:
    """The column that makes a pair with a first one, by its name: hypothesis, sentence_B, #2 String."""
    if name.isdecimal():
        return None
    by_lower = {column.lower(): column for column in columns}
    for second in PAIRS.get(name.lower(), ()):
        if second in by_lower:
            return by_lower[second]
    for first, second in SECOND:
        for place in re.finditer(rf"(?<![A-Za-z0-9]){first}(?![A-Za-z0-9])|(?<=[a-z]){first}(?![A-Za-z0-9])", name):
            other = name[: place.start()] + second + name[place.end() :]
            if other in columns:
                return other
    return None


def last_step(name: str) -> str:
    return name.lower().rpartition(".")[2].strip()


def words_of(name: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", name.lower())
