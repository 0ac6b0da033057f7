"""What a config may say: defaults, and one exact message for each kind of mistake."""

import re
from typing import Any

from finetune_report.config.json_schema import SCHEMA
from finetune_report.config.schema import complete
from finetune_report.config.settings import excluded_settings, resolved_settings, unfinished_settings
from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from tests.support.configs import minimal
from tests.support.messages import assert_says

import pytest
import yaml

NO_CONFIGS = ("schema.yaml", "study-schema.yaml", "manifest.yaml")  # they say what files may hold
CONFIGS = [
    ROOT / "config.yaml",
    *(path for path in sorted((ROOT / "config").glob("*.yaml")) if path.name not in NO_CONFIGS),
]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configs_hold(path: Any) -> None:
    complete(yaml.safe_load(path.read_text()))


def test_the_shipped_config_comments_each_key() -> None:
    """On its line, or on lines of their own above it; settings after the first repeat its keys."""
    explained: set[str] = set()
    above = ""
    for line in (ROOT / "config.yaml").read_text().splitlines():
        if (found := re.match(r"\s*(?:- )?([a-z_0-9]+):", line)) and not (found[1] == "name" and "- " in line):
            if "#" in line or above.startswith("#"):
                explained.add(found[1])
            assert found[1] in explained, line
        above = line


def test_the_shipped_config_tells_of_every_key_and_its_default() -> None:
    schema, text = yaml.safe_load(SCHEMA.read_text()), (ROOT / "config.yaml").read_text()
    given = yaml.safe_load(text)
    left_out = yaml.safe_load("\n".join(re.findall(r"^# ([a-z_]+: .*)$", text, re.MULTILINE)))
    assert set(given) | set(left_out) | {"models"} == set(schema["properties"])
    assert "`models`" in text  # which stands in the place of model
    complete_config = complete({key: given[key] for key in [*schema["required"], "model"]})
    assert left_out == {key: complete_config[key] for key in left_out}


def test_every_key_of_the_schema_is_described() -> None:
    def check(schema: dict[str, Any], where: str) -> None:
        for key, below in schema.get("properties", {}).items():
            if where != "data.files" and "$ref" not in below:
                assert below.get("description"), f"{where}.{key}"
            check(below, f"{where}.{key}".lstrip("."))

    check(yaml.safe_load(SCHEMA.read_text()), "")


def test_defaults_are_filled_in_at_every_level() -> None:
    config = complete(minimal(defaults={"epochs": 3}))
    assert config["threads"] == 1
    assert config["data"]["text"] == "text"
    assert config["attention"]["seed"] == 447
    assert resolved_settings(config)["baseline"]["epochs"] == 3
    assert resolved_settings(config)["other"] == config["defaults"] | {"batch_size": 5}


def test_an_excluded_setting_is_not_trained_but_kept_with_its_reason() -> None:
    config = complete(minimal(settings=[{"name": "a"}, {"name": "b", "excluded": "it needs too much memory"}]))
    assert list(resolved_settings(config)) == ["a"]
    assert excluded_settings(config) == {"b": "it needs too much memory"}


def test_a_rate_without_a_decimal_point_is_a_number() -> None:
    config = complete(minimal(settings=[{"name": "a", "learning_rate": yaml.safe_load("1e-4")}]))
    assert config["settings"][0]["learning_rate"] == 1e-4


