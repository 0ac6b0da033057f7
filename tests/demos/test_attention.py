"""Attention and the demonstrations on it, against PyTorch's own attention, closed forms and another search."""

import json
import math

from finetune_report.demos.attention import (
    Demonstration,
    attention,
    attention_weights,
    key_with_score,
    least_squares_query,
    max_margin_query,
    sufficient_gap,
    unit_keys_and_values,
)
from finetune_report.errors import UserError

import demonstrate_attention
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize

# As the course assignment prints them.
KEYS = [[0.47, 0.65, 0.60], [0.64, 0.50, -0.59], [-0.03, -0.48, -0.88], [0.43, -0.83, 0.35]]
VALUES = [[-0.07, -0.88, 0.47], [0.37, -0.93, -0.07], [-0.25, -0.75, 0.61], [0.94, 0.20, 0.28]]
TARGETS = {
    "copy_first": VALUES[0],
    "copy_all": VALUES,
    "average_all": [0.2475, -0.59, 0.3225],
    "average_first_two": [0.15, -0.905, 0.2],
    "change_key_average_three": [0.05 / 3, -2.56 / 3, 1.01 / 3],
    "change_key_copy_third": VALUES[2],
}
SQUARE = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


def torch_attention(query, keys, values):
    tensors = [torch.tensor(np.atleast_2d(array), dtype=torch.float64) for array in (query, keys, values)]
    return torch.nn.functional.scaled_dot_product_attention(*tensors, scale=1.0).numpy()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attention")
    paths = [folder / name for name in ("attention.json", "sweep.csv", "error.csv")]
    paths.append(folder / "values/demonstrate_attention.json")
    demonstrate_attention.main(*paths, seed=447, keys=4, dimension=3)
    return paths


@pytest.fixture(scope="module")
def found(written):
    return json.loads(written[0].read_text())


class TestAttention:
    def test_equals_pytorch(self):
        rng = np.random.default_rng(0)
        query, keys, values = rng.normal(size=(5, 3)) * 4, rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
        assert attention(query, keys, values) == pytest.approx(torch_attention(query, keys, values), abs=1e-14)

    def test_one_query_as_a_vector(self):
        expected = np.array([3.0, 1.0]) / 4
        assert attention_weights(np.array([math.log(3), 0.0]), np.eye(2)) == pytest.approx(expected)
        assert attention(np.array([math.log(3), 0.0]), np.eye(2), np.array([[8.0], [4.0]])) == pytest.approx(7.0)

    def test_large_scores_do_not_overflow(self):
        assert attention_weights(np.array([1000.0]), np.array([[1.0], [0.0]])).tolist() == [1, 0]


def test_keys_and_values_are_the_assignments():
    keys, values = unit_keys_and_values(447, 4, 3)
    assert keys.tolist() == KEYS
    assert values.tolist() == VALUES


def test_drawing_leaves_the_global_seed_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    unit_keys_and_values(447, 4, 3)
    assert torch.equal(torch.rand(3), expected)


class TestMaxMarginQuery:
    def test_corner_of_a_square(self):
        query, margin = max_margin_query(SQUARE, [0])
        assert query == pytest.approx([1, 0])
        assert margin == pytest.approx(1)

    def test_edge_of_a_square(self):
        query, margin = max_margin_query(SQUARE, [0, 1])
        assert query == pytest.approx([math.sqrt(0.5), math.sqrt(0.5)])
        assert margin == pytest.approx(math.sqrt(2))

    def test_a_diagonal_has_no_margin(self):
        assert max_margin_query(SQUARE, [0, 2])[1] == pytest.approx(0, abs=1e-9)

    def test_a_key_between_others_has_no_margin(self):
        assert max_margin_query(np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]), [0])[1] == pytest.approx(0, abs=1e-9)

    def test_all_keys_need_no_query(self):
        query, margin = max_margin_query(SQUARE, [0, 1, 2, 3])
        assert query.tolist() == [0, 0]
        assert margin == math.inf

    @pytest.mark.parametrize("chosen", [[0], [1], [2], [3], [0, 1], [1, 3], [0, 1, 2]])
    def test_nears_the_largest_margin_of_all_unit_queries(self, chosen):
        """Against a search by another method, for the query of the largest margin among those of length 1."""
        keys = np.array(KEYS)
        query, margin = max_margin_query(keys, chosen)
        scores = keys @ query
        assert np.linalg.norm(query) == pytest.approx(1)
        assert np.ptp(scores[chosen]) < 1e-12
        assert margin == pytest.approx(scores[chosen[0]] - np.delete(scores, chosen).max())
        largest = largest_margin(keys, chosen)
        assert largest / math.sqrt(3) - 1e-9 <= margin <= largest + 1e-6


