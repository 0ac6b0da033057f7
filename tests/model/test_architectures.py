"""One model of each architecture, small and random, through tokenizing, training, resuming, scoring and its heads."""

import json
from pathlib import Path
from typing import Any

from finetune_report.cli import rescoring
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.errors import UserError
from finetune_report.files import sha256, write_json
from finetune_report.model.adapters import Tuning, choose_weights
from finetune_report.model.classifier import load_classifier
from finetune_report.model.cpu import used_embedding as embedding
from finetune_report.runtime.signals import Stopped
from finetune_report.training import loop as training
from tests.support.models import tiny_bert

import finetune
import measure_heads
import numpy as np
import pandas as pd
import pytest
import score_test
import tokenize_texts
import torch
import transformers
from sklearn.metrics import f1_score
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerFast

SIZE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
WORDS = ["good", "bad", "film", "the", "a", "plot", "not", "very", "dull", "fine"]
ENCODER = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32}
DISTILBERT = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": 32}
DEBERTA = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8, "type_vocab_size": 0}
POSITIONS = {"max_position_embeddings": 34}
SPECIAL = {"bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", SIZE | POSITIONS),
    "roberta": ("Roberta", SIZE | POSITIONS | {"pad_token_id": 0}),
    "distilbert": ("DistilBert", DISTILBERT),
    "electra": ("Electra", SIZE | POSITIONS | {"embedding_size": 8}),
    "deberta-v2": ("DebertaV2", SIZE | POSITIONS | DEBERTA),
    "modernbert": ("ModernBert", SIZE | POSITIONS | SPECIAL | {"pad_token_id": 0, "global_attn_every_n_layers": 2}),
    "gpt2": ("GPT2", GPT2 | {"bos_token_id": 0, "eos_token_id": 0}),
    "qwen2": ("Qwen2", SIZE | POSITIONS | {"num_key_value_heads": 1, "eos_token_id": 0, "bos_token_id": None}),
}
DECODERS = ("gpt2", "qwen2")


def save_model(folder: Path, kind: str) -> None:
    """A random model of an architecture and a tokenizer of words; decoders have neither padding nor special tokens."""
    family, size = MODELS[kind]
    named: dict[str, str] = {}
    if kind in DECODERS:  # transformers reads theirs as byte-level BPE, whatever was saved
        words = byte_tokenizer()
        named = {"eos_token": "<end>"}
    else:
        words = Tokenizer(models.WordLevel({word: i for i, word in enumerate([*ENCODER, *WORDS])}, unk_token="[UNK]"))
        words.pre_tokenizer = pre_tokenizers.Whitespace()
        words.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
        )
        named = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=32, **named).save_pretrained(folder)
    config = getattr(transformers, f"{family}Config")(vocab_size=words.get_vocab_size(), **size)
    torch.manual_seed(0)
    base = getattr(transformers, f"{family}Model")(config)  # without a head, as pretrained models come
    base.save_pretrained(folder)


