"""Finds the splits in what a person names as the data: a file, a folder in any of the published layouts, an archive."""

import re
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from finetune_report.data.detection import Choice
from finetune_report.data.locations import SPLITS, data_files, listed, missing
from finetune_report.data.row_sources import (
    Table,
    folders_of_texts,
    joined,
    table_of_file,
    text_files,
    texts_and_labels,
)
from finetune_report.data.streams import BY_SUFFIX, COMPRESSED, DAMAGE, members, suffix_of
from finetune_report.errors import UserError, few

# How file names tell the split, by the beginning of a word in them; CoNLL's testa is a validation split.
WORDS = {"validation": ("dev", "valid", "val", "trial", "testa"), "train": ("train",), "test": ("test",)}
PLAIN = (".txt", ".data", ".label", ".tab", ".dat", "")  # delimited text goes by these names too
PREFERRED = (".parquet", ".jsonl", ".json", ".csv", ".tsv", *PLAIN)  # of one split in several formats
NOT_DATA = re.compile(r"^(readme|licen[cs]e|changelog|mapping|classes|categories|labels|vocab|dataset_info)\b", re.I)


@dataclass(frozen=True)
class Found:
    """The tables of the splits; `folder` is the one that the config can name as it is, None where there is none."""

    splits: dict[str, Table]
    folder: Path | None = None


def locate(source: Path, choice: Choice) -> Found:
    """The splits of a file or a folder; a single file is the training split. Raises UserError where none is found."""
    if not source.exists():
        raise UserError(missing("--data", source).replace("; ", "; name a file, a folder or org/name of the hub; ", 1))
    if source.is_file():
        return Found({"train": table_of_file(source, choice)})
    return of_folder(source, choice)


def of_folder(folder: Path, choice: Choice) -> Found:
    """The splits in a folder, whichever of the known layouts it has."""
    try:
        files = data_files({"path": str(folder)})
    except UserError:
        files = {}
    if files:
        return Found({split: table_of_file(path, choice) for split, path in files.items()}, folder)
    for find in (with_label_files, class_folders, named_files):
        found = find(folder, choice)
        if found:
            return Found(found)
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith((".", "__"))]
    fitting = [path for path in inner if has_data(path)]
    if len(fitting) == 1:
        return of_folder(fitting[0], choice)
    names = sorted(path.name for path in folder.iterdir())
    if fitting:
        raise UserError(f"{folder} holds several folders with data ({few(p.name for p in fitting)}); name one of them")
    raise UserError(
        f"{folder} has no file whose name tells a split (train, validation or dev, test), no single data file, and no "
        f"folder of texts for each class; it holds {listed(names)}; name the files: --train FILE --test FILE"
    )


def has_data(folder: Path) -> bool:
    """Whether a folder, or one in it, has data files."""
    return any(is_data(path) for path in folder.rglob("*") if path.is_file())


def is_data(path: Path) -> bool:
    """Whether a file's name is that of a data file."""
    if path.name.startswith(".") or NOT_DATA.match(path.name):
        return False
    suffix = path.suffix.lower()
    known = suffix in BY_SUFFIX or suffix in PLAIN or split_of(path.name) is not None
    return known or (suffix in COMPRESSED and suffix_of(path.with_suffix("")) in BY_SUFFIX)


def split_of(name: str) -> str | None:
    """The split that a file's or folder's name tells: by a word that begins as the split does."""
    words = re.findall(r"[a-z]+", name.lower())
    return next((split for split, known in WORDS.items() if any(word.startswith(known) for word in words)), None)


def named_files(folder: Path, choice: Choice) -> dict[str, Table]:
    """Files whose names tell the split; several of one split are joined. A single data file is the training split."""
    data = [path for path in sorted(folder.iterdir()) if path.is_file() and is_data(path)]
    by_split: dict[str, list[Path]] = {}
    for path in data:
        split = split_of(path.name)
        if split is not None:
            by_split.setdefault(split, []).append(path)
    others = [path for path in data if split_of(path.name) is None]
    if "train" not in by_split:
        return {"train": table_of_file(data[0], choice)} if len(data) == 1 else {}
    alike = [path for path in others if path.suffix == by_split["train"][0].suffix]
    if "test" not in by_split and len(alike) == 1:
        by_split["test"] = alike  # TREC's train_5500.label and TREC_10.label
    return {
        split: joined([table_of_file(path, choice) for path in one_format(by_split[split])])
        for split in SPLITS
        if split in by_split
    }


def one_format(paths: list[Path]) -> list[Path]:
    """Of files that differ in nothing but their format, one."""
    kept: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: order(path.suffix.lower())):
        kept.setdefault(path.stem, path)
    return sorted(kept.values())


def order(suffix: str) -> int:
    return PREFERRED.index(suffix) if suffix in PREFERRED else len(PREFERRED)


def with_label_files(folder: Path, choice: Choice) -> dict[str, Table]:
    """TweetEval's layout: train_text.txt and train_labels.txt, and mapping.txt with the labels' names."""
    found = {}
    for texts in sorted(folder.glob("*_text.txt")):
        split, labels = split_of(texts.name), texts.with_name(texts.name.replace("_text", "_labels"))
        if split is not None and labels.is_file():
            found[split] = texts_and_labels(texts, labels, mapping(folder / "mapping.txt"))
    return {split: found[split] for split in SPLITS if split in found} if "train" in found else {}


def mapping(path: Path) -> dict[str, str]:
    """Names of labels from a file with a number, a tab and a name per line; none where there is no such file."""
    if not path.is_file():
        return {}
    lines = [line.strip().split("\t", 1) for line in path.read_text(encoding="utf-8-sig").splitlines()]
    return {line[0].strip(): line[1].strip() for line in lines if len(line) == 2}


def class_folders(folder: Path, choice: Choice) -> dict[str, Table]:
    """A folder for each class with a text per file, below a folder for each split or without splits."""
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    splits = {split_of(path.name): path for path in inner if len(classes_in(path)) > 1}
    if "train" in splits:
        classes = classes_in(splits["train"])
        if "test" in splits:  # IMDb's unlabelled texts are in a folder of the training split alone
            classes = [name for name in classes if name in classes_in(splits["test"]) or not name.startswith("unsup")]
        return {split: folders_of_texts(splits[split], classes) for split in SPLITS if split in splits}
    classes = classes_in(folder)
    return {"train": folders_of_texts(folder, classes)} if len(classes) > 1 and not any(map(split_of, classes)) else {}


def classes_in(folder: Path) -> list[str]:
    """The names of the folders of texts in a folder."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and text_files(path))


def is_archive(path: Path) -> bool:
    """Whether a file holds others: a tar file, or a zip of several."""
    if path.suffix.lower() == ".zip":
        return zipfile.is_zipfile(path) and len(members(path)) != 1
    return path.name.lower().endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"))


def unpack(path: Path, folder: Path) -> Path:
    """Unpack an archive into an empty folder; nothing is written outside it. Raises UserError where it is damaged."""
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
        else:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
    except (*DAMAGE, tarfile.TarError, OSError) as error:
        raise UserError(f"{path} cannot be unpacked ({error}); download it again, or unpack it yourself") from None
    return folder
