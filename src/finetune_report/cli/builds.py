"""A finished build, as the commands find it: its folder, its manifest, and how its report was made."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import SNAKEMAKES, read_json

import yaml

NEEDED = ("manifest.json", "values.json", "checks.json")


@dataclass(frozen=True)
class Build:
    """The results folder of an experiment whose report is finished, and its manifest."""

    root: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.manifest["experiment"])

    def inputs(self, rule: str) -> dict[str, Any]:
        """The inputs of a rule by name, those among the results where they are now."""
        return {
            name: self.place(paths) if isinstance(paths, str) else [self.place(path) for path in paths]
            for name, paths in self.manifest["calls"][rule]["inputs"].items()
        }

    def spec(self, rule: str) -> dict[str, Any]:
        return dict(self.manifest["calls"][rule]["spec"])

    def place(self, path: str) -> Path:
        prefix = f"results/{self.name}/"
        return self.root / path.removeprefix(prefix) if path.startswith(prefix) else Path(path)


def copied(build: Build, folder: Path) -> Build:
    """The build with its results copied into an empty `folder`: all but weights, data, checkpoints and logs."""
    left_out = shutil.ignore_patterns("model", "*.parquet", "checkpoints", "logs", SNAKEMAKES)
    shutil.copytree(build.root, folder, ignore=left_out, dirs_exist_ok=True)
    return Build(folder, build.manifest)


def open_build(given: str) -> Build:
    """The build in a results folder, given by its path or by the experiment's name.

    Raises UserError where there is none, or its report was never finished.
    """
    root = next((path for path in (Path(given), Path("results") / given) if path.is_dir()), None)
    if root is None:
        known = sorted(path.parent.name for path in Path("results").glob("*/manifest.json"))
        raise UserError(f"there is no results folder '{given}'; finished here: {', '.join(known) or 'none'}")
    missing = [name for name in NEEDED if not (root / name).is_file()]
    if missing:
        raise UserError(f"{root}: no {', '.join(missing)}, so its report is not finished; run make report first")
    return Build(root, read_json(root / "manifest.json"))


def experiment_name(config: Path) -> str:
    """The name of the experiment that a config file describes."""
    try:
        return str(yaml.safe_load(config.read_text(encoding="utf-8"))["name"])
    except OSError as error:
        raise UserError(f"{config}: {error.strerror}; name the config file of an experiment") from None
    except (yaml.YAMLError, KeyError, TypeError):
        raise UserError(f"{config}: expected a config with the key 'name'") from None
