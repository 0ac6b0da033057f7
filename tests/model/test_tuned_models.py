"""Checkpoints as people have them: in several files, tuned already, RoBERTa's positions, without a fast tokenizer."""

import json
from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.model.classifier import load_classifier
from finetune_report.model.tokenization import check_length, limit_of, load_tokenizer
from finetune_report.model.weights import load_weights
from tests.support.models import tiny_bert

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    BertTokenizer,
    CanineTokenizer,
    MPNetConfig,
    PreTrainedModel,
    RobertaConfig,
)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def same(one: PreTrainedModel, other: PreTrainedModel) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def tuned(names: list[str]) -> torch.Tensor:
    """Save a tuned model with a head for `names`; the weights of its head, one row per class."""
    model = tiny_bert()
    model.config.id2label = dict(enumerate(names))
    model.config.label2id = {name: number for number, name in enumerate(names)}
    model.save_pretrained("m")
    return model.classifier.weight.detach().clone()


def test_a_base_loads_as_from_pretrained_does_down_to_the_random_head() -> None:
    BertModel(tiny_bert().config).save_pretrained("m")
    torch.manual_seed(7)
    ours = load_classifier(Path("m"), ["a", "b"])
    following = torch.rand(1)
    torch.manual_seed(7)
    theirs = AutoModelForSequenceClassification.from_pretrained("m", num_labels=2)
    assert same(ours, theirs)
    assert torch.equal(following, torch.rand(1))


def test_weights_in_several_files() -> None:
    model = tiny_bert()
    model.save_pretrained("whole")
    model.save_pretrained("m", max_shard_size="8KB")
    assert len(list(Path("m").glob("model-*.safetensors"))) > 1
    assert same(load_classifier(Path("m"), ["a", "b"]), load_classifier(Path("whole"), ["a", "b"]))


def test_a_head_is_matched_by_the_names_of_its_classes() -> None:
    weights = tuned(["Positive", "negative"])
    loaded = load_classifier(Path("m"), ["negative", "positive"])
    assert torch.equal(loaded.classifier.weight, weights[[1, 0]])
    assert loaded.config.id2label == {0: "negative", 1: "positive"}
    assert torch.equal(load_classifier(Path("m"), ["Positive", "negative"]).classifier.weight, weights)


def test_classes_that_are_spelled_alike_on_purpose_are_told_apart() -> None:
    weights = tuned(["it", "IT"])
    assert torch.equal(load_classifier(Path("m"), ["it", "IT"]).classifier.weight, weights)
    assert torch.equal(load_classifier(Path("m"), ["IT", "it"]).classifier.weight, weights[[1, 0]])


def test_a_head_of_other_classes_is_refused_or_replaced() -> None:
    weights = tuned(["joy", "anger"])
    with pytest.raises(UserError, match=r"has a head for the classes joy, anger, but the data have neg, pos"):
        load_classifier(Path("m"), ["neg", "pos"])
    new = load_classifier(Path("m"), ["neg", "pos"], head="new")
    assert not torch.equal(new.classifier.weight, weights)
    assert load_classifier(Path("m"), ["a", "b", "c"], head="new").classifier.weight.shape[0] == 3
    body = {name: weight for name, weight in load_file("m/model.safetensors").items() if name.startswith("bert.")}
    state = new.state_dict()
    assert body
    assert all(torch.equal(state[name], weight) for name, weight in body.items())


def test_a_head_without_names_keeps_its_order() -> None:
    weights = tuned(["LABEL_0", "LABEL_1"])
    assert torch.equal(load_classifier(Path("m"), ["neg", "pos"]).classifier.weight, weights)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(value: float) -> None:
    tuned(["a", "b"])
    weights = load_file("m/model.safetensors")
    weights["classifier.bias"][0] = value
    save_file(weights, "m/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"^model: the weights classifier\.bias in m hold values that are not finite"):
        load_classifier(Path("m"), ["a", "b"])


def test_an_index_beside_a_decoy_opens_no_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    tuned(["a", "b"])
    torch.save(load_file("m/model.safetensors"), "m/pytorch_model.bin")
    weight_map = dict.fromkeys(load_file("m/model.safetensors"), "pytorch_model.bin")
    Path("m/model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    opened: list[object] = []
    monkeypatch.setattr(torch, "load", lambda *args, **options: opened.append(args))
    with pytest.raises(UserError, match="weights are only read from"):
        load_classifier(Path("m"), ["a", "b"])
    with pytest.raises(UserError, match="weights are only read from"):
        load_weights(Path("m"))
    assert opened == []


SIZES = {"vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        (RobertaConfig(max_position_embeddings=514, pad_token_id=1, **SIZES), 512),
        (MPNetConfig(max_position_embeddings=514, pad_token_id=1, **SIZES), 512),
        (BertConfig(max_position_embeddings=512, **SIZES), 512),
    ],
    ids=["RoBERTa", "MPNet", "BERT"],
)
def test_positions_bound_the_length_where_the_tokenizer_names_none(config: BertConfig, limit: int) -> None:
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"])}
    tokenizer = BertTokenizer(vocab=vocabulary)
    assert tokenizer.model_max_length > 10**6
    assert limit_of(config, tokenizer) == limit
    check_length(limit, Path("m"), config, tokenizer)
    with pytest.raises(UserError, match=rf"max_length: found {limit + 1}, but the model in m takes {limit} tokens"):
        check_length(limit + 1, Path("m"), config, tokenizer)


def test_a_tokenizer_without_a_fast_version() -> None:
    CanineTokenizer().save_pretrained("m")
    Path("m/config.json").write_text('{"model_type": "canine"}')
    _, tokenizer = load_tokenizer(Path("m"))
    assert not tokenizer.is_fast
    assert tokenizer(["ab"], return_token_type_ids=True)["input_ids"][0][1:3] == [ord("a"), ord("b")]
