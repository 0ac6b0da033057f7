"""Plot how evenly each attention head of the tuned model spreads its weight: a layer by head heat map.

Reads the table of their measures. Writes the figure with its table.
"""

import math
from pathlib import Path

from finetune_report.figures.style import new_figure, read_table, save_figure
from finetune_report.runtime.job import run

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

SHOWN = ["layer", "head", "entropy", "role"]
COLOURS = "cividis"  # its lightness rises steadily, so it keeps its order in greyscale and to colour-blind eyes
EDGES = {"copies": "-", "averages": ":"}  # line style of the frame
MOST_NUMBERED = 16  # heads a layer; numbers in narrower cells could not be read
MOST_TICKS = 32


def main(table: Path, png: Path, svg: Path, csv: Path) -> None:
    found = read_table(table, "role")
    layers, width = found["layer"].max(), found["head"].max()
    figure, axes = new_figure("full", min(1.2, max(0.3, 0.15 + 0.6 * layers / width)))
    draw(axes, found)
    save_figure(figure, png, svg, table, csv)


def draw(axes: Axes, table: pd.DataFrame) -> None:
    """A cell a head, dark where its attention is concentrated; frames mark the heads that copy or average."""
    grid = table.pivot(index="layer", columns="head", values="entropy")
    layers, width = grid.shape
    image = axes.imshow(grid, cmap=COLOURS, vmin=0, vmax=1, aspect="auto", extent=(0.5, width + 0.5, layers + 0.5, 0.5))
    axes.figure.colorbar(image, ax=axes, label="entropy / its limit", pad=0.02)
    for layer, head, entropy, role in zip(*(table[name].tolist() for name in SHOWN), strict=True):
        ink = "white" if entropy < 0.5 else "black"
        if width <= MOST_NUMBERED:
            axes.text(head, layer, f"{entropy:.2f}", color=ink, ha="center", va="center", fontsize="small")
        if role in EDGES:
            axes.add_patch(frame((head - 0.44, layer - 0.42), 0.88, 0.84, role, ink))
    axes.set_xticks(ticks(width))
    axes.set_yticks(ticks(layers))
    axes.tick_params(length=0)
    axes.set_xlabel("head")
    axes.set_ylabel("layer")
    axes.grid(False)
    labels = {role: f"{role} ({(table['role'] == role).sum()})" for role in EDGES}
    frames = [frame((0, 0), 1, 1, role, "black", label=label) for role, label in labels.items()]
    axes.legend(handles=frames, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)


def frame(corner: tuple[float, float], width: float, height: float, role: str, ink: str, label: str = "") -> Rectangle:
    return Rectangle(corner, width, height, fill=False, edgecolor=ink, linestyle=EDGES[role], label=label)


def ticks(count: int) -> np.ndarray:
    """Numbers from 1, as many as can be told apart."""
    return np.arange(1, count + 1, math.ceil(count / MOST_TICKS))


if __name__ == "__main__":
    run(main)
