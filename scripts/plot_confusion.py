"""Plot which classes of the test split the selected setting confuses: a true class by predicted class heat map.

Reads the test metrics. Writes the figure and the data that it plots.
"""

from pathlib import Path

from finetune_report.figures.style import new_figure, save_figure
from finetune_report.files import read_json, write_text
from finetune_report.runtime.job import run

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

COLOURS = "Blues"
MOST_NUMBERED = 20  # classes; counts in smaller cells could not be read


def main(metrics: Path, png: Path, svg: Path, csv: Path) -> None:
    found = read_json(metrics)
    labels, confusion = found["labels"], np.array(found["confusion"])
    small = len(labels) <= 4
    figure, axes = new_figure("half" if small else "full", 0.75 if small else 0.85)
    draw(axes, confusion, labels)
    save_figure(figure, png, svg)
    rows = [
        {"true": true, "predicted": predicted, "count": confusion[row, column]}
        for row, true in enumerate(labels)
        for column, predicted in enumerate(labels)
    ]
    write_text(csv, pd.DataFrame(rows).to_csv(index=False))


def draw(axes: Axes, confusion: np.ndarray, labels: list[str]) -> None:
    """Cells are coloured by the share of their true class, so that rare classes show too, and numbered by count."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap=COLOURS, vmin=0, vmax=1)
    axes.figure.colorbar(image, ax=axes, label="share of the true class")
    if len(labels) <= MOST_NUMBERED:
        for (row, column), count in np.ndenumerate(confusion):
            ink = "white" if shares[row, column] > 0.5 else "black"
            size = "medium" if len(labels) <= 8 else "xx-small"
            axes.text(column, row, f"{count:,}", color=ink, ha="center", va="center", fontsize=size)
    many = len(labels) > 6
    tick_size = 8 if len(labels) <= 12 else 5.5 if len(labels) <= 30 else 4
    axes.set_xticks(range(len(labels)), labels, rotation=90 if many else 0, fontsize=tick_size)
    axes.set_yticks(range(len(labels)), labels, fontsize=tick_size)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.grid(False)
    axes.spines[:].set_visible(False)


if __name__ == "__main__":
    run(main)
