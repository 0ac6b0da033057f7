"""The splits of a data set of the hub as tables."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from finetune_report.data.columns import profile
from finetune_report.data.layouts import Found, split_of
from finetune_report.data.loading import dataset_rows, load_from_hub
from finetune_report.data.locations import SPLITS
from finetune_report.data.readers import Row
from finetune_report.data.row_sources import Table
from finetune_report.errors import UserError, few

from datasets import Dataset


def hub_tables(name: str, configuration: str | None, cache: Path) -> Found:
    """The splits of a data set of the hub. Raises UserError where it cannot be loaded or has no training split."""
    hub: dict[str, Any] = {"name": name, "configuration": configuration, "revision": "main"}
    loaded = load_from_hub(hub, str(cache / "hub"))
    chosen: dict[str, str] = {}
    for split in loaded:
        known = split_of(str(split))
        if known is not None:
            chosen.setdefault(known, str(split))
    if "train" not in chosen:
        raise UserError(
            f"--data: {name} has no training split; its splits are {few(loaded)}; name them in data.hub of a config"
        )
    said = f"a data set of the hub: {json.dumps({'name': name, 'configuration': configuration})}"
    return Found({split: table(loaded[chosen[split]], chosen[split], said) for split in SPLITS if split in chosen})


def table(dataset: Dataset, split: str, said: str) -> Table:
    rows: Callable[[], Iterator[Row]] = lambda: dataset_rows(dataset)  # noqa: E731
    return Table(f"split {split}", rows, profile(row for _, row in rows()), said)
