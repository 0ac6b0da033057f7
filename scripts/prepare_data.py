"""Brings a labelled data set into one form, whatever it came as, and measures it.

Reads the files of the splits, or a data set of the hub. Writes each split as Parquet (id, text, text_pair for pairs,
label as a number, slice columns as strings) and a summary: rows, classes, lengths, duplicates, content fingerprints.
Rows keep their order. An id names the split and the row that the example was read from, also where validation rows
were carved out of the training split.
"""

import hashlib
import logging
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune_report.config.recorded import recorded
from finetune_report.data.loading import Source, load, sources_of
from finetune_report.data.locations import data_files
from finetune_report.data.validation import training_classes
from finetune_report.errors import UserError
from finetune_report.files import canonical_json, write_json
from finetune_report.runtime.job import run

import numpy as np
from datasets import ClassLabel, Dataset, Features
from sklearn.model_selection import train_test_split

Splits = dict[str, Dataset]
Json = dict[str, Any]


def main(sources: list[Path], train: Path, validation: Path, test: Path, summary: Path, data: Json) -> None:
    files = dict(zip(data_files(data), sources, strict=True))
    with TemporaryDirectory() as cache:
        origins = sources_of(data, files, cache)
        splits, classes = load_splits(origins, data, cache)
        carved = None
        if "validation" not in splits:
            carved = {"fraction": data["validation_fraction"], "seed": data["split_seed"]}
            splits["train"], splits["validation"] = carve(splits["train"], origins["train"].name, **carved)
        overlap = overlaps(splits)
        splits, dropped = drop_overlaps(splits) if data["drop_overlap"] else (splits, {"train": 0, "validation": 0})
        for split, path in {"train": train, "validation": validation, "test": test}.items():
            splits[split] = with_numbers(splits[split], classes)
            write_parquet(splits[split], path)
        description: Json = {
            "source": recorded({"data": data})["data"],
            "labels": classes,
            "splits": {split: describe(splits[split], classes) for split in ("train", "validation", "test")},
            "overlap": overlap,
            "dropped": dropped,
            "carved": carved,
            "slices": {str(name): slice_counts(splits, str(name)) for name in data["slices"]},
        }
    write_json(summary, description)
    for split, facts in description["splits"].items():
        logging.info("%s: %d rows, %s, %d duplicates", split, facts["rows"], facts["classes"], facts["duplicates"])


def load_splits(origins: dict[str, Source], data: Json, cache: str) -> tuple[Splits, list[str]]:
    """The splits, labels by name, and the classes in the order of their numbers: the config's, or the training labels.

    Raises UserError at a row that will not do, and where the training labels make no classification task.
    """
    classes = None if data["labels"] is None else [str(label) for label in data["labels"]]
    splits = {"train": load(origins["train"], "train", data, classes, cache)}
    classes = training_classes(splits["train"]["label"][:], origins["train"].name, data, classes)
    for split in ("validation", "test"):
        if split in origins:
            splits[split] = load(origins[split], split, data, classes, cache)
    return splits, classes


def carve(train: Dataset, source: str, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Training and validation split out of the training split: drawn by `seed`, each class in proportion.

    Raises UserError where there are too few rows for both splits to hold every class.
    """
    labels = train["label"][:]
    rarest, count = min(Counter(labels).items(), key=lambda item: (item[1], item[0]))
    if count < 2:
        raise UserError(
            f"{source}: the class '{rarest}' has 1 row, too few to carve out a validation split; "
            f"add rows of it, or give a validation split"
        )
    try:
        kept, drawn = train_test_split(np.arange(len(labels)), test_size=fraction, stratify=labels, random_state=seed)
    except ValueError as error:
        raise UserError(
            f"{source}: {len(labels)} rows of {len(set(labels))} classes are too few to carve out a validation split "
            f"by data.validation_fraction: {fraction}; add rows, change the fraction, or give a validation split"
        ) from error
    return train.select(sorted(kept)), train.select(sorted(drawn))


def keys_of(dataset: Dataset) -> list[str]:
    """What two rows share when their texts count as the same: case and spacing do not matter."""
    columns = [dataset[name][:] for name in ("text", "text_pair") if name in dataset.column_names]
    return ["\t".join(" ".join(text.casefold().split()) for text in texts) for texts in zip(*columns, strict=True)]


def overlaps(splits: Splits) -> dict[str, int]:
    """For each two splits, how many rows of the second have a text that stands in the first too."""
    keys = {split: keys_of(dataset) for split, dataset in splits.items()}
    counts = {}
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        known = set(keys[first])
        counts[f"{first}-{second}"] = sum(key in known for key in keys[second])
    return counts


def drop_overlaps(splits: Splits) -> tuple[Splits, dict[str, int]]:
    """The splits without training rows that stand in validation or test, or validation rows that stand in test.

    Also how many rows that took. Raises UserError where nothing useful is left.
    """
    keys = {split: keys_of(dataset) for split, dataset in splits.items()}
    held_out = {"train": {*keys["validation"], *keys["test"]}, "validation": set(keys["test"])}
    left, dropped = dict(splits), {}
    for split, known in held_out.items():
        rows = [row for row, key in enumerate(keys[split]) if key not in known]
        dropped[split] = len(keys[split]) - len(rows)
        left[split] = splits[split].select(rows)
        if set(left[split]["label"][:]) != set(splits[split]["label"][:]):
            raise UserError(
                f"data.drop_overlap: {dropped[split]} of {len(keys[split])} {split} rows also stand in later splits, "
                f"and without them a class is gone; separate the splits, or set drop_overlap: false"
            )
    return left, dropped


def with_numbers(dataset: Dataset, classes: list[str]) -> Dataset:
    """The data set with labels as numbers; their names go into the file's metadata."""
    features = Features(dataset.features | {"label": ClassLabel(names=classes)})
    number = {label: index for index, label in enumerate(classes)}
    return dataset.map(
        lambda batch: {"label": [number[label] for label in batch["label"]]}, batched=True, features=features
    )


def write_parquet(dataset: Dataset, path: Path) -> None:
    """Write a split, whole or not at all."""
    part = path.with_name(path.name + ".part")
    dataset.to_parquet(part)
    part.replace(path)


def describe(dataset: Dataset, classes: list[str]) -> Json:
    """Rows, rows a class, words a text (of both texts in pairs), repeated texts, and a hash of all but the ids."""
    digest = hashlib.sha256(canonical_json(classes).encode())
    columns = [name for name in dataset.column_names if name != "id"]
    for row in dataset.select_columns(columns):
        digest.update(canonical_json(row).encode() + b"\n")
    counts = Counter(dataset["label"][:])
    keys = keys_of(dataset)
    words = [len(key.split()) for key in keys]
    return {
        "rows": len(dataset),
        "classes": {label: counts[number] for number, label in enumerate(classes)},
        "words": {"min": min(words), "mean": round(sum(words) / len(words), 2), "max": max(words)},
        "duplicates": len(keys) - len(set(keys)),
        "fingerprint": digest.hexdigest(),
    }


def slice_counts(splits: Splits, name: str) -> dict[str, dict[str, int]]:
    """Rows by value of a slice column, split by split, values in sorted order."""
    return {split: dict(sorted(Counter(splits[split][name][:]).items())) for split in ("train", "validation", "test")}


if __name__ == "__main__":
    run(main)
