"""Plot the differences of the declared comparisons with their simultaneous intervals.

The intervals of two accuracies may overlap where their difference is sure, since both settings are right and wrong on
much the same examples; so the differences have a figure of their own. Reads a table of them. Writes the figure with
its table.
"""

from pathlib import Path

from finetune_report.figures.style import (
    SERIES,
    empty_figure,
    error_bars,
    legend_above,
    name_rows,
    new_figure,
    read_table,
    save_figure,
)
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS

import pandas as pd
from matplotlib.axes import Axes

LOOKS = {"ahead": SERIES[0], "behind": SERIES[1], "equivalent": SERIES[2], "undecided": ("0.4", "-", "D")}


def main(table: Path, png: Path, svg: Path, csv: Path, metric: str, margin: float | None) -> None:
    """`metric` is what is compared, `margin` what counts as equivalent, where that is declared."""
    found = read_table(table, "a", "b", "outcome")
    if found.empty:
        figure = empty_figure("wide", "no settings to compare: fewer than two have finished")
    else:
        figure, axes = new_figure("wide", 0.16 + 0.055 * len(found))
        draw(axes, found, metric, margin)
    save_figure(figure, png, svg, table, csv)


def draw(axes: Axes, found: pd.DataFrame, metric: str, margin: float | None) -> None:
    """A row a pair, in the order of the table; a marker an outcome."""
    scale = 100 if METRICS[metric].is_share else 1
    axes.axvline(0, color="0.3", linewidth=0.8)
    if margin is not None:
        axes.axvspan(-margin * scale, margin * scale, color="0.92", linewidth=0, label="within the margin")
    for outcome, (colour, _, marker) in LOOKS.items():
        rows = found[found["outcome"] == outcome]
        if rows.empty:
            continue
        error = error_bars(*(rows[name] * scale for name in ("difference", "low", "high")))
        axes.errorbar(
            rows["difference"] * scale,
            rows.index,
            xerr=error,
            fmt=marker,
            color=colour,
            elinewidth=0.9,
            capsize=2,
            markersize=4,
            label=outcome,
        )
    name_rows(axes, [f"{a} \N{MINUS SIGN} {b}" for a, b in zip(found["a"], found["b"], strict=True)])
    unit = ", points" if scale == 100 else ""
    axes.set_xlabel(f"difference in validation {METRICS[metric].label}{unit}")
    legend_above(axes, 4)


if __name__ == "__main__":
    run(main)
