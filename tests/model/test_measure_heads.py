"""The measures of attention heads, by hand on small matrices, and the script on small random models."""

import json
import math

from finetune_report.errors import UserError
from tests.support.models import tiny_bert

import measure_heads
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import GPT2Config, GPT2ForSequenceClassification

UNIFORM = np.full((4, 4), 0.25)
IDENTITY = np.eye(4)
PREVIOUS = np.eye(4, k=-1) + np.diag([1.0, 0, 0, 0])  # the first token can only look at itself


def measured(*heads):
    """The measures of each head by name."""
    rows = measure_heads.measure(np.array(heads, dtype=float))
    return [dict(zip(measure_heads.MEASURES, row, strict=True)) for row in rows]


class TestMeasure:
    def test_uniform_head_is_at_the_limit(self):
        (row,) = measured(UNIFORM)
        assert row == pytest.approx(
            {
                "entropy": 1,
                "largest_weight": 0.25,
                "same": 0.25,
                "previous": 3 / 16,
                "next": 3 / 16,
                "first": 0.25,
                "last": 0.25,
            }
        )

    def test_copying_heads_have_no_entropy(self):
        same, previous, _ = measured(IDENTITY, PREVIOUS, UNIFORM)
        assert same == pytest.approx(
            {"entropy": 0, "largest_weight": 1, "same": 1, "previous": 0, "next": 0, "first": 0.25, "last": 0.25}
        )
        assert previous == pytest.approx(
            {"entropy": 0, "largest_weight": 1, "same": 0.25, "previous": 0.75, "next": 0, "first": 0.5, "last": 0}
        )

    def test_first_last_and_next(self):
        weights = np.tile([0.5, 0.0, 0.2, 0.3], (4, 1))
        row, _ = measured(weights, UNIFORM)
        expected = -(0.5 * math.log(0.5) + 0.2 * math.log(0.2) + 0.3 * math.log(0.3)) / math.log(4)
        assert row["entropy"] == pytest.approx(expected)
        assert row["largest_weight"] == pytest.approx(0.5)
        assert (row["first"], row["last"]) == pytest.approx((0.5, 0.3))
        assert row["next"] == pytest.approx((0.0 + 0.2 + 0.3) / 4)
        assert row["previous"] == pytest.approx((0.5 + 0.0 + 0.2) / 4)

    def test_causal_mask_sets_the_limit_and_leaves_out_the_first_token(self):
        causal = np.tril(np.ones((3, 3))) / np.array([[1], [2], [3]])
        (row,) = measured(causal)
        assert row["entropy"] == pytest.approx(1)
        assert row["largest_weight"] == pytest.approx((1 / 2 + 1 / 3) / 2)
        assert row["first"] == pytest.approx((1 / 2 + 1 / 3) / 2)

    def test_mask_is_what_no_head_sees(self):
        """A head of hard zeros beside one that spreads its weight is concentrated, not masked."""
        hard, even = measured(IDENTITY, UNIFORM)
        assert (hard["entropy"], even["entropy"]) == pytest.approx((0, 1))


def test_entropy_agrees_with_pytorch_on_a_random_model():
    model = tiny_bert().eval()
    model.set_attn_implementation("eager")
    layers = measure_heads.attentions(model, {"input_ids": [1, 7, 9, 4, 2]})
    assert [layer.shape for layer in layers] == [(2, 5, 5)] * 2
    for layer in layers:
        expected = torch.distributions.Categorical(probs=torch.tensor(layer)).entropy().mean(dim=1) / math.log(5)
        assert measure_heads.measure(layer)[:, 0] == pytest.approx(expected.numpy(), abs=1e-6)


def test_tokens_that_all_see_one_token_copy_it():
    (row,) = measured(IDENTITY)
    assert (row["entropy"], row["largest_weight"], row["same"]) == (0, 1, 1)


def layers_of(*heads):
    return measure_heads.measure(np.array(heads, dtype=float))


class TestTable:
    def test_each_sentence_counts_the_same(self):
        short, long = np.full((1, 2, 2), 0.5), IDENTITY[None]
        table = measure_heads.head_table([[measure_heads.measure(weights)] for weights in (short, long)])
        assert table["same"].tolist() == [0.75]
        assert table["entropy"].tolist() == [0.5]

    def test_numbers_and_roles(self):
        table = measure_heads.head_table([[layers_of(IDENTITY, UNIFORM), layers_of(UNIFORM, (UNIFORM + IDENTITY) / 2)]])
        assert table[["layer", "head"]].to_numpy().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
        assert table["role"].tolist() == ["copies", "averages", "averages", "neither"]

    def test_thresholds_are_not_reached_by_being_equal(self):
        eight_tenths = np.array([[0.8, 0.2], [0.2, 0.8]])
        assert measure_heads.head_table([[layers_of(eight_tenths)]])["role"].tolist() == ["neither"]

    def test_summary(self):
        table = measure_heads.head_table([[layers_of(PREVIOUS, UNIFORM), layers_of(IDENTITY * 0.7 + 0.1, UNIFORM)]])
        summary = measure_heads.summarise(table)
        assert {key: summary[key] for key in ("layers", "count", "copying", "averaging")} == {
            "layers": 2,
            "count": 4,
            "copying": 1,
            "averaging": 2,
        }
        assert (summary["copies_above"], summary["averages_above"]) == (0.8, 0.9)
        assert summary["mean_entropy"] == pytest.approx(table["entropy"].mean())
        concentrated, even = summary["most_concentrated"], summary["most_even"]
        assert (concentrated["layer"], concentrated["head"], concentrated["mostly_on"]) == (1, 1, "previous")
        assert concentrated["mostly_on_share"] == 0.75
        assert (even["layer"], even["head"]) == (1, 2)


