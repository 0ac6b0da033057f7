"""Put together every value that the write-up may cite, each with its uncertainty and the file that it comes from.

Reads what each rule published, and every result file, in which each value must stand at its place. Writes one flat list
of keys such as `runs.baseline.validation.accuracy`, and the values reported elsewhere next to this experiment's.
"""

import logging
from itertools import islice
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector, Entry, faults

LISTED = 8  # faults that a message tells


def main(
    published: list[Path],
    sources: list[Path],
    values: Path,
    reference: Path,
    references: list[dict[str, Any]],
) -> None:
    """`published` are at `values/<rule>.json`; `sources` are all files that values may come from."""
    collected = collect(published, reference, references)
    write_json(values, collected)
    logging.info("%d values", len(collected))


def collect(published: list[Path], reference: Path, references: list[dict[str, Any]]) -> dict[str, Entry]:
    """All values by key; writes those reported elsewhere next to this experiment's into `reference`.

    Raises UserError where two rules publish the same key, or a value is not what stands in its file.
    """
    root = published[0].parents[1]
    collected = merged(published)
    listed = list(islice(faults(collected, root), LISTED))
    if listed:
        raise UserError(
            "Published values that do not stand in the result files they come from, so a file was changed after its "
            "values were published:\n  " + "\n  ".join(listed) + f"\n  Delete {root / 'values'}, and run the same "
            "command again"
        )
    write_json(reference, compared(references, collected))
    return collected | published_references(reference)


def merged(published: list[Path]) -> dict[str, Entry]:
    """The values of all files. Raises UserError where a key is in two of them."""
    collected: dict[str, Entry] = {}
    publishers: dict[str, Path] = {}
    for path in published:
        for key, entry in read_json(path).items():
            if key in collected:
                raise UserError(f"the value {key} is published twice, in {publishers[key]} and in {path}")
            collected[key], publishers[key] = entry, path
    return collected


def compared(references: list[dict[str, Any]], values: dict[str, Entry]) -> dict[str, Any]:
    """Each value reported elsewhere with this experiment's and their difference, this one's minus the reported one.

    The reported value is taken as it is, without an uncertainty of its own. Raises UserError on a key of no number.
    """
    rows = {}
    for entry in references:
        value = values.get(entry["value"])
        if value is None or isinstance(value["value"], str):
            raise UserError(
                f"reference '{entry['name']}': there is no number '{entry['value']}' among the values; name one in "
                f"values.json, such as winner.test.accuracy"
            )
        interval = value["interval"]
        rows[entry["name"]] = {
            **entry,
            "this": value["value"],
            "interval": interval,
            "difference": value["value"] - entry["reported"],
            "difference_interval": [bound - entry["reported"] for bound in interval] if interval else None,
            "kind": value["kind"],
        }
    return rows


def published_references(reference: Path) -> dict[str, Entry]:
    """`reference.<name>.reported`, `.this` and `.difference`."""
    collector = Collector(reference.parent / "values/collect_values.json")
    for name, row in read_json(reference).items():
        stem, pointer = join("reference", name), f"/{step(name)}"
        collector.add(f"{stem}.reported", row["reported"], "real", reference, f"{pointer}/reported")
        collector.add(f"{stem}.this", row["this"], row["kind"], reference, f"{pointer}/this", row["interval"])
        gap = row["difference_interval"]
        collector.add(f"{stem}.difference", row["difference"], "real", reference, f"{pointer}/difference", gap)
    return collector.values