def largest_margin(keys, chosen):
    """1/|w| of the shortest w that scores the chosen keys alike and at least 1 above all others."""
    others = np.delete(keys, chosen, axis=0)
    alike = [{"type": "eq", "fun": lambda w, row=row: w @ (keys[row] - keys[chosen[0]])} for row in chosen[1:]]
    above = [{"type": "ineq", "fun": lambda w, key=key: w @ (keys[chosen[0]] - key) - 1} for key in others]
    found = minimize(lambda w: w @ w, keys[chosen].sum(axis=0), constraints=alike + above, method="SLSQP", tol=1e-9)
    assert found.success
    return 1 / np.linalg.norm(found.x)


def test_least_squares_query_of_orthogonal_keys():
    assert least_squares_query(np.eye(3), [0, 2]) == pytest.approx(np.array([1, 0, 1]) / math.sqrt(2))


@pytest.mark.parametrize("chosen", [[2], [0, 1], [0, 1, 2]])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-6])
def test_sufficient_gap_is_enough_and_not_far_too_much(chosen, tolerance):
    """At the gap itself the error stays below the tolerance when all other keys sit just at it."""
    values = np.array(VALUES)
    scores = np.full(4, -sufficient_gap(values, chosen, tolerance))
    scores[chosen] = 0
    error = np.abs(attention(scores, np.eye(4), values) - values[chosen].mean(axis=0)).max()
    assert tolerance / 4 < error < tolerance


def test_key_with_score_moves_along_the_query_alone():
    moved = key_with_score(np.array([5.0, 7.0]), np.array([2.0, 0.0]), 3.0)
    assert moved.tolist() == [1.5, 7.0]


def test_demonstration_takes_the_worst_row():
    both = Demonstration(np.array([[10.0, 0.0], [0.0, 2.0]]), np.eye(2), np.eye(2), [[0], [1]])
    weight = 1 / (1 + math.exp(2))
    assert both.error == pytest.approx(weight)
    assert both.length == 10
    assert both.margin == pytest.approx(0.2)
    assert both.with_length(3).queries.tolist() == [[3, 0], [0, 3]]


