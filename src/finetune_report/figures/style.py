"""The one look of all figures: readable in print, in grey, and to colour-blind readers; the same bytes each time."""

import shutil
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

TEXT_WIDTH = 6.22  # inches; the width of the report's text
WIDTHS = {"half": 0.5, "wide": 0.8, "full": 1.0}  # shares of it, so that type comes out at its own size

# Colours by Okabe & Ito (2008), each with a line style and a marker of its own: none depends on colour alone.
SERIES: list[tuple[str, Any, str]] = [
    ("#0072B2", "-", "o"),
    ("#D55E00", "--", "s"),
    ("#009E73", "-.", "^"),
    ("#CC79A7", ":", "D"),
    ("#E69F00", (0, (5, 1)), "v"),
    ("#56B4E9", (0, (3, 1, 1, 1)), "P"),
    ("#000000", (0, (1, 1)), "X"),
]

plt.rcParams.update(
    {
        "font.size": 8.5,
        "axes.titlesize": 8.5,
        "axes.labelsize": 8.5,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "0.9",
        "grid.linewidth": 0.6,
        "axes.linewidth": 0.7,
        "lines.linewidth": 1.4,
        "lines.markersize": 4,
        "legend.frameon": False,
        "svg.hashsalt": "finetune-report",
    }
)


def new_figure(width: str, aspect: float, **options: Any) -> tuple[Figure, Any]:
    """A figure of one of WIDTHS, `aspect` times as high as wide; `options` go to `plt.subplots`."""
    inches = TEXT_WIDTH * WIDTHS[width]
    return plt.subplots(figsize=(inches, inches * aspect), layout="constrained", **options)


def name_rows(axes: Any, names: list[str], size: float = 8) -> None:
    """Rows at heights 0, 1, ... from the top, each with its name."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=size)
    axes.grid(axis="y", visible=False)


def legend_above(axes: Any, columns: int) -> None:
    """The legend over the axes, where it hides nothing."""
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=columns, handletextpad=0.2, columnspacing=0.8)


def read_table(path: Path, *texts: str) -> pd.DataFrame:
    """A published table; the columns `texts` hold names, which are never taken for numbers or for missing."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in table.columns.difference(list(texts)):
        table[name] = pd.to_numeric(table[name])
    return table


def save_figure(figure: Figure, png: Path, svg: Path, table: Path, csv: Path) -> None:
    """Write a figure as PNG and SVG without dates or versions, put the table that it draws next to it, and close it."""
    figure.savefig(png, dpi=220, metadata={"Software": None})
    figure.savefig(svg, metadata={"Date": None, "Creator": None})
    shutil.copyfile(table, csv)
    plt.close(figure)
