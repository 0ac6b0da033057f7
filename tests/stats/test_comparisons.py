"""Paired tests and Holm's correction, against independent computations."""

import math

from finetune_report.errors import UserError
from finetune_report.stats.multiple_testing import Comparison, Family, holm
from finetune_report.stats.paired_tests import bootstrapped, compare, mcnemar_p, scores
from tests.support.evidence import predictions

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests


def comparison(a: str, b: str, p: float, difference: float = 0.1) -> Comparison:
    return Comparison(a, b, "accuracy", "exact McNemar", 100, 1, difference, (0.0, 0.2), p, 12, 2)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (10, 2), (7, 7), (30, 0), (3, 19)])
def test_mcnemar_is_the_sign_test_on_discordant_pairs(only_a: int, only_b: int) -> None:
    expected = binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert mcnemar_p(only_a, only_b) == pytest.approx(expected, rel=1e-12)


def test_one_seed_is_compared_by_mcnemar() -> None:
    a, b = (scores([predictions(name)], ["negative", "positive"], "accuracy") for name in ("small-batch", "baseline"))
    found = compare("small-batch", "baseline", "accuracy", a, b)
    assert (found.only_a, found.only_b, found.examples, found.test) == (30, 0, 200, "exact McNemar")
    assert found.difference == pytest.approx(0.15)
    assert found.p == pytest.approx(2 * 0.5**30)
    assert 0.09 < found.interval[0] < 0.15 < found.interval[1] < 0.21


def test_rows_are_paired_by_id_whatever_their_order() -> None:
    table = predictions("baseline")
    shuffled = table.sample(frac=1, random_state=0)
    found = compare(
        "a", "b", "accuracy", *(scores([rows], ["negative", "positive"], "accuracy") for rows in (table, shuffled))
    )
    assert (found.only_a, found.only_b, found.p, found.interval) == (0, 0, 1.0, (0.0, 0.0))


def test_several_seeds_compare_each_examples_mean() -> None:
    one, other = predictions("baseline"), predictions("small-batch")
    a, b = (
        scores([one, other], ["negative", "positive"], "accuracy"),
        scores([one], ["negative", "positive"], "accuracy"),
    )
    found = compare("a", "b", "accuracy", a, b)
    assert found.test == "paired bootstrap"
    assert found.difference == pytest.approx(0.075)  # half of 30 examples of 200
    assert found.only_a is None


def test_loss_is_the_cross_entropy_of_the_true_class() -> None:
    found = scores([predictions("baseline")], ["negative", "positive"], "loss")[0]
    assert found["validation-0"] == pytest.approx(-math.log(0.9))
    assert found["validation-199"] == pytest.approx(-math.log(0.1))


def test_different_examples_are_refused() -> None:
    table = predictions("baseline")
    with pytest.raises(UserError, match="same examples"):
        scores([table, table.iloc[1:]], ["negative", "positive"], "accuracy")


def test_the_bootstrap_agrees_with_the_normal_approximation() -> None:
    gaps = np.random.default_rng(3).normal(0.1, 1.0, 400)
    interval, p = bootstrapped(gaps)
    half = 1.96 * gaps.std() / math.sqrt(len(gaps))
    assert interval == pytest.approx((gaps.mean() - half, gaps.mean() + half), abs=0.01)
    z = gaps.mean() / (gaps.std() / math.sqrt(len(gaps)))
    assert p == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), abs=0.02)
    assert bootstrapped(gaps) == (interval, p)


def test_holm_by_hand() -> None:
    # sorted: 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.5 * 1; a later one is never below an earlier one
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.4, 0.3]) == pytest.approx([0.6, 0.6])
    assert holm([]) == []


def test_holm_agrees_with_statsmodels() -> None:
    for seed in range(20):
        p_values = np.random.default_rng(seed).uniform(0, 0.2, 7).tolist()
        assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_turned_round_a_comparison_says_the_same() -> None:
    turned = comparison("a", "b", 0.01).turned()
    assert (turned.a, turned.b, turned.difference, turned.interval) == ("b", "a", -0.1, (-0.2, 0.0))
    assert (turned.only_a, turned.only_b) == (2, 12)
    assert math.copysign(1, turned.interval[1]) == 1


def test_a_family_grows_until_it_settles_and_counts_a_pair_once() -> None:
    family = Family([comparison("a", "b", 0.02), comparison("a", "c", 0.03)])
    first = family.make("a", "b")
    assert family.corrected(first) == 0.02
    family.make("b", "a")
    assert not family.settle()
    assert family.corrected(first) == 0.02
    family.make("c", "a")
    assert not family.settle()
    assert family.corrected(first) == pytest.approx(0.04)
    assert family.corrected(family.make("b", "a")) == pytest.approx(0.04)
    assert family.settle()
    assert [row["corrected_p"] for row in family.as_json()] == pytest.approx([0.04, 0.04])


def test_predictions_may_hold_a_probability_of_zero() -> None:
    table = pd.DataFrame({"id": ["x"], "label": [0], "prediction": [1], "p_no": [0.0], "p_yes": [1.0]})
    assert np.isfinite(scores([table], ["no", "yes"], "loss").to_numpy()).all()
