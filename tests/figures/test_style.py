"""Names from data beside axes: any text, each told from the others, none a formula or a box."""

import itertools
import warnings
from pathlib import Path

from finetune_report.figures.style import MOST_LETTERS, labels_of, new_figure

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from plot_confusion import draw as draw_confusion
from plot_confusion import main as plot_confusion
from plot_confusion import size_of
from plot_curves import main as plot_curves

ODD = [
    "$10^$",
    "$0-$50",
    "a_b^{c",
    "中文分类",
    "ภาษาไทย",
    "हिन्दी",
    "مرحبا",
    "😀👍🏽",
    "",
    "a\nb",
    "\u202eevil",
    "_hidden",
    "%",
    "\\frac{",
]


@given(st.lists(st.text(max_size=80), min_size=1, max_size=12, unique=True))
def test_labels_are_short_and_told_apart(names: list[str]) -> None:
    labels = labels_of(names)
    assert len(labels) == len(names)
    assert len(set(labels)) == len(labels)
    assert all(label.isprintable() or set(label) & set("\u200c\u200d\u00ad") for label in labels)


def test_a_name_that_fits_stays_as_it_is() -> None:
    names = ["comp.graphics", "a" * MOST_LETTERS, "a" * 60 + "x", "a" * 60 + "y"]
    assert labels_of(names)[:2] == names[:2]
    assert labels_of(names)[2].endswith("x")


def drawn(folder: Path, labels: list[str]) -> tuple[Path, Path]:
    """The confusion matrix of so many classes, as PNG and SVG."""
    rows = [{"true": true, "predicted": other, "count": 3} for true in labels for other in labels]
    pd.DataFrame(rows).to_csv(folder / "table.csv", index=False)
    plot_confusion(folder / "table.csv", folder / "c.png", folder / "c.svg", folder / "c.csv")
    return folder / "c.png", folder / "c.svg"


def test_any_name_is_drawn_and_every_letter_has_a_glyph(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Matplotlib warns of a glyph that no font has
        drawn(tmp_path, ODD)


@pytest.mark.parametrize(("count", "letters"), [(2, 3), (2, 60), (4, 20), (7, 60), (20, 60), (60, 60)])
def test_names_of_a_confusion_matrix_do_not_lie_on_each_other(count: int, letters: int) -> None:
    labels = [f"{number:02d}{'w' * (letters - 2)}" for number in range(count)]
    figure, axes = new_figure(*size_of(labels))
    draw_confusion(axes, pd.DataFrame(1, index=labels, columns=labels).to_numpy(), labels)
    figure.canvas.draw()
    inside = figure.bbox
    for texts, low, high in ((axes.get_xticklabels(), "x0", "x1"), (axes.get_yticklabels(), "y0", "y1")):
        boxes = sorted((text.get_window_extent() for text in texts), key=lambda box: getattr(box, low))
        assert all(getattr(a, high) <= getattr(b, low) + 1 for a, b in itertools.pairwise(boxes))
        assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 + 1 and inside.y0 <= box.y0 for box in boxes)
    assert axes.get_window_extent().width > 0.25 * inside.width
    plt.close(figure)


def test_a_single_epoch_and_no_epoch_at_all_are_drawn(tmp_path: Path) -> None:
    columns = ["seed", "epoch", "train_accuracy", "validation_accuracy", "train_loss", "validation_loss", "best"]
    for rows in ([[1, 1, 0.5, 0.6, 0.7, 0.7, 1, ""]], []):
        pd.DataFrame(rows, columns=[*columns, "train_sample"]).to_csv(tmp_path / "t.csv", index=False)
        files = [tmp_path / f"{measure}.{kind}" for measure in "gl" for kind in ("png", "svg", "csv")]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            plot_curves(tmp_path / "t.csv", tmp_path / "t.csv", *files)
        assert all(path.stat().st_size for path in files)