def byte_tokenizer() -> Tokenizer:
    """Byte-level BPE that knows some of the words; id 0 ends a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=270, special_tokens=["<end>"], show_progress=False)
    tokenizer.train_from_iterator([" ".join(WORDS)] * 5, trainer)
    return tokenizer


def write_data(root: Path, pairs: bool = False, classes: int = 2) -> None:
    """Texts of 2 to 9 words; the class is told by the first word."""
    chance = np.random.default_rng(0)
    for split, count in (("train", 24), ("validation", 10), ("test", 10)):
        labels = np.arange(count) % classes
        texts = [" ".join([WORDS[c], *chance.choice(WORDS[2:], size=chance.integers(1, 9))]) for c in labels]
        columns = {"text_pair": [text[::-1] for text in texts]} if pairs else {}
        ids = [f"{split}-{number}" for number in range(1, count + 1)]
        table = pd.DataFrame({"id": ids, "text": texts, **columns, "label": labels})
        table.to_parquet(root / f"{split}.parquet", index=False)
    labels = [f"class {number}" for number in range(classes)]
    write_json(root / "summary.json", {"labels": labels, "splits": {"test": {"fingerprint": "f"}}})
    source = {"path": str(root / "pretrained")}
    write_json(root / "model.json", {"source": source, **source, "files": {}, "fingerprint": "0" * 64})
    for split in ("train", "validation", "test"):
        tokens = root / f"{split}-tokens.parquet"
        tokenize_texts.main(root / f"{split}.parquet", root / "model.json", [], tokens, max_length=8, name="")


def train(root: Path, run: str = "runs/a/seed1", **setting: Any) -> Path:
    """Run the script finetune on what `write_data` wrote; returns the run's folder."""
    setting = {"name": "a", "batch_size": 8, "learning_rate": 1e-2, "epochs": 2, **setting}
    config = complete({"name": "x", "data": {"path": "d"}, "model": {"path": "m"}, "settings": [setting]})
    folder = root / run
    folder.mkdir(parents=True, exist_ok=True)
    finetune.main(
        train=root / "train.parquet",
        validation=root / "validation.parquet",
        train_tokens=root / "train-tokens.parquet",
        validation_tokens=root / "validation-tokens.parquet",
        summary=root / "summary.json",
        model=root / "model.json",
        decision=[],
        history=folder / "history.csv",
        metrics=folder / "metrics.json",
        timing=folder / "timing.json",
        tuned=folder / "model",
        predictions=folder / "predictions.parquet",
        epochs=folder / "epochs.parquet",
        setting="a",
        seed=1,
        plan={
            "hyperparameters": resolved_settings(config)["a"],
            "streams": {"weights": 1, "order": 1, "dropout": 1},
            "selection_metric": "accuracy",
            "on_divergence": "stop",
            "compute": {"device": "cpu", "precision": "fp32", "threads": 1},
            "checkpoint_path": str(folder / "checkpoints"),
            "train_sample": config["train_sample"],
        },
        stamp="",
    )
    return folder


def train_with_a_break(root: Path, monkeypatch: pytest.MonkeyPatch, **setting: Any) -> Path:
    """The same in another folder, stopped in the second epoch and started again."""
    step = training.Run.train_step

    def step_then_stop(self: training.Run, batch: np.ndarray) -> None:
        step(self, batch)
        self.stop_asked = "by the test" if self.state.step == 3 else ""

    with monkeypatch.context() as patch:
        patch.setattr(training.Run, "train_step", step_then_stop)
        with pytest.raises(Stopped):
            train(root, "broken/a/seed1", **setting)
    return train(root, "broken/a/seed1", **setting)


def test_score(root: Path, run: Path) -> dict[str, Any]:
    write_json(root / "selection.json", {"winner": "a"})
    score_test.main(
        selection=root / "selection.json",
        test=root / "test.parquet",
        test_tokens=[root / "test-tokens.parquet"],
        summary=root / "summary.json",
        tuned=[run / "model"],
        elsewhere=[],
        metrics=root / "test.json",
        predictions=root / "test-predictions.parquet",
        others=root / "test-settings.parquet",
        scorings=root / "scorings.json",
        settings=["a"],
        models=[""],
        model_of={},
        declaration={"systems": ["winner", "a"]},
        compute={"device": "cpu", "precision": "fp32", "threads": 1},
        ledger=str(root / "ledger.jsonl"),
        problems=[],
        dated=False,
    )
    return json.loads((root / "test.json").read_text())


