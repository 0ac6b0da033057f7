"""Finds the pretrained model and records what it consists of.

Reads the files of a model: those of an installed package, of a local folder, or of the hub, which are downloaded.
Writes how they are found again, how many parameters they hold in how many megabytes, the SHA-256 of each, and one
fingerprint of them all. Nothing is loaded that could run
code: weights are taken as safetensors only, and a model that brings its own Python code is refused.
"""

import json
import logging
from pathlib import Path
from typing import Any

from finetune_report.config.models import naming_model
from finetune_report.config.recorded import recorded
from finetune_report.data.locations import MODEL_PATTERNS, is_model_file, listed, package_folder
from finetune_report.errors import UserError
from finetune_report.files import fingerprint, sha256, write_json
from finetune_report.model.pretrained import classified_types
from finetune_report.model.weights import INDEX, SINGLE, stored_megabytes, stored_parameters, weight_files
from finetune_report.runtime.job import run

import transformers
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, StrictDataclassError
from transformers import AutoConfig

SIZES = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    "max_position_embeddings",
)
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def main(sources: list[Path], model: Path, source: dict[str, Any], name: str) -> None:
    """`name` is that of the model among several."""
    with naming_model(name):
        folder = find_folder(source)
        check_folder(folder)
        files = {path.name: sha256(path) for path in sorted(folder.iterdir()) if is_model_file(path)}
        check_weights(folder, files, source["sha256"])
        size = {"parameters": stored_parameters(folder), "megabytes": stored_megabytes(folder)}
    # Where a package or a download lies is another matter on another machine, and tells whose machine it is.
    found = {"path": source.get("path"), "commit": folder.name if "name" in source else None}
    shown = recorded({"model": source})["model"]
    write_json(model, {"source": shown, **found, **size, "files": files, "fingerprint": fingerprint(files)})
    logging.info("%s: %d files, %d parameters", folder, len(files), size["parameters"])


def find_folder(source: dict[str, Any]) -> Path:
    """The folder of the model's files. Raises UserError where there is none."""
    if "path" in source:
        return Path(source["path"]).expanduser()
    if "name" in source:
        return download(source["name"], source["revision"])
    package = package_folder(source["package"])
    folder = package / source["folder"]
    if not folder.is_dir() or not folder.resolve().is_relative_to(package.resolve()):
        folders = listed(sorted(path.name for path in package.iterdir() if path.is_dir()))
        raise UserError(
            f"model.folder: the package {source['package']} has no folder '{source['folder']}'; it has {folders}"
        )
    return folder


def download(name: str, revision: str) -> Path:
    """The files of one revision of a model on the hub; a revision that was downloaded before needs no network."""
    try:
        folder = snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(MODEL_PATTERNS),
            # The patterns match across folders, and subfolders hold other formats of the same weights.
            ignore_patterns=["*/*"],
        )
    except LocalEntryNotFoundError as error:
        raise UserError(
            f"model.name: {name} (revision {revision}) cannot be reached and no earlier download of it is there; "
            f"connect to the network, or download the files and name their folder in model.path"
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise UserError(
            f"model.name: {name} (revision {revision}) cannot be downloaded ({' '.join(str(error).split())}); "
            f"check name, revision, and access"
        ) from error
    return Path(folder)


def check_folder(folder: Path) -> None:
    """Raises UserError where a folder is not a text classifier's, or brings code of its own."""
    names = sorted(path.name for path in folder.iterdir())
    if "adapter_config.json" in names and "config.json" not in names:
        raise UserError(
            f"model: {folder} holds an adapter (adapter_config.json) without its base model; merge the two "
            f"(merge_and_unload of peft, then save_pretrained), and name the folder of the merged model"
        )
    if "config.json" not in names:
        raise UserError(
            f"model: {folder} has no config.json; it holds {listed(names)}; name a folder as save_pretrained writes it"
        )
    for name in ("config.json", "tokenizer_config.json"):
        if name in names and "auto_map" in read_settings(folder / name):
            raise UserError(
                f"model: {folder / name} asks for Python code of its own (auto_map), which is not run here; "
                f"choose a model that transformers knows itself"
            )
    kind = read_settings(folder / "config.json").get("model_type")
    if kind not in classified_types():
        raise UserError(
            f"model: {folder / 'config.json'} has the model_type {kind!r}, for which transformers "
            f"{transformers.__version__} knows no sequence classifier; choose another model"
        )
    check_sizes(folder)


def check_sizes(folder: Path) -> None:
    """Raises UserError where config.json holds values of the wrong type, or sizes that no model has."""
    path = folder / "config.json"
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (StrictDataclassError, ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"model: {path} cannot be used ({reason}); correct it, or save the model again") from error
    for name in SIZES:
        value = getattr(config, name, None)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise UserError(f"model: {path}: {name} is {value!r}; expected a whole number from 1; save the model again")
    hidden, heads = getattr(config, "hidden_size", None), getattr(config, "num_attention_heads", None)
    if isinstance(hidden, int) and isinstance(heads, int) and not getattr(config, "head_dim", None) and hidden % heads:
        raise UserError(
            f"model: {path}: hidden_size {hidden} is no multiple of num_attention_heads {heads}; save the model again"
        )


def read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"model: {path} is not JSON ({error}); download or save the model again") from error
    if not isinstance(settings, dict):
        raise UserError(f"model: {path} holds no JSON object; download or save the model again")
    return settings


def check_weights(folder: Path, files: dict[str, str], expected: str | None) -> None:
    """Raises UserError where there are no safetensors, or `model.safetensors` is not the expected file."""
    if not any(name.endswith(".safetensors") for name in files):
        pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
        if pickles:
            raise UserError(
                f"model: {folder} holds weights as {listed(pickles)} only, a format that can run code when it is "
                f"loaded; save them as safetensors (save_pretrained does), or choose a revision that has them"
            )
        raise UserError(f"model: {folder} holds no weights (*.safetensors); it holds {listed(files)}")
    if not (folder / SINGLE).is_file() or (folder / INDEX).is_file():
        shards = weight_files(folder)
        if not (folder / INDEX).is_file():
            raise UserError(
                f"model: {folder} has neither {SINGLE} nor {INDEX}, which says what is in which of its files; it holds "
                f"{listed(files)}; download or save the model again"
            )
        logging.info("%d files of weights", len(shards))
    found = files.get("model.safetensors")
    if expected is None or found == expected:
        return
    if found is None:
        raise UserError(f"model.sha256: {folder} has no model.safetensors to compare; it holds {listed(files)}")
    raise UserError(
        f"model.sha256: {folder / 'model.safetensors'} has the SHA-256 {found}, expected {expected}; "
        f"install or download the model again, or correct the config if this file is the one you mean"
    )


if __name__ == "__main__":
    run(main)
