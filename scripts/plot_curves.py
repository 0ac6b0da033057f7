"""Plot how the baseline learns: accuracy and loss by epoch on the training and the validation split.

Reads the histories and metrics of the baseline's runs. Writes both figures, each with the data that it plots.
"""

from pathlib import Path

from finetune_report.figures.style import SERIES, new_figure, save_figure
from finetune_report.files import read_json, write_text
from finetune_report.runtime.job import run

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

SPLITS = {"train": "training", "validation": "validation"}


def main(
    histories: list[Path],
    metrics: list[Path],
    graph_png: Path,
    graph_svg: Path,
    graph_csv: Path,
    loss_png: Path,
    loss_svg: Path,
    loss_csv: Path,
) -> None:
    """`histories` and `metrics` have an entry a seed, in the same order."""
    runs = [read_json(path) for path in metrics]
    curves = pd.concat([pd.read_csv(path).assign(seed=row["seed"]) for path, row in zip(histories, runs, strict=True)])
    best = {row["seed"]: row["best_epoch"] for row in runs}
    for measure, png, svg, csv in (
        ("accuracy", graph_png, graph_svg, graph_csv),
        ("loss", loss_png, loss_svg, loss_csv),
    ):
        table = curves[["seed", "epoch", *(f"{split}_{measure}" for split in SPLITS)]]
        figure, axes = new_figure("half", 0.78)
        draw(axes, table, measure, best)
        save_figure(figure, png, svg)
        write_text(csv, table.to_csv(index=False))


def draw(axes: Axes, curves: pd.DataFrame, measure: str, best: dict[int, int]) -> None:
    """Both splits' curves: a thin line a seed, a thick one for their mean; rings mark each seed's best epoch."""
    for (split, name), (colour, line, marker) in zip(SPLITS.items(), SERIES, strict=False):
        column = f"{split}_{measure}"
        if len(best) > 1:
            for _, rows in curves.groupby("seed"):
                axes.plot(rows["epoch"], rows[column], color=colour, linewidth=0.6, alpha=0.6)
        mean = curves.groupby("epoch")[column].mean()
        axes.plot(mean.index, mean, color=colour, linestyle=line, marker=marker, label=name)
    kept = curves[curves["epoch"] == curves["seed"].map(best)]
    axes.plot(
        kept["epoch"],
        kept[f"validation_{measure}"],
        "o",
        color="black",
        markerfacecolor="none",
        markersize=9,
        label="best epoch",
    )
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy" if measure == "accuracy" else "cross-entropy (nats)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower right" if measure == "accuracy" else "upper left")


if __name__ == "__main__":
    run(main)
