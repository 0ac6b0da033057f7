"""Texts as weighted counts of words or of characters, for the methods that need no pretrained model."""

from pathlib import Path

import pyarrow.parquet as pq
from sklearn.feature_extraction.text import TfidfVectorizer

FEATURES = ("words", "characters")
# Words of any length, and each punctuation mark or emoji: every text has some, whatever its script.
TOKEN = r"\w+|[^\w\s]"


def vectorizer(features: str) -> TfidfVectorizer:
    """scikit-learn's TF-IDF of words and pairs of neighbouring words, or of characters and up to four in a row."""
    if features == "words":
        return TfidfVectorizer(ngram_range=(1, 2), token_pattern=TOKEN)
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 4))


def read_texts(path: Path) -> list[str]:
    """The texts of a split, those of a pair joined to one."""
    columns = [name for name in ("text", "text_pair") if name in pq.read_schema(path).names]
    table = pq.read_table(path, columns=columns)
    return [" ".join(row) for row in zip(*(table[name].to_pylist() for name in columns), strict=True)]