class TestDemonstrations:
    @pytest.mark.parametrize("name", TARGETS)
    def test_pytorch_gives_the_target_too(self, found, name):
        shown = found[name]
        output = torch_attention(shown["query"], shown["keys"], VALUES)
        assert np.abs(output - np.array(TARGETS[name])).max() <= 1e-6
        assert np.abs(output - shown["output"]).max() < 1e-14
        assert shown["error"] == pytest.approx(np.abs(output - np.array(TARGETS[name])).max(), abs=1e-14)
        assert shown["target"] == pytest.approx(np.array(TARGETS[name]))

    def test_the_average_of_all_needs_no_query(self, found):
        assert found["average_all"]["query"] == [0, 0, 0]
        assert found["average_all"]["margin"] is None

    def test_only_the_third_key_changes_and_the_query_stays(self, found):
        for name in ("change_key_average_three", "change_key_copy_third"):
            assert found[name]["query"] == found["average_first_two"]["query"]
            same = [row for row in range(4) if found[name]["keys"][row] == KEYS[row]]
            assert same == [0, 1, 3]
            assert found[name]["key"] == found[name]["keys"][2]
            assert np.dot(found[name]["query"], found[name]["key"]) == pytest.approx(found[name]["score"])

    def test_the_average_of_three_lifts_the_key_to_the_shared_score(self, found):
        shown = found["change_key_average_three"]
        assert shown["score"] == pytest.approx(shown["shared_score"], abs=1e-12)
        assert shown["old_score"] == pytest.approx(np.dot(shown["query"], KEYS[2]))

    def test_least_squares_misses_the_average_of_two(self, found):
        squares = found["average_first_two"]["least_squares"]
        assert squares["query_length"] == found["average_first_two"]["query_length"]
        assert squares["error"] > 0.1

    def test_ranks(self, found):
        assert (found["rank"], found["rank_of_differences"]) == (3, 3)

    def test_sweep_follows_the_softmax(self, written, found):
        sweep = pd.read_csv(written[1])
        assert list(sweep.columns) == ["score", "weight_0", "weight_1", "weight_2", "weight_3"]
        weights = sweep.filter(like="weight").to_numpy()
        assert weights.sum(axis=1) == pytest.approx(1)
        assert weights[:, 0] == pytest.approx(weights[:, 1])
        others = np.delete(found["average_first_two"]["scores"], 2)
        expected = np.exp(sweep["score"]) / (np.exp(sweep["score"]) + np.exp(others).sum())
        assert weights[:, 2] == pytest.approx(expected.to_numpy())
        marks = [found["change_key_average_three"][name] for name in ("old_score", "score")]
        marks.append(found["change_key_copy_third"]["score"])
        at_marks = np.interp(marks, sweep["score"], sweep["weight_2"])
        assert at_marks == pytest.approx([0, 1 / 3, 1], abs=1e-3)
        assert sweep["score"].min() < min(marks)
        assert sweep["score"].max() > max(marks)

    def test_error_at_the_used_length_is_the_stated_one(self, written, found):
        table = pd.read_csv(written[2])
        assert list(table.columns) == [
            "length",
            *[name for name in TARGETS if name != "average_all"],
            "average_first_two_least_squares",
        ]
        at_zero = np.abs(np.mean(VALUES, axis=0) - VALUES[0]).max()
        assert table["copy_first"][0] == pytest.approx(at_zero)
        for name in set(table.columns) & set(TARGETS):
            shown = found[name]
            near = table.loc[(table["length"] - shown["query_length"]).abs() < 0.2, name]
            assert near.min() / 2 < shown["error"] < near.max() * 2

    def test_written_again_the_same(self, written, tmp_path):
        again = [tmp_path / path.relative_to(written[0].parent) for path in written]
        demonstrate_attention.main(*again, seed=447, keys=4, dimension=3)
        assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]


@pytest.mark.parametrize(("keys", "dimension"), [(4, 3), (4, 8), (9, 8), (40, 39)])
@pytest.mark.parametrize("seed", range(4))
def test_other_sizes_meet_the_tolerance(keys, dimension, seed):
    drawn = unit_keys_and_values(seed, keys, dimension)
    shown = demonstrate_attention.demonstrations(*drawn, seed)
    assert max(item.error for item in shown.values()) <= 1e-6


class TestInfeasible:
    @pytest.mark.parametrize(
        ("keys", "name", "numbers"),
        [
            ([[0.1, 0.1], [0.0, 1.0], [-1.0, 0.0], [1.0, -1.0]], "copy_first", "0"),
            ([[1.0, 0.0], [0.1, 0.1], [-1.0, -1.0], [0.0, 1.0]], "copy_all", "1"),
            ([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], "average_first_two", "0 and 1"),
        ],
    )
    def test_names_the_demonstration_and_the_way_out(self, keys, name, numbers):
        with pytest.raises(UserError) as error:
            demonstrate_attention.demonstrations(np.array(keys), np.eye(4), seed=5)
        message = str(error.value)
        assert f"demonstration {name} cannot be given with seed 5" in message
        assert f"no query scores {numbers} (" in message
        assert "attention.seed" in message
        assert "attention.dimension at least 3" in message
