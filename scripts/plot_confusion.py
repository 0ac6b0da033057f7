"""Plot which classes of the test split the selected setting confuses: a true class by predicted class heat map.

Reads the confusion matrix as a table. Writes the figure with its table.
"""

from pathlib import Path

from finetune_report.figures.style import labels_of, new_figure, read_table, save_figure
from finetune_report.runtime.job import run

import numpy as np
from matplotlib.axes import Axes

COLOURS = "Blues"
SMALL = 4  # classes that half the width is enough for
SHORT = 12  # letters of a class name that leave half the width room for cells
MOST_BESIDE = 24  # letters of class names side by side below the cells
MOST_NUMBERED = 20  # classes; counts in smaller cells could not be read


def main(table: Path, png: Path, svg: Path, csv: Path) -> None:
    """The table has a row a pair of classes, those of a true class together."""
    found = read_table(table, "true", "predicted")
    labels = list(dict.fromkeys(found["true"]))
    confusion = found["count"].to_numpy().reshape(len(labels), len(labels))
    figure, axes = new_figure(*size_of(labels))
    draw(axes, confusion, labels)
    save_figure(figure, png, svg, table, csv)


def size_of(labels: list[str]) -> tuple[str, float]:
    """The width of the figure, and its height as a share of it."""
    if len(labels) <= SMALL and max(map(len, labels)) <= SHORT:
        return "half", 0.75
    return "full", 0.85


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
    tick_size = 8 if len(labels) <= 12 else 5.5 if len(labels) <= 30 else 4.5
    names = labels_of(labels)
    long = sum(map(len, names)) > MOST_BESIDE * (1 if size_of(labels)[0] == "half" else 2)
    axes.set_xticks(range(len(labels)), names, rotation=90 if many or long else 0, fontsize=tick_size)
    axes.set_yticks(range(len(labels)), names, fontsize=tick_size)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.grid(False)
    axes.spines[:].set_visible(False)


if __name__ == "__main__":
    run(main)
