"""Classify the test texts, which have no labels, by the selected setting: a file for a benchmark's server.

Reads the selection, the tuned models and the tokenized test split. Writes a row a text, in the order of the file that
the texts came from: the row's number there from 1, the class, and the probability of each. Of several seeds the
probabilities are the means over their models, and the class is the likeliest by these.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.config.models import ONLY
from finetune_report.data.examples import read_examples
from finetune_report.files import read_json, write_text
from finetune_report.model.classifier import load_classifier
from finetune_report.model.device import configure_process, resolve
from finetune_report.model.evaluation import classified
from finetune_report.runtime.job import run
from finetune_report.stats.selection import paths_by_setting


def main(
    selection: Path,
    test: Path,
    test_tokens: list[Path],
    summary: Path,
    tuned: list[Path],
    predictions: Path,
    models: list[str],
    model_of: dict[str, str],
    compute: dict[str, Any],
) -> None:
    """`tuned` holds the model folders of all runs; `runs/<setting>/seed<seed>/model` says which is whose.

    `test_tokens` are those of the pretrained `models`, in their order; `model_of` says which one each setting trains.
    """
    resolved = resolve(**compute)
    configure_process(resolved)
    winner, labels = read_json(selection)["winner"], read_json(summary)["labels"]
    examples = read_examples(test, test_tokens[models.index(model_of.get(winner, ONLY))])
    trained = (load_classifier(folder, labels) for folder in paths_by_setting(tuned)[winner])
    table = classified(trained, examples, labels, resolved)
    table.insert(0, "row", [int(name.rpartition("-")[2]) for name in examples.ids])
    write_text(predictions, table.to_csv(index=False))
    logging.info("%d test texts classified by %s", len(table), winner)


if __name__ == "__main__":
    run(main)
