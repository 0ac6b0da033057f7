"""List the mistakes on the test split of which the selected setting is most confident.

Reads the test predictions and the test split. Writes the examples whose mean probability over the seeds is highest for
a wrong class, the most confident first, and how many mistakes there are in all; publishes both.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run

import pandas as pd

TEXTS = ("text", "text_pair")


def main(test: Path, predictions: Path, summary: Path, mistakes: Path, values: Path, count: int) -> None:
    labels = read_json(summary)["labels"]
    wrong = wrong_examples(pd.read_parquet(predictions), labels)
    examples = pd.read_parquet(test)
    texts = {row["id"]: row for row in examples.to_dict("records")}
    rows = [described(row, texts[row["id"]], labels) for row in wrong.head(count).to_dict("records")]
    write_json(mistakes, {"total": len(wrong), "examples": len(texts), "rows": rows})
    publish(mistakes, values)
    logging.info("%d of %d test examples are mistaken", len(wrong), len(texts))


def wrong_examples(predictions: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Examples that the mean over the seeds puts into a wrong class: id, label, prediction, confidence; sorted."""
    chances = predictions.groupby("id", sort=False)[[f"p_{label}" for label in labels]].mean()
    table = pd.DataFrame(
        {
            "label": predictions.groupby("id", sort=False)["label"].first(),
            "prediction": chances.to_numpy().argmax(axis=1),
            "confidence": chances.max(axis=1).astype(float),
        }
    )
    wrong = table[table["label"] != table["prediction"]].reset_index()
    return wrong.sort_values("confidence", ascending=False, kind="stable").reset_index(drop=True)


def described(row: dict[Any, Any], example: dict[Any, Any], labels: list[str]) -> dict[str, Any]:
    """A mistake with its texts and what else is known of it."""
    return {
        "id": row["id"],
        "text": " / ".join(example[name] for name in TEXTS if name in example),
        "true": labels[row["label"]],
        "predicted": labels[row["prediction"]],
        "confidence": row["confidence"],
        "slices": {name: value for name, value in example.items() if name not in ("id", "label", *TEXTS)},
    }


def publish(mistakes: Path, values: Path) -> None:
    """`mistakes.<n>.text`, `.true`, `.predicted`, `.confidence`, `.id`, the most confident first; `errors.total`."""
    collector, found = Collector(values), read_json(mistakes)
    collector.add("errors.total", found["total"], "count", mistakes, "/total")
    for number, row in enumerate(found["rows"]):
        for name in ("id", "text", "true", "predicted", "confidence"):
            kind = "real" if name == "confidence" else "text"
            collector.add(f"mistakes.{number + 1}.{name}", row[name], kind, mistakes, f"/rows/{number}/{name}")
    collector.write()


if __name__ == "__main__":
    run(main)
