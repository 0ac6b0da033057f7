"""Bars of intervals are drawn whatever the accuracy: at 100% too, where rounding puts a bound below the value."""

from finetune_report.figures.style import error_bars, new_figure
from finetune_report.stats.intervals import wilson_interval

import pandas as pd
import plot_differences
import plot_learning_curve
import plot_settings
import pytest
from matplotlib import pyplot as plt

BELOW_ONE = 0.9999999999999999


def test_an_interval_holds_its_share_at_every_size() -> None:
    for count in range(1, 3000):
        assert wilson_interval(count, count)[1] == 1
        assert wilson_interval(0, count)[0] == 0
    assert wilson_interval(1, 3)[0] < 1 / 3 < wilson_interval(1, 3)[1]


def test_no_bar_has_a_negative_length() -> None:
    below, above = error_bars([1.0, 0.5], [0.9, 0.4], [BELOW_ONE, 0.7])
    assert below.tolist() == pytest.approx([0.1, 0.1])
    assert above.tolist() == pytest.approx([0, 0.2])
    assert above[0] == 0


def test_every_figure_with_bars_can_be_drawn_at_the_bound() -> None:
    figure, axes = new_figure("half", 1)
    bound = {"setting": "a", "seed": 1, "status": "trained", "accuracy": 1.0, "low": 0.9, "high": BELOW_ONE}
    final = pd.DataFrame([bound | {"split": split} for split in ("train", "validation")])
    plot_settings.draw_final(axes, final, ["a"], "a")
    table = pd.DataFrame({"seed": [1], "rows": [10], "accuracy": [1.0]})
    plot_learning_curve.draw(axes, table, [{"rows": 10, "accuracy": 1.0, "interval": [0.9, BELOW_ONE]}])
    pair = {"a": "a", "b": "b", "outcome": "undecided", "difference": 1.0, "low": 0.5, "high": BELOW_ONE}
    plot_differences.draw(axes, pd.DataFrame([pair]), "accuracy", None)
    plt.close(figure)
