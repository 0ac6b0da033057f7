"""A mistake in a config in one line: where, what was found, what is allowed."""

import datetime
import difflib
from typing import Any

from finetune_report.config.json_schema import Json

from jsonschema.exceptions import ValidationError

LONGEST = 120  # characters of what was found


def describe(error: ValidationError) -> str:
    """One line on a mistake: where, what was found, what is allowed."""
    where = path_of(error)
    prefix = f"{where}: " if where else ""
    allowed = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    match error.validator:
        case "additionalProperties":
            unknown = [str(key) for key in error.instance if key not in allowed]
            return "; ".join(f"{prefix}unknown key '{key}'{nearest(key, allowed)}" for key in unknown)
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            return f"{prefix}the key '{missing[0]}' is missing ({allowed[missing[0]].get('description', 'required')})"
        case "oneOf":
            kinds = [kind["required"][0] for kind in error.validator_value]
            found = [key for key in kinds if isinstance(error.instance, dict) and key in error.instance]
            return f"{prefix}give exactly one of {', '.join(kinds)}; found {' and '.join(found) or 'none'}"
        case "enum":
            choices = ", ".join(map(str, error.validator_value))
            near = nearest(error.instance, error.validator_value)
            return f"{prefix}found {shown(error.instance)}; allowed: {choices}{near}"
        case "type" if isinstance(error.instance, bool) and error.validator_value == "string":
            return f"{prefix}found {error.instance}, which YAML makes of a word such as yes or true; put it in quotes"
        case "type":
            kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
            return f"{prefix}found {shown(error.instance)}; expected {' or '.join(kinds)}{meaning(error.schema)}"
        case "pattern" if error.validator_value.startswith("^[a-z0-9][a-z"):
            return f"{prefix}found {shown(error.instance)}; a name has lower-case letters, digits and '-' only"
    return f"{prefix}found {shown(error.instance)}; {bound(error)}{meaning(error.schema)}"


def shown(value: Any) -> str:
    """What was found, as Python writes it, cut where it is long."""
    text = str(value) if isinstance(value, datetime.date) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def path_of(error: ValidationError) -> str:
    """The place of a mistake as a person writes it: settings[2].batch_size."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")


def nearest(name: Any, names: Any) -> str:
    close = difflib.get_close_matches(str(name), [str(item) for item in names], n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; allowed: {', '.join(map(str, names))}"


def meaning(schema: Json) -> str:
    return f" ({schema['description'].rstrip('.')})" if "description" in schema else ""


def bound(error: ValidationError) -> str:
    words = {
        "minimum": "must be at least",
        "maximum": "must be at most",
        "exclusiveMinimum": "must be greater than",
        "exclusiveMaximum": "must be less than",
        "maxItems": "may have at most this many entries:",
        "minProperties": "needs at least this many keys:",
        "minItems": "needs at least this many entries:",
        "minLength": "needs at least this many characters:",
        "maxLength": "may have at most this many characters:",
        "pattern": "must match",
    }
    if error.validator == "uniqueItems":
        return "no entry may stand twice"
    return f"{words[str(error.validator)]} {error.validator_value}"
