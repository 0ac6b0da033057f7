"""Decides what the config of new data says.

Whatever is decided is tried: the rows of every split are read as the workflow will read them, so that a config is only
written for data that can be prepared.
"""

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data import label_names
from finetune_report.data.detection import Choice, Shape, class_counts, shape_of
from finetune_report.data.dialects import decodes
from finetune_report.data.layouts import Found
from finetune_report.data.readers import Reading
from finetune_report.data.row_sources import Table
from finetune_report.data.text_sample import Sample
from finetune_report.data.validation import LeftOut, examples, is_hidden, training_classes, unlabelled_examples
from finetune_report.errors import UserError, few

TEST_SHARE = 0.2
USUAL_FRACTION = 0.1
UNLABELLED = ("test", "unlabelled")


@dataclass(frozen=True)
class Plan:
    """What becomes of data: the tables of the splits, their shape, and what the config says of them."""

    tables: dict[str, Table]
    shape: Shape
    data: dict[str, Any]  # the config's entry for data that stay where they are; without a place for those that do not
    convert: bool
    sample: list[tuple[str, str | None]]
    notes: list[str]


def plan_of(found: Found, choice: Choice, scratch: Path) -> Plan:
    """What the config says of the splits that were found, after every row has been tried.

    Raises UserError where no column can be text or label, or a row cannot be used.
    """
    tables = dict(found.splits)
    train = tables["train"]
    shape = shape_of(train.name, train.reading, train.columns, choice)
    notes = list(shape.notes)
    notes += settle_splits(tables, shape)
    labelled = {split: table for split, table in tables.items() if not without_labels(table, shape)}
    shape = replace(shape, slices=[name for name in shape.slices if all(name in t.columns for t in labelled.values())])
    settle_encodings(tables)
    shape = replace(shape, reading=tables["train"].reading)
    label_map = dict(shape.label_map) | other_spellings(labelled, shape, notes)
    convert = needs_conversion(tables, found.folder)
    data = entry_of(found, tables, shape, convert)
    if label_map:
        data["label_map"] = label_map
    if labelled.keys() != tables.keys():
        data["test_split"] = "unlabelled"
    missing = sum(invalid_rows(table, shape) for table in labelled.values())
    if missing:
        data["skip_invalid"] = True
        notes.append(f"{missing} rows without a text or a label are left out and counted (skip_invalid)")
    sample = tried(tables, data, notes)
    if "label_map" in data:
        shape = replace(shape, classes=mapped_classes(shape.classes, data["label_map"]))
    if "test" in tables:
        one = {row for row, count in shape.classes.items() if count == 1}
        if one and "validation" not in tables:
            notes.append(f"one row only, which stays in the training split: {few(sorted(one))}")
    return Plan(tables, shape, data, convert, sample, notes)


def settle_splits(tables: dict[str, Table], shape: Shape) -> list[str]:
    """Take splits that are of no use without labels out of `tables`, and another as the test split where it has none.

    What was done. A test split without labels stays where there is a validation split to report on.
    """
    notes = []
    for split in ("validation", "test"):
        if split not in tables or not without_labels(tables[split], shape):
            continue
        name = tables[split].name
        if split == "test" and "validation" in tables and not lacking(tables[split], shape):
            notes.append(
                f"{name} has no labels: its texts are classified, there is no test score, and the report is on "
                f"{tables['validation'].name} alone (test_split: unlabelled); for a test score give that file as "
                f"--test, and validation rows are drawn from the training rows"
            )
        else:
            del tables[split]
            notes.append(f"{name} has no labels, and is not read; finetune-report predict classifies its texts later")
    if "test" not in tables and "validation" in tables:
        tables["test"] = tables.pop("validation")
        notes.append(
            f"there is no test split with labels: {tables['test'].name} is the test split, and validation rows are "
            f"drawn from the training rows"
        )
    for split, table in tables.items():
        absent = lacking(table, shape)
        if absent:
            raise UserError(
                f"{table.name} has no column '{absent[0]}', which {tables['train'].name} has; its columns are "
                f"{few(table.columns)}; name the columns alike, or leave the file of the {split} split out"
            )
    return notes


def lacking(table: Table, shape: Shape) -> list[str]:
    """The columns of texts that a table does not have."""
    return [name for name in (shape.text, shape.text_pair) if name is not None and name not in table.columns]


def settle_encodings(tables: dict[str, Table]) -> None:
    """Give files that are all ASCII the encoding of the others: they are of any encoding that is based on it."""
    readings = {table.reading.encoding for table in tables.values() if table.file} - {"utf-8"}
    if len(readings) != 1 or readings & {"utf-16", "utf-16-le", "utf-16-be", "utf-32"}:
        return
    (encoding,) = readings
    for split, table in tables.items():
        if table.file and table.reading.encoding == "utf-8" and decodes(table.file, "ascii"):
            tables[split] = replace(table, reading=replace(table.reading, encoding=encoding))


def without_labels(table: Table, shape: Shape) -> bool:
    """Whether no row of a table has a label."""
    if shape.label not in table.columns:
        return True
    counts = table.columns[shape.label].counts
    return counts is not None and all(is_hidden(value) for value in counts)


