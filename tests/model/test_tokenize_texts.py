"""Token ids of hand-made texts under a hand-made vocabulary, and what is refused."""

import hashlib
import json
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from tests.support.messages import assert_says

import describe_data
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tokenize_texts
import transformers
from transformers import BertConfig, BertTokenizer, RobertaConfig

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "fine", "film", "not", "dull", "##er", "!"]
PAD, UNK, CLS, SEP, MASK, A, FINE, FILM, NOT, DULL, ER, BANG = range(12)


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "m"
    BertTokenizer(vocab={word: number for number, word in enumerate(VOCABULARY)}, model_max_length=32).save_pretrained(
        folder
    )
    save_config(BertConfig(vocab_size=len(VOCABULARY), max_position_embeddings=16))
    Path("model.json").write_text(json.dumps({"source": {"path": "m"}, "path": str(folder), "files": {}}))
    return tmp_path


def save_config(config: transformers.PretrainedConfig) -> None:
    config.save_pretrained("m")


def tokenize(texts: list[Any], max_length: int = 10, **columns: list[str]) -> pa.Table:
    ids = [f"train-{number}" for number in range(1, len(texts) + 1)]
    pq.write_table(pa.table({"id": ids, "text": texts, **columns}), "train.parquet")
    tokenize_texts.main(Path("train.parquet"), Path("model.json"), [], Path("tokens.parquet"), max_length, name="")
    return pq.read_table("tokens.parquet")


def message_of(texts: list[str], max_length: int = 10) -> str:
    with pytest.raises(UserError) as caught:
        tokenize(texts, max_length)
    assert not Path("tokens.parquet").exists()
    return str(caught.value)


def test_single_texts():
    table = tokenize(["A fine film!", "not duller", "xyz"])
    assert table.to_pylist() == [
        {"id": "train-1", "input_ids": [CLS, A, FINE, FILM, BANG, SEP], "cut": False},
        {"id": "train-2", "input_ids": [CLS, NOT, DULL, ER, SEP], "cut": False},
        {"id": "train-3", "input_ids": [CLS, UNK, SEP], "cut": False},
    ]
    assert table.schema.types == [pa.string(), pa.list_(pa.int32()), pa.bool_()]


def test_labels_and_slices_are_left_out():
    assert tokenize(["fine"], label=["pos"], phenomenon=["x"]).column_names == ["id", "input_ids", "cut"]


def test_long_texts_are_cut_and_marked():
    table = tokenize(["fine film", "fine film!", "fine film ! a", "film"], max_length=4)
    assert table["input_ids"].to_pylist() == [
        [CLS, FINE, FILM, SEP],
        [CLS, FINE, FILM, SEP],
        [CLS, FINE, FILM, SEP],
        [CLS, FILM, SEP],
    ]
    assert table["cut"].to_pylist() == [False, True, True, False]


def test_pairs_say_which_text_a_token_belongs_to():
    table = tokenize(["fine", "fine fine fine film"], 7, text_pair=["not dull", "a dull"])
    assert table.schema.field("token_type_ids").type == pa.list_(pa.int8())
    assert table.drop_columns("id").to_pylist() == [
        {"input_ids": [CLS, FINE, SEP, NOT, DULL, SEP], "token_type_ids": [0, 0, 0, 1, 1, 1], "cut": False},
        {"input_ids": [CLS, FINE, FINE, SEP, A, DULL, SEP], "token_type_ids": [0, 0, 0, 0, 1, 1, 1], "cut": True},
    ]


def test_a_model_with_one_type_gets_no_types():
    save_config(RobertaConfig(vocab_size=len(VOCABULARY), max_position_embeddings=16, type_vocab_size=1))
    assert tokenize(["fine"], text_pair=["dull"]).column_names == ["id", "input_ids", "cut"]


def test_batches_do_not_show(monkeypatch):
    texts = [" ".join(VOCABULARY[5 + (i + k) % 5] for k in range(1 + i % 9)) for i in range(25)]
    whole = tokenize(texts, max_length=6).to_pylist()
    monkeypatch.setattr(tokenize_texts, "ROWS", 4)
    assert tokenize(texts, max_length=6).to_pylist() == whole
    assert len(whole) == 25
    assert {row["cut"] for row in whole} == {True, False}


def test_the_same_texts_give_the_same_bytes():
    digests = set()
    for _ in range(2):
        tokenize(["a fine film", "dull"])
        digests.add(hashlib.sha256(Path("tokens.parquet").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_padding_or_truncation_stored_with_the_tokenizer_is_not_used():
    stored = json.loads(Path("m/tokenizer.json").read_text())
    stored["truncation"] = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    stored["padding"] = {
        "strategy": {"Fixed": 8},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    Path("m/tokenizer.json").write_text(json.dumps(stored))
    assert tokenize(["a fine film"])["input_ids"].to_pylist() == [[CLS, A, FINE, FILM, SEP]]


def test_more_tokens_than_the_model_has_positions():
    assert_says(
        message_of(["fine"], max_length=17),
        f"max_length: found 17, but the model in {Path('m').resolve()} takes 16 tokens at most; lower it",
    )
    save_config(BertConfig(vocab_size=len(VOCABULARY), max_position_embeddings=64))
    assert "takes 32 tokens at most" in message_of(["fine"], max_length=33)  # the tokenizer's own limit


def test_a_text_of_which_nothing_is_left():
    assert_says(
        message_of(["fine", "\u200b", "dull"]),
        "data: the tokenizer leaves nothing of the text of row train-2; correct or remove the row",
    )


def test_a_tokenizer_of_another_model():
    save_config(BertConfig(vocab_size=8, max_position_embeddings=16))
    assert_says(
        message_of(["a fine film", "dull !"]),
        f"model: the tokenizer in {Path('m').resolve()} gives the token id 11, but config.json has a vocab_size of 8; "
        "the tokenizer belongs to another model: save both together",
    )


@pytest.mark.parametrize(("content", "reason"), [(None, "no vocabulary"), ("{broken", "Expecting property name")])
def test_no_tokenizer(content, reason):
    for path in Path("m").iterdir():
        if path.name != "config.json":
            path.unlink()
    if content:
        Path("m/tokenizer.json").write_text(content)
    message = message_of(["fine"])
    known = f"holds no tokenizer that transformers {transformers.__version__} can load ({reason}"
    assert message.startswith(f"model: {Path('m').resolve()} {known}")
    assert message.endswith("add the tokenizer's files (tokenizer.json, or the vocabulary), or choose another model")


def test_unknown_tokens_are_counted_without_special_ones():
    tokenize(["a fine xyz", "xyz xyz", "film"])
    counted = describe_data.count(Path("tokens.parquet"))
    assert (counted["unknown"], counted["unknown_share"]) == (3, 0.5)
    assert counted["tokens"] == 6 + 2 * 3


def test_many_cut_texts_and_unknown_tokens_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    tokenize(["a fine film"] * 9 + ["xyz a fine film"])
    assert "unknown" not in caplog.text
    assert "does not know" not in caplog.text
    tokenize(["eine film", "a fine film not dull"], max_length=5)
    assert "train: the model does not know 20% of the tokens" in caplog.text
    assert "train: 50% of the texts are longer than 5 tokens" in caplog.text
