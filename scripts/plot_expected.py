"""Plot the validation performance to be expected of the best of so many settings.

Reads a table of it. Writes the figure with its table.
"""

from pathlib import Path

from finetune_report.figures.style import SERIES, new_figure, read_table, save_figure
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator


def main(table: Path, png: Path, svg: Path, csv: Path, metric: str) -> None:
    """`metric` is the one that selects."""
    figure, axes = new_figure("half", 0.78)
    draw(axes, read_table(table), METRICS[metric].label)
    save_figure(figure, png, svg, table, csv)


def draw(axes: Axes, table: pd.DataFrame, metric: str) -> None:
    """The mean over draws of so many settings, and a band with nine tenths of the draws."""
    colour, line, marker = SERIES[0]
    axes.fill_between(
        table["settings"], table["low"], table["high"], color=colour, alpha=0.15, linewidth=0, label="90% of draws"
    )
    every = max(1, len(table) // 10)
    axes.plot(
        table["settings"], table["mean"], color=colour, linestyle=line, marker=marker, markevery=every, label="expected"
    )
    axes.set_xlabel("settings tried")
    axes.set_ylabel(f"best validation {metric}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="best")


if __name__ == "__main__":
    run(main)
