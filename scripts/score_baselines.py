"""Scores what any fine-tuned model has to beat: always the majority class, and a bag of words.

Reads the three splits; fits on the training split alone. Writes the metrics of each method and split, and what each
predicts on the validation and the test split.
The bag of words is scikit-learn's TF-IDF with its logistic regression: of words and pairs of neighbouring words, or of
characters and up to four in a row, which do better where words are not separated by spaces. The validation split
chooses between the two, words where they do as well, and the results say which it was.
"""

import logging
from pathlib import Path

from finetune_report.files import write_json
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import Outcome, measured

import numpy as np
import pyarrow.parquet as pq
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

FEATURES = ("words", "characters")
Split = tuple[list[str], np.ndarray]
# Words of any length, and each punctuation mark or emoji: every text has some, whatever its script.
TOKEN = r"\w+|[^\w\s]"


def main(
    train: Path,
    validation: Path,
    test: Path,
    selection: Path,
    baselines: Path,
    validation_predictions: Path,
    test_predictions: Path,
) -> None:
    splits = {"train": read_split(train), "validation": read_split(validation), "test": read_split(test)}
    methods = {
        "majority": DummyClassifier(strategy="most_frequent"),
        "bag-of-words": bag_of_words(splits["train"], splits["validation"]),
    }
    features = {"bag-of-words": features_of(methods["bag-of-words"])}
    methods["majority"].fit(*splits["train"])
    results, predicted = {}, {}
    for name, method in methods.items():
        predicted[name] = {split: method.predict(texts) for split, (texts, _) in splits.items()}
        chosen = {"features": features[name]} if name in features else {}
        results[name] = {
            split: metrics(labels, predicted[name][split]) | chosen for split, (_, labels) in splits.items()
        }
        logging.info("%s: validation accuracy %.4f", name, results[name]["validation"]["accuracy"])
    for split, data, path in (
        ("validation", validation, validation_predictions),
        ("test", test, test_predictions),
    ):
        table = pq.read_table(data, columns=["id", "label"]).to_pandas()
        table.assign(**{name: found[split] for name, found in predicted.items()}).to_parquet(path, index=False)
    write_json(baselines, results)


def bag_of_words(train: Split, validation: Split) -> Pipeline:
    """The fitted method on words or on characters, whichever has the higher accuracy on the validation split."""
    fitted = [make_pipeline(vectorizer(name), LogisticRegression(max_iter=1000)).fit(*train) for name in FEATURES]
    return max(fitted, key=lambda method: method.score(*validation))  # the first, words, of equals


def vectorizer(features: str) -> TfidfVectorizer:
    if features == "words":
        return TfidfVectorizer(ngram_range=(1, 2), token_pattern=TOKEN)
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 4))


def features_of(method: Pipeline) -> str:
    """What a fitted bag of words counts: words or characters."""
    return "words" if method[0].analyzer == "word" else "characters"


def read_split(path: Path) -> tuple[list[str], np.ndarray]:
    """Texts, those of a pair joined to one, and labels."""
    columns = [name for name in ("text", "text_pair") if name in pq.read_schema(path).names]
    table = pq.read_table(path, columns=[*columns, "label"])
    texts = [" ".join(row) for row in zip(*(table[name].to_pylist() for name in columns), strict=True)]
    return texts, table["label"].to_numpy()


def metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float | int]:
    """Those that need no probabilities."""
    correct = int((predictions == labels).sum())
    return measured(Outcome(labels, predictions)) | {"correct": correct, "count": len(labels)}


if __name__ == "__main__":
    run(main)
