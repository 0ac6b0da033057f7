"""Gathers the values that a write-up may cite, each with the place that it comes from."""

from pathlib import Path
from typing import Any

from finetune_report.stats.intervals import wilson_interval


class Collector:
    """Gathers values by key; a key given twice is an error of ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[Path, str] = {}
        self.values: dict[str, dict[str, Any]] = {}

    def add(
        self,
        key: str,
        value: Any,
        kind: str,
        source: Path,
        pointer: str,
        interval: tuple[float, float] | None = None,
        aggregate: str = "",
        others: list[Path] | None = None,
    ) -> None:
        """`others` are further files in which a number that it was made of stands, at the same pointer."""
        if key in self.values:
            raise ValueError(f"the value {key} is collected twice")
        self.values[key] = {
            "value": value,
            "kind": kind,
            "interval": interval,
            "source": self.name(source),
            "pointer": pointer,
        }
        if others:
            self.values[key]["aggregate"] = aggregate
            self.values[key]["parts"] = [[self.name(path), pointer] for path in (source, *others)]

    def name(self, path: Path) -> str:
        """A path relative to the results folder; worked out once, since one file has many values."""
        if path not in self.names:
            self.names[path] = path.relative_to(self.root).as_posix()
        return self.names[path]

    def add_score(self, key: str, row: dict[str, Any], source: Path, pointer: str) -> None:
        """An accuracy with the counts behind it, its Wilson interval, and the loss where there is one."""
        interval = wilson_interval(row["correct"], row["count"])
        self.add(f"{key}.accuracy", row["accuracy"], "accuracy", source, f"{pointer}/accuracy", interval)
        self.add(f"{key}.correct", row["correct"], "count", source, f"{pointer}/correct")
        self.add(f"{key}.count", row["count"], "count", source, f"{pointer}/count")
        if "loss" in row:
            self.add(f"{key}.loss", row["loss"], "loss", source, f"{pointer}/loss")
