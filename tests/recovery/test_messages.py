"""What a person reads when something is wrong with a config file, a model, the write-up or the surroundings.

The cases of data files are in tests/unit/test_prepare_data.py and test_sources.py, those of config keys in
test_config.py, of a model's files in test_prepare_model.py, of the write-up's marks in test_fill.py; docs/messages.md
lists them all.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report.config.reading import read_config
from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from finetune_report.model.classifier import load_classifier
from finetune_report.report.cross_references import place_images
from finetune_report.report.rendering import parse

import panflute as pf
import pytest
import torch
from experiment import make_project, run, write_config
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2ForSequenceClassification

CONFIG_FILES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "c.yaml is not there; give the path of a config file, such as config.yaml"),
    "a bracket that does not close": (
        b"name: [x\ndata: y\n",
        "c.yaml, line 2: is not YAML (expected ',' or ']', but got ':'); mind indentation, colons and quotes",
    ),
    "bad indentation": (
        b"data:\n  path: a\n header: true\n",
        "c.yaml, line 3: is not YAML (expected <block end>, but found '<block mapping start>'); "
        "mind indentation, colons and quotes",
    ),
    "a tab": (
        b"data:\n\tpath: a\n",
        "c.yaml, line 2: is not YAML (found character '\\t' that cannot start any token); "
        "mind indentation, colons and quotes",
    ),
    "a key that stands twice": (
        b"name: a\ndata: {path: a}\nname: b\n",
        "c.yaml, line 3: is not YAML (the key 'name' stands twice); mind indentation, colons and quotes",
    ),
    "Python in disguise": (
        b"name: !!python/object/apply:os.system [date]\n",
        "c.yaml, line 1: is not YAML (could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object/apply:os.system'); mind indentation, colons and quotes",
    ),
    "a list": (b"- a\n- b\n", "c.yaml holds no keys; a config has keys such as name, data, model and settings"),
    "empty": (b"", "c.yaml holds no keys; a config has keys such as name, data, model and settings"),
    "Latin-1": (b"name: caf\xe9\n", "c.yaml: byte 10, 0xe9, is not UTF-8; save the file as UTF-8"),
    "a control character": (
        b"name: a\x00b\n",
        'c.yaml: is not YAML (unacceptable character #x0000: special characters are not allowed in "<unicode string>", '
        "position 7)",
    ),
}


@pytest.mark.parametrize(("content", "message"), CONFIG_FILES.values(), ids=CONFIG_FILES)
def test_config_files_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("c.yaml").write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_config(Path("c.yaml"))
    assert str(caught.value) == message


def test_a_folder_for_a_config_file_and_one_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError) as caught:
        read_config(tmp_path)
    assert str(caught.value) == f"{tmp_path} is a folder; give the config file itself"

    def refuse(self: Path, encoding: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(UserError) as caught:
        read_config(Path("c.yaml"))
    assert str(caught.value) == "c.yaml cannot be read (Permission denied); mend its permissions"


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


NOT_READ = "model: m/model.safetensors cannot be read as safetensors ("
TOGETHER = "save or download weights and config together"
MODELS: dict[str, tuple[Any, list[str], str]] = {
    "label count mismatch": (
        lambda folder: None,
        ["bad", "fair", "good"],
        "model: m has a head for 2 classes (classifier.bias), but the data have 3 (bad, fair, good); "
        "set model.head: new to begin with a new head, or list its classes in data.labels",
    ),
    "weights of another size": (
        lambda folder: change_config(folder, hidden_size=16),
        ["bad", "good"],
        f"model: m: bert.embeddings.LayerNorm.bias has the shape [8], but config.json asks for [16]; {TOGETHER}",
    ),
    "weights of another architecture": (
        of_another_architecture,
        ["bad", "good"],
        "model: the weights in m lack bert.embeddings.LayerNorm.bias and 20 more that config.json asks for; "
        + TOGETHER,
    ),
    "a layer too few": (
        lambda folder: change_config(folder, num_hidden_layers=2),
        ["bad", "good"],
        "model: the weights in m lack bert.encoder.layer.1.attention.output.LayerNorm.bias and 15 more that "
        f"config.json asks for; {TOGETHER}",
    ),
    "cut weights": (
        cut,
        ["bad", "good"],
        f"{NOT_READ}Error while deserializing header: incomplete metadata, file not fully covered); download it again",
    ),
    "no weights in the file": (
        lambda folder: (folder / "model.safetensors").write_bytes(b""),
        ["bad", "good"],
        f"{NOT_READ}Error while deserializing header: header too small); download it again",
    ),
    "no pad token": (
        without_padding,
        ["bad", "good"],
        "model: m/config.json names neither a pad_token_id nor an eos_token_id, so that texts of different lengths "
        "make no batch; add the pad_token_id of its tokenizer",
    ),
}


@pytest.mark.parametrize(("damage", "labels", "message"), MODELS.values(), ids=MODELS)
def test_models_that_do_not_fit(model: Path, damage: Any, labels: list[str], message: str) -> None:
    damage(model)
    with pytest.raises(UserError) as caught:
        load_classifier(model, labels)
    assert str(caught.value) == message


def test_pickled_weights_are_never_loaded(model: Path) -> None:
    """A pickle beside no safetensors would run code as it is loaded."""
    (model / "model.safetensors").unlink()
    torch.save({}, model / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"^model: m/model\.safetensors cannot be read as safetensors"):
        load_classifier(model, ["bad", "good"])


def test_an_image_that_no_rule_makes() -> None:
    doc = parse("Text.\n\n![Caption.](figures/grph.png)\n", Path("w.md"))
    assert isinstance(doc, pf.Doc)
    with pytest.raises(UserError) as caught:
        place_images(doc, [Path("r/figures/graph.png")], Path("r"), False, lambda text: "w.md, line 3")
    assert str(caught.value) == "w.md, line 3: there is no figure 'figures/grph.png'; the nearest are figures/graph.png"


def test_markdown_that_pandoc_warns_of() -> None:
    with pytest.raises(UserError) as caught:
        parse("# A {#a}\n\n# B {#a}\n", Path("w.md"))
    assert str(caught.value).startswith("pandoc cannot use w.md: [WARNING] Duplicate identifier 'a' at ")


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
    assert done.stderr.splitlines()[0] == (
        f"Python 3.11 or newer is needed, and {old} is Python 3.9.2. Try: make PYTHON=python3.12 report"
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("messages") / "project")


def check(project: Path, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "finetune_report.cli", "check", "--config", path]
    surroundings = os.environ
    return subprocess.run(command, cwd=project, env=surroundings, capture_output=True, text=True)


def test_the_check_before_a_run_prints_one_message(project: Path) -> None:
    write_config(project)
    done = check(project, "own/config.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "own/config.yaml: no mistakes; 2 settings, 1 seed, 2 runs\n"
    assert check(project, "own/confg.yaml").stderr == (
        "own/confg.yaml is not there; give the path of a config file, such as config.yaml\n"
    )
    write_config(project, __use_yte__=True)  # Snakemake would run Python in it
    assert check(project, "own/config.yaml").stderr == (
        "own/config.yaml: the key '__use_yte__' has Snakemake run the Python in the file; a config may not\n"
    )
    write_config(project, threads=0)
    assert check(project, "own/config.yaml").stderr == (
        "own/config.yaml: The config does not hold:\n  threads: found 0; must be at least 1 (CPU threads of a training "
        "run, whatever --cores says, since the sum of floats depends on it)\n"
    )
    write_config(project, data={"path": "own/dta"})
    assert check(project, "own/config.yaml").stderr == (
        "own/config.yaml: data.path: own/dta is not there; did you mean own/data?\n"
    )


def last_lines(output: str) -> list[str]:
    """What the workflow prints after Snakemake's own first line, on the profile it found."""
    return [line for line in output.splitlines() if line and not line.startswith("Using workflow specific profile")]


