"""Plot how the selected setting's validation accuracy grows with the training examples.

Reads a table of the runs, and the means by part of the training split. Writes the figure with its table.
"""

from pathlib import Path
from typing import Any

from finetune_report.figures.style import SERIES, error_bars, new_figure, read_table, save_figure
from finetune_report.files import read_json
from finetune_report.runtime.job import run

import pandas as pd
from matplotlib.axes import Axes


def main(table: Path, curve: Path, png: Path, svg: Path, csv: Path) -> None:
    figure, axes = new_figure("half", 0.78)
    draw(axes, read_table(table), list(read_json(curve)["points"].values()))
    save_figure(figure, png, svg, table, csv)


def draw(axes: Axes, table: pd.DataFrame, means: list[dict[str, Any]]) -> None:
    """Every seed as a point, and the means with their intervals."""
    colour, line, marker = SERIES[1]
    rows, values = [row["rows"] for row in means], [row["accuracy"] for row in means]
    error = error_bars(values, *zip(*(row["interval"] for row in means), strict=True))
    axes.errorbar(
        rows, values, yerr=error, color=colour, linestyle=line, marker=marker, capsize=2, elinewidth=0.9, label="mean"
    )
    if table["seed"].nunique() > 1:
        axes.plot(table["rows"], table["accuracy"], "o", color="black", markersize=2.5, alpha=0.6, label="seeds")
        axes.legend(loc="lower right")
    axes.set_xscale("log")
    axes.set_xticks(rows, [f"{row:,.0f}" for row in rows])
    axes.minorticks_off()
    axes.set_xlabel("training examples")
    axes.set_ylabel("validation accuracy")


if __name__ == "__main__":
    run(main)
