"""Loads the splits of a data set through `datasets`, from local files or from the hub.

Everything that `datasets` stores goes to a folder that the caller gives and throws away, never to a cache that outlives
the run: what an earlier run left cannot get into this one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.data.locations import reads_test
from finetune_report.data.readers import Row, format_of, read_rows, reading_of
from finetune_report.data.validation import LeftOut, columns_of, examples, hidden_labels, unlabelled_examples
from finetune_report.errors import UserError

from datasets import ClassLabel, Dataset, DatasetDict, Features, Value, disable_progress_bars, load_dataset
from datasets.exceptions import DatasetGenerationError, DatasetsError
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

disable_progress_bars()


@dataclass(frozen=True)
class Source:
    """Where a split comes from: its name in messages, and a file or what was read from Parquet or the hub."""

    name: str
    content: Path | Dataset


def sources_of(data: dict[str, Any], files: dict[str, Path], cache: str) -> dict[str, Source]:
    """The source of each split: train, perhaps validation, and test where there is one to read."""
    if "hub" in data:
        return hub_sources(data["hub"], cache, reads_test(data))
    return {split: Source(str(path), open_file(path, data, cache)) for split, path in files.items()}


def open_file(path: Path, data: dict[str, Any], cache: str) -> Path | Dataset:
    """Parquet as a data set, which keeps the names behind label numbers; any other file as it is."""
    if format_of(path, reading_of(data)) != "parquet":
        return path
    try:
        return Dataset.from_parquet(str(path), cache_dir=cache)
    except (DatasetsError, OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as Parquet ({reason(error)}); write it again") from error


def hub_sources(hub: dict[str, Any], cache: str, test: bool) -> dict[str, Source]:
    """The sources of a hub data set's splits, that of the `test` split where it is asked for."""
    loaded = load_from_hub(hub, cache)
    found = {}
    for split in ("train", "validation", "test"):
        name = hub[split]
        if name is None or (split == "test" and not test):
            continue
        if name not in loaded:
            carve = " or null to carve one out of the training split" if split == "validation" else ""
            raise UserError(
                f"data.hub.{split}: {hub['name']} has no split '{name}'; its splits are {', '.join(loaded)}; "
                f"name one of them{carve}"
            )
        found[split] = Source(f"{hub['name']}, split {name}", loaded[name])
    return found


def load_from_hub(hub: dict[str, Any], cache: str) -> DatasetDict:
    """A data set of the hub, or what an earlier download of the same revision left where the hub is out of reach."""
    name, configuration, revision = hub["name"], hub["configuration"], hub["revision"]
    try:
        try:
            return load_dataset(f"hf://datasets/{name}", configuration, revision=revision, cache_dir=cache)
        except ConnectionError:
            folder = snapshot_download(name, repo_type="dataset", revision=revision, local_files_only=True)
            return load_dataset(folder, configuration, cache_dir=cache)
    except LocalEntryNotFoundError as error:
        raise UserError(
            f"data.hub: {name} (revision {revision}) cannot be reached and no earlier download of it is there; "
            f"connect to the network, or download the files and name them in data.path"
        ) from error
    except (DatasetsError, OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"data.hub: {name} (configuration {configuration}, revision {revision}) cannot be loaded "
            f"({reason(error)}); check name, configuration and revision"
        ) from error


def reason(error: BaseException) -> str:
    """What went wrong first, in one line."""
    if isinstance(error, DatasetGenerationError) and error.__cause__:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__


def load(
    source: Source, split: str, data: dict[str, Any], classes: list[str] | None, cache: str
) -> tuple[Dataset, LeftOut]:
    """The examples of one split, labels by name, all columns strings; and the rows that were left out.

    `classes` are the names that a label may have, None any. Raises UserError at the first row that will not do.
    """
    features = Features({name: Value("string") for name in ["id", *columns_of(data)]})
    left_out = LeftOut()

    def generate() -> Iterator[dict[str, str]]:
        yield from examples(rows_of(source, data), source.name, split, data, classes, left_out)

    try:
        # With a fingerprint of our own, since `datasets` would hash all that the function refers to.
        dataset = Dataset.from_generator(generate, features=features, cache_dir=cache, fingerprint=split)
        return dataset, left_out
    except DatasetGenerationError as error:
        if not isinstance(error.__cause__, UserError):
            raise
        hidden = hidden_labels(rows_of(source, data), source.name, split, data) if split != "train" else None
        raise hidden or error.__cause__ from None


def load_unlabelled(source: Source, data: dict[str, Any], cache: str) -> Dataset:
    """The texts of a test split without labels, all columns strings. Raises UserError at a row that will not do."""
    names = ["id", *(name for name in ("text", "text_pair") if data[name] is not None)]

    def generate() -> Iterator[dict[str, str]]:
        yield from unlabelled_examples(rows_of(source, data), source.name, data)

    features = Features({name: Value("string") for name in names})
    try:
        return Dataset.from_generator(generate, features=features, cache_dir=cache, fingerprint="unlabelled")
    except DatasetGenerationError as error:
        if not isinstance(error.__cause__, UserError):
            raise
        raise error.__cause__ from None


def rows_of(source: Source, data: dict[str, Any]) -> Iterator[Row]:
    """The rows of a source, each with the line that it starts on where there are lines."""
    if isinstance(source.content, Path):
        return read_rows(source.content, reading_of(data))
    return dataset_rows(source.content)


def dataset_rows(dataset: Dataset) -> Iterator[Row]:
    """The rows of a data set, with the names of its label numbers; -1, which stands for a hidden label, is none."""
    names = {name: kind for name, kind in dataset.features.items() if isinstance(kind, ClassLabel)}
    for record in dataset:
        for column, kind in names.items():
            number = record[column]
            record[column] = None if number is None or number < 0 else kind.int2str(number)
        yield None, record