def test_snakemake_prints_a_mistake_in_the_config_as_it_is(project: Path) -> None:
    write_config(project, settings=[{"name": "a", "batch_size": 0}])
    done = run(project)
    assert done.returncode == 2
    assert last_lines(done.stdout) == [
        "The config does not hold:",
        "  settings[0].batch_size: found 0; must be at least 1 (Sentences a step)",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seeds: [1]", "is not YAML (the key 'seeds' stands twice)"),
        ("__use_yte__: true", "the key '__use_yte__' has Snakemake run the Python in the file"),
    ],
)
def test_snakemake_alone_refuses_what_the_check_refuses(project: Path, line: str, message: str) -> None:
    """With the config named, and with the default one."""
    write_config(project)
    config = project / "own/config.yaml"
    config.write_text(f"{config.read_text()}{line}\n")
    shutil.copy(config, project / "config.yaml")
    for given in ([], ["--configfile", "own/config.yaml"]):
        command = [sys.executable, "-m", "snakemake", "--dry-run", *given]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_a_second_run_of_an_experiment_stops_and_one_of_another_does_not(project: Path) -> None:
    write_config(project)
    lock = project / "results" / "small" / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        stream.write("4711\n")
        stream.flush()
        fcntl.flock(stream, fcntl.LOCK_EX)
        done = run(project)
        assert done.returncode == 2
        assert last_lines(done.stdout) == [
            "The experiment 'small' is running already (process 4711); wait until it has ended, or stop that process"
        ]
        assert lock.read_text() == "4711\n"
        write_config(project, name="other")
        assert run(project, "results/other/data/summary.json").returncode == 0
    assert (project / "results/other/data/train.parquet").exists()


def test_a_file_in_the_place_of_the_results_folder(project: Path) -> None:
    write_config(project, name="blocked")
    (project / "results").mkdir(exist_ok=True)
    (project / "results" / "blocked").write_text("a file\n")
    done = run(project)
    assert done.returncode == 1
    assert last_lines(done.stdout) == ["results/blocked is a file, where a folder is needed; move it away"]
