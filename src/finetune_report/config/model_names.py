"""Which of several models each part of a config names, and names that no model has."""

from collections.abc import Iterator
from typing import Any

from finetune_report.config.json_schema import Json
from finetune_report.config.messages import nearest


def with_default_model(config: Json) -> Json:
    """A complete config in which a setting that names none of several models takes the first.

    It is written down, since the order of `models` is lost where a config is kept as JSON with sorted keys.
    """
    if "models" not in config or "model" in config["defaults"]:
        return config
    return config | {"defaults": {"model": next(iter(config["models"]))} | config["defaults"]}


def model_mistakes(config: Json) -> list[str]:
    """A line for each model that a config names and does not have."""
    named = [(place, name) for place, name in named_models(config) if name not in config.get("models", {})]
    if "models" not in config:
        remedy = "the config has a single one, in model; name it and the others in models, or leave this key out"
        return [f"{place}: found {name!r}; {remedy}" for place, name in named]
    return [f"{place}: there is no model {name!r}{nearest(name, config['models'])}" for place, name in named]


def named_models(config: Json) -> Iterator[tuple[str, Any]]:
    """Every name of a model in a config, after its place."""
    sections = {"defaults": config["defaults"]}
    sections |= {f"settings[{number}]": setting for number, setting in enumerate(config["settings"])}
    sections |= {f"sweep[{number}].fixed": sweep["fixed"] for number, sweep in enumerate(config["sweep"])}
    for where, section in sections.items():
        if "model" in section:
            yield f"{where}.model", section["model"]
    for number, sweep in enumerate(config["sweep"]):
        for place, name in enumerate(sweep["over"].get("model", {}).get("values", [])):
            yield f"sweep[{number}].over.model.values[{place}]", name
