"""Plot how often the selected setting is right on the test split, by its confidence (a reliability diagram).

Reads the accuracies by confidence as a table. Writes the figure with its table.
"""

from pathlib import Path

from finetune_report.figures.style import SERIES, error_bars, new_figure, read_table, save_figure
from finetune_report.runtime.job import run

import pandas as pd
from matplotlib.axes import Axes

LARGEST = 60  # points squared: the marker of a bin that holds all examples


def main(table: Path, png: Path, svg: Path, csv: Path) -> None:
    figure, axes = new_figure("half", 0.85)
    draw(axes, read_table(table))
    save_figure(figure, png, svg, table, csv)


def draw(axes: Axes, table: pd.DataFrame) -> None:
    """A point a bin at its mean confidence, as large as the bin; on the diagonal a model is calibrated."""
    colour, _, marker = SERIES[0]
    axes.plot([0, 1], [0, 1], color="0.5", linestyle=":", linewidth=1, label="calibrated")
    axes.errorbar(
        *(table["confidence"], table["accuracy"]),
        yerr=error_bars(*(table[name] for name in ("accuracy", "low", "high"))),
        color=colour,
        linestyle="none",
        capsize=2,
        elinewidth=0.9,
    )
    sizes = LARGEST * table["count"] / table["count"].sum()
    axes.scatter(table["confidence"], table["accuracy"], s=sizes + 6, color=colour, marker=marker, zorder=3)
    start = min(0.5, table["above"].min())  # of two classes the more probable one has a half at least
    axes.set_xlim(start - 0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that is right")
    axes.legend(loc="lower right")


if __name__ == "__main__":
    run(main)
