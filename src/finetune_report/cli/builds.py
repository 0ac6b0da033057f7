"""A finished build, as the commands find it: its folder, its manifest, and where its files lie by the own config."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune_report import regular_files as regular
from finetune_report.config.reading import read_config
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.config.study import complete_study, is_study
from finetune_report.errors import UserError
from finetune_report.provenance.layout import Layout, layout_of, placed
from finetune_report.provenance.manifests import Manifest, carried_manifest
from finetune_report.runtime.snakemake_compat import provide_folders

NEEDED = ("manifest.json", "values.json", "checks.json")
STUDY = Path("study.yaml")
REVISION = ("commit", "dirty", "commit_time")


@dataclass(frozen=True)
class Build:
    """The results folder of an experiment whose report is finished, its manifest, and its layout.

    What a rule is called with comes from the layout, and so from the config of this checkout, never from the manifest:
    results may be a stranger's.
    """

    root: Path
    manifest: Manifest
    layout: Layout

    @property
    def name(self) -> str:
        return str(self.layout.config["name"])

    def inputs(self, rule: str) -> dict[str, Any]:
        """The inputs of a rule by name: results where they are now, and sources of this checkout."""
        called = self.layout.calls[rule]
        return placed(self.root, called.inputs) | placed(Path(), called.sources)

    def spec(self, rule: str) -> dict[str, Any]:
        """The part of the config that a rule is called with; the report's revision is the document's to say."""
        spec = self.layout.calls[rule].spec
        return spec | ({name: self.manifest[name] for name in REVISION} if rule == "render_write_up" else {})


@dataclass(frozen=True)
class Finished:
    """The results folder of an experiment whose report is finished, and its manifest."""

    root: Path
    manifest: Manifest


def copied(build: Build, folder: Path) -> Build:
    """The build with its results copied into an empty `folder`: all but weights, tokens, training data and logs.

    Raises UserError where one of them is not there, or no regular file.
    """
    made = [name for name in build.layout.named_files if not re.search(r"(^|/)tokens/\w+\.parquet$", name)]
    for name in [*made, "manifest.json", "checks.json", "write-up.md"]:
        try:
            regular.digest(build.root, name, folder / name)
        except OSError as error:
            raise UserError(f"{build.root / name}: {error.strerror}; run make report first") from None
    return replace(build, root=folder)


def open_build(config: Path, results: Path | None = None) -> Build:
    """The build of a config of this checkout, in the folder that is given, or where the workflow puts it.

    Raises UserError where there is none, or its report was never finished.
    """
    complete_config = complete(read_config(config))
    found = open_results(complete_config["name"], config, results)
    return Build(found.root, found.manifest, own_layout(complete_config, found.root, found.manifest))


def open_results(name: str, config: Path, results: Path | None = None) -> Finished:
    """The finished results of the experiment `name`, which `config` describes, without asking the rules for anything.

    Raises UserError where there are none, or the report was never finished.
    """
    root = results or Path("results") / name
    if not root.is_dir():
        known = sorted(path.parent.name for path in Path("results").glob("*/manifest.json"))
        raise UserError(f"there is no results folder '{root}'; finished here: {', '.join(known) or 'none'}")
    missing = [name for name in NEEDED if not (root / name).is_file()]
    if missing:
        raise UserError(f"{root}: no {', '.join(missing)}, so its report is not finished; run make report first")
    manifest = carried_manifest(root / "manifest.json")
    if manifest["experiment"] != name:
        raise UserError(
            f"{root} holds the experiment '{manifest['experiment']}', but {config} is '{name}'; "
            "name its own config with --config"
        )
    return Finished(root, manifest)


def own_config(path: Path) -> dict[str, Any]:
    """A config of this checkout, complete; that of an experiment or of a study."""
    config = read_config(path)
    return complete_study(config) if is_study(config) else complete(config)


def own_layout(config: dict[str, Any], root: Path, manifest: Manifest) -> Layout:
    """The layout of results that a draft may have been made of: it leaves settings out of which a run is not there."""
    missing: Iterable[str] = ()
    if manifest["config"].get("incomplete") is True:
        missing = [
            name
            for name in resolved_settings(config)
            if not all((root / f"runs/{name}/seed{seed}/metrics.json").is_file() for seed in config["seeds"])
        ]
    provide_folders()
    return layout_of(config, list(missing))


def config_of(experiment: str) -> Path:
    """The config of this checkout that describes an experiment. Raises UserError where none, or more than one, does."""
    found, names = [], []
    for path in [Path("config.yaml"), STUDY, *sorted(Path("config").glob("*.yaml"))]:
        try:
            name = read_config(path).get("name")
        except UserError:
            continue
        if isinstance(name, str):
            names.append(name)
            found += [path] * (name == experiment)
    if len(found) != 1:
        near = difflib.get_close_matches(experiment, names, n=1)
        raise UserError(
            f"{len(found)} configs of this checkout are of the experiment '{experiment}'"
            f"{f' (did you mean {near[0]}?)' if near and not found else ''}; name the config with --config"
        )
    return found[0]
