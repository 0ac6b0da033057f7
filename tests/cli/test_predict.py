"""Predictions for new texts by the selected setting: as transformers makes them, in the form `systems` takes."""

import subprocess
from pathlib import Path
from typing import Any

from finetune_report.data.locations import model_files
from finetune_report.data.predictions import matched, read_predictions
from finetune_report.files import write_json
from tests.support.commands import command
from tests.support.configs import minimal
from tests.support.messages import Parts
from tests.support.models import save_classifier, tiny_bert

import pandas as pd
import pytest
import torch
import yaml
from prepare_model import main as prepare_model
from transformers import AutoModelForSequenceClassification, AutoTokenizer

LABELS, TEXTS = ["no", "yes"], ["good film", 'a "bad", film', "good", "the film the film"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An experiment with a selected setting of two seeds, whose models are random, and a file of texts."""
    config: dict[str, Any] = minimal(
        model={"path": "model"}, seeds=[1, 2], max_length=16, device="cpu", precision="fp32", analyses={"probe": False}
    )
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    save_classifier(tmp_path / "model", ["good", "bad", "film", "the"])
    root = tmp_path / "results/try"
    source = {"path": str(tmp_path / "model"), "sha256": None, "head": "keep"}
    (tmp_path / "results/try").mkdir(parents=True)
    prepare_model(model_files(source), root / "model.json", source, name="")
    write_json(root / "selection.json", {"winner": "other"})
    write_json(root / "data/summary.json", {"labels": LABELS})
    for seed in (1, 2):
        sizes = {"hidden_size": 32, "intermediate_size": 64, "vocab_size": 9, "max_position_embeddings": 64}
        model = tiny_bert(seed=seed, initializer_range=0.3, **sizes)
        model.config.id2label, model.config.label2id = dict(enumerate(LABELS)), {"no": 0, "yes": 1}
        model.save_pretrained(root / f"runs/other/seed{seed}/model")
    pd.DataFrame({"text": TEXTS, "kind": "new"}).to_csv(tmp_path / "new.csv", index=False)
    return tmp_path


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 2
    Parts(*said).check(done.stderr)


def by_hand(checkout: Path) -> list[list[float]]:
    tokenizer = AutoTokenizer.from_pretrained(checkout / "model")
    found = []
    for seed in (1, 2):
        model = AutoModelForSequenceClassification.from_pretrained(
            checkout / f"results/try/runs/other/seed{seed}/model"
        ).eval()
        with torch.inference_mode():
            found.append([model(**tokenizer(text, return_tensors="pt")).logits.softmax(1)[0] for text in TEXTS])
    return [((a + b) / 2).tolist() for a, b in zip(*found, strict=True)]


@pytest.mark.parametrize("name", ["made.csv", "made.jsonl", "made.parquet"])
def test_the_class_is_the_likeliest_by_the_mean_over_the_seeds(name: str, checkout: Path) -> None:
    done = command("predict", checkout, "new.csv", "--out", name)
    assert done.returncode == 0, done.stderr
    path, chances = checkout / name, by_hand(checkout)
    data = pd.DataFrame({"id": [f"test-{n}" for n in range(4)], "text": TEXTS, "label": 0})
    found = matched(read_predictions(path), str(path), data, LABELS, {})
    assert found[["p_no", "p_yes"]].to_numpy() == pytest.approx(torch.tensor(chances).numpy(), abs=1e-5)
    assert found["prediction"].tolist() == [int(yes > no) for no, yes in chances]


def test_it_lies_next_to_the_texts_unless_it_is_put_elsewhere_and_replaces_nothing(checkout: Path) -> None:
    assert command("predict", checkout, "new.csv").returncode == 0
    assert len(pd.read_csv(checkout / "new-predictions.csv")) == 4
    refused(command("predict", checkout, "new.csv"), "new-predictions.csv", "--out")


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("words\nhello\n", [], ("new.csv, line 2 (row 1)", "'text'", "data.text", "'words'")),
        ("text\ngood\n \n", [], ("new.csv, line 3 (row 2)", "'text'", "empty")),
        ("text\n", [], ("new.csv", "no rows")),
        ("text\ngood\n", ["--out", "x.xls"], ("--out", "x.xls", ".csv")),
        (None, [], ("new.csv", "not there")),
    ],
)
def test_what_cannot_be_predicted_is_told_with_its_place(
    content: str | None, arguments: list[str], said: tuple[str, ...], checkout: Path
) -> None:
    (checkout / "new.csv").unlink()
    if content is not None:
        (checkout / "new.csv").write_text(content)
    refused(command("predict", checkout, "new.csv", *arguments), *said)


def test_before_a_setting_is_selected_there_is_nothing_to_predict_with(checkout: Path) -> None:
    (checkout / "results/try/selection.json").unlink()
    refused(command("predict", checkout, "new.csv"), "selection.json", "make report")
