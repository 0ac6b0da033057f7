"""Checkpoints as people have them, through the rules: prepared, tokenized, and trained for an epoch."""

import json
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.locations import model_files
from finetune_report.files import read_json
from finetune_report.model.weights import INDEX
from tests.support.messages import refuses
from tests.support.models import SPECIAL, tiny_bert
from tests.support.training import WORDS, train, write_data, write_tokens

import numpy as np
import pandas as pd
import prepare_model
import pytest
import torch
from transformers import (
    BertModel,
    BertTokenizer,
    CanineConfig,
    CanineModel,
    CanineTokenizer,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
)

VOCABULARY = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
LABELS = ["class 0", "class 1"]  # those of the data that write_data makes


def save_tokenizer(folder: Path, **options: Any) -> None:
    BertTokenizer(vocab=VOCABULARY, **options).save_pretrained(folder)


def save_words(folder: Path, model: PreTrainedModel, **options: Any) -> None:
    """A model with a tokenizer of words, as save_pretrained writes both."""
    save_tokenizer(folder, model_max_length=16)
    model.save_pretrained(folder, **options)


def prepare(root: Path, max_length: int = 8, **entry: Any) -> dict[str, Any]:
    """Run prepare_model and tokenize_texts on the folder `pretrained` and some texts; what prepare_model writes."""
    entry = {"path": str(root / "pretrained")} | entry
    config = complete({"name": "x", "data": {"path": "d"}, "model": entry, "settings": [{"name": "a"}]})
    write_data(root, tokens=False)
    prepare_model.main(model_files(config["model"]), root / "model.json", config["model"], name="")
    write_tokens(root, max_length)
    return read_json(root / "model.json")


def trained(root: Path, **setting: Any) -> tuple[dict[str, Any], np.ndarray]:
    """The metrics of a run of one epoch, and the probabilities that it gives the validation texts."""
    folder = train(root, epochs=1, **setting)
    return read_json(folder / "metrics.json"), pd.read_parquet(folder / "predictions.parquet").filter(
        like="p_"
    ).to_numpy()


def test_a_checkpoint_in_several_files_trains_as_the_whole_does(tmp_path: Path) -> None:
    found = {}
    for name, options in (("whole", {}), ("parts", {"max_shard_size": "8KB"})):
        root = tmp_path / name
        save_words(root / "pretrained", tiny_bert(), **options)
        files = prepare(root)["files"]
        found[name] = len([file for file in files if file.endswith(".safetensors")]), trained(root)[1]
        assert (INDEX in files) == (name == "parts")
    assert found["whole"][0] == 1
    assert found["parts"][0] > 1
    assert np.array_equal(found["whole"][1], found["parts"][1])


def test_roberta_without_a_model_max_length_trains_on_as_many_tokens_as_it_has_positions_for(tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=len(VOCABULARY), max_position_embeddings=514, pad_token_id=0, **sizes)
    RobertaModel(config).save_pretrained(tmp_path / "pretrained")
    save_tokenizer(tmp_path / "pretrained")
    path = tmp_path / "pretrained/tokenizer_config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({name: entry for name, entry in told.items() if name != "model_max_length"}))
    with refuses("max_length: found 514", "takes 513 tokens at most"):
        prepare(tmp_path, max_length=514)
    for split in ("train", "validation", "test"):
        path = tmp_path / f"{split}.parquet"
        table = pd.read_parquet(path)
        table.assign(text=[f"{text} film" * 300 for text in table["text"]]).to_parquet(path, index=False)
    write_tokens(tmp_path, max_length=513)
    assert pd.read_parquet(tmp_path / "train-tokens.parquet")["input_ids"].map(len).max() == 513
    metrics, chances = trained(tmp_path)
    assert metrics["validation"]["count"] == 10
    assert np.isfinite(chances).all()


def test_a_model_whose_tokenizer_has_no_fast_version(tmp_path: Path) -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    hashed = {
        "num_hash_buckets": 64,
        "num_hash_functions": 2,
        "local_transformer_stride": 8,
        "upsampling_kernel_size": 2,
    }
    CanineModel(CanineConfig(max_position_embeddings=64, **sizes, **hashed)).save_pretrained(tmp_path / "pretrained")
    CanineTokenizer(model_max_length=64).save_pretrained(tmp_path / "pretrained")
    prepare(tmp_path, max_length=48)
    _, chances = trained(tmp_path)
    assert np.isfinite(chances).all()


def save_tuned(folder: Path, names: list[str]) -> PreTrainedModel:
    model = tiny_bert()
    model.config.id2label = dict(enumerate(names))
    model.config.label2id = {name: number for number, name in enumerate(names)}
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([-4.0, 4.0]))  # sure of its second class, whatever the text
    save_words(folder, model)
    return model


@pytest.mark.parametrize(("names", "sure"), [(LABELS, 1), (["Class 1", "class 0"], 0)], ids=["same", "another order"])
def test_a_head_that_a_base_has_is_kept_and_matched_by_name(names: list[str], sure: int, tmp_path: Path) -> None:
    save_tuned(tmp_path / "pretrained", names)
    prepare(tmp_path)
    _, chances = trained(tmp_path, learning_rate=1e-7)
    assert (chances.argmax(axis=1) == sure).all()
    assert chances.max(axis=1).min() > 0.9


def test_a_head_for_other_classes_is_replaced_only_where_the_config_says_so(tmp_path: Path) -> None:
    save_tuned(tmp_path / "pretrained", ["joy", "anger"])
    prepare(tmp_path)
    with refuses("joy, anger", "class 0, class 1", "model.head"):
        trained(tmp_path)
    prepare(tmp_path, head="new")
    _, chances = trained(tmp_path, learning_rate=1e-7)
    assert chances.max() < 0.9


def test_an_adapter_is_refused_and_what_the_advice_makes_of_it_trains(tmp_path: Path) -> None:
    import peft

    base = tmp_path / "base"
    save_words(base, tiny_bert())
    model = peft.get_peft_model(
        tiny_bert(), peft.LoraConfig(r=2, target_modules="all-linear", exclude_modules=["classifier"])
    )
    model.save_pretrained(tmp_path / "pretrained")
    with refuses("adapter_config.json", "merge_and_unload", "save_pretrained"):
        prepare(tmp_path)
    (tmp_path / "pretrained").rename(tmp_path / "adapter")
    save_words(tmp_path / "pretrained", model.merge_and_unload())
    prepare(tmp_path)
    assert np.isfinite(trained(tmp_path)[1]).all()


def test_a_body_that_was_saved_without_a_head(tmp_path: Path) -> None:
    save_words(tmp_path / "pretrained", BertModel(tiny_bert().config))
    prepare(tmp_path)
    assert np.isfinite(trained(tmp_path)[1]).all()
