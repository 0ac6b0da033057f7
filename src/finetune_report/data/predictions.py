"""Predictions that were made elsewhere, matched row by row with the texts of a split.

A file of them has a row for each text: its id or the text itself (and `text_pair`), the predicted class by name in
`prediction` and, where there are any, a probability for each class in `p_<class>`.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from finetune_report.data.detection import rows_of_file
from finetune_report.data.dialects import encoding_of
from finetune_report.data.readers import Reading, Row, format_of
from finetune_report.data.validation import label_of, place_of_row
from finetune_report.errors import UserError, clip, few

import numpy as np
import pandas as pd

TEXTS = ("text", "text_pair")
ROUNDING = 0.01  # by which the probabilities of a text may miss 1, since others round them

Key = tuple[str, ...]


def read_predictions(path: Path) -> Iterator[Row]:
    """The rows of a file of predictions, by its extension. Raises UserError where it cannot be read."""
    text = format_of(path, Reading()) != "parquet"
    yield from rows_of_file(path, Reading(encoding=encoding_of(path)) if text else Reading())


def matched(
    rows: Iterable[Row], source: str, data: pd.DataFrame, labels: list[str], label_map: dict[str, Any]
) -> pd.DataFrame:
    """A row for each example of a prepared split, in its order: id, label, prediction (a number), perhaps p_<label>.

    Rows are matched by `id`, else by the texts; a text that several examples share may stand once for all of them, or
    once for each. Labels may have the names that `label_map` maps. Raises UserError with the place of a row that is
    double, unknown or not valid, and where examples have none.
    """
    waiting, texts_alone = Waiting(data), False
    found: dict[str, dict[str, Any]] = {}
    for number, (line, record) in enumerate(rows, start=1):
        place = f"{source}, {place_of_row(number, line)}"
        if number == 1:
            texts_alone = matched_by_text(record, source, waiting.columns, labels)
        try:
            predicted = prediction_of(record, labels, label_map)
            found[waiting.by_text(record) if texts_alone else waiting.by_id(record)] = predicted
        except UserError as error:
            raise UserError(f"{place}: {error}") from None
    if texts_alone:
        waiting.share(found)
    absent = [name for name in data["id"] if name not in found]
    if absent:
        text = data.set_index("id").loc[absent[0], "text"]
        raise UserError(
            f"{source}: {len(absent)} of {len(data)} texts have no prediction, the first is {absent[0]} "
            f"('{clip(text)}'); add a row for each"
        )
    table = pd.DataFrame([found[name] for name in data["id"]])
    return pd.concat([data[["id", "label"]].reset_index(drop=True), table], axis=1)


def matched_by_text(record: dict[str, Any], source: str, texts: list[str], labels: list[str]) -> bool:
    """Whether rows are matched by their texts, since they have no id. Raises UserError where columns are missing."""
    there = few(map(repr, record), 30)
    if "prediction" not in record:
        raise UserError(f"{source}: no column 'prediction'; the columns are {there}; name the predicted class so")
    given = [label for label in labels if f"p_{label}" in record]
    if given and len(given) < len(labels):
        lacking = next(label for label in labels if label not in given)
        raise UserError(f"{source}: no column 'p_{lacking}'; give a probability for each class, or for none")
    if "id" in record:
        return False
    absent = [name for name in texts if name not in record]
    if absent:
        raise UserError(f"{source}: no column 'id', and no column '{absent[0]}'; the columns are {there}; give one")
    return True


class Waiting:
    """The examples of a split, by id and by their texts, and what has been given for them."""

    def __init__(self, data: pd.DataFrame) -> None:
        self.columns = [name for name in TEXTS if name in data.columns]
        rows: list[list[str]] = data[["id", *self.columns]].astype(str).to_numpy().tolist()
        self.texts: dict[str, Key] = {row[0]: tuple(row[1:]) for row in rows}
        self.ids: dict[Key, list[str]] = defaultdict(list)
        for name, texts in self.texts.items():
            self.ids[texts].append(name)
        self.left = {texts: deque(names) for texts, names in self.ids.items()}
        self.taken: set[str] = set()

    def by_id(self, record: dict[str, Any]) -> str:
        """The example that a row is for. Raises UserError where it is unknown or double, or its text another."""
        name = str(record["id"]).strip()
        if name not in self.texts:
            raise UserError(f"no text of the split has the id '{clip(name)}'; ids are such as {next(iter(self.texts))}")
        if name in self.taken:
            raise UserError(f"the id '{name}' has stood before; each text takes one row")
        for column, text in zip(self.columns, self.texts[name], strict=True):
            if column in record and str(record[column]) != text:
                raise UserError(f"the {column} is not that of '{name}', which is '{clip(text)}'; correct id or text")
        self.taken.add(name)
        return name

    def by_text(self, record: dict[str, Any]) -> str:
        """The same by its texts: of several examples the first that has no row yet."""
        texts = tuple(str(record.get(column)) for column in self.columns)
        if texts not in self.left:
            raise UserError(f"'{clip(texts[0])}' is no text of the split; remove the row, or write it as there")
        if not self.left[texts]:
            raise UserError(f"'{clip(texts[0])}' has stood before; each text takes one row")
        return self.left[texts].popleft()

    def share(self, found: dict[str, dict[str, Any]]) -> None:
        """Give what was predicted for a text that stands once to all examples of the same texts."""
        for names in self.ids.values():
            given = [name for name in names if name in found]
            if len(given) == 1:
                found.update(dict.fromkeys(names, found[given[0]]))


def prediction_of(record: dict[str, Any], labels: list[str], label_map: dict[str, Any]) -> dict[str, Any]:
    """The number of the predicted class, and the probabilities where the row has them. Raises UserError."""
    name = label_of(record.get("prediction"))
    label = str(label_map[name]) if label_map.get(name) is not None else name
    if label not in labels:
        raise UserError(f"the prediction '{clip(name)}' is none of the classes ({few(labels)}); correct it")
    number = labels.index(label)
    if f"p_{labels[0]}" not in record:
        return {"prediction": number}
    chances = np.array([share_of(record.get(f"p_{each}"), each) for each in labels])
    if abs(chances.sum() - 1) > ROUNDING:
        raise UserError(f"the probabilities add up to {chances.sum():.4g}; they have to add up to 1")
    if chances[number] < chances.max():
        best = labels[int(chances.argmax())]
        raise UserError(f"the prediction is '{label}', and p_{best} is higher than p_{label}; correct one of them")
    shares = (chances / chances.sum()).astype(np.float32)
    return {"prediction": number} | {f"p_{each}": share for each, share in zip(labels, shares, strict=True)}


def share_of(value: Any, label: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = np.nan
    if not 0 <= found <= 1:
        raise UserError(f"p_{label} is {clip(str(value))!r}; expected a number from 0 to 1")
    return found
