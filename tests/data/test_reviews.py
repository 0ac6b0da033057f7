"""The shipped data set: counts, balance, lengths, phenomena, and no two texts that are nearly the same."""

import csv
import re
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "data" / "reviews"
LEAST = {"train": 900, "validation": 200, "test": 300}
PHENOMENA = {"negation", "contrast", "sarcasm", "comparison", "understatement", "mixed"}
NEAR = 0.2  # Jaccard similarity of word 5-grams


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, str]]]:
    found = {}
    for split in LEAST:
        with (FOLDER / f"{split}.csv").open(encoding="utf-8", newline="") as stream:
            found[split] = list(csv.DictReader(stream, strict=True))
    return found


def words_of(text: str) -> list[str]:
    """The words of a text without case and punctuation."""
    return re.findall(r"\w+(?:'\w+)*", text.casefold().replace("\u2019", "'"))


def five_grams(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}


def near_pairs(texts: list[str]) -> list[tuple[str, str]]:
    """Pairs that share more than half of the shorter one's 5-grams, or whose 5-grams overlap by more than `NEAR`."""
    grams = [five_grams(text) for text in texts]
    having: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(grams):
        for gram in found:
            having[gram].append(number)
    shared = Counter(pair for numbers in having.values() for pair in combinations(numbers, 2))
    return [
        (texts[one], texts[other])
        for (one, other), count in shared.items()
        if count > min(len(grams[one]), len(grams[other])) / 2
        or count / (len(grams[one]) + len(grams[other]) - count) > NEAR
    ]


@pytest.mark.parametrize("split", LEAST)
def test_counts_columns_and_balance(rows, split):
    assert len(rows[split]) >= LEAST[split]
    assert all(list(row) == ["text", "label", "phenomenon"] for row in rows[split])
    labels = Counter(row["label"] for row in rows[split])
    assert set(labels) == {"positive", "negative"}
    assert abs(labels["positive"] - labels["negative"]) <= 0.02 * len(rows[split])


@pytest.mark.parametrize("split", LEAST)
def test_lengths(rows, split):
    outside = [row["text"] for row in rows[split] if not 4 <= len(row["text"].split()) <= 45]
    assert outside == []
    lengths = [len(row["text"].split()) for row in rows[split]]
    assert min(lengths) <= 6  # short and long ones both
    assert max(lengths) >= 30


@pytest.mark.parametrize("split", LEAST)
def test_phenomena(rows, split):
    counts = Counter(row["phenomenon"] for row in rows[split])
    marked = sum(count for name, count in counts.items() if name)
    assert set(counts) - {""} == PHENOMENA
    assert 3 * marked >= len(rows[split])


@pytest.mark.parametrize("split", LEAST)
def test_openings_vary(rows, split):
    openings = Counter(tuple(words_of(row["text"])[:2]) for row in rows[split])
    assert max(openings.values()) <= 0.05 * len(rows[split])


def test_clean_characters(rows):
    texts = [row["text"] for split in LEAST for row in rows[split]]
    assert [text for text in texts if text != " ".join(text.split()) or not text.isprintable()] == []


def test_no_duplicates(rows):
    counts = Counter(" ".join(words_of(row["text"])) for split in LEAST for row in rows[split])
    assert [text for text, count in counts.items() if count > 1] == []


def test_no_near_duplicates(rows):
    assert near_pairs([row["text"] for split in LEAST for row in rows[split]]) == []


def test_near_duplicates_would_be_found():
    one = "the acting is fine but the story never finds its feet"
    assert near_pairs([one, "The acting is fine, but the story never finds its way"]) != []
    assert near_pairs([one, "I laughed at a scene where the story never finds its feet and nobody minds at all"]) == []
    assert near_pairs([one, one + " and then it goes on for an hour with songs nobody asked for at any time"]) != []
    assert near_pairs(["short one", "short one"]) == []  # no 5-grams: the test on duplicates sees to it
