"""Predict the classes of texts without labels, such as a shared task's test file, by the selected setting.

Reads the file, the tokenizer of the pretrained model and the tuned models. Writes a row a text, in the file's order:
its number, the class of the highest mean probability over the seeds, and that probability. Nothing here is a score.
"""

import csv
import logging
from collections import Counter
from pathlib import Path
from typing import Any

from finetune_report.data.examples import Examples
from finetune_report.data.predicted import texts_of
from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.model.classifier import load_classifier
from finetune_report.model.device import configure_process, resolve
from finetune_report.model.evaluation import evaluate
from finetune_report.model.forward import prepare_forward
from finetune_report.model.pretrained import pretrained_folder
from finetune_report.model.tokenization import load_tokenizer
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run

import numpy as np


def main(
    source: Path,
    model: Path,
    selection: Path,
    summary: Path,
    tuned: list[Path],
    predictions: Path,
    counts: Path,
    values: Path,
    data: dict[str, Any],
    max_length: int,
    compute: dict[str, Any],
) -> None:
    """`tuned` holds the model folders of all runs; `data` is the config's entry, which says how files are read."""
    resolved = resolve(**compute)
    configure_process(resolved)
    winner, labels = read_json(selection)["winner"], read_json(summary)["labels"]
    examples = tokenized(texts_of(source, data), pretrained_folder(read_json(model)), max_length)
    chances = []
    for folder in tuned:
        if folder.parts[-3] == winner:
            classifier = load_classifier(folder, labels)
            chances.append(evaluate(prepare_forward(classifier, examples, resolved), examples).probabilities)
    mean = np.mean(chances, axis=0)
    chosen = mean.argmax(axis=1)
    with predictions.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["row", "prediction", "probability"])
        for number, (place, row) in enumerate(zip(chosen, mean, strict=True), start=1):
            writer.writerow([number, labels[place], f"{row[place]:.6f}"])
    found = Counter(labels[place] for place in chosen)
    write_json(counts, {"rows": len(chosen), "classes": {label: found[label] for label in labels}})
    publish(counts, values)
    logging.info("%s: %d texts, %s", source, len(chosen), dict(found))


def tokenized(texts: list[list[str]], folder: Path, max_length: int) -> Examples:
    """Texts (one list, or two of pairs) as the splits are tokenized, each with a label that nothing reads."""
    config, tokenizer = load_tokenizer(folder)
    found = tokenizer(*texts, truncation=True, max_length=max_length, return_token_type_ids=True, verbose=False)
    typed = len(texts) == 2 and (getattr(config, "type_vocab_size", 0) or 0) > 1
    return Examples(
        ids=[f"row-{number}" for number in range(1, len(texts[0]) + 1)],
        token_ids=[np.asarray(row, dtype=np.int64) for row in found["input_ids"]],
        token_types=[np.asarray(row, dtype=np.int64) for row in found["token_type_ids"]] if typed else None,
        labels=np.zeros(len(texts[0]), dtype=np.int64),
    )


def publish(counts: Path, values: Path) -> None:
    """`unlabelled.rows`, and `unlabelled.class.<label>`: how many of them are predicted to be of each class."""
    collector, found = Collector(values), read_json(counts)
    collector.add("unlabelled.rows", found["rows"], "count", counts, "/rows")
    for label, count in found["classes"].items():
        collector.add(join("unlabelled", "class", label), count, "count", counts, f"/classes/{step(label)}")
    collector.write()


if __name__ == "__main__":
    run(main)
