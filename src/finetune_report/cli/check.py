"""Check a config and the data and model files that it names, before anything starts."""

from pathlib import Path
from typing import Any

from finetune_report.config.models import naming_model, used_models
from finetune_report.config.reading import read_config
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.data.locations import data_files, model_files, require_prediction_files
from finetune_report.errors import UserError


def main(config: Path) -> int:
    found = checked(config)
    settings, seeds = len(resolved_settings(found)), len(found["seeds"])
    counts = {"setting": settings, "seed": seeds, "run": settings * seeds}
    print(
        f"{config}: no mistakes; " + ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items())
    )
    return 0


def checked(path: Path) -> dict[str, Any]:
    """The complete config in a file. Raises UserError, naming the file, where it, or a file it names, will not do."""
    try:
        config = complete(read_config(path))
        data_files(config["data"])
        for name, model in used_models(config, resolved_settings(config).values()).items():
            with naming_model(name):
                model_files(model)
        require_prediction_files(config["systems"])
    except UserError as error:
        raise UserError(f"{path}: {error}" if not str(error).startswith(str(path)) else str(error)) from None
    return config
