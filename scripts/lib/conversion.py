"""Decides what the config of new data says, and writes data that it cannot name as they are as CSV files.

Whatever is decided is tried: the rows of every split are read as the workflow will read them, so that a config is only
written for data that can be prepared.
"""

import csv
import heapq
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lib import label_names
from lib.columns import named
from lib.config import complete
from lib.errors import UserError
from lib.files import sha256
from lib.inference import Choice, Shape, class_counts, shape_of
from lib.labelled import LeftOut, examples, is_hidden, training_classes
from lib.layouts import Found
from lib.rows import Reading, few, field
from lib.tables import Table
from sklearn.model_selection import train_test_split

TEST_SHARE = 0.2
LONGEST, CHOSEN = 300, 1500  # texts of a sample: the longest, and some by chance


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
    shape = replace(shape, slices=[name for name in shape.slices if all(name in t.columns for t in tables.values())])
    label_map = dict(shape.label_map) | other_spellings(tables, shape, notes)
    convert = needs_conversion(tables, found.folder)
    data = entry_of(found, tables, shape, convert)
    if label_map:
        data["label_map"] = label_map
    missing = sum(invalid_rows(table, shape) for table in tables.values())
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
    """Take splits without labels out of `tables`, and another one as the test split where it has none. What was done."""
    notes = []
    for split in ("validation", "test"):
        if split in tables and without_labels(tables[split], shape):
            notes.append(f"{tables.pop(split).name} has no labels, and is not read")
    if "test" not in tables and "validation" in tables:
        tables["test"] = tables.pop("validation")
        notes.append(
            f"there is no test split with labels: {tables['test'].name} is the test split, and validation rows are drawn "
            f"from the training rows"
        )
    for split, table in tables.items():
        absent = [name for name in (shape.text, shape.text_pair) if name is not None and name not in table.columns]
        if absent:
            raise UserError(
                f"{table.name} has no column '{absent[0]}', which {tables['train'].name} has; its columns are "
                f"{few(table.columns)}; name the columns alike, or leave the file of the {split} split out"
            )
    return notes


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
        notes.append(
            f"labels of other splits are spelled as in the training split (label_map): {pairs}; is that right?"
        )
    return found


def needs_conversion(tables: dict[str, Table], folder: Path | None) -> bool:
    """Whether the config cannot name the data as they are: a single file, several per split, or ways to read that differ."""
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
    for split in [split for split in tables if split != "train"]:
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


class Sample:
    """The longest texts, and some by chance."""

    def __init__(self) -> None:
        self.longest: list[tuple[int, int, str, str | None]] = []
        self.chosen: list[tuple[str, str | None]] = []
        self.seen = 0
        self.chance = random.Random(0)

    def add(self, text: str, pair: str | None) -> None:
        self.seen += 1
        item = (len(text) + len(pair or ""), self.seen, text, pair)
        if len(self.longest) < LONGEST:
            heapq.heappush(self.longest, item)
        elif item[0] > self.longest[0][0]:
            heapq.heapreplace(self.longest, item)
        if len(self.chosen) < CHOSEN:
            self.chosen.append((text, pair))
        elif (place := self.chance.randrange(self.seen)) < CHOSEN:
            self.chosen[place] = (text, pair)

    def texts(self) -> list[tuple[str, str | None]]:
        """Those by chance first, then the longest."""
        return self.chosen + [(text, pair) for _, _, text, pair in sorted(self.longest)]


def converted(plan: Plan, folder: Path, place: Path) -> dict[str, Any]:
    """Write the splits as CSV into `folder`, which will be `place`, with a record of where they come from.

    The config's data entry. Raises UserError where a single file has too few rows to be split.
    """
    folder.mkdir(parents=True)
    shape = plan.shape
    columns = list(dict.fromkeys([shape.text, *([shape.text_pair] if shape.text_pair else []), shape.label]))
    columns += [name for name in shape.slices if name not in columns]
    tables = plan.tables
    if len(tables) == 1:
        chosen = test_rows(plan)
        written = {
            "train": write(folder / "train.csv", columns, (r for n, r in numbered(tables["train"]) if n not in chosen)),
            "test": write(folder / "test.csv", columns, (r for n, r in numbered(tables["train"]) if n in chosen)),
        }
        print(
            f"  split       {written['train']} training and {written['test']} test rows, drawn by chance, in {place}/"
        )
    else:
        rows = {split: (row for _, row in numbered(table)) for split, table in tables.items()}
        written = {split: write(folder / f"{split}.csv", columns, rows[split]) for split in tables}
        print(f"  converted   {', '.join(f'{count} {split}' for split, count in written.items())} rows, in {place}/")
    origin = {split: {"source": table.name, "read_as": table.said, **hash_of(table)} for split, table in tables.items()}
    (folder / "origin.json").write_text(json.dumps(origin, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"path": place.as_posix()} | plan.data


def hash_of(table: Table) -> dict[str, str]:
    return {"sha256": sha256(table.file)} if table.file else {}


def numbered(table: Table) -> Iterator[tuple[int, dict[str, Any]]]:
    return ((number, row) for number, (_, row) in enumerate(table.rows()))


def test_rows(plan: Plan) -> set[int]:
    """The rows of a single table that become the test split, each class in proportion; one that is alone stays."""
    shape, table = plan.shape, plan.tables["train"]
    mapping = plan.data.get("label_map", {})
    labels = [str(row) for row in (spelled(field(row, shape.label), mapping) for _, row in numbered(table))]
    counts = Counter(labels)
    rows = [number for number, label in enumerate(labels) if counts[label] > 1]
    try:
        _, test = train_test_split(rows, test_size=TEST_SHARE, stratify=[labels[row] for row in rows], random_state=0)
    except ValueError as error:
        raise UserError(
            f"{table.name}: {len(rows)} rows of {len(counts)} classes are too few to draw a fifth of each class for the "
            f"test split; add rows, or name a test file with --train and --test"
        ) from error
    return set(test)


def spelled(value: Any, mapping: dict[str, str | None]) -> str | None:
    return mapping.get(named(value), named(value))


def write(path: Path, columns: list[str], rows: Iterator[dict[str, Any]]) -> int:
    """Write the given columns of rows as UTF-8 CSV, labels and slices as the workflow names them; how many rows."""
    count = 0
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            values = (field(row, column) for column in columns)
            writer.writerow([value if isinstance(value, str) else named(value) for value in values])
            count += 1
    return count
