"""What a person reads when something is wrong with a config file, a model, the write-up or the surroundings.

docs/messages.md lists all cases, those of other files too.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.config.reading import read_config
from finetune_report.files import PROJECT as ROOT
from finetune_report.model.classifier import load_classifier
from finetune_report.report.cross_references import place_images
from finetune_report.report.rendering import parse
from tests.support.commands import command
from tests.support.messages import Parts, assert_says, refuses
from tests.support.plans import plan
from tests.support.projects import Project, make_project

import panflute as pf
import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2ForSequenceClassification

EXAMPLE = "d/train.csv, line 4: the label 'Pos' is not among data.labels (neg, pos); correct it, or add it there"
REWORDED = "The label 'Pos' in d/train.csv, line 4, is none of data.labels (neg, pos). Add it there, or correct it"


def test_messages_are_compared_by_their_parts() -> None:
    assert_says(REWORDED, EXAMPLE)
    for part in ("'Pos'", "d/train.csv", "4", "data.labels", "(neg, pos)", ". Add it there, or correct it"):
        with pytest.raises(AssertionError):
            assert_says(REWORDED.replace(part, ""), EXAMPLE)
    with pytest.raises(AssertionError):
        Parts("d/train.csv", "line 4", "remove").check(EXAMPLE)


MENDED = "indentation, colons and quotes"
CONFIG_FILES: dict[str, tuple[bytes | None, Parts]] = {
    "missing": (None, Parts("c.yaml", "is not there", "config.yaml")),
    "a bracket that does not close": (
        b"name: [x\ndata: y\n",
        Parts("c.yaml, line 2:", "not YAML (expected ',' or ']', but got ':')", MENDED),
    ),
    "bad indentation": (
        b"data:\n  path: a\n header: true\n",
        Parts("c.yaml, line 3:", "(expected <block end>, but found '<block mapping start>')", MENDED),
    ),
    "a tab": (
        b"data:\n\tpath: a\n",
        Parts("c.yaml, line 2:", "(found character '\\t' that cannot start any token)", MENDED),
    ),
    "a key that stands twice": (
        b"name: a\ndata: {path: a}\nname: b\n",
        Parts("c.yaml, line 3:", "the key 'name' stands twice", MENDED),
    ),
    "Python in disguise": (
        b"name: !!python/object/apply:os.system [date]\n",
        Parts("c.yaml, line 1:", "'tag:yaml.org,2002:python/object/apply:os.system'", MENDED),
    ),
    "a list": (b"- a\n- b\n", Parts("c.yaml", "no keys", "name, data, model and settings")),
    "empty": (b"", Parts("c.yaml", "no keys", "name, data, model and settings")),
    "Latin-1": (b"name: caf\xe9\n", Parts("c.yaml", "byte 10, 0xe9", "UTF-8")),
    "a control character": (
        b"name: a\x00b\n",
        Parts("c.yaml", "not YAML (unacceptable character #x0000", "position 7"),
    ),
}


@pytest.mark.parametrize(("content", "parts"), CONFIG_FILES.values(), ids=CONFIG_FILES)
def test_config_files_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, parts: Parts
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("c.yaml").write_bytes(content)
    with refuses(parts):
        read_config(Path("c.yaml"))


def test_a_folder_for_a_config_file_and_one_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refuses(str(tmp_path), "is a folder", "give the config file itself"):
        read_config(tmp_path)

    def refuse(self: Path, encoding: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with refuses("c.yaml", "Permission denied", "permissions"):
        read_config(Path("c.yaml"))


SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A classifier of two classes in `m`."""
    monkeypatch.chdir(tmp_path)
    BertForSequenceClassification(BertConfig(vocab_size=9, max_position_embeddings=8, **SIZES)).save_pretrained("m")
    return Path("m")


def change_config(folder: Path, **changes: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])


def of_another_architecture(folder: Path) -> None:
    save_file({"encoder.x": torch.zeros(2)}, folder / "model.safetensors", metadata={"format": "pt"})


def without_padding(folder: Path) -> None:
    sizes = {"n_positions": 8, "n_embd": 8, "n_layer": 1, "n_head": 1}
    config = GPT2Config(vocab_size=9, eos_token_id=None, bos_token_id=None, **sizes)
    GPT2ForSequenceClassification(config).save_pretrained(folder)


