"""Slices."""

from finetune_report.stats.discordance import DiscordantCounts
from finetune_report.stats.subgroups import compare_slices, differ_at_all, holm

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

NAMES = np.repeat(["long", "short", "rare"], [150, 120, 20])


def test_two_slices_are_a_permutation_test_of_means() -> None:
    chance = np.random.default_rng(0)
    values, names = np.round(chance.normal(size=24), 2), np.repeat(["a", "b"], [10, 14])
    values[:10] += 0.7
    expected = stats.permutation_test(
        (values[:10], values[10:]),
        lambda a, b: abs(a.mean() - b.mean()),
        n_resamples=9999,
        alternative="greater",
        rng=np.random.default_rng(1),
    )
    assert differ_at_all(values, names) == pytest.approx(expected.pvalue, abs=0.015)


def test_a_slice_that_differs_is_found_and_one_that_does_not_is_not() -> None:
    chance = np.random.default_rng(2)
    scores = (chance.random(290) < np.where(NAMES == "long", 0.9, 0.6)).astype(float)
    assert differ_at_all(scores, NAMES, 999) < 0.01
    assert differ_at_all(np.ones(290), NAMES, 99) == 1.0


def test_examples_that_belong_together_count_as_one_in_the_omnibus_test() -> None:
    """Slices of whole groups of eight that are all right or all wrong do not differ; shuffled one by one they would."""
    chance, groups = np.random.default_rng(5), np.arange(600) // 8
    found, alone = [], []
    for _ in range(200):
        right = np.repeat(chance.random(75) < 0.7, 8).astype(float)
        names = np.repeat(chance.integers(0, 3, 75), 8)
        found.append(differ_at_all(right, names, 199, groups) < 0.05)
        alone.append(differ_at_all(right, names, 199) < 0.05)
    assert np.mean(alone) > 0.3
    assert 0.01 < np.mean(found) < 0.1
    names = np.repeat(np.arange(75) % 3, 8)
    right = (chance.random(600) < np.where(names == 0, 0.9, 0.6)).astype(float)
    assert differ_at_all(right, names, 999, groups) < 0.01
    assert differ_at_all(np.ones(600), names, 99, groups) == 1.0


def test_clusters_of_one_are_no_clusters() -> None:
    chance = np.random.default_rng(6)
    for effect in (0.0, 0.15):
        right = (chance.random(400) < np.where(np.arange(400) < 150, 0.6 + effect, 0.6)).astype(float)
        names = np.where(np.arange(400) < 150, "a", "b")
        one = differ_at_all(right, names, clusters=np.arange(400))
        assert one == pytest.approx(differ_at_all(right, names), abs=0.06)  # equal draws count in full


def test_several_columns_are_corrected_for_their_number() -> None:
    p_values = {"a": 0.04, "b": 0.011, "c": 0.6, "d": 0.012}
    expected = multipletests(list(p_values.values()), method="holm")[1]
    assert list(holm(p_values).values()) == pytest.approx(list(expected))
    assert holm({}) == {}


def test_slices_below_fifty_rows_are_counted_only() -> None:
    chance = np.random.default_rng(3)
    a, b = ((chance.random(290) < share).astype(float) for share in (0.75, 0.65))
    found = compare_slices(a, b, NAMES)
    assert found.too_few == {"rare": 20}
    assert list(found.slices) == ["long", "short"]
    assert found.slices["long"].difference == DiscordantCounts.of(a[:150], b[:150])
    assert found.slices["long"].p_value > found.slices["long"].difference.p_value
    assert compare_slices(a[:40], b[:40], NAMES[:40]).family is None


def test_several_seeds_and_clusters_go_through() -> None:
    chance = np.random.default_rng(4)
    a, b = (chance.random((290, 3)) for _ in range(2))
    clusters = np.arange(290) // 2
    assert compare_slices(a, b, NAMES, clusters).slices["long"].difference.value == pytest.approx((a - b)[:150].mean())


def test_other_numbers_of_names_are_refused() -> None:
    with pytest.raises(ValueError, match="3 scores and 2 names"):
        differ_at_all([1.0, 0.0, 1.0], ["a", "b"])
