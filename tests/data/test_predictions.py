"""Predictions from elsewhere: every text has one, matched by id or by the texts; else a message has the place."""

import json
from pathlib import Path
from typing import Any

from finetune_report.data.predictions import matched, read_predictions
from tests.support.messages import refuses

import pandas as pd
import pytest

LABELS = ["no", "yes"]
DATA = pd.DataFrame(
    {"id": ["test-1", "test-2", "test-4", "test-5"], "text": ["a", "b", "a", "c"], "label": [0, 1, 0, 1]}
)
GIVEN = [
    {"id": "test-5", "prediction": "yes", "p_no": 0.1, "p_yes": 0.9},
    {"id": "test-1", "prediction": "no", "p_no": 0.5, "p_yes": 0.5},
    {"id": "test-4", "prediction": "no", "p_no": 0.6, "p_yes": 0.4},
    {"id": "test-2", "prediction": "no", "p_no": 1, "p_yes": 0},
]


def match(rows: list[dict[str, Any]], data: pd.DataFrame = DATA, **label_map: str) -> pd.DataFrame:
    return matched(enumerate(rows, start=2), "gpt.csv", data, LABELS, label_map)


def changed(row: int, **fields: Any) -> list[dict[str, Any]]:
    return [given | fields if number == row else given for number, given in enumerate(GIVEN)]


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    table = pd.DataFrame(rows)
    match path.suffix:
        case ".parquet":
            table.to_parquet(path)
        case ".jsonl":
            path.write_text("\n".join(map(json.dumps, rows)))
        case ".json":
            path.write_text(json.dumps(rows))
        case suffix:
            table.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.jsonl", "p.json", "p.parquet"])
def test_rows_come_into_the_order_of_the_split_whatever_the_format(name: str, tmp_path: Path) -> None:
    path = write(GIVEN, tmp_path / name)
    found = matched(read_predictions(path), str(path), DATA, LABELS, {})
    assert found["id"].tolist() == DATA["id"].tolist()
    assert found["prediction"].tolist() == [0, 0, 0, 1]
    assert found["p_yes"].tolist() == pytest.approx([0.5, 0, 0.4, 0.9])


def test_without_ids_the_texts_tell_and_one_that_stands_once_answers_for_all_alike() -> None:
    by_text = [
        {"text": "c", "prediction": "yes"},
        {"text": "a", "prediction": "yes"},
        {"text": "b", "prediction": "no"},
    ]
    assert match(by_text)["prediction"].tolist() == [1, 0, 1, 1]
    each = [*by_text, {"text": "a", "prediction": "no"}]
    assert match(each)["prediction"].tolist() == [1, 0, 0, 1]  # in the order of the rows
    with refuses("gpt.csv, line 6 (row 5)", "'a'", "before"):
        match([*each, {"text": "a", "prediction": "no"}])
    pairs = DATA.assign(text_pair=["x", "x", "y", "x"])
    rows = [{"text": a, "text_pair": b, "prediction": "no"} for a, b in zip("abac", "xxyx", strict=True)]
    assert match(rows, pairs)["prediction"].tolist() == [0, 0, 0, 0]
    with refuses("gpt.csv", "'text_pair'"):
        match(by_text, pairs)


def test_labels_may_have_the_names_that_the_data_had() -> None:
    rows = [{"id": name, "prediction": 1} for name in DATA["id"]]
    assert match(rows, **{"1": "yes"})["prediction"].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (GIVEN[:3], ("gpt.csv", "1 of 4", "test-2", "'b'")),
        ([], ("gpt.csv", "4 of 4", "test-1")),
        ([*GIVEN, GIVEN[0]], ("gpt.csv, line 6 (row 5)", "'test-5'", "before")),
        (changed(1, id="test-3"), ("gpt.csv, line 3 (row 2)", "'test-3'", "test-1")),
        (changed(2, prediction="maybe"), ("gpt.csv, line 4 (row 3)", "'maybe'", "no, yes")),
        (changed(2, prediction=None), ("gpt.csv, line 4 (row 3)",)),
        (changed(0, text="b"), ("gpt.csv, line 2 (row 1)", "test-5", "'c'")),
        (changed(0, p_yes=0.5), ("gpt.csv, line 2 (row 1)", "0.6", "1")),
        (changed(0, p_yes="often"), ("gpt.csv, line 2 (row 1)", "p_yes", "'often'")),
        (changed(0, p_yes=-0.1), ("gpt.csv, line 2 (row 1)", "p_yes", "-0.1")),
        (changed(0, prediction="no"), ("gpt.csv, line 2 (row 1)", "'no'", "p_yes")),
        ([{"id": "test-1", "answer": "yes"}], ("gpt.csv", "'prediction'", "'answer'")),
        ([{"prediction": "yes"}], ("gpt.csv", "'id'", "'text'")),
        ([{"id": "test-1", "prediction": "yes", "p_yes": 1}], ("gpt.csv", "'p_no'")),
    ],
)
def test_a_row_that_is_missing_double_unknown_or_not_valid_is_named(
    rows: list[dict[str, Any]], said: tuple[str, ...]
) -> None:
    with refuses(*said):
        match(rows)
