"""The settings that a complete config asks for."""

from collections.abc import Iterable
from pathlib import Path

from finetune_report.config import search_space
from finetune_report.config.json_schema import SCHEMA, Json, read_schema
from finetune_report.errors import UserError


def all_settings(config: Json) -> list[Json]:
    """The named settings and those of the sweeps, as they stand there."""
    definitions = read_schema(SCHEMA)["$defs"]
    return config["settings"] + [
        setting for entry in config["sweep"] for setting in search_space.expand(entry, definitions)
    ]


def resolved_settings(config: Json) -> dict[str, Json]:
    """Each setting to train of a complete config, by name, with the shared defaults where it does not say otherwise."""
    return {
        setting["name"]: config["defaults"] | {key: value for key, value in setting.items() if key != "name"}
        for setting in all_settings(config)
        if "excluded" not in setting
    }


def unfinished_settings(settings: Iterable[str], seeds: list[int], results: Path) -> list[str]:
    """The settings of which a run below `results` has yet to finish.

    Raises UserError where the first one, the baseline, is among them.
    """
    runs = results / "runs"
    missing = [
        name for name in settings if not all((runs / name / f"seed{seed}" / "metrics.json").is_file() for seed in seeds)
    ]
    if next(iter(settings)) in missing:
        raise UserError(
            f"No run of the baseline, {missing[0]}, has finished in {runs}, and nothing can be compared without it; "
            "run make report first"
        )
    return missing


def excluded_settings(config: Json) -> dict[str, str]:
    """Why each setting that is not to be trained is not, by name."""
    return {setting["name"]: setting["excluded"] for setting in config["settings"] if "excluded" in setting}
