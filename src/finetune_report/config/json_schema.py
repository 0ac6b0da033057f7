"""The schema of configs, and what validates against it."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from finetune_report.files import PROJECT

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # of libyaml, where PyYAML was built with it
SCHEMA = PROJECT / "config" / "schema.yaml"

Json = dict[str, Any]


@cache
def read_schema(path: Path) -> Json:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=FastLoader)


def resolve(schema: Json, root: Json) -> Json:
    """A schema with the definition that it refers to merged in."""
    if "$ref" not in schema:
        return schema
    return root["$defs"][schema["$ref"].rpartition("/")[2]] | schema


def pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword as the standard means it: `$` is the end of a text, where Python lets a line break follow."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", wanted), instance):
        yield ValidationError(f"{instance!r} does not match {wanted!r}")


Validator = extend(Draft202012Validator, {"pattern": pattern})