test_score.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("tune", ["full", "head", "lora"])
@pytest.mark.parametrize("kind", MODELS)
def test_an_architecture_trains_resumes_to_the_same_bits_and_is_scored(
    kind: str, tune: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(tmp_path / "pretrained", kind)
    write_data(tmp_path)
    whole = train(tmp_path, tune=tune)
    broken = train_with_a_break(tmp_path, monkeypatch, tune=tune)
    for name in ("model/model.safetensors", "metrics.json", "history.csv", "predictions.parquet"):
        assert sha256(whole / name) == sha256(broken / name), name
    found = json.loads((whole / "metrics.json").read_text())
    before, after = weights_of(tmp_path / "pretrained"), weights_of(whole / "model")
    moved = {name for name, weight in before.items() if not torch.equal(weight, after[name])}
    still = {name for name in before if name not in moved}
    if tune == "head":
        assert all("pooler" in name for name in moved)
        assert found["trained_parameters"] < 1000
    else:
        assert [name for name in moved if "pooler" not in name]
        assert found["trained_parameters"] > 1000
    sizes = rescoring.sizes(
        load_classifier(whole / "model", ["class 0", "class 1"]), whole / "model", found["hyperparameters"]
    )
    assert {name: found[name] for name in sizes} == sizes
    assert (found["trained_parameters"] == found["parameters"]) == (tune == "full")
    assert found["parameters"] == sum(
        weight.numel() for weight in load_classifier(whole / "model", ["class 0", "class 1"]).parameters()
    )
    assert (tune == "full") == (not [name for name in still if "weight" in name and "bed" not in name])
    assert len(pd.read_csv(whole / "history.csv")) == 2
    scored = test_score(tmp_path, whole)
    assert scored["count"] == 10
    check_batching(tmp_path, whole)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    """A model's weights by name, without the prefix that a head puts before its encoder's."""
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    return {name: weight.detach().clone() for name, weight in model.base_model.named_parameters()}


def check_batching(root: Path, run: Path) -> None:
    """The stored validation probabilities are those of each text alone, without padding."""
    model = AutoModelForSequenceClassification.from_pretrained(run / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(run / "model")
    stored = pd.read_parquet(run / "predictions.parquet")
    for number, text in enumerate(pd.read_parquet(root / "validation.parquet")["text"]):
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=8, return_token_type_ids=False)
        with torch.no_grad():
            alone = model(**inputs).logits.softmax(dim=1)[0].numpy()
        np.testing.assert_allclose(stored.filter(like="p_").to_numpy()[number], alone, atol=1e-5)


@pytest.mark.parametrize("kind", MODELS)
def test_the_heads_of_an_architecture_are_measured(kind: str, tmp_path: Path) -> None:
    save_model(tmp_path / "pretrained", kind)
    write_data(tmp_path)
    run = train(tmp_path, epochs=1)
    write_json(tmp_path / "selection.json", {"winner": "a"})
    measure_heads.main(
        selection=tmp_path / "selection.json",
        tuned=[run / "model"],
        validation_tokens=[tmp_path / "validation-tokens.parquet"],
        models=[""],
        model_of={},
        heads=tmp_path / "heads.csv",
        summary=tmp_path / "heads.json",
        sentences=5,
        threads=1,
    )
    assert len(pd.read_csv(tmp_path / "heads.csv")) == 4


def test_an_embedding_that_does_more_than_look_up_or_is_shared_stays_whole() -> None:
    class Scaled(torch.nn.Embedding):
        pass

    model = tiny_bert()
    model.set_input_embeddings(Scaled(50, 16))
    assert embedding.reduce_embedding(model, {1, 2}) is None
    model = tiny_bert()
    model.decoder = torch.nn.Linear(16, 50)
    model.decoder.weight = model.get_input_embeddings().weight
    assert embedding.reduce_embedding(model, {1, 2}) is None
    assert embedding.reduce_embedding(tiny_bert(), {1, 2}) is not None


def test_a_pattern_that_fits_no_layer_is_told_what_there_is() -> None:
    tuning = Tuning("lora", 4, 8, 0.0, "query")
    with pytest.raises(UserError, match=r"lora_modules: 'query' fits no layer .* such as bert.encoder.layer.0"):
        choose_weights(tiny_bert(), tuning)
    updates = choose_weights(model := tiny_bert(), Tuning("lora", 4, 8, 0.0, r".*\.query"))
    assert updates is not None
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert {name for name in trained if "lora" not in name} == {
        "bert.pooler.dense.weight",
        "bert.pooler.dense.bias",
        "classifier.weight",
        "classifier.bias",
    }
    assert {name.split(".self.")[1].split(".")[0] for name in trained if "lora" in name} == {"query"}


def test_pairs_of_texts_with_many_classes_named_in_words(tmp_path: Path) -> None:
    save_model(tmp_path / "pretrained", "bert")
    write_data(tmp_path, pairs=True, classes=8)
    run = train(tmp_path)
    assert "token_type_ids" in pd.read_parquet(tmp_path / "train-tokens.parquet")
    found = json.loads((run / "metrics.json").read_text())
    predicted = pd.read_parquet(run / "predictions.parquet")
    assert found["validation"]["macro_f1"] == pytest.approx(
        f1_score(predicted["label"], predicted["prediction"], average="macro")
    )
    assert list(found["validation"]["classes"]) == [f"class {number}" for number in range(8)]
    scored = test_score(tmp_path, run)
    assert np.array(scored["confusion"]).shape == (8, 8)
    assert sum(row["count"] for row in scored["classes"].values()) == scored["count"] == 10
