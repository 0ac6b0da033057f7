"""The pretrained models of a complete config: one, which needs no name, or several by name.

Jobs import this too, so that it needs nothing that reads or checks configs.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from finetune_report.errors import UserError

ONLY = ""  # the name of a model that is the only one
# The key in a message, alone or with one below; not a word, nor the name of a file such as model.json.
KEY = re.compile(r"(?<![\w./-])model(?=:|\.(?:package|folder|path|name|revision|head|sha256)\b)")


def model_of(setting: dict[str, Any]) -> str:
    """The name of the model that a resolved setting trains."""
    return str(setting.get("model", ONLY))


def used_models(config: dict[str, Any], settings: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The models that resolved settings train, by name, in the order in which they come up: the baseline's first."""
    if "models" not in config:
        return {ONLY: config["model"]}
    return {name: config["models"][name] for name in dict.fromkeys(map(model_of, settings))}


def folder_of(model: str) -> str:
    """Where what is made of a model lies in the results folder; of several, each has a folder."""
    return "" if model == ONLY else f"models/{model}"


@contextmanager
def naming_model(model: str) -> Iterator[None]:
    """Have a message on the key `model` say which of several it is about."""
    try:
        yield
    except UserError as error:
        if model == ONLY:
            raise
        raise UserError(KEY.sub(f"models.{model}", str(error))) from error
