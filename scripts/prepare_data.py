"""Brings a labelled data set into one form, whatever it came as, and measures it.

Reads the files of the splits, or a data set of the hub. Writes each split as Parquet (id, text, text_pair for pairs,
label as a number, slice columns as strings) and a summary: rows, classes, lengths, duplicates, near-duplicates, rows
left out, content fingerprints. Rows keep their order. An id names the split and the row that the example was read from,
also where validation or test rows were drawn from the training split.
"""

import hashlib
import logging
import warnings
from collections import Counter
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune_report.config.recorded import recorded
from finetune_report.data.label_names import resolved
from finetune_report.data.loading import Source, load, sources_of
from finetune_report.data.locations import data_files
from finetune_report.data.near_duplicates import near_duplicates
from finetune_report.data.validation import LeftOut, training_classes
from finetune_report.errors import UserError, few
from finetune_report.files import canonical_json, write_json
from finetune_report.runtime.job import run
from finetune_report.stats.run_scores import clusters_of

import numpy as np
from datasets import ClassLabel, Dataset, Features
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

Splits = dict[str, Dataset]
Json = dict[str, Any]

MOST_SLICES = 1000  # each is a row of a table, and a value whose name the check of the text knows
MOST_FOLDS = 20  # that rows are dealt into where clusters stay together: the share drawn is a multiple of 1/20 at least


def main(sources: list[Path], train: Path, validation: Path, test: Path, summary: Path, data: Json) -> None:
    files = dict(zip(data_files(data), sources, strict=True))
    with TemporaryDirectory() as cache:
        origins = sources_of(data, files, cache)
        splits, classes, left_out = load_splits(origins, data, cache)
        drawn = {}
        for split in ("test", "validation"):
            if split not in splits:
                drawn[split] = {"fraction": data[f"{split}_fraction"], "seed": data["split_seed"]}
                splits["train"], splits[split] = carve(splits["train"], origins["train"].name, split, **drawn[split])
        available, train_drawn = len(splits["train"]), {}
        if data["train_rows"] and data["train_rows"] < available:
            splits["train"] = draw(splits["train"], origins["train"].name, data["train_rows"], data["split_seed"])
            train_drawn = {"train_drawn": {"of": available, "seed": data["split_seed"]}}
        overlap = overlaps(splits)
        near = near_duplicates({split: keys_of(dataset) for split, dataset in splits.items()}, data["near_duplicates"])
        splits, dropped = drop_overlaps(splits, near if data["drop_near_duplicates"] else None, data["drop_overlap"])
        slices = {str(name): slice_counts(splits, str(name)) for name in data["slices"]}
        for split in ("validation", "test"):
            if "cluster" in splits[split].column_names:
                clusters_of(splits[split].select_columns(["cluster"]).to_pandas())  # one alone is refused
        for split, path in {"train": train, "validation": validation, "test": test}.items():
            splits[split] = with_numbers(splits[split], classes)
            write_parquet(splits[split], path)
        description: Json = {
            "source": recorded({"data": data})["data"],
            "labels": classes,
            "splits": {split: describe(splits[split], classes) for split in ("train", "validation", "test")},
            "overlap": overlap,
            "near_duplicates": {
                "threshold": data["near_duplicates"],
                "rows": {pair: len(rows) for pair, rows in near.items()},
            },
            "dropped": dropped,
            "left_out": {split: asdict(rows) for split, rows in left_out.items()},
            "carved": drawn.get("validation"),
            "test_carved": drawn.get("test"),
            "slices": slices,
            **train_drawn,
        }
    write_json(summary, description)
    for split, rows in left_out.items():
        if rows.rows:
            logging.warning("%s: %d invalid rows and %d by label are left out", split, rows.invalid, rows.by_label)
    for split, facts in description["splits"].items():
        logging.info("%s: %d rows, %s, %d duplicates", split, facts["rows"], facts["classes"], facts["duplicates"])


def load_splits(origins: dict[str, Source], data: Json, cache: str) -> tuple[Splits, list[str], dict[str, LeftOut]]:
    """The splits, labels by name; the classes in the order of their numbers: the config's, or the training labels; and
    the rows of each split that were left out.

    Raises UserError at a row that will not do, and where the training labels make no classification task.
    """
    given = data["labels"]
    # What YAML made a truth value of can only be told once the labels are known.
    told = given is not None and not any(isinstance(label, bool) for label in given)
    classes = [str(label) for label in given] if told else None
    train, left_out = load(origins["train"], "train", data, classes, cache)
    splits, omitted = {"train": train}, {"train": left_out}
    labels = train["label"][:]
    if given is not None and classes is None:
        classes = resolved(given, Counter(labels))
    classes = training_classes(labels, origins["train"].name, data, classes)
    for split in ("validation", "test"):
        if split in origins:
            splits[split], omitted[split] = load(origins[split], split, data, classes, cache)
    return splits, classes, omitted


