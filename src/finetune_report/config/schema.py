"""Checks a config against its schema, and fills in the defaults."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.config import search_space
from finetune_report.config.comparisons import comparison_mistakes
from finetune_report.config.json_schema import SCHEMA, Json, Validator, read_schema, resolve
from finetune_report.config.messages import describe, shown
from finetune_report.config.model_names import model_mistakes, with_default_model
from finetune_report.config.recorded import braced_paths, foreign_sources, with_relative_paths
from finetune_report.config.settings import all_settings, resolved_settings
from finetune_report.config.test_systems import system_mistakes, test_split_mistakes
from finetune_report.errors import UserError

NUMBER = r"[-+]?\d+(\.\d*|\.?\d*[eE][-+]?\d+)"
INTEGER = r"[0-9]{1,18}"
UNPRINTABLE = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of pairs in UTF-16
SOURCES = ("path", "files", "hub")  # of the data


def complete(config: Json, schema_path: Path = SCHEMA) -> Json:
    """The config with every default filled in.

    Raises UserError with one line a mistake: the key, what was found, what is allowed, and the nearest valid name.
    """
    refuse(study_mistakes(config))
    schema = read_schema(schema_path)
    config = with_label_names(with_one_source(with_scalars(config, schema, schema)))
    refuse(list(unprintable(config)))
    config = with_relative_paths(config)
    refuse([describe(error) for error in Validator(schema).iter_errors(config)] + excluded_baseline(config))
    filled = with_default_model(with_defaults(config, schema, schema))
    refuse(sweep_mistakes(filled["sweep"], schema["$defs"]))
    refuse(model_mistakes(filled))
    refuse(duplicate_settings(filled))
    refuse(halving_mistakes(filled))
    refuse(comparison_mistakes(filled))
    refuse(system_mistakes(filled) + test_split_mistakes(filled))
    refuse(foreign_sources(filled) + braced_paths(filled))
    return filled


def refuse(mistakes: list[str]) -> None:
    if mistakes:
        raise UserError("Invalid configuration:\n" + "\n".join(f"  {line}" for line in sorted(set(mistakes))))


def with_scalars(value: Any, schema: Json, root: Json) -> Any:
    """`value` with numbers and truth values in the place of texts that can be nothing else.

    YAML 1.1 takes `1e-4` for text, since it has no decimal point; `--config 'report={timings: false}'` takes all that
    stands in the braces for text.
    """
    schema = resolve(schema, root)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {key: with_scalars(item, properties.get(key, {}), root) for key, item in value.items()}
    if isinstance(value, list):
        return [with_scalars(item, schema.get("items", {}), root) for item in value]
    types = schema.get("type", ["string"])
    if isinstance(value, str) and "number" in types and re.fullmatch(NUMBER, value):
        return float(value)
    if isinstance(value, str) and "string" not in types and re.fullmatch(f"{INTEGER}|true|false", value):
        return value == "true" if value in ("true", "false") else int(value)
    return value


def unprintable(value: Any, where: str = "") -> Iterator[str]:
    """One line for each number that is none, and each text that no file name or result can hold."""
    prefix = f"{where}: " if where else ""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{prefix}found {value}; a number must be finite"
    elif isinstance(value, int) and abs(value) >= 2**63:
        yield f"{prefix}found a number of more than 18 digits"
    elif isinstance(value, str) and (sign := UNPRINTABLE.search(value)):
        yield f"{prefix}found {shown(value)}; no text may hold the sign {sign[0]!r}"
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from unprintable(key, where)
            yield from unprintable(item, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from unprintable(item, f"{where}[{place}]")


def with_one_source(config: Json) -> Json:
    """`config` without the sources of data that are null: so the command line can put another one in their place.

    Snakemake hands a null inside `--config` on as a word.
    """
    data = config.get("data")
    if not isinstance(data, dict):
        return config
    given = {key: value for key, value in data.items() if key not in SOURCES or value not in (None, "null")}
    return config | {"data": given}


def with_label_names(config: Json) -> Json:
    """`config` with the labels in data.label_map as text, since YAML makes numbers of some.

    Raises UserError where it made a truth value of one, whose spelling is lost.
    """
    data = config.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("label_map"), dict):
        return config
    for label in data["label_map"]:
        if label is None or isinstance(label, bool):
            refuse(
                [f"data.label_map: found {label!r}, which YAML makes of a word such as yes or null; put it in quotes"]
            )
    return config | {"data": data | {"label_map": {str(label): name for label, name in data["label_map"].items()}}}


def with_defaults(value: Any, schema: Json, root: Json) -> Any:
    """`value` with the schema's defaults for what it leaves out, in the order of the schema."""
    schema = resolve(schema, root)
    if isinstance(value, dict) and "properties" in schema:
        filled = {}
        for key, below in schema.get("properties", {}).items():
            below = resolve(below, root)
            if key in value or "default" in below:
                filled[key] = with_defaults(value.get(key, below.get("default")), below, root)
        return filled
    if isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        return {key: with_defaults(item, schema["additionalProperties"], root) for key, item in value.items()}
    if isinstance(value, list):
        return [with_defaults(item, schema.get("items", {}), root) for item in value]
    return value


def sweep_mistakes(entries: list[Json], definitions: Json) -> list[str]:
    """One line for each mistake in the sweeps that the schema cannot tell."""
    found = []
    for number, entry in enumerate(entries):
        for mistake in search_space.mistakes(entry, definitions):
            if isinstance(mistake, str):
                found.append(f"sweep[{number}].{mistake}")
            else:
                mistake.relative_path.extendleft([number, "sweep"])
                found.append(describe(mistake))
    return found


def duplicate_settings(config: Json) -> list[str]:
    counts = Counter(setting["name"] for setting in all_settings(config))
    twice = [name for name, count in counts.items() if count > 1]
    return [f"settings: the name '{name}' stands more than once; each setting needs its own" for name in twice]


def halving_mistakes(config: Json) -> list[str]:
    """What is wrong with the rungs of successive halving that the schema cannot tell."""
    rungs = config["halving"]["rungs"]
    if not rungs:
        return []
    if rungs != sorted(rungs):
        return [f"halving.rungs: found {rungs}; the epochs must rise"]
    name, setting = min(resolved_settings(config).items(), key=lambda item: item[1]["epochs"])
    if rungs[-1] < setting["epochs"]:
        return []
    return [
        f"halving.rungs: found {rungs}; the setting '{name}' ends after epoch {setting['epochs']}, and every rung must "
        "come before that"
    ]


def study_mistakes(config: Json) -> list[str]:
    """A line where a config is that of a study, of which `config.study` knows."""
    if "experiments" not in config:
        return []
    return [
        "experiments: this is a study of several experiments, and the config of one of them is needed here; a study "
        "runs by finetune-report run --config, or snakemake --snakefile study.smk"
    ]


def excluded_baseline(config: Json) -> list[str]:
    settings = config.get("settings")
    first = settings[0] if isinstance(settings, list) and settings else None
    if not isinstance(first, dict) or "excluded" not in first:
        return []
    return ["settings[0]: the first setting is the baseline and cannot be excluded; put another one first"]
