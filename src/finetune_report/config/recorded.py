"""Paths in a config: relative to the project where they lead into it, and what of the others may be recorded."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def with_relative_paths(config: Json) -> Json:
    """`config` with every path into the project relative to it, so that no record says where the project lies."""
    changed = copy.deepcopy(config)
    for holder, key in paths_in(changed):
        holder[key] = relative_path(holder[key])
    return changed


PATHS = (
    *("data.path", "data.files.train", "data.files.validation", "data.files.test"),
    *("model.path", "report.write_up", "report.bibliography"),
)


def paths_in(config: Json) -> Iterator[tuple[Json, str]]:
    """Every path in a config, as the section that holds it and its key there."""
    for _, holder, key in placed_paths(config):
        yield holder, key


def placed_paths(config: Json) -> Iterator[tuple[str, Json, str]]:
    """Every path in a config: its place as a person writes it, the section that holds it, and its key there."""
    found: list[tuple[str, Any, str]] = []
    for place in PATHS:
        *sections, key = place.split(".")
        holder: Any = config
        for section in sections:
            holder = holder.get(section) if isinstance(holder, dict) else None
        found.append((place, holder, key))
    models, systems = config.get("models"), config.get("systems")
    for name, model in models.items() if isinstance(models, dict) else ():
        found.append((f"models.{name}.path", model, "path"))
    for number, system in enumerate(systems if isinstance(systems, list) else []):
        found.append((f"systems[{number}].predictions", system, "predictions"))
    for place, holder, key in found:
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            yield place, holder, key


def braced_paths(config: Json) -> list[str]:
    """A line for each path with braces, in which Snakemake sees wildcards wherever a path is an input."""
    return [
        f"{place}: found {holder[key]!r}; Snakemake takes braces in paths for its own: give the folder another name"
        for place, holder, key in placed_paths(config)
        if "{" in holder[key] or "}" in holder[key]
    ]


def relative_path(path: str) -> str:
    """An absolute path into the project relative to it, with or without links on the way; another as it is."""
    if not Path(path).is_absolute() or "\0" in path:
        return path
    for here in (Path.cwd(), Path.cwd().resolve()):
        for given in (Path(path), Path(path).resolve()):
            if given.is_relative_to(here):
                return given.relative_to(here).as_posix()
    return path


def recorded(config: Json) -> Json:
    """A complete config, or some of its sections, as results and reports may show it.

    Of a path that leads out of the project only the last part is kept: the rest tells whose machine it is, and nothing
    of the content, which is recorded by its hash.
    """
    shown = copy.deepcopy(config)
    for holder, key in paths_in(shown):
        if leads_out(holder[key]):
            holder[key] = f".../{Path(holder[key]).name}"
    return shown


def leads_out(path: str) -> bool:
    return Path(path).is_absolute() or ".." in Path(path).parts or path.startswith("~")


def foreign_sources(config: Json) -> list[str]:
    """A write-up or bibliography from elsewhere, which nobody with a copy of the project could render again."""
    return [
        f"report.{key}: found {config['report'][key]!r}; name a file of the project, relative to its folder, so that "
        "the report can be verified by it"
        for key in ("write_up", "bibliography")
        if isinstance(config["report"][key], str) and leads_out(config["report"][key])
    ]
