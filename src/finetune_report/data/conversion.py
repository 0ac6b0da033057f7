"""Writes data that a config cannot name as they are as CSV files, with a record of where they come from."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.data.columns import named
from finetune_report.data.plans import TEST_SHARE, Plan
from finetune_report.data.readers import field
from finetune_report.data.row_sources import Table
from finetune_report.errors import UserError
from finetune_report.files import sha256

from sklearn.model_selection import train_test_split


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
        unlabelled = plan.data.get("test_split") == "unlabelled"
        texts = [name for name in (shape.text, shape.text_pair) if name]
        written = {
            split: write(folder / f"{split}.csv", texts if unlabelled and split == "test" else columns, rows[split])
            for split in tables
        }
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
            f"{table.name}: {len(rows)} rows of {len(counts)} classes are too few to draw a fifth of each class for "
            f"the test split; add rows, or name a test file with --train and --test"
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
