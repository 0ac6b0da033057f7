"""A config with no more than it needs."""

from pathlib import Path
from typing import Any


def minimal(**changes: Any) -> dict[str, Any]:
    """Two settings, of which the first is the baseline; `changes` replace its keys."""
    config = {
        "name": "try",
        "data": {"path": "data"},
        "model": {"path": "model"},
        "settings": [{"name": "baseline"}, {"name": "other", "batch_size": 5}],
    }
    return config | changes


def write_splits(folder: Path, rows: dict[str, int]) -> None:
    """CSV files of so many rows in a data folder, of two classes."""
    (folder / "data").mkdir()
    for split, count in rows.items():
        lines = "".join(f"some text {number},{number % 2}\n" for number in range(count))
        (folder / f"data/{split}.csv").write_text("text,label\n" + lines)
