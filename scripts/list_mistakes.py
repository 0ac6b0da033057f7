"""List the mistakes on the test split of which the selected setting is most confident.

Reads the predictions of all systems, the test split and the selection. Writes the examples whose mean probability over
the seeds is highest for a wrong class, the most confident first, with the systems that are right there; and how many
mistakes there are in all, and how many of them each other system gets right. Publishes all of that.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import below
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.systems import scored_systems, system_classes

import pandas as pd

TEXTS = ("text", "text_pair")


def main(
    predictions: Path,
    others: Path,
    baselines: Path,
    elsewhere: list[Path],
    test: Path,
    summary: Path,
    selection: Path,
    mistakes: Path,
    values: Path,
    count: int,
) -> None:
    """`others`, `baselines` and `elsewhere` have the predictions of the other systems."""
    labels, selected = read_json(summary)["labels"], read_json(selection)["winner"]
    wrong = wrong_examples(pd.read_parquet(predictions), labels)
    examples = pd.read_parquet(test)
    texts = {row["id"]: row for row in examples.to_dict("records")}
    ids = examples["id"].tolist()
    scored = scored_systems(predictions, others, baselines, elsewhere)
    right = {
        name: set(examples["id"][system_classes(runs, ids, labels) == examples["label"]])
        for name, runs in scored.items()
        if name not in ("winner", selected)
    }
    rows = [described(row, texts[row["id"]], labels) for row in wrong.head(count).to_dict("records")]
    for row in rows:
        row["right"] = ", ".join(name for name, known in right.items() if row["id"] in known) or "none"
    solved = {name: len(known.intersection(wrong["id"])) for name, known in right.items()}
    write_json(mistakes, {"total": len(wrong), "examples": len(texts), "right": solved, "rows": rows})
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
    """`mistakes.<n>.text`, `.true`, `.predicted`, `.confidence`, `.id`, and which other systems are `.right`, the most
    confident first; `errors.total`, and `errors.right.<system>` of them that another system gets right.
    """
    collector, found = Collector(values), read_json(mistakes)
    collector.add("errors.total", found["total"], "count", mistakes, "/total")
    for name, number in found["right"].items():
        collector.add(below("errors.right", name), number, "count", mistakes, f"/right/{step(name)}")
    for number, row in enumerate(found["rows"]):
        for name in ("id", "text", "true", "predicted", "confidence", "right"):
            kind = "real" if name == "confidence" else "text"
            collector.add(f"mistakes.{number + 1}.{name}", row[name], kind, mistakes, f"/rows/{number}/{name}")
    collector.write()


if __name__ == "__main__":
    run(main)
