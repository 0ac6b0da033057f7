"""Checks a config against its schema, fills in the defaults, and lists the runs that it asks for."""

import copy
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from lib import sweeps
from lib.errors import UserError

SCHEMA = Path(__file__).parents[2] / "config" / "schema.yaml"
NUMBER = r"[-+]?\d+(\.\d*|\.?\d*[eE][-+]?\d+)"
SOURCES = ("path", "files", "hub")  # of the data

Json = dict[str, Any]


def read_config(path: Path) -> Json:
    """The config that a file holds. Raises UserError where it cannot be read, or is no mapping of keys."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the config file itself")
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=OnceLoader)
    except FileNotFoundError:
        raise UserError(f"{path} is not there; give the path of a config file, such as config.yaml") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); mend its permissions") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: byte {error.start + 1}, 0x{error.object[error.start]:02x}, is not UTF-8; save the file as UTF-8"
        ) from None
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{place}: is not YAML ({error.problem}); mind indentation, colons and quotes") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(value, dict):
        raise UserError(f"{path} holds no keys; a config has keys such as name, data, model and settings")
    return value


class OnceLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML's own reader takes the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, (key, _) in enumerate(node.value):
            if keys[number] in keys[:number]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{keys[number]}' stands twice", key.start_mark
                )
        return super().construct_mapping(node, deep)


def complete(config: Json, schema_path: Path = SCHEMA) -> Json:
    """The config with every default filled in.

    Raises UserError with one line a mistake: the key, what was found, what is allowed, and the nearest valid name.
    """
    schema = read_schema(schema_path)
    config = with_relative_paths(with_one_source(with_scalars(config, schema, schema)))
    refuse([describe(error) for error in Draft202012Validator(schema).iter_errors(config)] + excluded_baseline(config))
    filled = with_defaults(config, schema, schema)
    refuse(sweep_mistakes(filled["sweep"], schema["$defs"]))
    refuse(duplicate_settings(filled))
    refuse(halving_mistakes(filled))
    refuse(foreign_sources(filled))
    return filled


def refuse(mistakes: list[str]) -> None:
    if mistakes:
        raise UserError("The config does not hold:\n" + "\n".join(f"  {line}" for line in sorted(set(mistakes))))


@cache
def read_schema(path: Path) -> Json:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def resolve(schema: Json, root: Json) -> Json:
    """A schema with the definition that it refers to merged in."""
    if "$ref" not in schema:
        return schema
    return root["$defs"][schema["$ref"].rpartition("/")[2]] | schema


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
    if isinstance(value, str) and "string" not in types and (value.isdecimal() or value in ("true", "false")):
        return int(value) if value.isdecimal() else value == "true"
    return value


def with_one_source(config: Json) -> Json:
    """`config` without the sources of data that are null: so the command line can put another one in their place.

    Snakemake hands a null inside `--config` on as a word.
    """
    data = config.get("data")
    if not isinstance(data, dict):
        return config
    given = {key: value for key, value in data.items() if key not in SOURCES or value not in (None, "null")}
    return config | {"data": given}


def with_relative_paths(config: Json) -> Json:
    """`config` with every path into the project relative to it, so that no record says where the project lies."""
    changed = copy.deepcopy(config)
    for holder, key in paths_in(changed):
        holder[key] = relative_path(holder[key])
    return changed


def paths_in(config: Json) -> Iterator[tuple[Json, str]]:
    """Every path in a config, as the section that holds it and its key there."""
    data, model, report = (config.get(part) for part in ("data", "model", "report"))
    files = data.get("files") if isinstance(data, dict) else None
    places = [(data, "path"), (model, "path"), (report, "write_up"), (report, "bibliography")]
    places += [(files, split) for split in ("train", "validation", "test")]
    for holder, key in places:
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            yield holder, key


def relative_path(path: str) -> str:
    """An absolute path into the project relative to it, with or without links on the way; another as it is."""
    if not Path(path).is_absolute() or "\0" in path:
        return path
    for here in (Path.cwd(), Path.cwd().resolve()):
        for given in (Path(path), Path(path).resolve()):
            if given.is_relative_to(here):
                return given.relative_to(here).as_posix()
    return path


def recorded(config: Json) -> Json:
    """A complete config, or some of its sections, as results and reports may show it.

    Of a path that leads out of the project only the last part is kept: the rest tells whose machine it is, and nothing
    of the content, which is recorded by its hash.
    """
    shown = copy.deepcopy(config)
    for holder, key in paths_in(shown):
        if leads_out(holder[key]):
            holder[key] = f".../{Path(holder[key]).name}"
    return shown


def leads_out(path: str) -> bool:
    return Path(path).is_absolute() or ".." in Path(path).parts or path.startswith("~")


def foreign_sources(config: Json) -> list[str]:
    """A write-up or bibliography from elsewhere, which nobody with a copy of the project could render again."""
    return [
        f"report.{key}: found {config['report'][key]!r}; name a file of the project, relative to its folder, so that "
        "the report can be verified by it"
        for key in ("write_up", "bibliography")
        if isinstance(config["report"][key], str) and leads_out(config["report"][key])
    ]


def with_defaults(value: Any, schema: Json, root: Json) -> Any:
    """`value` with the schema's defaults for what it leaves out, in the order of the schema."""
    schema = resolve(schema, root)
    if isinstance(value, dict):
        filled = {}
        for key, below in schema.get("properties", {}).items():
            below = resolve(below, root)
            if key in value or "default" in below:
                filled[key] = with_defaults(value.get(key, below.get("default")), below, root)
        return filled
    if isinstance(value, list):
        return [with_defaults(item, schema.get("items", {}), root) for item in value]
    return value


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
            found = [key for key in kinds if key in error.instance]
            return f"{prefix}give exactly one of {', '.join(kinds)}; found {' and '.join(found) or 'none'}"
        case "enum":
            choices = ", ".join(map(str, error.validator_value))
            return (
                f"{prefix}found {error.instance!r}; allowed: {choices}{nearest(error.instance, error.validator_value)}"
            )
        case "type":
            kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
            return f"{prefix}found {error.instance!r}; expected {' or '.join(kinds)}{meaning(error.schema)}"
        case "pattern" if error.validator_value.startswith("^[a-z0-9][a-z"):
            return f"{prefix}found {error.instance!r}; a name has lower-case letters, digits and '-' only"
    return f"{prefix}found {error.instance!r}; {bound(error)}{meaning(error.schema)}"


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


