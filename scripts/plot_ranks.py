"""Plot the average ranks of systems over data sets, those joined that the data sets do not tell apart.

Reads a table of them. Writes the figure with its table. The form is that of Demšar (2006), figure 1.
"""

from pathlib import Path
from typing import Any

from finetune_report.figures.style import SERIES, empty_figure, labels_of, new_figure, read_table, save_figure
from finetune_report.runtime.job import run
from finetune_report.stats.ranks import groups_of

import pandas as pd
from matplotlib.axes import Axes


def main(table: Path, png: Path, svg: Path, csv: Path) -> None:
    ranks = read_table(table, "system")
    if ranks.empty:
        figure = empty_figure("full", "too few systems, or too few data sets that have them all, to compare ranks")
    else:
        figure, axes = new_figure("full", 0.14 + 0.035 * len(ranks))
        draw(axes, ranks)
    save_figure(figure, png, svg, table, csv)


def draw(axes: Axes, ranks: pd.DataFrame) -> None:
    """A scale of ranks, a line from each system's place on it to its name, and a bar over those that do not differ."""
    count, difference = len(ranks), float(ranks["critical_difference"].iloc[0])
    places, names = ranks["rank"].tolist(), labels_of(ranks["system"].tolist())
    colour = "0.15"
    line: dict[str, Any] = {"color": colour, "linewidth": 0.9}
    axes.set_axis_off()
    low, high = 1, max(count, 2)
    margin = 0.32 * (high - low)
    axes.plot([low, high], [0, 0], **line)
    for rank in range(low, high + 1):
        axes.plot([rank, rank], [0, 0.15], **line)
        axes.text(rank, 0.25, str(rank), ha="center", va="bottom")
    joined = groups_of(places, difference) if ranks["differ"].iloc[0] else [(0, count - 1)]
    for number, (first, last) in enumerate(joined):
        height = -0.35 - 0.3 * number
        axes.plot([places[first] - 0.03, places[last] + 0.03], [height, height], color=SERIES[0][0], linewidth=3)
    start = -0.35 - 0.3 * len(joined)
    half = (count + 1) // 2
    for place, (rank, name) in enumerate(zip(places, names, strict=True)):
        left = place < half
        row = place if left else count - 1 - place
        height, end = start - 0.55 * (row + 0.5), (low - margin * 0.1 if left else high + margin * 0.1)
        axes.plot([rank, rank, end], [0, height, height], **line)
        text = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
        axes.text(
            end + (-0.02 if left else 0.02) * margin,
            height,
            text,
            ha="right" if left else "left",
            va="center",
            color=colour,
        )
    top = 1.3
    axes.plot([low, low + difference], [top, top], **line)
    for end in (low, low + difference):
        axes.plot([end, end], [top - 0.12, top + 0.12], **line)
    axes.text(low + difference / 2, top + 0.2, f"critical difference {difference:.2f}", ha="center", va="bottom")
    axes.set_xlim(low - margin * 1.4, high + margin * 1.4)
    axes.set_ylim(start - 0.55 * (half + 0.2), top + 0.9)


if __name__ == "__main__":
    run(main)
