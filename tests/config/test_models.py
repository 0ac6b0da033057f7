"""One model or several: which one a setting trains, where its files lie, and what is refused."""

from pathlib import Path
from typing import Any

from finetune_report.config.models import folder_of, model_of, naming_model, used_models
from finetune_report.config.reading import read_config
from finetune_report.config.recorded import recorded
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.errors import UserError
from tests.support.configs import minimal
from tests.support.messages import refuses

import pytest

MODELS = {"small": {"path": "one"}, "large": {"path": "two", "head": "new"}}


def several(**changes: Any) -> dict[str, Any]:
    """A config with two models; `changes` replace its keys."""
    config = minimal(**({"models": MODELS} | changes))
    return config if "model" in changes else {key: entry for key, entry in config.items() if key != "model"}


def trained(config: dict[str, Any]) -> dict[str, str]:
    return {name: model_of(setting) for name, setting in resolved_settings(complete(config)).items()}


def test_a_single_model_has_no_name_and_no_folder() -> None:
    config = complete(minimal())
    assert trained(minimal()) == {"baseline": "", "other": ""}
    assert used_models(config, resolved_settings(config).values()) == {"": config["model"]}
    assert folder_of("") == ""
    assert "model" not in config["defaults"]


def test_a_setting_names_its_model_and_takes_the_first_where_it_does_not() -> None:
    settings = [{"name": "a"}, {"name": "b", "model": "large"}]
    assert trained(several(settings=settings)) == {"a": "small", "b": "large"}
    assert trained(several(settings=settings, defaults={"model": "large"})) == {"a": "large", "b": "large"}


def test_a_complete_config_says_which_is_the_first_since_sorted_keys_lose_it() -> None:
    config = complete(several())
    assert config["defaults"]["model"] == "small"
    turned = config | {"models": dict(sorted(config["models"].items()))}
    assert trained(turned) == {"baseline": "small", "other": "small"}


def test_models_come_in_the_order_of_the_settings_and_only_those_that_are_trained() -> None:
    config = complete(several(settings=[{"name": "a", "model": "large"}, {"name": "b", "model": "small"}]))
    settings = resolved_settings(config)
    assert list(used_models(config, settings.values())) == ["large", "small"]
    assert list(used_models(config, [settings["b"]])) == ["small"]
    assert used_models(config, [settings["a"]])["large"]["head"] == "new"
    assert used_models(config, [settings["b"]])["small"]["head"] == "keep"  # a default, filled in


def test_a_sweep_ranges_over_models() -> None:
    over = {"model": {"values": ["large", "small"]}, "batch_size": {"values": [4, 8]}}
    found = trained(several(sweep=[{"name": "grid", "method": "grid", "over": over}]))
    assert [found[f"grid-{place}"] for place in ("1-1", "1-2", "2-1", "2-2")] == ["large", "large", "small", "small"]
    sample = {"name": "some", "method": "sobol", "count": 8, "over": {"model": {"values": ["large", "small"]}}}
    found = trained(several(sweep=[sample]))
    assert sorted(found[name] for name in found if name.startswith("some")) == ["large"] * 4 + ["small"] * 4


SWEEP = {"name": "s", "method": "grid", "over": {"model": {"values": ["small", "larg"]}}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": {"path": "x"}}, ("exactly one", "model and models")),
        ({"models": {"small": {"path": "x"}}}, ("models: ", "at least", "2", "model describes")),
        ({"models": [{"path": "x"}, {"path": "y"}]}, ("models: ", "expected object")),
        ({"models": MODELS | {"My Model": {"path": "x"}}}, ("models: ", "'My Model'", "lower-case")),
        ({"models": MODELS | {"other": {"path": "x", "name": "y"}}}, ("models.other: ", "path and name")),
        ({"models": MODELS | {"other": {"paht": "x"}}}, ("models.other: ", "'paht'", "did you mean 'path'")),
        ({"settings": [{"name": "a", "model": "larg"}]}, ("settings[0].model", "'larg'", "did you mean 'large'")),
        ({"settings": [{"name": "a", "model": "x"}]}, ("settings[0].model", "'x'", "allowed: small, large")),
        ({"settings": [{"name": "a"}, {"name": "b", "model": "x", "excluded": "why"}]}, ("settings[1].model", "'x'")),
        ({"settings": [{"name": "a", "model": {"path": "x"}}]}, ("settings[0].model", "expected string")),
        ({"defaults": {"model": "x"}}, ("defaults.model", "'x'", "allowed: small, large")),
        ({"sweep": [SWEEP]}, ("sweep[0].over.model.values[1]", "'larg'", "did you mean 'large'")),
        (
            {"sweep": [SWEEP | {"over": {"dropout": {"values": [0]}}, "fixed": {"model": "x"}}]},
            ("sweep[0].fixed.model",),
        ),
        ({"sweep": [SWEEP | {"over": {"model": {"range": ["a", "b"]}}}]}, ("sweep[0].over.model", "needs values")),
    ],
)
def test_mistakes_are_told_by_their_place_and_remedy(changes: dict[str, Any], said: tuple[str, ...]) -> None:
    with refuses(*said):
        complete(several(**changes))


def test_a_setting_that_names_the_single_model_is_told_how_to_name_several() -> None:
    with refuses("settings[0].model", "'small'", "models", "leave this key out"):
        complete(minimal(settings=[{"name": "a", "model": "small"}]))


def test_neither_of_both_keys() -> None:
    config = minimal()
    del config["model"]
    with refuses("exactly one of model, models", "none"):
        complete(config)


def test_two_models_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("name: x\nmodels:\n  small: {path: a}\n  small: {path: b}\n")
    with refuses("config.yaml, line 4", "'small'", "twice"):
        read_config(path)


def test_paths_of_several_models_are_recorded_as_that_of_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inside, outside = {"path": str(tmp_path / "m")}, {"path": "/elsewhere/m"}
    config = complete(several() | {"models": {"a": inside, "b": outside}})
    assert config["models"]["a"]["path"] == "m"
    assert recorded(config)["models"]["b"]["path"] == ".../m"
    with refuses("models.b.path", "braces"):
        complete(several() | {"models": {"a": inside, "b": {"path": "{x}"}}})


@pytest.mark.parametrize(
    ("message", "of_several"),
    [
        ("model: m has no head; set model.head: new", "models.big: m has no head; set models.big.head: new"),
        ("model.package: no package", "models.big.package: no package"),
        ("m/model.safetensors is gone, see model.json", "m/model.safetensors is gone, see model.json"),
    ],
)
def test_a_message_says_which_of_several_models_it_is_about(message: str, of_several: str) -> None:
    for name, expected in {"": message, "big": of_several}.items():
        with pytest.raises(UserError) as caught, naming_model(name):
            raise UserError(message)
        assert str(caught.value) == expected
