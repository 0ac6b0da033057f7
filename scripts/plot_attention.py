"""Plot the demonstrations on attention: the weights as a key moves, and the error as the queries get longer.

Reads what demonstrate_attention found. Writes both figures with their tables.
"""

from pathlib import Path
from typing import Any

from finetune_report.figures.style import SERIES, new_figure, read_table, save_figure
from finetune_report.files import read_json
from finetune_report.runtime.job import run

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

NAMES = {
    "copy_first": "copy the first value",
    "copy_all": "copy every value",
    "average_first_two": "average the first two",
    "change_key_average_three": "move $k_2$: average the first three",
    "change_key_copy_third": "move $k_2$: copy $v_2$",
    "average_first_two_least_squares": "average the first two, by least squares",
}


def main(
    attention: Path,
    sweep_table: Path,
    error_table: Path,
    sweep_png: Path,
    sweep_svg: Path,
    sweep_csv: Path,
    error_png: Path,
    error_svg: Path,
    error_csv: Path,
) -> None:
    found = read_json(attention)
    with plt.rc_context({"text.parse_math": True}):  # no name of the data is printed here
        figure, axes = new_figure("full", 0.5)
        draw_sweep(axes, read_table(sweep_table), found)
        save_figure(figure, sweep_png, sweep_svg, sweep_table, sweep_csv)
        figure, axes = new_figure("full", 0.62)
        draw_errors(axes, read_table(error_table), found)
        save_figure(figure, error_png, error_svg, error_table, error_csv)


def draw_sweep(axes: Axes, table: pd.DataFrame, found: dict[str, Any]) -> None:
    """All weights over the score of the key that moves; lines mark where it lies in the demonstrations."""
    marks = {
        "as drawn": found["change_key_average_three"]["old_score"],
        "average of three": found["change_key_average_three"]["score"],
        "copy of $v_2$": found["change_key_copy_third"]["score"],
    }
    for text, score in marks.items():
        axes.axvline(score, color="0.6", linewidth=0.8, zorder=0)
        axes.annotate(
            text, (score, 1), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center"
        )
    names = [name for name in table.columns if name.startswith("weight_")]
    last = len(names) - 1
    for number, name in enumerate(names):
        colour, line, marker = SERIES[min(number, 3)]
        label = f"$w_{number}$" if number < 3 or last == 3 else f"$w_3$ to $w_{{{last}}}$"
        axes.plot(
            table["score"],
            table[name],
            color=colour,
            linestyle=line,
            marker=marker,
            markevery=(10 * min(number, 3), 40),  # the first two lines lie on each other; their marks do not
            label=label if number <= 3 else None,
        )
    axes.set_xlim(table["score"].min(), table["score"].max())
    axes.set_xlabel("score of the moved key, $q \\cdot k_2$")
    axes.set_ylabel("attention weight")
    axes.legend(loc="upper left", bbox_to_anchor=(0.1, 0.95), frameon=False)


def draw_errors(axes: Axes, table: pd.DataFrame, found: dict[str, Any]) -> None:
    """The error of every demonstration over its queries' length, on a logarithmic axis; rings mark the lengths used."""
    for (name, text), (colour, line, _) in zip(NAMES.items(), SERIES, strict=False):
        positive = table[table[name] > 0]  # rounding can leave no error at all, which has no place on this axis
        axes.semilogy(positive["length"], positive[name], color=colour, linestyle=line, label=text)
        if name in found:
            axes.plot(found[name]["query_length"], found[name]["error"], "o", color=colour, markerfacecolor="none")
    axes.axhline(found["tolerance"], color="0.4", linewidth=0.8)
    axes.annotate(
        "asked for",
        (1, found["tolerance"]),
        (-2, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
    )
    axes.set_xlim(0, table["length"].max())
    axes.set_xlabel("length of the query")
    axes.set_ylabel("largest absolute error")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)


if __name__ == "__main__":
    run(main)
