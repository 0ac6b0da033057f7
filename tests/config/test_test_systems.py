"""Which systems a config declares to be scored on the test split, which pairs of them are compared, what is refused."""

from typing import Any

from finetune_report.config.schema import complete
from finetune_report.config.test_systems import declaration, declared_systems, system_pairs
from tests.support.configs import minimal
from tests.support.messages import refuses

import pytest


def given(**changes: Any) -> dict[str, Any]:
    return complete(minimal(**changes))


def test_by_default_the_winner_the_first_setting_and_the_simple_methods_are_scored() -> None:
    assert declared_systems(given()) == ["winner", "baseline", "majority", "bag-of-words", "probe"]
    assert "probe" not in declared_systems(given(analyses={"probe": False}))
    pairs = system_pairs(given(), declared_systems(given()))
    assert pairs == [("winner", name) for name in ("baseline", "majority", "bag-of-words", "probe")]


def test_systems_and_pairs_are_those_that_are_named() -> None:
    config = given(test={"systems": ["other", "majority", "winner"], "with": "all-pairs"})
    names = declared_systems(config)
    assert names == ["winner", "other", "majority"]  # the winner first
    assert system_pairs(config, names) == [("other", "winner"), ("majority", "winner"), ("majority", "other")]
    listed = given(test={"with": [["bag-of-words", "majority"]]})
    assert system_pairs(listed, declared_systems(listed)) == [("bag-of-words", "majority")]
    assert declaration(listed)["with"] == [["bag-of-words", "majority"]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"test": {"systems": ["winner", "othr"]}}, ("test.systems[1]", "othr", "did you mean 'other'")),
        ({"test": {"systems": ["baseline"]}}, ("test.systems", "winner")),
        ({"test": {"systems": []}}, ("test.systems", "1")),
        ({"test": {"systems": ["winner", "winner"]}}, ("test.systems", "twice")),
        (
            {"test": {"systems": ["winner", "probe"]}, "analyses": {"probe": False}},
            ("test.systems[1]", "analyses.probe"),
        ),
        ({"test": {"systems": ["winner"], "with": [["winner", "other"]]}}, ("test.with[0]", "other", "winner")),
        ({"test": {"with": [["winner", "winner"]]}}, ("test.with[0]", "twice")),
        ({"test": {"with": "baseline"}}, ("test.with", "baseline", "winner, all-pairs")),
        ({"settings": [{"name": "majority"}]}, ("settings", "majority")),
        (
            {"settings": [{"name": "a"}, {"name": "b", "excluded": "too slow"}], "test": {"systems": ["winner", "b"]}},
            ("test.systems[1]", "b", "excluded"),
        ),
    ],
)
def test_a_declaration_that_cannot_be_kept_is_refused(changes: dict[str, Any], said: tuple[str, ...]) -> None:
    with refuses(*said):
        given(**changes)
