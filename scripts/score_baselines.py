"""Scores what any fine-tuned model has to beat: the majority class, a bag of words, a probe of the pretrained model.

Reads the three splits and, for the probe, their tokens and the model; fits on the training split alone. Writes the
metrics of each method and split, what the validation split chose for it, and what it predicts on the validation and, of
the methods that were declared to be scored there, on the test split.
The bag of words is scikit-learn's TF-IDF with its logistic regression: of words and pairs of neighbouring words, or of
characters and up to four in a row, which do better where words are not separated by spaces. The probe is the same
regression on the frozen model's last hidden states, the mean over a text's tokens. Like a setting, each is the best of
some candidates by validation accuracy, the first of equals; the results say which, and of how many.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from finetune_report.config.models import ONLY
from finetune_report.data.bag_of_words import FEATURES, read_texts, vectorizer
from finetune_report.data.examples import read_examples
from finetune_report.files import read_json, write_json
from finetune_report.runtime.job import run
from finetune_report.stats.run_scores import clusters_of
from finetune_report.stats.systems import class_metrics

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTHS = (1.0, 10.0, 100.0, 0.1)  # C, the inverse of the regularization; scikit-learn's own first
PROBED = (1.0, 0.1, 0.01, 0.001, 10.0)
SPLITS = ("train", "validation", "test")

Chosen = dict[str, Any]
Inputs = dict[str, Any]  # of a method, by split: texts, or embeddings [examples, width]
Labels = dict[str, np.ndarray]


def main(
    train: Path,
    validation: Path,
    test: Path,
    selection: Path,
    tokens: list[Path],
    model: list[Path],
    baselines: Path,
    validation_predictions: Path,
    test_predictions: Path,
    compute: dict[str, Any],
    tested: list[str],
    probed: str,
) -> None:
    """`tokens` of the splits, in their order, and the `model` are there where it is to be probed.

    On the test split only the methods in `tested` are scored. `probed` is the name of the model among several.
    """
    data = dict(zip(SPLITS, (train, validation, test), strict=True))
    texts = {split: read_texts(path) for split, path in data.items()}
    tables = {split: pd.read_parquet(path) for split, path in data.items()}
    labels = {split: table["label"].to_numpy() for split, table in tables.items()}
    clusters = {split: clusters_of(tables[split]) for split in ("validation", "test")}
    majority = DummyClassifier(strategy="most_frequent").fit(texts["train"], labels["train"])
    methods: dict[str, tuple[Any, Inputs, Chosen]] = {"majority": (majority, texts, {})}
    fitted, chosen = bag_of_words(texts, labels)
    methods["bag-of-words"] = fitted, texts, chosen
    if model:
        vectors = embeddings(data, dict(zip(SPLITS, tokens, strict=True)), model[0], compute)
        _, fitted, chosen = best((({"strength": strength}, probe(strength)) for strength in PROBED), vectors, labels)
        methods["probe"] = fitted, vectors, chosen | ({} if probed == ONLY else {"model": probed})
    results, predicted = {}, {}
    for name, (method, inputs, chosen) in methods.items():
        scored = [split for split in SPLITS if split != "test" or name in tested]
        predicted[name] = {split: method.predict(inputs[split]) for split in scored}
        scores = {split: class_metrics(labels[split], predicted[name][split], clusters.get(split)) for split in scored}
        results[name] = scores | {"chosen": chosen}
        logging.info("%s: validation accuracy %.4f", name, results[name]["validation"]["accuracy"])
    for split, path in (("validation", validation_predictions), ("test", test_predictions)):
        columns = {name: found[split] for name, found in predicted.items() if split in found}
        tables[split][["id", "label"]].assign(**columns).to_parquet(path, index=False)
    write_json(baselines, results)


def bag_of_words(texts: Inputs, labels: Labels) -> tuple[Pipeline, Chosen]:
    """The best of all features and strengths; texts are counted once for each kind of features."""
    found = []
    for features in FEATURES:
        counting = vectorizer(features).fit(texts["train"])
        counts = {split: counting.transform(texts[split]) for split in ("train", "validation")}
        candidates = (
            (({"features": features, "strength": c}), LogisticRegression(C=c, max_iter=1000)) for c in STRENGTHS
        )
        score, fitted, chosen = best(candidates, counts, labels)
        found.append((score, make_pipeline(counting, fitted), chosen))
    _, pipeline, chosen = max(found, key=lambda row: row[0])  # the first, words, of equals
    return pipeline, chosen | {"looks": sum(row[2]["looks"] for row in found)}


def best(candidates: Iterable[tuple[Chosen, Any]], inputs: Inputs, labels: Labels) -> tuple[float, Any, Chosen]:
    """The highest validation accuracy, the fitted candidate that has it, and what that is, with the number of looks."""
    fitted = [(chosen, method.fit(inputs["train"], labels["train"])) for chosen, method in candidates]
    scores = [method.score(inputs["validation"], labels["validation"]) for _, method in fitted]
    place = int(np.argmax(scores))
    chosen, method = fitted[place]
    return scores[place], method, chosen | {"looks": len(fitted)}


def probe(strength: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))


def embeddings(data: dict[str, Path], tokens: dict[str, Path], model: Path, compute: dict[str, Any]) -> Inputs:
    """What the pretrained model makes of each split."""
    from finetune_report.model.classifier import load_classifier  # PyTorch, which the other methods do without
    from finetune_report.model.device import configure_process, resolve
    from finetune_report.model.embeddings import mean_embeddings
    from finetune_report.model.pretrained import pretrained_folder

    resolved = resolve(**compute)
    configure_process(resolved)
    classifier = load_classifier(pretrained_folder(read_json(model)), ["0", "1"], head="new")
    return {split: mean_embeddings(classifier, read_examples(data[split], tokens[split]), resolved) for split in SPLITS}


if __name__ == "__main__":
    run(main)
