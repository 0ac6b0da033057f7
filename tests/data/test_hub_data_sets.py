"""Data sets of the hub, from a copy that stands in for it."""

from pathlib import Path

from tests.support.messages import assert_says
from tests.support.preparing import ROWS, message_of, prepare, rows_of, table

import datasets
import huggingface_hub
import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


WAYS_OUT = (
    "Either draw the test split from the training rows (data.test_fraction: 0.2; this file is then not read), or name "
    "a file with labels as data.files.test, such as the validation file: validation rows are then drawn from the "
    "training rows"
)
HUB = {"name": "org/reviews", "revision": "main"}
FIRST, SECOND = "a" * 40, "b" * 40


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub cache as `huggingface_hub` keeps it, with two revisions of a data set, and no network."""
    repository = tmp_path / "hub" / "datasets--org--reviews"
    kinds = datasets.Features(
        {"sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    for commit, word in {FIRST: "old", SECOND: "new"}.items():
        snapshot = repository / "snapshots" / commit
        (snapshot / "data").mkdir(parents=True)
        (repository / "blobs").mkdir(exist_ok=True)
        for split, labels in {"train": [1, 0, 1, 0], "validation": [0, 1], "test": [1, 0], "hidden": [-1, -1]}.items():
            content = {"sentence": [f"{word} {split} {i}" for i in range(len(labels))], "label": labels}
            blob = repository / "blobs" / f"{word}-{split}"
            datasets.Dataset.from_dict(content, features=kinds).to_parquet(blob)
            (snapshot / "data" / f"{split}.parquet").symlink_to(blob)
        files = "".join(
            f"  - split: {s}\n    path: data/{s}.parquet\n" for s in ("train", "validation", "test", "hidden")
        )
        readme = f"---\nconfigs:\n- config_name: plain\n  data_files:\n{files}---\n"
        (snapshot / "README.md").write_text(readme)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(SECOND)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.mark.usefixtures("hub")
def test_a_hub_data_set_by_revision():
    assert prepare(hub=HUB, text="sentence")["labels"] == ["neg", "pos"]
    assert rows_of("train")[0] == {"id": "train-1", "text": "new train 0", "label": 1}
    assert len(rows_of("validation")) == len(rows_of("test")) == 2
    prepare(hub=HUB | {"revision": FIRST, "configuration": "plain"}, text="sentence")
    assert rows_of("train")[0]["text"] == "old train 0"


@pytest.mark.usefixtures("hub")
def test_a_hub_data_set_with_a_carved_validation_split_and_another_test_split():
    summary = prepare(hub=HUB | {"validation": None, "test": "validation"}, text="sentence", validation_fraction=0.5)
    assert summary["carved"] == {"fraction": 0.5, "seed": 0}
    assert [row["text"] for row in rows_of("test")] == ["new validation 0", "new validation 1"]


HUB_MISTAKES = {
    "no such split": (
        {"validation": "dev"},
        "data.hub.validation: org/reviews has no split 'dev'; its splits are train, validation, test, hidden; "
        "name one of them or null to carve one out of the training split",
    ),
    "hidden labels": (
        {"test": "hidden"},
        "org/reviews, split hidden has no labels: in none of its 2 rows does the column 'label' hold one other than "
        f"-1. Nothing can be scored on it. {WAYS_OUT}",
    ),
    "no such configuration": (
        {"configuration": "fancy"},
        "data.hub: org/reviews (configuration fancy, revision main) cannot be loaded (BuilderConfig 'fancy' not found. "
        "Available: ['plain']); check name, configuration and revision",
    ),
    "not there and no network": (
        {"name": "org/unknown"},
        "data.hub: org/unknown (revision main) cannot be reached and no earlier download of it is there; "
        "connect to the network, or download the files and name them in data.path",
    ),
    "a revision that is not there, and no network": (
        {"revision": "c" * 40},
        f"data.hub: org/reviews (revision {'c' * 40}) cannot be reached and no earlier download of it is there; "
        "connect to the network, or download the files and name them in data.path",
    ),
}


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(("change", "message"), HUB_MISTAKES.values(), ids=HUB_MISTAKES)
def test_hub_mistakes(change, message):
    assert_says(message_of(hub=HUB | change, text="sentence"), message)


@pytest.mark.usefixtures("hub")
def test_a_local_folder_never_stands_in_for_a_hub_data_set():
    Path("org/unknown").mkdir(parents=True)
    Path("org/unknown/train.csv").write_text(table(ROWS))
    assert "cannot be reached" in message_of(hub=HUB | {"name": "org/unknown"})


def test_the_hub_is_asked_for_name_configuration_and_revision(monkeypatch):
    asked = {}

    def load_dataset(name, configuration, revision, cache_dir):
        asked.update(name=name, configuration=configuration, revision=revision)
        split = datasets.Dataset.from_dict({"text": ["a", "b"], "label": ["pos", "neg"]})
        return datasets.DatasetDict(train=split, validation=split, test=split)

    monkeypatch.setattr("finetune_report.data.loading.load_dataset", load_dataset)
    prepare(hub={"name": "org/reviews", "configuration": "plain", "revision": "v1"})
    assert asked == {"name": "hf://datasets/org/reviews", "configuration": "plain", "revision": "v1"}
