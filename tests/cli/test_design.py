"""What `plan` says of the declared comparisons before anything is trained."""

from pathlib import Path
from typing import Any

from finetune_report.cli.design import GUESS, design_lines
from finetune_report.config.schema import complete
from finetune_report.stats.planning import minimum_detectable, planned_level
from tests.support.configs import write_splits

import pytest


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    write_splits(tmp_path, {"train": 500, "validation": 300, "test": 10})
    settings = [{"name": name} for name in ("a", "b", "c")]
    return {"name": "try", "data": {"path": "data"}, "model": {"package": "p"}, "settings": settings}


def said(config: dict[str, Any]) -> str:
    return "\n".join(design_lines(complete(config)))


def test_with_one_seed_it_says_that_nothing_can_be_claimed_of_settings(given: dict[str, Any]) -> None:
    text = said(given)
    found = 100 * minimum_detectable(GUESS, 300, 1, planned_level(2))
    assert "each setting against the baseline, by validation accuracy; 2 comparisons, 1 seed." in text
    assert f"300 validation examples and 1 seed find a difference of {found:.1f} points" in text
    assert "no claim about settings can be made" in text
    assert "To find 2.0 points: no number of seeds with these examples" in text


def test_more_seeds_and_a_margin_are_taken_into_account(given: dict[str, Any]) -> None:
    text = said(given | {"seeds": [1, 2, 3, 4, 5, 6], "comparisons": {"margin": 0.05, "with": [["b", "a"]]}})
    found = 100 * minimum_detectable(GUESS, 300, 6)
    assert f"300 validation examples and 6 seeds find a difference of {found:.1f} points" in text
    assert "1 comparison, 6 seeds" in text
    assert "no claim about settings" not in text
    assert "To find 5.0 points: 4 seeds with these examples" in text


def test_a_single_setting_has_nothing_to_compare(given: dict[str, Any]) -> None:
    assert said(given | {"settings": [{"name": "a"}]}) == ""
