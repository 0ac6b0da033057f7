"""Plot all settings side by side: the validation accuracy by epoch, and the accuracies at the best epoch.

Reads a table of each, and the selection. Writes the figure with both tables.
"""

import shutil
from collections.abc import Collection
from pathlib import Path

from finetune_report.figures.style import (
    SERIES,
    epoch_axis,
    error_bars,
    labels_of,
    legend_above,
    name_rows,
    new_figure,
    read_table,
    save_figure,
)
from finetune_report.files import read_json
from finetune_report.runtime.job import run
from finetune_report.stats.selection import FAILED

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

COLOURED = len(SERIES)  # curves that can be told apart; those of further settings are grey
LOST = SERIES[1][0]  # colour of the crosses on seeds that diverged or failed
NAMED = 40  # settings whose names can be read next to their points, and whose grey curves are still lines


def main(
    table: Path,
    curves_table: Path,
    selection: Path,
    png: Path,
    svg: Path,
    csv: Path,
    curves_csv: Path,
    settings: list[str],
) -> None:
    curves, final = read_table(curves_table, "setting"), read_table(table, "setting", "split", "status")
    winner = read_json(selection)["winner"]
    pruned = set(final.loc[final["status"] == "pruned", "setting"])
    means = final[final["split"] == "validation"].groupby("setting")["accuracy"].mean()
    ranked = sorted(settings, key=lambda name: -means[name])
    kept = {settings[0], winner}
    shown = best_with(kept, ranked, NAMED)
    coloured = settings if len(settings) <= COLOURED else best_with(kept, ranked, COLOURED)
    height = 0.5 + max(0.0, 0.022 * (len(shown) - 12))
    figure, (left, right) = new_figure("wide", height, ncols=2, width_ratios=[1, 1])
    draw_curves(left, curves, coloured, pruned)
    draw_final(right, final, shown, winner)
    if len(shown) < len(settings):
        right.set_xlabel(f"accuracy at the epoch kept,\nthe baseline and the best of {len(settings)}")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4 if len(shown) < NAMED else 3)
    save_figure(figure, png, svg, table, csv)
    shutil.copyfile(curves_table, curves_csv)


def best_with(kept: set[str], ranked: list[str], most: int) -> list[str]:
    """The `kept` settings and the best others, `most` in all, in the order of the ranks."""
    others = [name for name in ranked if name not in kept]
    shown = kept.union(others[: most - len(kept)])
    return [name for name in ranked if name in shown]


def draw_curves(axes: Axes, curves: pd.DataFrame, coloured: list[str], pruned: Collection[str] = frozenset()) -> None:
    """The mean over seeds of each setting, in colour or grey; of very many grey ones only where they lie.

    A bar ends the curve of a setting that was pruned.
    """
    means = curves.groupby(["epoch", "setting"])["validation_accuracy"].mean().unstack("setting")
    means = means.reindex(columns=means.columns.union(coloured))  # a run that failed in its first epoch has no curve
    for name, label, (colour, line, marker) in zip(coloured, labels_of(coloured), SERIES, strict=False):
        every = max(1, len(means) // 10)
        mean = means[name].dropna()
        axes.plot(mean.index, mean, color=colour, linestyle=line, marker=marker, markevery=every, label=label, zorder=3)
    others = means.drop(columns=coloured)
    if len(others.columns) > NAMED:
        for low, high, grey in ((0.0, 1.0, "0.93"), (0.25, 0.75, "0.82")):
            label = "all" if low == 0 else "middle half"
            bottom, top = others.quantile(low, axis=1), others.quantile(high, axis=1)
            axes.fill_between(others.index, bottom, top, color=grey, linewidth=0, zorder=2, label=f"others, {label}")
    else:
        for number, (_, mean) in enumerate(others.items()):
            label = "_" if number else "others"  # Matplotlib leaves names that begin so out of legends
            axes.plot(mean.index, mean, color="0.75", linewidth=0.5, zorder=2, label=label)
    draw_endings(axes, means if len(others.columns) <= NAMED else means[coloured], pruned)
    epoch_axis(axes, means.index.max())
    axes.set_ylabel("validation accuracy")


def draw_endings(axes: Axes, means: pd.DataFrame, pruned: Collection[str]) -> None:
    """A bar where the curve of each pruned setting ends."""
    ends = [means[name].dropna().tail(1) for name in means.columns if name in pruned]
    if ends:
        last = pd.concat(ends)
        size = 12 if len(ends) <= COLOURED else 4
        axes.plot(last.index, last, "|", color="0.3", markersize=size, markeredgewidth=1.4, zorder=2.5, label="pruned")


def draw_final(axes: Axes, final: pd.DataFrame, shown: list[str], winner: str) -> None:
    """A row a setting, best on top: every seed's training and validation accuracy, the latter with its interval."""
    for split, colour, marker, offset in (("train", "0.6", "s", -0.14), ("validation", "black", "o", 0.14)):
        rows = final[(final["split"] == split) & final["setting"].isin(shown)]
        seeds = sorted(rows["seed"].unique())
        spread = dict(zip(seeds, np.linspace(-0.08, 0.08, len(seeds)) if len(seeds) > 1 else [0.0], strict=True))
        height = rows["setting"].map(shown.index) + offset + rows["seed"].map(spread)
        label = "training" if split == "train" else "validation, 95%"
        bounds = (rows[name] for name in ("accuracy", "low", "high"))
        error = error_bars(*bounds) if split == "validation" else None
        axes.errorbar(
            rows["accuracy"],
            height,
            xerr=error,
            fmt=marker,
            color=colour,
            elinewidth=0.9,
            capsize=2,
            markersize=3.5,
            label=label,
        )
        cut = rows["status"] == "pruned"
        axes.plot(
            rows["accuracy"][cut], height[cut], marker, color=colour, markerfacecolor="white", markersize=3.5, zorder=3
        )
        lost = rows["status"].isin(FAILED)
        if split == "validation" and lost.any():
            name = " or ".join(sorted(set(rows["status"][lost])))
            axes.plot(rows["accuracy"][lost], height[lost], "X", color=LOST, markersize=6, zorder=4, label=name)
    names = [f"{name} *" if name == winner else name for name in shown]
    name_rows(axes, names, 8 if len(shown) <= 20 else 6)
    axes.set_xlabel("accuracy at the epoch kept")
    legend_above(axes, 2)


if __name__ == "__main__":
    run(main)
