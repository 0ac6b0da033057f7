"""An experiment of two pretrained models, from the first command to a final report, and what follows from a change."""

import re
import subprocess
import sys
from pathlib import Path

from finetune_report.files import read_json
from tests.support import projects
from tests.support.models import save_classifier
from tests.support.once import made_once
from tests.support.projects import NAME, Project

import pytest
from safetensors.numpy import load_file, save_file

pytestmark = pytest.mark.slow

LENGTH = 32  # tokens kept: few enough for texts to be truncated
SETTINGS = {"baseline": "tiny", "small-batch": "other", "milder": "other"}


def command(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "finetune_report.cli", *arguments, "--config", f"{NAME}.yaml"]
    return subprocess.run(line, cwd=project.root, env=project.environment(), capture_output=True, text=True)


@pytest.fixture(scope="session")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small experiment with a second model, which knows every other word, after the command `final`."""

    def make(folder: Path) -> None:
        project = projects.make_project(folder)
        texts = (project.root / f"data/{NAME}/train.csv").read_text(encoding="utf-8").lower()
        save_classifier(project.root / "models/other", sorted(set(re.findall(r"\w+", texts)))[::2], length=32)
        config = project.read_config()
        del config["model"]
        config["models"] = {"tiny": {"path": f"models/{NAME}"}, "other": {"path": "models/other"}}
        config["max_length"] = LENGTH
        shipped = {setting["name"]: setting for setting in config["settings"]}
        config["settings"] = [
            shipped[name] | ({"model": model} if model != "tiny" else {}) for name, model in SETTINGS.items()
        ]
        project.write_config(config)
        projects.commit(project.root)
        done = command(project, "final")
        assert done.returncode == 0, done.stdout + done.stderr

    return Project(made_once(tmp_path_factory, "two-models", make))


@pytest.fixture
def project(two_models: Project, tmp_path: Path) -> Project:
    return projects.copied(two_models, tmp_path / "project")


@pytest.mark.xdist_group("two-models")
def test_it_ends_in_a_final_report_that_lists_the_models(two_models: Project) -> None:
    results = two_models.results
    assert (results / "final.txt").is_file()
    assert (results / "write-up.pdf").read_bytes().startswith(b"%PDF")
    text = (results / "write-up.md").read_text(encoding="utf-8")
    for name, folder in {"tiny": f"models/{NAME}", "other": "models/other"}.items():
        assert re.search(rf"^\| `{name}` \|.*`{folder}`", text, re.MULTILINE)
    for name, model in SETTINGS.items():
        assert re.search(rf"^\| `{name}` \|.*`{model}`", text, re.MULTILINE)
    assert "models/other" in (results / "write-up.html").read_text(encoding="utf-8")


@pytest.mark.xdist_group("two-models")
def test_tokens_sizes_and_origin_are_those_of_each_model(two_models: Project) -> None:
    results = two_models.results
    values = {key: entry["value"] for key, entry in read_json(results / "values.json").items()}
    for name, model in SETTINGS.items():
        metrics = read_json(results / f"runs/{name}/seed1/metrics.json")
        known = read_json(results / f"models/{model}/model.json")
        assert values[f"runs.{name}.model"] == model
        assert metrics["fingerprints"]["model"] == known["fingerprint"]
        assert values[f"runs.{name}.parameters"] == known["parameters"] == values[f"models.{model}.parameters"]
        assert values[f"runs.{name}.parameters.trained"] == known["parameters"]
    assert values["winner.model"] == SETTINGS[values["winner.name"]]
    assert values["models.other.parameters"] < values["models.tiny.parameters"]
    assert values["models.other.train.unknown.share"] > values["models.tiny.train.unknown.share"]
    assert values["models.other.sha256"] != values["models.tiny.sha256"]
    assert values["baselines.probe.model"] == "tiny"
    assert values["comparison.milder.baseline.difference"] is not None  # across tokenizers, text by text
    assert not {"model.name", "model.parameters", "data.train.cut"} & values.keys()
    assert not (results / "tokens").exists()


@pytest.mark.xdist_group("two-models")
def test_it_is_verified_down_to_the_predictions(two_models: Project) -> None:
    done = command(two_models, "verify", str(two_models.results / "write-up.html"), "--level", "predictions")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "predictions  verified" in done.stdout


@pytest.mark.xdist_group("two-models")
@pytest.mark.parametrize(
    ("key", "own", "foreign"),
    [
        ("runs.milder.validation.accuracy", "other", "tiny"),
        ("winner.test.accuracy", "other", ""),
        ("runs.baseline.parameters", "tiny", "other"),
        ("models.other.test.cut.share", "other", ""),
        ("models.other.parameters", "other", "tiny"),
    ],
)
def test_a_value_is_traced_to_the_files_of_its_model(two_models: Project, key: str, own: str, foreign: str) -> None:
    done = command(two_models, "why", key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"models/{own}/model.safetensors" in done.stdout
    assert not foreign or f"models/{foreign}/" not in done.stdout


@pytest.mark.xdist_group("two-models")
def test_a_change_of_the_second_model_makes_only_what_depends_on_it_again(project: Project) -> None:
    assert project.planned() == []
    path = project.root / "models/other/model.safetensors"
    weights = load_file(path)
    save_file({name: weight * 1.5 for name, weight in weights.items()}, path, metadata={"format": "pt"})
    jobs = set(map(str, project.planned()))
    assert {"prepare_model[model=other]", "finetune[setting=milder, seed=1]"} <= jobs
    assert {f"tokenize_texts[model=other, split={split}]" for split in ("train", "validation", "test")} <= jobs
    assert {"select_setting", "score_test", "compare_settings", "render_write_up"} <= jobs
    mine = [job for job in jobs if job.startswith(("prepare_", "tokenize_texts", "finetune", "demonstrate"))]
    assert not [job for job in mine if "tiny, split=train" in job or "tiny, split=val" in job or "baseline" in job]
    assert not {"prepare_data", "prepare_model[model=tiny]", "demonstrate_attention"} & jobs


@pytest.mark.xdist_group("two-models")
def test_a_setting_of_another_model_is_trained_again_and_no_model_is_prepared(project: Project) -> None:
    config = project.read_config()
    config["settings"][2]["model"] = "tiny"
    project.write_config(config)
    jobs = set(map(str, project.planned()))
    assert [job for job in jobs if job.startswith("finetune")] == ["finetune[setting=milder, seed=1]"]
    assert not [job for job in jobs if job.startswith("prepare_")]
