"""Plot how the baseline learns: accuracy and loss by epoch on the training and the validation split.

Reads a table of each, in which the best epoch of every seed is marked. Writes both figures with their tables.
"""

from pathlib import Path

from finetune_report.figures.style import (
    SERIES,
    empty_figure,
    epoch_axis,
    legend_above,
    new_figure,
    read_table,
    save_figure,
)
from finetune_report.runtime.job import run

import pandas as pd
from matplotlib.axes import Axes

SPLITS = {"train": "training", "validation": "validation"}


def main(
    graph_table: Path,
    loss_table: Path,
    graph_png: Path,
    graph_svg: Path,
    graph_csv: Path,
    loss_png: Path,
    loss_svg: Path,
    loss_csv: Path,
) -> None:
    for measure, table, png, svg, csv in (
        ("accuracy", graph_table, graph_png, graph_svg, graph_csv),
        ("loss", loss_table, loss_png, loss_svg, loss_csv),
    ):
        curves = read_table(table)
        if curves.empty:
            figure = empty_figure("half", "no curve: no run of it finished an epoch")
        else:
            figure, axes = new_figure("half", 0.78)
            draw(axes, curves, measure)
        save_figure(figure, png, svg, table, csv)


def draw(axes: Axes, curves: pd.DataFrame, measure: str) -> None:
    """Both splits' curves: a thin line a seed, a thick one for their mean; rings mark each seed's best epoch."""
    for (split, name), (colour, line, marker) in zip(SPLITS.items(), SERIES, strict=False):
        if split == "train" and curves["train_sample"].notna().all():
            name += f" (a sample of {curves['train_sample'].iloc[0]:.0f})"
        column = f"{split}_{measure}"
        if curves["seed"].nunique() > 1:
            for _, rows in curves.groupby("seed"):
                axes.plot(rows["epoch"], rows[column], color=colour, linewidth=0.6, alpha=0.6)
        mean = curves.groupby("epoch")[column].mean()
        axes.plot(mean.index, mean, color=colour, linestyle=line, marker=marker, label=name)
    kept = curves[curves["best"] == 1]
    axes.plot(
        kept["epoch"],
        kept[f"validation_{measure}"],
        "o",
        color="black",
        markerfacecolor="none",
        markersize=9,
        label="best epoch",
    )
    epoch_axis(axes, curves["epoch"].max())
    axes.set_ylabel("accuracy" if measure == "accuracy" else "cross-entropy (nats)")
    legend_above(axes, 2)


if __name__ == "__main__":
    run(main)
