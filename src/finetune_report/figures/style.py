"""The one look of all figures: readable in print, in grey, and to colour-blind readers; the same bytes each time."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from finetune_report.fonts import families, files
from finetune_report.terminal import JOINERS, visible

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("Agg")

from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

TEXT_WIDTH = 6.22  # inches; the width of the report's text
OWN = "DejaVu Sans"
MOST_LETTERS = 28  # of a name beside an axis
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

for font in files():
    font_manager.fontManager.addfont(font)

plt.rcParams.update(
    {
        "font.family": [OWN, *families()],  # a letter is of the first that has it
        "font.size": 8.5,
        "text.parse_math": False,  # a name such as $0-$50 is no formula
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


def error_bars(values: Any, low: Any, high: Any) -> np.ndarray:
    """The lengths of bars from values down and up to their bounds, [2, n]; none where rounding puts a bound beyond."""
    values = np.asarray(values, dtype=float)
    lengths: np.ndarray = np.maximum([values - np.asarray(low), np.asarray(high) - values], 0)
    return lengths


def name_rows(axes: Any, names: list[str], size: float = 8) -> None:
    """Rows at heights 0, 1, ... from the top, each with its name."""
    axes.set_yticks(range(len(names)), labels_of(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=size)
    axes.grid(axis="y", visible=False)


def labels_of(names: list[str], most: int = MOST_LETTERS) -> list[str]:
    """Names as they stand beside an axis: on one line, nothing unseen in them, and none longer than `most` letters.

    Long ones lose their middle; those that would be alike then are numbered.
    """
    shown = [visible(" ".join(name.split()), kept=JOINERS) or "(empty)" for name in names]
    short = [name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}" for name in shown]
    alike = {label for label, count in Counter(short).items() if count > 1}
    return [f"{label} [{number}]" if label in alike else label for number, label in enumerate(short, start=1)]


def empty_figure(width: str, reason: str) -> Figure:
    """A figure that says why it shows nothing."""
    figure, axes = new_figure(width, 0.3)
    axes.set_axis_off()
    axes.text(0.5, 0.5, reason, ha="center", va="center", color="0.35", wrap=True)
    return figure


def epoch_axis(axes: Any, last: float) -> None:
    """An axis of whole epochs from 1 on, of which there may be one alone."""
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if last <= 1:
        axes.set_xlim(0.5, 1.5)
        axes.set_xticks([1])


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