def other_spellings(tables: dict[str, Table], shape: Shape, notes: list[str]) -> dict[str, str]:
    """A map for labels that other splits spell otherwise than the training split does."""
    known = {label_names.normal_form(name): name for name in sorted(shape.classes, key=lambda n: shape.classes[n])}
    found = {}
    for split, table in tables.items():
        counts = table.columns[shape.label].counts
        for name in class_counts(table.name, shape.label, counts or {}) if split != "train" else ():
            same = known.get(label_names.normal_form(name))
            if name not in shape.classes and same is not None:
                found[name] = str(shape.label_map.get(same) or same)
    if found:
        pairs = few(f"'{name}' to '{same}'" for name, same in found.items())
        notes.append(f"labels are spelled as in the training split (label_map): {pairs}; is that right?")
    return found


def needs_conversion(tables: dict[str, Table], folder: Path | None) -> bool:
    """Whether the config cannot name the data as they are: a single file, several per split, or different formats."""
    if len(tables) == 1 and folder is None:
        return not is_hub(tables["train"])
    if any(is_hub(table) for table in tables.values()):
        return False
    if any(table.file is None for table in tables.values()):
        return True
    if any("{" in table.name or "}" in table.name for table in tables.values()):  # Snakemake's marks
        return True
    readings = {table.reading for table in tables.values()}
    suffixes = {table.file.suffix.lower() for table in tables.values() if table.file}
    plain = all(reading == Reading() for reading in readings)
    return len(readings) > 1 or (len(suffixes) > 1 and not plain) or any("unpacked" in t.name for t in tables.values())


def is_hub(table: Table) -> bool:
    return table.said.startswith("a data set of the hub")


def entry_of(found: Found, tables: dict[str, Table], shape: Shape, convert: bool) -> dict[str, Any]:
    """The config's data entry, without what follows from trying it."""
    data: dict[str, Any] = {}
    if not convert:
        if is_hub(tables["train"]):
            data["hub"] = json.loads(tables["train"].said.partition(": ")[2])
            data["hub"] |= {split: tables[split].name.rpartition(" ")[2] for split in tables}
            if "validation" not in tables:
                data["hub"]["validation"] = None
        elif found.folder is not None and set(tables) == set(found.splits):
            data["path"] = str(found.folder)
        else:
            data["files"] = {split: str(table.file) for split, table in tables.items()}
        if "test" not in tables:
            data["test_fraction"] = TEST_SHARE
        usual = asdict(Reading())
        data |= {name: value for name, value in asdict(shape.reading).items() if value != usual[name]}
    data["text"] = shape.text
    if shape.text_pair is not None:
        data["text_pair"] = shape.text_pair
    return data | {"label": shape.label, "slices": shape.slices}


def invalid_rows(table: Table, shape: Shape) -> int:
    """Rows whose text or label is missing, as far as the columns tell."""
    names = [name for name in (shape.text, shape.text_pair, shape.label) if name is not None]
    return max(table.columns[name].rows - table.columns[name].filled for name in names)


def tried(tables: dict[str, Table], data: dict[str, Any], notes: list[str]) -> list[tuple[str, str | None]]:
    """Read every row as the workflow will; a sample of the texts. Adds to the map of labels those of unknown ones.

    Raises UserError at a row that cannot be used.
    """
    filled = filled_entry(data)
    sample = Sample()
    labels = []
    for example in examples(tables["train"].rows(), tables["train"].name, "train", filled, None, LeftOut()):
        labels.append(example["label"])
        sample.add(example["text"], example.get("text_pair"))
    classes = training_classes(labels, tables["train"].name, filled, None)
    if "validation" not in tables:
        data |= validation_fraction(Counter(labels), len(tables) == 1)
    if filled["test_split"] == "unlabelled":
        for example in unlabelled_examples(tables["test"].rows(), tables["test"].name, filled):
            sample.add(example["text"], example.get("text_pair"))
    for split in [split for split in tables if split != "train" and (split, filled["test_split"]) != UNLABELLED]:
        unknown: Counter[str] = Counter()
        for example in examples(tables[split].rows(), tables[split].name, split, filled, None, LeftOut()):
            unknown[example["label"]] += example["label"] not in classes
        strange = {name: count for name, count in unknown.items() if count}
        if len(strange) == len(unknown):
            raise UserError(
                f"{tables[split].name}: none of its labels ({few(unknown)}) is among those of the training split "
                f"({few(classes)}); name the column of the label with --label"
            )
        if strange:
            data.setdefault("label_map", {}).update(dict.fromkeys(strange))
            notes.append(
                f"{sum(strange.values())} rows of {tables[split].name} have labels that no training row has "
                f"({few(strange)}); they are left out and counted (label_map)"
            )
    return sample.texts()


def validation_fraction(counts: Counter[str], single: bool) -> dict[str, float]:
    """What the config says of the share of validation rows: nothing, or more where a tenth cannot hold every class."""
    repeated = sum(count > 1 for count in counts.values())
    rows = sum(counts.values())
    rows -= math.ceil(TEST_SHARE * rows) if single else 0
    enough = [share for share in (USUAL_FRACTION, 0.2, 0.3, 0.4, 0.5) if math.ceil(share * rows) >= repeated]
    share = enough[0] if enough else 0.5
    return {} if share == USUAL_FRACTION else {"validation_fraction": share}


def filled_entry(data: dict[str, Any]) -> dict[str, Any]:
    """A data entry with its defaults."""
    named = {key: value for key, value in data.items() if key not in ("path", "files", "hub")} | {"path": "data"}
    return complete({"name": "x", "data": named, "model": {"path": "m"}, "settings": [{"name": "a"}]})["data"]


def mapped_classes(classes: dict[str, int], label_map: dict[str, str | None]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for name, count in classes.items():
        target = label_map.get(name, name)
        if target is not None:
            counts[str(target)] += count
    return dict(sorted(counts.items()))
