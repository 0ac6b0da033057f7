"""A study: several experiments, one report. What its file says, checked, and which systems its table has."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from finetune_report.config.json_schema import Json, Validator, read_schema
from finetune_report.config.messages import describe, nearest
from finetune_report.config.reading import read_config
from finetune_report.config.recorded import (
    braced_paths,
    foreign_sources,
    leads_out,
    relative_path,
    with_relative_paths,
)
from finetune_report.config.schema import complete, refuse, unprintable, with_defaults
from finetune_report.config.test_systems import declared_systems, has_test_scores
from finetune_report.errors import UserError
from finetune_report.files import PROJECT

SCHEMA = PROJECT / "config" / "study-schema.yaml"
EXPERIMENTS = "experiments"  # the key by which a study is known
# What begins the keys of the study's own values, and of those that the text of an experiment may begin with.
TAKEN = ("study", "ranks", "experiments", "ledger", "family", "comparison", "winner", "test", "values")


def is_study(config: Json) -> bool:
    """Whether a config is that of a study."""
    return EXPERIMENTS in config


def complete_study(config: Json) -> Json:
    """A study with every default filled in.

    Raises UserError with one line a mistake, in the study itself and in the configs of its experiments.
    """
    schema = read_schema(SCHEMA)
    refuse(list(unprintable(config)))
    refuse([describe(error) for error in Validator(schema).iter_errors(config)])
    filled = with_relative_paths(with_defaults(config, schema, schema))
    filled[EXPERIMENTS] = [entry | {"config": relative_path(entry["config"])} for entry in filled[EXPERIMENTS]]
    refuse(foreign_sources(filled) + braced_paths(filled) + foreign_configs(filled) + name_mistakes(filled))
    configs = experiments_of(filled)
    refuse(folder_mistakes(filled, configs) + untested_mistakes(filled, configs) + row_mistakes(filled, configs))
    return filled


def experiments_of(study: Json) -> dict[str, Json]:
    """The complete config of each experiment by the study's name for it.

    Raises UserError, with the place in the study and the file, on one that is missing or will not do.
    """
    found = {}
    for place, entry in enumerate(study[EXPERIMENTS]):
        path = Path(entry["config"])
        try:
            config = read_config(path)
            if is_study(config):
                raise UserError(f"{path} is a study itself, and a study is made of experiments; name their configs")
            found[entry["name"]] = complete(config)
        except UserError as error:
            told = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
            raise UserError(f"{EXPERIMENTS}[{place}].config: {told}") from None
    return found


def foreign_configs(study: Json) -> list[str]:
    """A line for each config from elsewhere: the manifest names it, and nobody else could make the study again."""
    return [
        f"{EXPERIMENTS}[{place}].config: found {entry['config']!r}; name a file of the project, relative to its folder"
        for place, entry in enumerate(study[EXPERIMENTS])
        if leads_out(entry["config"])
    ]


def name_mistakes(study: Json) -> list[str]:
    """What is wrong with the experiments' names that the schema cannot tell."""
    names = [entry["name"] for entry in study[EXPERIMENTS]]
    counts = Counter(names)
    found = [
        f"{EXPERIMENTS}: the name '{name}' stands more than once; each needs its own"
        for name in names
        if counts[name] > 1
    ]
    return found + [
        f"{EXPERIMENTS}[{place}].name: found '{name}', which begins the keys of other values; take another"
        for place, name in enumerate(names)
        if name in TAKEN
    ]


def folder_mistakes(study: Json, configs: Mapping[str, Json]) -> list[str]:
    """A line for each two that would write to the same results folder."""
    writers = {study["name"]: "the study itself"}
    found = []
    for place, entry in enumerate(study[EXPERIMENTS]):
        folder = configs[entry["name"]]["name"]
        if folder in writers:
            found.append(
                f"{EXPERIMENTS}[{place}].config: {entry['config']} writes to results/{folder}/, and so does "
                f"{writers[folder]}; give one of them another name"
            )
        writers.setdefault(folder, entry["config"])
    return found


def untested_mistakes(study: Json, configs: Mapping[str, Json]) -> list[str]:
    """A line for each experiment that has no test scores for the table."""
    return [
        f"{EXPERIMENTS}[{place}].config: {entry['config']} has data.test_split: "
        f"{configs[entry['name']]['data']['test_split']}, so that nothing is scored on a test split, and a study "
        "compares test scores; leave it out, or give it test labels"
        for place, entry in enumerate(study[EXPERIMENTS])
        if not has_test_scores(configs[entry["name"]])
    ]


def row_mistakes(study: Json, configs: Mapping[str, Json]) -> list[str]:
    """A line for each system that no experiment scores on its test split."""
    known = list(dict.fromkeys(name for config in configs.values() for name in declared_systems(config)))
    return [
        f"systems[{place}]: no experiment has '{name}' among its test.systems{nearest(name, known)}"
        for place, name in enumerate(study["systems"] or [])
        if name not in known
    ]


def table_systems(study: Json, configs: Mapping[str, Json]) -> list[str]:
    """The rows of the table in their order: those that the study names, or all that an experiment declares."""
    declared = [name for config in configs.values() for name in declared_systems(config)]
    return list(study["systems"] or dict.fromkeys(declared))