# What a config has, and an example of what is said of it.
MISTAKES = [
    ({"nmae": "x"}, "  unknown key 'nmae'; did you mean 'name'?"),
    (
        {"settings": [{"name": "a", "excluded": "too slow"}]},
        "  settings[0]: the first setting is the baseline and cannot be excluded; put another one first",
    ),
    (
        {"settings": [{"name": "a", "batchsize": 3}]},
        "  settings[0]: unknown key 'batchsize'; did you mean 'batch_size'?",
    ),
    (
        {"settings": []},
        "  settings: found []; needs at least this many entries: 1",
    ),
    (
        {"settings": [{"name": "a", "batch_size": 0}]},
        "  settings[0].batch_size: found 0; must be at least 1",
    ),
    (
        {"settings": [{"name": "a", "batch_size": "many"}]},
        "  settings[0].batch_size: found 'many'; expected integer",
    ),
    (
        {"settings": [{"name": "a", "learning_rate": -0.1}]},
        "  settings[0].learning_rate: found -0.1; must be greater than 0",
    ),
    (
        {"settings": [{"name": "a/b"}]},
        "  settings[0].name: found 'a/b'; a name has lower-case letters, digits and '-' only",
    ),
    (
        {"settings": [{"name": "a"}, {"name": "a"}]},
        "  settings: the name 'a' stands more than once; each setting needs its own",
    ),
    ({"settings": [{"batch_size": 3}]}, "  settings[0]: the key 'name' is missing (required)"),
    *(
        (
            {"settings": [{"name": "a"}, {"name": name}]},
            f"  settings: '{name}' is what the report calls something else; give this setting another name",
        )
        for name in ("majority", "bag-of-words", "probe", "winner", "test")
    ),
    (
        {"settings": [{"name": "a"}, {"name": True}]},
        "  settings[1].name: found True, which YAML makes of a word such as yes or true; put it in quotes",
    ),
    *(
        (
            changes,
            f"  {key}: found 'd {{x}}/y'; Snakemake takes braces in paths for its own: give the folder another name",
        )
        for key, changes in (
            ("data.path", {"data": {"path": "d {x}/y"}}),
            ("data.files.test", {"data": {"files": {"train": "a.csv", "test": "d {x}/y"}}}),
            ("model.path", {"model": {"path": "d {x}/y"}}),
            ("report.write_up", {"report": {"write_up": "d {x}/y"}}),
        )
    ),
    (
        {"settings": [{"name": "a", "schedule": "linaer"}]},
        "  settings[0].schedule: found 'linaer'; allowed: linear, cosine, constant; did you mean 'linear'?",
    ),
    ({"data": {"path": "a", "hub": {"name": "b"}}}, "  data: give exactly one of path, files, hub; found path and hub"),
    ({"data": {}}, "  data: give exactly one of path, files, hub; found none"),
    ({"name": "../x"}, "  name: found '../x'; a name has lower-case letters, digits and '-' only"),
    (
        {"seeds": [1, 1]},
        "  seeds: found [1, 1]; no entry may stand twice",
    ),
    (
        {"model": {"path": "a", "sha256": "123"}},
        "  model.sha256: found '123'; must match ^[0-9a-f]{64}$",
    ),
    (
        {"threads": 0},
        "  threads: found 0; must be at least 1",
    ),
]


@pytest.mark.parametrize(("changes", "line"), MISTAKES, ids=[line[:40] for _, line in MISTAKES])
def test_a_mistake_is_named_with_what_is_allowed(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as error:
        complete(minimal(**changes))
    assert_says(str(error.value), f"Invalid configuration:\n{line}")


def test_a_mistake_is_told_with_what_the_key_means() -> None:
    meaning = yaml.safe_load(SCHEMA.read_text())["properties"]["threads"]["description"]
    with pytest.raises(UserError) as error:
        complete(minimal(threads=0))
    assert meaning.rstrip(".") in str(error.value)


def test_several_mistakes_are_told_at_once() -> None:
    with pytest.raises(UserError) as error:
        complete(minimal(threads=0, nmae="x"))
    assert len(str(error.value).splitlines()) == 3


def test_settings_of_which_a_run_has_yet_to_finish(tmp_path):
    for run in ("a/seed1", "a/seed2", "b/seed1"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "metrics.json").touch()
    assert unfinished_settings(["a", "b", "c"], [1, 2], tmp_path) == ["b", "c"]
    with pytest.raises(UserError, match="No run of the baseline, b, has finished"):
        unfinished_settings(["b", "a"], [1, 2], tmp_path)


def test_what_the_command_line_gives_as_text_is_read_as_what_it_is():
    given = {"report": {"timings": "false"}, "data": {"path": "d", "validation_fraction": "0.25", "header": "true"}}
    given["attention"] = {"sentences": "7", "seed": "12"}
    config = complete(minimal(**given))
    assert (config["report"]["timings"], config["data"]["header"]) == (False, True)
    assert config["data"]["validation_fraction"] == 0.25
    assert (config["attention"]["sentences"], config["attention"]["seed"]) == (7, 12)
    with pytest.raises(UserError, match=r"report\.timings: found 'no'; expected boolean"):
        complete(minimal(report={"timings": "no"}))
