"""The figure of the settings stays readable as they become many."""

from finetune_report.figures.style import SERIES, new_figure

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from plot_settings import best_with, draw_curves


def test_baseline_and_winner_are_shown_wherever_they_rank() -> None:
    ranked = ["c", "a", "d", "b", "e"]
    assert best_with({"b"}, ranked, 3) == ["c", "a", "b"]
    assert best_with({"a", "c"}, ranked, 3) == ["c", "a", "d"]
    assert best_with({"d", "e"}, ranked, 3) == ["c", "d", "e"]
    assert best_with({"b"}, ranked, 9) == ranked


def test_a_bar_ends_the_curve_of_each_pruned_setting() -> None:
    rows = [("whole", 1, 0.5), ("whole", 2, 0.8), ("short", 1, 0.4), ("other", 1, 0.3)]
    curves = pd.DataFrame(rows, columns=["setting", "epoch", "validation_accuracy"])
    figure, axes = new_figure("half", 1)
    draw_curves(axes, curves, ["whole"], {"short", "other"})
    bars = axes.lines[-1]
    assert bars.get_label() == "pruned"
    assert set(zip(*bars.get_data(), strict=True)) == {(1, 0.4), (1, 0.3)}
    plt.close(figure)


@pytest.mark.parametrize(("count", "lines", "labels"), [(4, 4, 4), (40, 40, 8), (400, 7, 9)])
def test_few_settings_are_lines_and_many_a_band(count: int, lines: int, labels: int) -> None:
    names = [f"try-{number:03d}" for number in range(count)]
    rows = [(name, epoch, number / count) for number, name in enumerate(names) for epoch in (1, 2)]
    curves = pd.DataFrame(rows, columns=["setting", "epoch", "validation_accuracy"])
    figure, axes = new_figure("half", 1)
    draw_curves(axes, curves, names[-7:])
    assert len(axes.lines) == lines
    assert len(axes.get_legend_handles_labels()[1]) == labels
    if count > 40:
        _, middle = axes.collections
        heights = middle.get_paths()[0].vertices[:, 1]
        others = np.arange(count - len(SERIES)) / count
        assert (heights.min(), heights.max()) == pytest.approx(tuple(np.quantile(others, [0.25, 0.75])))
    plt.close(figure)