def sweep_mistakes(entries: list[Json], definitions: Json) -> list[str]:
    """One line for each mistake in the sweeps that the schema cannot tell."""
    found = []
    for number, entry in enumerate(entries):
        for mistake in sweeps.mistakes(entry, definitions):
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


def excluded_baseline(config: Json) -> list[str]:
    settings = config.get("settings")
    first = settings[0] if isinstance(settings, list) and settings else None
    if not isinstance(first, dict) or "excluded" not in first:
        return []
    return ["settings[0]: the first setting is the baseline and cannot be excluded; put another one first"]


def all_settings(config: Json) -> list[Json]:
    """The named settings and those of the sweeps, as they stand there."""
    definitions = read_schema(SCHEMA)["$defs"]
    return config["settings"] + [setting for entry in config["sweep"] for setting in sweeps.expand(entry, definitions)]


def resolved_settings(config: Json) -> dict[str, Json]:
    """Each setting to train of a complete config, by name, with the shared defaults where it does not say otherwise."""
    return {
        setting["name"]: config["defaults"] | {key: value for key, value in setting.items() if key != "name"}
        for setting in all_settings(config)
        if "excluded" not in setting
    }


def unfinished_settings(settings: Iterable[str], seeds: list[int], results: Path) -> list[str]:
    """The settings of which a run below `results` has yet to finish.

    Raises UserError where the first one, the baseline, is among them.
    """
    runs = results / "runs"
    missing = [
        name for name in settings if not all((runs / name / f"seed{seed}" / "metrics.json").is_file() for seed in seeds)
    ]
    if next(iter(settings)) in missing:
        raise UserError(
            f"No run of the baseline, {missing[0]}, has finished in {runs}, and nothing can be compared without it; "
            "run make report first"
        )
    return missing


def excluded_settings(config: Json) -> dict[str, str]:
    """Why each setting that is not to be trained is not, by name."""
    return {setting["name"]: setting["excluded"] for setting in config["settings"] if "excluded" in setting}
