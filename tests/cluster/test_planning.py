"""Planning grows with the number of runs, not with its square."""

import sys

from finetune_report.files import PROJECT as ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

from planning import plan


def test_four_times_the_runs_take_less_than_four_times_as_long_to_plan() -> None:
    few, many = (plan(ROOT / "config.yaml", runs) for runs in (500, 2000))
    assert many.processor_seconds < 3 * few.processor_seconds
    assert many.megabytes < 4 * few.megabytes
    assert many.processor_seconds < 40  # 20 s for 1,000 runs
