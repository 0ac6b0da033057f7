"""Reads a model's weights from an explicit list of safetensors files inside its folder, and from nothing else.

`from_pretrained` follows an index wherever it points: to pickles, which run code when they are opened, or to other
folders.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a model's weights: one, or those that the index names. Raises UserError for a bad index."""
    index = folder / INDEX
    if not index.is_file():
        return [folder / SINGLE]
    names = indexed_names(index)
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise UserError(
                f"model: {index} points to {name!r}; weights are only read from .safetensors files in the same folder: "
                f"save the model again with save_pretrained, or remove the index if {SINGLE} has all weights"
            )
        if not (folder / name).is_file():
            raise UserError(f"model: {index} names {name}, which is not there; download or save the model again")
    return [folder / name for name in names]


def indexed_names(index: Path) -> list[str]:
    """The different file names in an index, sorted."""
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        names = {None}
    if not names or not all(isinstance(name, str) and name for name in names):
        raise UserError(f"model: {index} is not an index of weights; download or save the model again")
    return sorted(names)


def load_weights(folder: Path) -> dict[str, Any]:
    """All weights by name, as they are stored. Raises UserError where files are damaged or weights are not finite."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    weights: dict[str, torch.Tensor] = {}
    for path in weight_files(folder):
        try:
            weights |= load_file(path)
        except (SafetensorError, OSError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(f"model: {path} cannot be read as safetensors ({reason}); download it again") from error
    bad = sorted(name for name, weight in weights.items() if weight.is_floating_point() and not weight.isfinite().all())
    if bad:
        raise UserError(
            f"model: the weights {bad[0]}{f' and {len(bad) - 1} more' * (len(bad) > 1)} in {folder} hold values that "
            f"are not finite (NaN or infinity); download or save the model again"
        )
    return weights


def stored_parameters(folder: Path) -> int:
    """How many numbers the weights in a folder are; whole numbers, which are positions and counters, do not count.

    Read from the heads of the files. Raises UserError where one is damaged.
    """
    from safetensors import SafetensorError, safe_open

    total = 0
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="numpy") as stored:
                slices = list(map(stored.get_slice, stored.keys()))
                total += sum(prod(each.get_shape()) for each in slices if each.get_dtype().startswith(("F", "BF")))
        except (SafetensorError, OSError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(f"model: {path} cannot be read as safetensors ({reason}); download it again") from error
    return total


def stored_megabytes(folder: Path) -> float:
    """The size on disk of the weights in a folder, in millions of bytes."""
    return sum(path.stat().st_size for path in weight_files(folder)) / 1e6