NOT_READ = "model: m/model.safetensors"
TOGETHER = "weights and config together"
MODELS: dict[str, tuple[Any, list[str], Parts]] = {
    "label count mismatch": (
        lambda folder: None,
        ["bad", "fair", "good"],
        Parts("model: m", "2 classes (classifier.bias), but the data have 3 (bad, fair, good)", "model.head: new"),
    ),
    "weights of another size": (
        lambda folder: change_config(folder, hidden_size=16),
        ["bad", "good"],
        Parts("m: bert.embeddings.LayerNorm.bias", "the shape [8], but config.json asks for [16]", TOGETHER),
    ),
    "weights of another architecture": (
        of_another_architecture,
        ["bad", "good"],
        Parts("weights in m", "lack bert.embeddings.LayerNorm.bias and 20 more", TOGETHER),
    ),
    "a layer too few": (
        lambda folder: change_config(folder, num_hidden_layers=2),
        ["bad", "good"],
        Parts("weights in m", "bert.encoder.layer.1.attention.output.LayerNorm.bias and 15 more", TOGETHER),
    ),
    "cut weights": (
        cut,
        ["bad", "good"],
        Parts(NOT_READ, "incomplete metadata, file not fully covered", "download it again"),
    ),
    "no weights in the file": (
        lambda folder: (folder / "model.safetensors").write_bytes(b""),
        ["bad", "good"],
        Parts(NOT_READ, "header too small", "download it again"),
    ),
    "no pad token": (
        without_padding,
        ["bad", "good"],
        Parts("model: m/config.json", "neither a pad_token_id nor an eos_token_id", "add the pad_token_id"),
    ),
}


@pytest.mark.parametrize(("damage", "labels", "parts"), MODELS.values(), ids=MODELS)
def test_models_that_do_not_fit(model: Path, damage: Any, labels: list[str], parts: Parts) -> None:
    damage(model)
    with refuses(parts):
        load_classifier(model, labels)


def test_pickled_weights_are_never_loaded(model: Path) -> None:
    """A pickle beside no safetensors would run code as it is loaded."""
    (model / "model.safetensors").unlink()
    torch.save({}, model / "pytorch_model.bin")
    with refuses("m/model.safetensors", "cannot be read as safetensors"):
        load_classifier(model, ["bad", "good"])


def test_an_image_that_no_rule_makes() -> None:
    doc = parse("Text.\n\n![Caption.](figures/grph.png)\n", Path("w.md"))
    assert isinstance(doc, pf.Doc)
    with refuses("w.md, line 3", "no figure 'figures/grph.png'", "figures/graph.png"):
        place_images(doc, [Path("r/figures/graph.png")], Path("r"), False, lambda text: "w.md, line 3")


def test_markdown_that_pandoc_warns_of() -> None:
    with refuses("w.md", "Duplicate identifier 'a' at "):
        parse("# A {#a}\n\n# B {#a}\n", Path("w.md"))


