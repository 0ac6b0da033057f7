"""Finds texts that stand, hardly changed, in a later split too.

Candidates come from MinHash with locality-sensitive hashing (datasketch; Broder 1997, Leskovec et al. 2020, chapter 3)
over character 5-grams, and are kept where the exact Jaccard similarity of the 5-grams reaches the threshold: so no pair
that is counted is a false one. Some may be missed, the fewer the more alike they are.
"""

import zlib
from collections.abc import Iterable

from datasketch import MinHash, MinHashLSH

GRAM = 5
PERMUTATIONS = 128
FIRST = MinHash(num_perm=PERMUTATIONS, seed=1)  # the permutations that all others share, which are slow to draw
PAIRS = (("train", "validation"), ("train", "test"), ("validation", "test"))


def pairs_of(splits: Iterable[str]) -> list[tuple[str, str]]:
    """Each two of the splits that are there, the earlier first."""
    there = set(splits)
    return [pair for pair in PAIRS if there.issuperset(pair)]


def near_duplicates(texts: dict[str, list[str]], threshold: float | None) -> dict[str, list[int]]:
    """For each two splits, the rows of the first whose text is nearly one of the second; the same texts are left out.

    `texts` are normalised (case and spaces), by split. Keys are `train-validation`, and where there is a test split
    `train-test` and `validation-test`.
    """
    if threshold is None:
        return {f"{first}-{second}": [] for first, second in pairs_of(texts)}
    indexes = {split: Index(texts[split], threshold) for split in texts if split != "train"}
    found = {}
    sketches = {split: [sketch(text) for text in texts[split]] for split in ("train", "validation")}
    for first, second in pairs_of(texts):
        index = indexes[second]
        rows = zip(texts[first], sketches[first], strict=True)
        found[f"{first}-{second}"] = [row for row, (text, hashes) in enumerate(rows) if index.has_near(text, hashes)]
    return found


class Index:
    """The different texts of a split, to be asked for those that are nearly another text."""

    def __init__(self, texts: Iterable[str], threshold: float) -> None:
        self.texts = sorted(set(texts))
        self.known = set(self.texts)
        self.threshold = threshold
        self.lsh = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=(0.1, 0.9))
        for number, text in enumerate(self.texts):
            self.lsh.insert(number, sketch(text))

    def has_near(self, text: str, hashes: MinHash) -> bool:
        """Whether a text that is not the same reaches the threshold."""
        if text in self.known:
            return False
        own = grams(text)
        return any(jaccard(own, grams(self.texts[number])) >= self.threshold for number in self.lsh.query(hashes))


def grams(text: str) -> set[str]:
    """The character 5-grams of a text; of a shorter one the whole."""
    return {text[place : place + GRAM] for place in range(max(1, len(text) - GRAM + 1))}


def jaccard(first: set[str], second: set[str]) -> float:
    return len(first & second) / len(first | second)


def sketch(text: str) -> MinHash:
    """The MinHash of a text, the same on every machine."""
    hashes = MinHash(PERMUTATIONS, hashfunc=zlib.crc32, permutations=FIRST.permutations, scheme=FIRST.scheme)
    hashes.update_batch([gram.encode("utf-8") for gram in sorted(grams(text))])
    return hashes
