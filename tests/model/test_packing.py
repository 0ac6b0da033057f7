"""Packed texts against padded ones on models of several kinds, and dropout against what defines it."""

import copy
from itertools import pairwise

from finetune_report.data.examples import Examples
from finetune_report.model.batching import packs, padded
from finetune_report.model.cpu.dropout import RANDOM_BITS, Drop, FastDropout, exchange_dropout
from finetune_report.model.cpu.packed_attention import PackedAttention, layout_of
from finetune_report.model.device import Compute
from finetune_report.model.forward import prepare_forward
from tests.support.models import few_examples

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

FP32 = Compute("cpu", "fp32", 1)
SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "embedding_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 24,
    "pad_token_id": 1,
    "attn_implementation": "sdpa",
}
DISTILBERT = SIZES | {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
GPT2 = {"vocab_size": 50, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 24, "pad_token_id": 1}


def model_of(kind: str, sizes: dict) -> PreTrainedModel:
    torch.manual_seed(0)
    return AutoModelForSequenceClassification.from_config(AutoConfig.for_model(kind, **sizes)).eval()


def gradients(model: PreTrainedModel, logits: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    F.cross_entropy(logits, torch.tensor([0, 1] * (len(logits) // 2))).backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize(
    ("kind", "sizes", "offset"),
    [
        ("bert", SIZES, 0),
        ("electra", SIZES, 0),
        ("distilbert", DISTILBERT, 0),
        ("roberta", SIZES, 2),
        ("gpt2", GPT2, None),
        ("bert", SIZES | {"attn_implementation": "eager"}, None),
    ],
)
def test_packed_texts_give_the_logits_and_gradients_of_padded_ones(kind: str, sizes: dict, offset: int | None) -> None:
    model, examples = model_of(kind, sizes), few_examples(16)
    plain, forward = copy.deepcopy(model), prepare_forward(model, examples, FP32)
    assert (forward.packing.offset if forward.packing else None) == offset
    (chunk,) = packs(np.arange(16), examples.lengths, 10_000)
    expected = plain(**padded(examples, chunk, 1, "cpu")).logits
    expected_gradients = gradients(plain, expected)
    assert torch.allclose(forward(examples, chunk), expected, atol=1e-6)
    found = gradients(model, forward(examples, chunk))
    assert found.keys() == expected_gradients.keys()
    for name, gradient in expected_gradients.items():
        assert torch.allclose(found[name], gradient, atol=1e-6), name


def test_pairs_keep_their_token_types() -> None:
    examples = few_examples(8)
    types = [np.arange(len(row)) // 2 % 2 for row in examples.token_ids]
    pairs = Examples(examples.ids, examples.token_ids, types, examples.labels)
    model = model_of("bert", SIZES)
    single, paired = prepare_forward(model, examples, FP32), prepare_forward(model, pairs, FP32)
    assert paired.packing.offset == single.packing.offset == 0  # compared with padded pairs
    (chunk,) = packs(np.arange(8), examples.lengths, 999)
    assert not torch.allclose(single(examples, chunk), paired(pairs, chunk))


def test_a_layout_by_hand() -> None:
    layout = layout_of([4, 3, 1], heads=1)
    assert layout.first.tolist() == [0, 4, 7]
    assert layout.gather_index.tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 7]
    assert layout.scatter_index.tolist() == [0, 1, 2, 3, 4, 5, 6, 8]
    assert layout.pad_index.tolist() == [7]
    assert [(group.part, group.length, group.mask is None) for group in layout.groups] == [
        (slice(0, 8), 4, False),
        (slice(8, 9), 1, True),
    ]
    two = layout_of([2, 1], heads=2)  # vectors are (token, head) pairs; padded: text, head, token
    assert two.gather_index.tolist() == [0, 2, 1, 3, 4, 5]


def test_packed_attention_with_dropout_has_the_gradients_of_its_own_formula() -> None:
    """Against autograd through dense attention whose weights are dropped by the same bits."""
    lengths, heads, size, share = [5, 4, 2], 2, 3, 0.25
    layout = layout_of(lengths, heads)
    vectors = [torch.randn(sum(lengths) * heads, size, requires_grad=True) for _ in range(3)]
    RANDOM_BITS.seed(5)
    found = PackedAttention.apply(*vectors, layout, 0.5, share)
    RANDOM_BITS.seed(5)
    expected = torch.empty(sum(lengths), heads, size)
    query, key, value = (tensor.view(-1, heads, size).transpose(0, 1) for tensor in vectors)
    text, starts = 0, np.cumsum([0, *lengths])
    for group in layout.groups:
        count = (group.part.stop - group.part.start) // (heads * group.length)
        kept = RANDOM_BITS.kept(torch.Size((count * heads, group.length, group.length)), share).view(
            count, heads, group.length, group.length
        )
        for number in range(count):
            start, length = starts[text], lengths[text]
            part = slice(start, start + length)
            weights = torch.softmax(query[:, part] @ key[:, part].transpose(1, 2) * 0.5, -1)
            weights = weights * -kept[number, :, :length, :length] / (1 - share)
            expected[part] = (weights @ value[:, part]).transpose(0, 1)
            text += 1
    expected = expected.reshape(-1, size)
    assert torch.allclose(found, expected, atol=1e-6)
    above = torch.randn_like(found)
    for one, other in zip(
        torch.autograd.grad(found, vectors, above), torch.autograd.grad(expected, vectors, above), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.003])
def test_dropout_drops_its_share_scales_the_rest_and_repeats(kind: torch.dtype, probability: float) -> None:
    values = torch.ones(1000, 1001, dtype=kind, requires_grad=True)
    RANDOM_BITS.seed(3)
    dropped = Drop.apply(values, probability)
    share = float((dropped == 0).double().mean())
    assert share == pytest.approx(probability, abs=5 * (probability * (1 - probability) / values.numel()) ** 0.5 + 2e-5)
    assert float(dropped.detach().max()) == pytest.approx(
        1 / (1 - probability), rel=1e-4 if kind == torch.float32 else 5e-3
    )
    (gradient,) = torch.autograd.grad(dropped.sum(), values)
    assert torch.equal(gradient, dropped)
    RANDOM_BITS.seed(3)
    assert torch.equal(Drop.apply(values, probability), dropped)
    assert not torch.equal(Drop.apply(values, probability), dropped)


def test_dropped_neighbours_are_independent() -> None:
    RANDOM_BITS.seed(0)
    kept = RANDOM_BITS.kept(torch.Size((1_000_003,)), 0.1).double()
    for distance in (1, 2, 3, 4, 384):
        pairs = torch.stack([kept[:-distance], kept[distance:]])
        assert abs(float(torch.corrcoef(pairs)[0, 1])) < 0.005


def test_dropout_is_exchanged_and_rests_in_evaluation() -> None:
    model = nn.Sequential(nn.Sequential(nn.Dropout(0.4))).eval()
    exchange_dropout(model)
    assert type(model[0][0]) is FastDropout
    assert model[0][0].p == 0.4
    values = torch.randn(40, 3)
    assert torch.equal(model(values), values)
    assert not torch.equal(model.train()(values), values)


def test_packs_are_few_of_like_size_and_sorted() -> None:
    lengths = [3, 9, 4, 4, 7, 2, 8, 5]
    found = packs(np.arange(8), lengths, max_tokens=21)
    assert [sum(lengths[i] for i in chunk) for chunk in found] == [17, 25]
    assert [i for chunk in found for i in chunk] == sorted(range(8), key=lambda i: (-lengths[i], i))
    assert all(lengths[a] >= lengths[b] for chunk in found for a, b in pairwise(chunk))
