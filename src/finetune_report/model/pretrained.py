"""The pretrained model that model.json records: where its files are now, and whether they are still the same."""

from pathlib import Path
from typing import Any

from finetune_report.data.locations import package_folder
from finetune_report.errors import UserError
from finetune_report.files import sha256

import huggingface_hub
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError


def pretrained_folder(record: dict[str, Any]) -> Path:
    """The folder of the model that `record`, the content of model.json, is about.

    A package and a download are looked up each time, so that an environment or a cache may move. Raises UserError where
    a file is gone, or is no longer the one that was recorded.
    """
    folder = located(record)
    for name, expected in record["files"].items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"model: {path} is gone; install or download the model again")
        found = sha256(path)
        if found != expected:
            raise UserError(
                f"model: {path} has the SHA-256 {found}, but had {expected} when the experiment began; "
                f"install or download the model again, or, if it is meant to be another, remove model.json"
            )
    return folder


def located(record: dict[str, Any]) -> Path:
    """Where the files of a model should be. Raises UserError where a download is gone."""
    source = record["source"]
    if "package" in source:
        return package_folder(source["package"]) / source["folder"]
    if "path" in source:
        return Path(record["path"]).expanduser()
    try:
        return Path(snapshot_download(source["name"], revision=record["commit"], local_files_only=True))
    except LocalEntryNotFoundError:
        raise UserError(
            f"model: {source['name']} is not in the cache of downloads ({huggingface_hub.constants.HF_HUB_CACHE}) at "
            f"commit {record['commit']}; download it with `finetune-report fetch`, or set HF_HOME to where it lies"
        ) from None


def classified_types() -> frozenset[str]:
    """Every `model_type` for which transformers has a sequence classifier."""
    # Not documented; seen in transformers 5.23.0.
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

    return frozenset(MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
