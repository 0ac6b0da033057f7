"""The values that a rule publishes for a write-up to cite, each with the place where it stands in a result file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import at, step
from finetune_report.report.keys import join
from finetune_report.stats.intervals import wilson_interval

MOST_ROWS = 8  # of a list in a result file that is published whole; a write-up could not show more
AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {"mean": fmean, "sum": sum, "sd": stdev}

Interval = tuple[float, float]
Entry = dict[str, Any]


class Collector:
    """Gathers what a rule publishes in `path`, which is values/<rule>.json in the results folder."""

    def __init__(self, path: Path) -> None:
        self.path, self.root = path, path.parents[1]
        self.names: dict[Path, str] = {}
        self.values: dict[str, Entry] = {}

    def add(
        self,
        key: str,
        value: Any,
        kind: str,
        source: Path,
        pointer: str,
        interval: Interval | None = None,
        aggregate: str = "",
        others: list[Path] | None = None,
    ) -> None:
        """Publish a value that stands in `source` at `pointer`.

        `others` are further files in which a number that it was made of stands, at the same pointer; `aggregate` says
        how. Raises ValueError on a key that was given before.
        """
        if key in self.values:
            raise ValueError(f"the value {key} is published twice")
        self.values[key] = {
            "value": value,
            "kind": kind,
            "interval": list(interval) if interval else None,
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
        """An accuracy with its counts and interval (Wilson's, unless the row has one), and the loss if there is one."""
        interval = row.get("interval") or wilson_interval(row["correct"], row["count"])
        self.add(f"{key}.accuracy", row["accuracy"], "accuracy", source, f"{pointer}/accuracy", interval)
        self.add(f"{key}.correct", row["correct"], "count", source, f"{pointer}/correct")
        self.add(f"{key}.count", row["count"], "count", source, f"{pointer}/count")
        if "loss" in row:
            self.add(f"{key}.loss", row["loss"], "loss", source, f"{pointer}/loss")

    def add_all(self, stem: str, source: Path) -> None:
        """Every number and text of a JSON file, but not those of long lists; rows count from 0."""
        for path, value in leaves(read_json(source)):
            key, pointer = join(stem, *path), "".join(f"/{step(str(name))}" for name in path)
            number = "error" if key.endswith("error") else "count" if isinstance(value, int) else "real"
            self.add(key, value, "text" if isinstance(value, str) else number, source, pointer)

    def write(self) -> None:
        write_json(self.path, self.values)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The numbers and texts in a JSON document, each with the names and places that lead to it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        if len(value) <= MOST_ROWS:
            for number, item in enumerate(value):
                yield from leaves(item, (*path, number))
    elif isinstance(value, int | float | str):
        yield path, value


def faults(values: dict[str, Entry], root: Path) -> Iterator[str]:
    """A sentence for each value that is not what stands in the files of the results folder `root` at its places."""
    documents: dict[str, Any] = {}
    for key, entry in values.items():
        places = entry.get("parts") or [[entry["source"], entry["pointer"]]]
        try:
            for source, _ in places:
                if source not in documents:
                    documents[source] = read_json(root / source)
            found = [shown(at(documents[source], pointer)) for source, pointer in places]
            made = AGGREGATES[entry["aggregate"]](found) if "aggregate" in entry else found[0]
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            yield f"{key} does not stand in {entry['source']} at {entry['pointer']} ({type(error).__name__}: {error})"
            continue
        if made != entry["value"]:
            yield f"{key} is {entry['value']!r}, and {entry['source']} has {made!r} at {entry['pointer']}"


def shown(found: Any) -> Any:
    """What is published of an entry of a result file: null as "none", true as "true", a list or object by its size."""
    if found is None:
        return "none"
    if isinstance(found, bool):
        return json.dumps(found)
    return len(found) if isinstance(found, list | dict) else found