def test_no_display_is_needed(tmp_path: Path) -> None:
    """The figures are drawn without a screen, whatever the environment asks for."""
    code = (
        "from pathlib import Path\nfrom finetune_report.figures.style import new_figure, save_figure\n"
        "figure, axes = new_figure('half', 0.7)\naxes.plot([1, 2])\nPath('table.csv').write_text('x')\n"
        "save_figure(figure, Path('a.png'), Path('a.svg'), Path('table.csv'), Path('a.csv'))"
    )
    surroundings = os.environ | {"MPLBACKEND": "TkAgg", "DISPLAY": ":99"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=surroundings, check=True)
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_an_old_python_is_named_with_a_remedy(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\nif [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi\n')
    old.chmod(0o755)
    done = subprocess.run(["make", f"PYTHON={old}", "report"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode
    Parts(str(old), "Python 3.9.2", "3.11 or newer", "make PYTHON=python3.12 report").check(done.stderr.splitlines()[0])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which nothing has run."""
    return make_project(tmp_path_factory.mktemp("messages") / "project")


@pytest.fixture(autouse=True)
def unchanged(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test of the project begins with the config that it was made with."""
    given = request.getfixturevalue("project") if "project" in request.fixturenames else None
    config = given.read_config() if given else {}
    yield
    if given:
        given.write_config(config)


def test_the_check_before_a_run_prints_one_message(project: Project) -> None:
    config = project.read_config()

    def check(path: str = "tiny.yaml", **changes: Any) -> subprocess.CompletedProcess[str]:
        project.write_config(config | changes)
        return command("check", project.root, "--config", path)

    done = check()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tiny.yaml: no mistakes; 4 settings, 1 seed, 4 runs\n"
    cases: list[tuple[str, dict[str, Any], Parts]] = [
        ("tny.yaml", {}, Parts("tny.yaml", "is not there", "config.yaml")),
        # Snakemake would run Python in it.
        ("tiny.yaml", {"__use_yte__": True}, Parts("tiny.yaml", "the key '__use_yte__'", "a config may not")),
        (
            "tiny.yaml",
            {"threads": 0},
            Parts("tiny.yaml", "threads: found 0", "at least 1 (CPU threads of a training run"),
        ),
        (
            "tiny.yaml",
            {"data": {"path": "data/tinny"}},
            Parts("tiny.yaml", "data/tinny is not there", "did you mean data/tiny?"),
        ),
    ]
    for path, changes, parts in cases:
        done = check(path, **changes)
        assert done.returncode == 2
        parts.check(done.stderr)


def last_lines(output: str) -> list[str]:
    """What the workflow prints after Snakemake's own first line, on the profile it found."""
    return [line for line in output.splitlines() if line and not line.startswith("Using workflow specific profile")]


def test_snakemake_prints_a_mistake_in_the_config_as_it_is(project: Project) -> None:
    project.write_config(project.read_config() | {"settings": [{"name": "a", "batch_size": 0}]})
    done = project.plan("--cores", "1")
    assert done.returncode == 2
    [head, line] = last_lines(done.stdout + done.stderr)
    assert "config" in head
    Parts("settings[0].batch_size", "found 0", "at least 1 (Sentences a step)").check(line)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seeds: [1]", "(the key 'seeds' stands twice)"),
        ("__use_yte__: true", "the key '__use_yte__' has Snakemake run the Python in the file"),
    ],
)
@pytest.mark.parametrize("named", [False, True], ids=["the default config", "a config that is named"])
def test_snakemake_alone_refuses_what_the_check_refuses(project: Project, line: str, message: str, named: bool) -> None:
    config = project.root / "tiny.yaml"
    config.write_text(f"{config.read_text()}{line}\n")
    default = project.root / "config.yaml"
    shipped = default.read_text()
    shutil.copy(config, default)
    try:
        given = ["--configfile", "tiny.yaml"] if named else []
        done = plan(project.root, ["--dry-run", *given], project.environment())
    finally:
        default.write_text(shipped)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_second_run_of_an_experiment_stops_and_one_of_another_does_not(project: Project) -> None:
    lock = project.results / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        stream.write("4711\n")
        stream.flush()
        fcntl.flock(stream, fcntl.LOCK_EX)
        done = project.plan("--cores", "1")
        assert done.returncode == 2
        [line] = last_lines(done.stdout + done.stderr)
        Parts("The experiment 'tiny'", "running already (process 4711)", "wait until it has ended").check(line)
        assert lock.read_text() == "4711\n"
        project.write_config(project.read_config() | {"name": "other"})
        done = project.snakemake("--cores", "1", "results/other/data/summary.json")
        assert done.returncode == 0, done.stdout + done.stderr
    assert (project.root / "results/other/data/train.parquet").exists()


def test_a_file_in_the_place_of_the_results_folder(project: Project) -> None:
    project.write_config(project.read_config() | {"name": "blocked"})
    (project.root / "results").mkdir(exist_ok=True)
    (project.root / "results" / "blocked").write_text("a file\n")
    done = project.plan("--cores", "1")
    assert done.returncode == 1
    [line] = last_lines(done.stdout + done.stderr)
    Parts("results/blocked", "is a file", "move it away").check(line)