def carve(train: Dataset, source: str, split: str, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Training rows and those drawn from them as another split: by `seed`, each class in proportion.

    A class with a single row stays in the training split. Rows of one cluster stay together, so that no author or
    thread is in both splits. Raises UserError where there are too few rows for both splits to hold every other class.
    """
    labels = np.array(train["label"][:], dtype=object)
    counts = Counter(labels)
    single = sorted(label for label, count in counts.items() if count < 2)
    if single:
        logging.warning("%s: one row only, so not in the %s split: %s", source, split, few(single))
    rows = np.flatnonzero([counts[label] > 1 for label in labels])
    try:
        if "cluster" in train.column_names:
            drawn = draw_clusters(labels, rows, train["cluster"][:], fraction, seed)
        else:
            _, drawn = train_test_split(rows, test_size=fraction, stratify=labels[rows], random_state=seed)
    except ValueError as error:
        of_clusters = ", those of a cluster together," if "cluster" in train.column_names else ""
        raise UserError(
            f"{source}: {len(rows)} rows of {len(counts)} classes{of_clusters} are too few to draw a {split} split "
            f"by data.{split}_fraction: {fraction}; add rows, change the fraction, or give a {split} split"
        ) from error
    taken = set(drawn.tolist())
    return train.select([row for row in range(len(labels)) if row not in taken]), train.select(sorted(taken))


def draw_clusters(labels: np.ndarray, rows: np.ndarray, clusters: list[str], fraction: float, seed: int) -> np.ndarray:
    """As many of the `rows` as come near `fraction`, whole clusters, each class about in proportion.

    A row without a cluster is one of its own. The rows are dealt into folds, of which some are taken. Raises ValueError
    where what is taken, or what is left, lacks a class.
    """
    share = Fraction(str(fraction)).limit_denominator(MOST_FOLDS)
    folds = StratifiedGroupKFold(share.denominator, shuffle=True, random_state=seed)
    groups = [clusters[row] or f"\0{row}" for row in rows]
    with warnings.catch_warnings(action="ignore"):  # of a class with fewer rows than folds; it is looked for below
        dealt = [held_out for _, held_out in folds.split(rows, labels[rows], groups)]
    drawn: np.ndarray = rows[np.sort(np.concatenate(dealt[: max(1, share.numerator)]))]
    left = np.setdiff1d(np.arange(len(labels)), drawn)
    if set(labels[drawn]) != set(labels[rows]) or set(labels[left]) != set(labels):
        raise ValueError("a class is in one split alone")
    return drawn


def draw(train: Dataset, source: str, rows: int, seed: int) -> Dataset:
    """As many of the training rows, drawn by `seed`, each class in proportion, in the order that they had.

    A class with a single row keeps it. Raises UserError where the sample would lack a class.
    """
    labels = np.array(train["label"][:], dtype=object)
    counts = Counter(labels)
    single = [row for row, label in enumerate(labels) if counts[label] == 1]
    others = np.array([row for row, label in enumerate(labels) if counts[label] > 1], dtype=int)
    try:
        _, drawn = train_test_split(others, test_size=rows - len(single), stratify=labels[others], random_state=seed)
        taken = sorted([*single, *drawn.tolist()])
        lacking = sorted(counts.keys() - set(labels[taken]))
    except ValueError as error:  # scikit-learn wants a row of each class among those drawn and those left
        raise UserError(
            f"{source}: data.train_rows: {rows} of {len(labels)} rows cannot be drawn from {len(counts)} classes, each "
            "in proportion; take more of them, or all by null"
        ) from error
    if lacking:
        raise UserError(
            f"{source}: data.train_rows: {rows} of {len(labels)} rows, each class in proportion, leave out "
            f"{few(lacking)}; take more rows, or map rare classes to others by data.label_map"
        )
    return train.select(taken)


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


def drop_overlaps(splits: Splits, near: dict[str, list[int]] | None, exact: bool) -> tuple[Splits, dict[str, int]]:
    """The splits without training rows that stand in validation or test, or validation rows that stand in test.

    `exact` drops texts that count as the same, `near` gives further rows to drop for each two splits. Also how many
    rows that took. Raises UserError where nothing useful is left.
    """
    keys = {split: keys_of(dataset) for split, dataset in splits.items()}
    held_out = {"train": {*keys["validation"], *keys["test"]}, "validation": set(keys["test"])}
    left, dropped = dict(splits), {}
    for split, known in held_out.items():
        found = (
            set() if near is None else {row for pair, rows in near.items() if pair.startswith(split) for row in rows}
        )
        same = known if exact or near is not None else set()
        rows = [row for row, key in enumerate(keys[split]) if key not in same and row not in found]
        dropped[split] = len(keys[split]) - len(rows)
        left[split] = splits[split].select(rows) if dropped[split] else splits[split]
        if set(left[split]["label"][:]) != set(splits[split]["label"][:]):
            option = "drop_overlap" if near is None else "drop_near_duplicates"
            raise UserError(
                f"data.{option}: {dropped[split]} of {len(keys[split])} {split} rows also stand in later splits, "
                f"and without them a class is gone; separate the splits, or set {option}: false"
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
    """Rows by value of a slice column, split by split, values in sorted order; UserError where they are too many."""
    found = {split: Counter(splits[split][name][:]) for split in ("train", "validation", "test")}
    many = len(found["test"])
    if many > MOST_SLICES:
        raise UserError(
            f"data.slices: the column '{name}' has {many:,} values in the test split; a report breaks the accuracy "
            f"down by {MOST_SLICES:,} at most. Name a column with fewer, or leave this one out"
        )
    return {split: dict(sorted(counts.items())) for split, counts in found.items()}


if __name__ == "__main__":
    run(main, hardware=lambda spec: "")  # the same on every machine
