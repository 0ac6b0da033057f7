"""The pretrained model that model.json records: where its files are now, and whether they are still the same."""

from pathlib import Path
from typing import Any

from finetune_report.data.locations import package_folder
from finetune_report.errors import UserError
from finetune_report.files import sha256


def pretrained_folder(record: dict[str, Any]) -> Path:
    """The folder of the model that `record`, the content of model.json, is about.

    A package is looked for anew, so that an environment may move. Raises UserError where a file is gone, or is no
    longer the one that was recorded.
    """
    source = record["source"]
    folder = package_folder(source["package"]) / source["folder"] if "package" in source else Path(record["path"])
    for name, expected in record["files"].items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"model: {path} is gone; install or download the model anew")
        found = sha256(path)
        if found != expected:
            raise UserError(
                f"model: {path} has the SHA-256 {found}, but had {expected} when the experiment began; "
                f"install or download the model anew, or, if it is meant to be another, remove model.json"
            )
    return folder


def classified_types() -> frozenset[str]:
    """Every `model_type` for which transformers has a sequence classifier."""
    # Not documented; seen in transformers 5.23.0.
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

    return frozenset(MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
