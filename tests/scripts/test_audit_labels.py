"""Planted errors among the training labels are found, without a model and whatever the classes are called."""

from pathlib import Path
from random import Random

from finetune_report.files import read_json, write_json
from tests.support.builds import LABELS

import audit_labels
import pandas as pd
import pytest

WRONG = {7, 40, 81}


@pytest.mark.parametrize("features", ["words", "characters"])
def test_planted_errors_are_listed_first(tmp_path: Path, features: str) -> None:
    random = Random(0)
    words = {0: ["dull", "slow", "boring", "weak", "flat"], 1: ["bright", "quick", "lively", "strong", "warm"]}
    labels = [row % 2 for row in range(100)]
    texts = [" ".join(random.sample(words[label], 3)) + " film" for label in labels]
    given = [1 - label if row in WRONG else label for row, label in enumerate(labels)]
    rows = {"id": [f"train-{row}" for row in range(101)], "text": [*texts, "alone"], "label": [*given, 2]}
    pd.DataFrame(rows).to_parquet(tmp_path / "train.parquet", index=False)
    write_json(tmp_path / "summary.json", {"labels": [*LABELS, "a.b|c"]})
    chosen = {"features": features, "strength": 10.0}
    write_json(tmp_path / "baselines.json", {"bag-of-words": {"chosen": chosen}})
    inputs = [tmp_path / name for name in ("train.parquet", "baselines.json", "summary.json")]
    audit_labels.main(*inputs, tmp_path / "a.json", tmp_path / "values/a.json", count=2)
    found, values = read_json(tmp_path / "a.json"), read_json(tmp_path / "values/a.json")
    assert (found["rows"], found["suspects"]) == (100, len(WRONG))  # the class with one row cannot be judged
    assert {row["id"] for row in found["listed"]} < {f"train-{row}" for row in WRONG}
    assert values["label_audit.suspects"]["value"] == 3
    first = found["listed"][0]
    assert {first["given"], first["suggested"]} == set(LABELS)
    assert values["label_audit.listed.2.text"]["value"] == found["listed"][1]["text"]
    assert "label_audit.listed.3.text" not in values
