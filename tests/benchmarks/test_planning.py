"""Planning grows with the number of runs, not with its square."""

from finetune_report.files import PROJECT as ROOT

import pytest
from planning import plan


@pytest.mark.slow
def test_four_times_the_runs_take_less_than_four_times_as_long_to_plan() -> None:
    few, many = (plan(ROOT / "config.yaml", runs) for runs in (250, 1000))
    assert many.processor_seconds < 3 * few.processor_seconds
    assert many.megabytes < 4 * few.megabytes
