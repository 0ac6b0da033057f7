"""The baselines on texts whose scores can be told by hand."""

import json
from pathlib import Path

from finetune_report.cli.recomputing import baseline_complaints
from finetune_report.data.locations import model_files
from finetune_report.report.publishing import Collector
from finetune_report.stats.intervals import wilson_interval
from tests.support.models import save_classifier

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import score_baselines
import torch
from prepare_model import main as prepare_model
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, matthews_corrcoef
from sklearn.preprocessing import StandardScaler
from tokenize_texts import main as tokenize_texts
from transformers import AutoModel, AutoTokenizer

CPU = {"device": "cpu", "precision": "fp32", "threads": 1, "compile": False}


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(split: str, texts: list[str], labels: list[int], **columns: list[str]) -> None:
    ids = [f"{split}-{number}" for number in range(1, len(texts) + 1)]
    pq.write_table(pa.table({"id": ids, "text": texts, "label": labels, **columns}), f"{split}.parquet")


def score(name: str = "", **probed: list[Path]) -> dict:
    files = {split: Path(f"{split}.parquet") for split in ("train", "validation")} | {"test": [Path("test.parquet")]}
    predictions = {"validation_predictions": Path("validation-predictions.parquet")}
    predictions |= {"test_predictions": [Path("test-predictions.parquet")]}
    given = {"selection": Path("selection.json"), "baselines": Path("baselines.json"), "compute": CPU}
    given["tested"] = ["majority", "bag-of-words", "probe"]
    score_baselines.main(**files, **predictions, **given, **(probed or {"tokens": [], "model": []}), probed=name)
    found = json.loads(Path("baselines.json").read_text())
    for split in ("validation", "test"):
        table = pq.read_table(f"{split}-predictions.parquet").to_pandas()
        for name, scores in found.items():
            assert (table[name] == table["label"]).sum() == scores[split]["correct"]
    return found


def counts(found: dict) -> dict:
    """What a method got right in each split, without the metrics that follow from it."""
    return {
        split: {key: row[key] for key in ("accuracy", "correct", "count")}
        for split, row in found.items()
        if split != "chosen"
    }


def test_the_majority_is_that_of_the_training_split():
    write("train", ["a", "b", "c"], [1, 1, 0])
    write("validation", ["a", "b", "c"], [0, 0, 1])
    write("test", ["a", "b", "c", "d"], [0, 0, 0, 0])
    assert counts(score()["majority"]) == {
        "train": {"accuracy": 2 / 3, "correct": 2, "count": 3},
        "validation": {"accuracy": 1 / 3, "correct": 1, "count": 3},
        "test": {"accuracy": 0.0, "correct": 0, "count": 4},
    }


def test_what_was_not_declared_is_not_scored_on_the_test_split():
    for split in ("train", "validation", "test"):
        write(split, ["a", "b", "c"], [1, 1, 0])
    paths = [Path("train.parquet"), Path("validation.parquet"), [Path("test.parquet")]]
    made = [Path("baselines.json"), Path("validation-predictions.parquet"), [Path("test-predictions.parquet")]]
    score_baselines.main(*paths, Path("selection.json"), [], [], *made, CPU, ["majority"], "")
    found = json.loads(made[0].read_text())
    assert [name for name in found if "test" in found[name]] == ["majority"]
    assert "validation" in found["bag-of-words"]
    assert pq.read_schema(made[2][0]).names == ["id", "label", "majority"]
    assert pq.read_schema(made[1]).names == ["id", "label", "majority", "bag-of-words"]


