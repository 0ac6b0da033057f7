"""Check a config and the data and model files that it names, before anything starts."""

from pathlib import Path
from typing import Any

from finetune_report.config.models import naming_model, used_models
from finetune_report.config.reading import read_config
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.config.study import complete_study, experiments_of, is_study
from finetune_report.data.locations import data_files, missing, model_files, require_prediction_files
from finetune_report.errors import UserError


def main(config: Path) -> int:
    found = checked(config)
    if is_study(found):
        names = [entry["name"] for entry in found["experiments"]]
        print(f"{config}: no mistakes; a study of {len(names)} experiments: {', '.join(names)}")
        return 0
    settings, seeds = len(resolved_settings(found)), len(found["seeds"])
    counts = {"setting": settings, "seed": seeds, "run": settings * seeds}
    print(
        f"{config}: no mistakes; " + ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items())
    )
    return 0


def checked(path: Path) -> dict[str, Any]:
    """The complete config in a file, of an experiment or of a study.

    Raises UserError, naming the file, where it, or a file it names, will not do.
    """
    try:
        given = read_config(path)
        if is_study(given):
            return checked_study(given)
        config = complete(given)
        require_files(config)
    except UserError as error:
        raise UserError(f"{path}: {error}" if not str(error).startswith(str(path)) else str(error)) from None
    return config


def checked_study(given: dict[str, Any]) -> dict[str, Any]:
    """A complete study whose experiments' files are there, and its write-up. Raises UserError where they are not."""
    study = complete_study(given)
    for place, (entry, config) in enumerate(zip(study["experiments"], experiments_of(study).values(), strict=True)):
        try:
            require_files(config)
        except UserError as error:
            raise UserError(f"experiments[{place}].config: {entry['config']}: {error}") from None
    for key in ("write_up", "bibliography"):
        path = study["report"][key]
        if path is not None and not Path(path).is_file():
            raise UserError(missing(f"report.{key}", Path(path)))
    return study


def require_files(config: dict[str, Any]) -> None:
    """Raises UserError where a file of data, model or predictions is not there."""
    data_files(config["data"])
    for name, model in used_models(config, resolved_settings(config).values()).items():
        with naming_model(name):
            model_files(model)
    require_prediction_files(config["systems"])
