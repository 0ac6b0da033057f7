"""Texts without labels get the classes that the tuned models give them, one text at a time."""

import csv
from pathlib import Path

from finetune_report.config.schema import complete
from finetune_report.data.predicted import predicted_file, texts_of
from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.model.classifier import load_classifier
from tests.support.configs import minimal
from tests.support.models import save_classifier

import predict_unlabelled
import pytest
import torch
from transformers import AutoTokenizer

TEXTS = ["good film", "bad bad film", "film", "good good"]
COMPUTE = {"device": "cpu", "precision": "fp32", "threads": 1, "compile": False}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_classes_are_those_of_the_mean_over_the_seeds(tmp_path: Path) -> None:
    labels = ["a|b", "c"]
    folders = [Path(f"runs/{name}/model") for name in ("good/seed1", "good/seed2", "other/seed1")]
    for seed, folder in enumerate(folders):
        torch.manual_seed(seed)
        save_classifier(folder, ["good", "bad", "film"])
    Path("texts.csv").write_text("text\n" + "\n".join(TEXTS) + "\n")
    source = {"source": {"path": str(folders[0])}, "path": str(folders[0]), "files": {}}
    write_json(Path("model.json"), source)
    write_json(Path("selection.json"), {"winner": "good"})
    write_json(Path("summary.json"), {"labels": labels})
    out = {"predictions": Path("p.csv"), "counts": Path("p.json"), "values": tmp_path / "values/p.json"}
    data = complete(minimal())["data"]
    inputs = [Path(name) for name in ("texts.csv", "model.json", "selection.json", "summary.json")]
    out["counts"] = tmp_path / "p.json"
    predict_unlabelled.main(*inputs, folders, **out, data=data, max_length=8, compute=COMPUTE)
    with Path("p.csv").open(encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    tokenizer = AutoTokenizer.from_pretrained(folders[0])
    models = [load_classifier(folder, labels).eval() for folder in folders[:2]]
    for number, (text, row) in enumerate(zip(TEXTS, found, strict=True), start=1):
        with torch.inference_mode():
            each = [model(**tokenizer(text, return_tensors="pt")).logits.double().softmax(1)[0] for model in models]
        mean = (each[0] + each[1]) / 2
        assert (row["row"], row["prediction"]) == (str(number), labels[int(mean.argmax())])
        assert float(row["probability"]) == pytest.approx(float(mean.max()), abs=1e-5)
    values = read_json(tmp_path / "values/p.json")
    assert values["unlabelled.rows"]["value"] == 4
    assert sum(read_json(out["counts"])["classes"].values()) == 4


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ('text\ngood\n" "\n', ("texts.csv, line 3 (row 2)", "column 'text'", "the text is empty")),
        ("words\ngood\n", ("texts.csv, line 2 (row 1)", "no column 'text'", "words")),
        ("text\n", ("texts.csv holds no rows",)),
    ],
)
def test_the_place_of_a_mistake(content: str, places: tuple[str, ...]) -> None:
    Path("texts.csv").write_text(content)
    with pytest.raises(UserError) as caught:
        texts_of(Path("texts.csv"), complete(minimal())["data"])
    assert all(place in str(caught.value) for place in places)


def test_a_file_that_is_not_there() -> None:
    assert predicted_file(complete(minimal())) is None
    with pytest.raises(UserError, match=r"predict: nowhere\.csv is not there"):
        predicted_file(complete(minimal(predict="nowhere.csv")))