def test_clusters_widen_the_intervals_and_verifying_knows_it():
    """Four copies of each text say no more than one does."""
    for split, texts in (("train", 4), ("validation", 20), ("test", 20)):
        labels = [int(number % 5 > 0) for number in range(texts)]
        clusters = [str(number) for number in range(texts)]
        texts_of = ["good film", "bad film"] * (2 * texts)
        write(split, texts_of, np.repeat(labels, 4).tolist(), cluster=np.repeat(clusters, 4).tolist())
    found = score()["majority"]["test"]
    assert (found["correct"], found["count"]) == (64, 80)
    low, high = found["interval"]
    few = wilson_interval(16, 20)
    assert (low, high) == pytest.approx(few, abs=0.03)  # with Student's quantile in place of the normal one
    assert low < few[0] < few[1] < high
    collector = Collector(Path("values/score.json"))
    collector.add_score("a", found, Path("baselines.json"), "/majority/test")
    assert collector.values["a.accuracy"]["interval"] == [low, high]
    for split in ("validation", "test"):
        for folder, name in (("data", f"{split}.parquet"), ("baselines", f"{split}-predictions.parquet")):
            Path(folder).mkdir(exist_ok=True)
            Path(name).rename(Path(folder) / f"{split}.parquet")
    assert list(baseline_complaints(Path(), ["validation", "test"])) == []


def test_words_and_neighbouring_words_decide():
    write("train", ["good film", "not good film", "bad film", "not bad film"] * 8, [1, 0, 0, 1] * 8)
    write("validation", ["good", "not good", "bad", "not bad"], [1, 0, 0, 1])
    write("test", ["the good", "the bad"], [1, 1])
    assert counts(score()["bag-of-words"]) == {
        "train": {"accuracy": 1.0, "correct": 32, "count": 32},
        "validation": {"accuracy": 1.0, "correct": 4, "count": 4},
        "test": {"accuracy": 0.5, "correct": 1, "count": 2},
    }


def test_pairs_count_both_texts_and_any_script_has_tokens():
    write("train", ["x", "x", "x", "x"], [0, 1, 0, 1], text_pair=["\U0001f44e", "\U0001f44d"] * 2)
    write("validation", ["x"], [1], text_pair=["\U0001f44d"])
    write("test", ["x"], [0], text_pair=["\U0001f44e"])
    found = score()["bag-of-words"]
    assert (found["validation"]["correct"], found["test"]["correct"]) == (1, 1)


def test_against_scikit_learn_by_hand_and_again_the_same_bytes():
    chance = np.random.default_rng(3)
    words = [f"word{number}" for number in range(30)]
    data = {}
    for split, count in {"train": 90, "validation": 40, "test": 50}.items():
        texts = [" ".join(chance.choice(words, size=6)) for _ in range(count)]
        data[split] = (
            texts,
            [int(("word1" in text) != (chance.random() < 0.2)) + (i % 3 == 0) for i, text in enumerate(texts)],
        )
        write(split, *data[split])
    found = score()["bag-of-words"]
    characters = {"analyzer": "char", "ngram_range": (1, 4)}
    kinds = {"words": {"ngram_range": (1, 2), "token_pattern": r"\S+"}, "characters": characters}
    best = -1.0
    for features, options in kinds.items():
        for strength in (1.0, 10.0, 100.0, 0.1):
            counting = TfidfVectorizer(**options)
            fitted = LogisticRegression(C=strength, max_iter=1000)
            fitted.fit(counting.fit_transform(data["train"][0]), data["train"][1])
            reached = fitted.score(counting.transform(data["validation"][0]), data["validation"][1])
            if reached > best:
                best, model, vectorizer = reached, fitted, counting
                chosen = {"features": features, "strength": strength, "looks": 8}
    assert found["chosen"] == chosen
    assert chosen["strength"] != 1.0  # as it comes, it is not tuned
    for split, (texts, labels) in data.items():
        assert found[split]["accuracy"] == model.score(vectorizer.transform(texts), labels)
        predictions = model.predict(vectorizer.transform(texts))
        assert found[split]["macro_f1"] == pytest.approx(f1_score(labels, predictions, average="macro"))
        assert found[split]["matthews"] == pytest.approx(matthews_corrcoef(labels, predictions))
    before = Path("baselines.json").read_bytes()
    score()
    assert Path("baselines.json").read_bytes() == before


