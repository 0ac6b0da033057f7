"""What is said where a run cannot be set up: which setting, and which of several models."""

from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.files import write_json
from finetune_report.training.setup import Plan, RunInputs, naming, prepare_run, run_name
from tests.support.configs import minimal
from tests.support.messages import refuses
from tests.support.models import save_classifier

import pandas as pd
import prepare_model
import pytest
import tokenize_texts

LABELS = ["no", "yes"]


@pytest.fixture
def inputs(tmp_path: Path) -> RunInputs:
    """What a run is made from, with the model `small`."""
    save_classifier(tmp_path / "pretrained", ["good", "bad"])
    source = {"path": str(tmp_path / "pretrained"), "sha256": None, "head": "keep"}
    prepare_model.main([], tmp_path / "model.json", source, name="small")
    write_json(tmp_path / "summary.json", {"labels": LABELS})
    for split in ("train", "validation"):
        table = pd.DataFrame({"id": ["a", "b"], "text": ["good", "bad"], "label": [1, 0]})
        table.to_parquet(tmp_path / f"{split}.parquet", index=False)
        tokens = tmp_path / f"{split}-tokens.parquet"
        tokenize_texts.main(tmp_path / f"{split}.parquet", tmp_path / "model.json", [], tokens, 8, name="small")
    splits = {name: tmp_path / f"{name}.parquet" for name in ("train", "validation")}
    tokens_of = {f"{name}_tokens": tmp_path / f"{name}-tokens.parquet" for name in splits}
    return RunInputs(**splits, **tokens_of, summary=tmp_path / "summary.json", model=tmp_path / "model.json")


def plan(folder: Path, **setting: Any) -> Plan:
    config = minimal(settings=[{"name": "a", **setting}], models={"small": {"path": "m"}, "other": {"path": "n"}})
    del config["model"]
    return Plan(
        hyperparameters=resolved_settings(complete(config))["a"],
        streams={"weights": 1, "order": 1, "dropout": 1},
        selection_metric="accuracy",
        on_divergence="stop",
        compute={"device": "cpu", "precision": "fp32", "threads": 1},
        checkpoint_path=str(folder / "checkpoints"),
        train_sample=10,
    )


def test_a_setting_that_updates_layers_that_its_model_lacks_is_told_with_model_and_layers(
    tmp_path: Path, inputs: RunInputs
) -> None:
    chosen = plan(tmp_path, tune="lora", lora_modules="q_lin")
    with (
        refuses("setting a (model small), seed 3: ", "lora_modules", "'q_lin'", "bert.encoder.layer.0", "all-linear"),
        naming(run_name("a", 3, chosen.hyperparameters)),
    ):
        prepare_run(inputs, chosen, "stamp")


def test_a_head_of_other_classes_is_told_with_the_key_of_the_model(tmp_path: Path, inputs: RunInputs) -> None:
    write_json(inputs.summary, {"labels": ["one", "two", "three"]})
    with refuses("models.small: ", "2 classes", "3", "models.small.head: new"):
        prepare_run(inputs, plan(tmp_path), "stamp")


def test_all_that_a_setting_trains_is_counted(tmp_path: Path, inputs: RunInputs) -> None:
    counts = {}
    for tune in ("full", "lora", "head"):
        prepared = prepare_run(inputs, plan(tmp_path, tune=tune), "stamp")
        counts[tune] = prepared.trained_parameters
    assert counts["full"] > counts["lora"] > counts["head"]
    size = 32  # of the hidden states: the pooler and the head of two classes
    assert counts["head"] == size * size + size + 2 * size + 2


def test_of_one_model_only_the_setting_is_told() -> None:
    assert run_name("a", 3, {"epochs": 1}) == "setting a, seed 3"
    with pytest.raises(ZeroDivisionError) as caught, naming("setting a, seed 3"):
        raise ZeroDivisionError
    assert caught.value.__notes__ == ["setting a, seed 3"]
