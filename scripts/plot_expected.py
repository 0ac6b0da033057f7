"""Plot the validation performance to be expected of the best of so many settings.

Reads the account of the sweep. Writes the figure and the data that it plots.
"""

from pathlib import Path

from finetune_report.figures.style import SERIES, new_figure, save_figure
from finetune_report.files import read_json, write_text
from finetune_report.runtime.job import run

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator


def main(sweep: Path, png: Path, svg: Path, csv: Path) -> None:
    found = read_json(sweep)
    table = pd.DataFrame(found["expected"])
    figure, axes = new_figure("half", 0.78)
    draw(axes, table, found["metric"].replace("_", " "))
    save_figure(figure, png, svg)
    write_text(csv, table.to_csv(index=False))


def draw(axes: Axes, table: pd.DataFrame, metric: str) -> None:
    """The mean over draws of so many settings, a band of one standard deviation around it."""
    colour, line, marker = SERIES[0]
    low, high = table["mean"] - table["sd"], table["mean"] + table["sd"]
    axes.fill_between(table["settings"], low, high, color=colour, alpha=0.15, linewidth=0, label="± sd over draws")
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