def test_characters_are_chosen_by_validation_where_words_are_not_separated():
    chance = np.random.default_rng(1)
    letters = [chr(0x4E00 + n) for n in range(30)]

    def texts(count: int) -> tuple[list[str], list[int]]:
        labels = [n % 2 for n in range(count)]
        filler = ["".join(chance.choice(letters, size=8)) for _ in labels]
        marks = ("\u96be\u770b", "\u597d\u770b")
        return [f"{text[:4]}{marks[label]}{text[4:]}" for text, label in zip(filler, labels, strict=True)], labels

    for split, count in {"train": 120, "validation": 40, "test": 40}.items():
        write(split, *texts(count))
    found = score()
    assert found["bag-of-words"]["chosen"]["features"] == "characters"
    assert found["bag-of-words"]["test"]["accuracy"] > 0.9
    assert found["majority"]["chosen"] == {}


def test_words_are_kept_where_they_do_as_well():
    write("train", ["good film", "bad film"] * 8, [1, 0] * 8)
    write("validation", ["good", "bad"], [1, 0])
    write("test", ["good"], [1])
    assert score()["bag-of-words"]["chosen"] == {"features": "words", "strength": 1.0, "looks": 8}


def test_a_probe_finds_what_the_frozen_model_makes_of_the_texts(tmp_path: Path) -> None:
    """Against the model as transformers runs it, text by text."""
    save_classifier(tmp_path / "model", ["good", "bad", "film", "the"])
    chance = np.random.default_rng(2)
    words, data = ["good", "bad", "film", "the"], {}
    for split, count in {"train": 60, "validation": 30, "test": 20}.items():
        texts = [" ".join(chance.choice(words, size=chance.integers(2, 6))) for _ in range(count)]
        data[split] = texts, [int("good" in text) for text in texts]
        write(split, *data[split])
    source = {"path": str(tmp_path / "model"), "sha256": None, "head": "keep"}
    prepare_model(model_files(source), tmp_path / "model.json", source, name="")
    tokens = [tmp_path / f"tokens-{split}.parquet" for split in data]
    for split, path in zip(data, tokens, strict=True):
        tokenize_texts(tmp_path / f"{split}.parquet", tmp_path / "model.json", [], path, 32, name="")
    found = score(tokens=tokens, model=[tmp_path / "model.json"])["probe"]
    several = score("small", tokens=tokens, model=[tmp_path / "model.json"])["probe"]
    assert several == found | {"chosen": found["chosen"] | {"model": "small"}}
    body, tokenizer = (kind.from_pretrained(tmp_path / "model") for kind in (AutoModel, AutoTokenizer))

    def vectors(texts: list[str]) -> np.ndarray:
        with torch.inference_mode():
            states = [body(**tokenizer(text, return_tensors="pt"))[0][0].mean(dim=0) for text in texts]
        return torch.stack(states).numpy()

    scaler = StandardScaler().fit(vectors(data["train"][0]))
    model = LogisticRegression(C=found["chosen"]["strength"], max_iter=1000)
    model.fit(scaler.transform(vectors(data["train"][0])), data["train"][1])
    for split, (texts, labels) in data.items():
        assert found[split]["accuracy"] == pytest.approx(model.score(scaler.transform(vectors(texts)), labels))
    assert found["chosen"]["looks"] == 5
    assert found["test"]["accuracy"] > 0.8


def test_verifying_finds_what_was_written_and_nothing_else():
    for split in ("train", "validation", "test"):
        write(split, ["good film", "bad film"] * 8, [1, 0] * 8)
    score()
    for split in ("validation", "test"):
        for folder, name in (("data", f"{split}.parquet"), ("baselines", f"{split}-predictions.parquet")):
            Path(folder).mkdir(exist_ok=True)
            Path(name).rename(Path(folder) / f"{split}.parquet")
    assert list(baseline_complaints(Path(), ["validation", "test"])) == []
    Path("baselines.json").write_text(Path("baselines.json").read_text().replace('"correct": 16', '"correct": 15'))
    assert list(baseline_complaints(Path(), ["validation", "test"])) != []
