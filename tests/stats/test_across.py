"""Systems side by side: what is bold, what is averaged, and what cannot be said."""

from typing import Any

from finetune_report.stats.across import Column, across, table_of

import pytest


def scored(metric: str = "accuracy", **means: float) -> dict[str, Any]:
    return {
        name: {metric: {"mean": mean, "interval": None, "values": [mean]}, "seeds": 2} for name, mean in means.items()
    }


def column(
    pairs: dict[tuple[str, str], str], selected: str = "full", metric: str = "accuracy", **means: float
) -> Column:
    """Each of `pairs` with its outcome from the first one's side."""
    turned = {"ahead": "behind", "behind": "ahead"}
    found: dict[str, Any] = {}
    for (a, b), outcome in pairs.items():
        found.setdefault(a, {})[b] = {"outcome": outcome}
        found.setdefault(b, {})[a] = {"outcome": turned.get(outcome, outcome)}
    return Column(scored(metric, **means), {"family": {"metric": metric}, "pairs": found}, selected)


def standings(found: Column, *systems: str) -> dict[str, str]:
    return {name: row["data"]["standing"] for name, row in table_of({"data": found}, systems).items()}


def test_what_no_other_beats_is_not_always_the_highest() -> None:
    """`full` was selected, so that its comparisons are the winner's."""
    pairs = {("winner", "lora"): "undecided", ("winner", "words"): "ahead", ("lora", "words"): "undecided"}
    found = column(pairs, winner=0.9, full=0.9, lora=0.91, words=0.6)
    assert standings(found, "full", "lora", "words") == {"full": "unbeaten", "lora": "unbeaten", "words": "beaten"}
    assert table_of({"data": found}, ["full", "words"])["words"]["data"]["by"] == ["full"]


def test_a_system_is_not_compared_with_itself_under_another_name() -> None:
    found = column({("winner", "words"): "ahead"}, winner=0.9, full=0.9, words=0.6)
    assert standings(found, "winner", "full", "words") == {"winner": "unbeaten", "full": "unbeaten", "words": "beaten"}


def test_what_was_not_compared_cannot_be_said() -> None:
    found = column(
        {("winner", "words"): "undecided", ("winner", "lora"): "undecided"}, winner=0.9, lora=0.8, words=0.99
    )
    assert standings(found, "full", "lora", "words") == {"full": "unbeaten", "lora": "untested", "words": "untested"}


def tables(scores: dict[str, list[float | None]]) -> dict[str, Any]:
    return {
        system: {f"d{n}": None if mean is None else {"mean": mean} for n, mean in enumerate(row)}
        for system, row in scores.items()
    }


def test_averages_are_over_the_data_sets_that_have_all_systems() -> None:
    table = tables({"a": [0.9, 0.8, None], "b": [0.7, 0.9, 0.1]})
    found = across(table, dict.fromkeys(("d0", "d1", "d2"), "accuracy"))
    assert found["left_out"] == ["d2"]
    assert found["rows"]["a"]["average_score"] == pytest.approx(0.85)
    assert found["rows"]["b"]["average_score"] == pytest.approx(0.8)
    assert found["rows"]["a"]["average_rank"] == 1.5
    assert found["test"] is None


def test_a_loss_is_not_averaged_and_ranks_the_other_way() -> None:
    found = across(tables({"a": [0.9, 0.3], "b": [0.7, 0.4]}), {"d0": "accuracy", "d1": "loss"})
    assert found["rows"] == {"a": {"average_rank": 1.0}, "b": {"average_rank": 2.0}}


def test_ranks_are_tested_from_five_data_sets_and_three_systems_on() -> None:
    scores = {"a": [0.9] * 5, "b": [0.8] * 5, "c": [0.7] * 5}
    metrics = {f"d{n}": "accuracy" for n in range(5)}
    test = across(tables(scores), metrics)["test"]
    assert test["differ"] is True
    assert test["pairs"]["a"]["c"] == {"difference": -2.0, "outcome": "ahead"}
    assert test["pairs"]["c"]["a"]["outcome"] == "behind"
    assert test["pairs"]["a"]["b"]["outcome"] == "undecided"
    four = {name: row[:4] for name, row in scores.items()}
    assert across(tables(four), {f"d{n}": "accuracy" for n in range(4)})["test"] is None
    two = {name: scores[name] for name in ("a", "b")}
    assert across(tables(two), metrics)["test"] is None


def test_what_friedman_does_not_find_no_pair_may_claim() -> None:
    scores = {"a": [0.9, 0.1, 0.9, 0.1, 0.9], "b": [0.1, 0.9, 0.1, 0.9, 0.1], "c": [0.5] * 5}
    test = across(tables(scores), {f"d{n}": "accuracy" for n in range(5)})["test"]
    assert test["differ"] is False
    assert {row["outcome"] for others in test["pairs"].values() for row in others.values()} == {"undecided"}
