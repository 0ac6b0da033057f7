"""Plot how the selected setting's validation accuracy grows with the training examples.

Reads the metrics of the runs on parts of the training split, and what those on all of it came to. Writes the figure,
the data that it plots, and the means by part.
"""

from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from finetune_report.figures.style import SERIES, new_figure, save_figure
from finetune_report.files import read_json, write_json, write_text
from finetune_report.runtime.job import run
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.metrics import whole

import pandas as pd
from matplotlib.axes import Axes


def main(
    fractions: list[Path],
    runs: Path,
    selection: Path,
    summary: Path,
    png: Path,
    svg: Path,
    csv: Path,
    curve: Path,
) -> None:
    winner, rows = read_json(selection)["winner"], read_json(summary)["splits"]["train"]["rows"]
    full = [row | {"percent": 100, "rows": rows} for row in read_json(runs) if row["setting"] == winner]
    parts = [read_json(path) for path in fractions] + full
    points = sorted({run["percent"] for run in parts})
    means = {f"{percent:g}": point([run for run in parts if run["percent"] == percent]) for percent in points}
    table = pd.DataFrame(
        [{name: run[name] for name in ("percent", "rows", "seed")} | score_of(run) for run in parts]
    ).sort_values(["percent", "seed"])
    figure, axes = new_figure("half", 0.78)
    draw(axes, table, list(means.values()))
    save_figure(figure, png, svg)
    write_text(csv, table.to_csv(index=False))
    write_json(curve, {"setting": winner, "points": means})


def score_of(run: dict[str, Any]) -> dict[str, float]:
    return {name: run["validation"][name] for name in ("accuracy", "loss", "macro_f1")}


def point(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean accuracy over the seeds on one part, with the interval over examples."""
    values = [run["validation"]["accuracy"] for run in runs]
    correct = fmean(run["validation"]["correct"] for run in runs)
    count = runs[0]["validation"]["count"]
    return {
        "percent": runs[0]["percent"],
        "rows": whole(fmean(run["rows"] for run in runs)),
        "accuracy": fmean(values),
        "interval": wilson_interval(correct, count),
        "sd": stdev(values) if len(values) > 1 else None,
    }


def draw(axes: Axes, table: pd.DataFrame, means: list[dict[str, Any]]) -> None:
    """Every seed as a point, and the means with their intervals."""
    colour, line, marker = SERIES[1]
    rows, values = [row["rows"] for row in means], [row["accuracy"] for row in means]
    error = [
        [value - row["interval"][0] for value, row in zip(values, means, strict=True)],
        [row["interval"][1] - value for value, row in zip(values, means, strict=True)],
    ]
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