@pytest.fixture
def folder(tmp_path):
    """Tuned models of two settings with two seeds each, and a few tokenized sentences."""
    for number, run in enumerate(["one/seed3", "two/seed3", "two/seed4"]):
        tiny_bert(seed=number).save_pretrained(tmp_path / "runs" / run / "model")
    (tmp_path / "selection.json").write_text(json.dumps({"winner": "two"}))
    write_tokens(tmp_path, [[1, 5, 6, 2], [2], [1, 7, 2], [1, 8, 9, 10, 2]])
    return tmp_path


def write_tokens(folder, rows):
    columns = {"id": [f"v-{row}" for row in range(len(rows))], "input_ids": rows, "cut": [False] * len(rows)}
    pq.write_table(pa.table(columns), folder / "tokens.parquet")


def run_main(folder, sentences=10):
    measure_heads.main(
        selection=folder / "selection.json",
        tuned=[folder / "runs" / run / "model" for run in ("one/seed3", "two/seed3", "two/seed4")],
        validation_tokens=[folder / "none.parquet", folder / "tokens.parquet"],
        models=["small", "large"],
        model_of={"one": "small", "two": "large"},
        heads=folder / "heads.csv",
        summary=folder / "heads.json",
        sentences=sentences,
        threads=1,
    )
    return pd.read_csv(folder / "heads.csv"), json.loads((folder / "heads.json").read_text())


class TestMain:
    def test_measures_the_winners_first_seed(self, folder):
        table, summary = run_main(folder)
        assert list(table.columns) == ["layer", "head", *measure_heads.MEASURES, "role"]
        assert (summary["setting"], summary["seed"], summary["sentences"], summary["tokens"]) == ("two", 3, 3, 12)
        model = tiny_bert(seed=1).eval()
        model.set_attn_implementation("eager")
        expected = []
        for row in ([1, 5, 6, 2], [1, 7, 2], [1, 8, 9, 10, 2]):
            weights = model(input_ids=torch.tensor([row]), output_attentions=True).attentions
            entropy = [torch.special.entr(layer[0]).sum(dim=2).mean(dim=1) / math.log(len(row)) for layer in weights]
            expected.append(torch.cat(entropy))
        assert table["entropy"].to_numpy() == pytest.approx(
            torch.stack(expected).mean(dim=0).detach().numpy(), abs=1e-6
        )

    def test_takes_the_first_sentences_only(self, folder):
        assert run_main(folder, sentences=1)[1]["tokens"] == 4

    def test_is_repeatable(self, folder):
        run_main(folder)
        before = [(folder / name).read_bytes() for name in ("heads.csv", "heads.json")]
        run_main(folder)
        assert [(folder / name).read_bytes() for name in ("heads.csv", "heads.json")] == before

    def test_sentences_of_one_token_are_refused(self, folder):
        write_tokens(folder, [[2], [3]])
        with pytest.raises(UserError, match="two tokens"):
            run_main(folder)


def test_sentence_pairs_reach_the_model():
    model = tiny_bert().eval()
    model.set_attn_implementation("eager")
    same = {"input_ids": [1, 5, 2, 6, 2]}
    plain = measure_heads.attentions(model, same)
    paired = measure_heads.attentions(model, same | {"token_type_ids": [0, 0, 0, 1, 1]})
    assert not np.allclose(plain[0], paired[0], atol=1e-6)


def test_decoder_is_measured_against_what_it_may_see():
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=50, n_embd=16, n_layer=1, n_head=2, n_positions=16, pad_token_id=0, initializer_range=1e-6
    )
    config._attn_implementation = "eager"
    (weights,) = measure_heads.attentions(GPT2ForSequenceClassification(config).eval(), {"input_ids": [5, 6, 7, 8]})
    assert np.triu(weights, 1).max() == 0
    rows = measure_heads.measure(weights)
    assert rows[:, 0] == pytest.approx(1)
    assert rows[:, 1] == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3)


def test_a_model_without_attention_weights_is_refused():
    model = tiny_bert().eval()
    model.forward = lambda **inputs: {"logits": torch.zeros(1, 2)}
    with pytest.raises(UserError, match="BertForSequenceClassification does not return its attention weights"):
        measure_heads.attentions(model, {"input_ids": [1, 2]})
