"""Summarise what each system that was declared comes to on the test split, in one form for all of them.

Reads what was scored there, the split and the selection. Writes each system's metrics, the mean over its seeds, and
publishes them.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.systems import scored_systems, system_summary

import pandas as pd


def main(
    predictions: Path,
    others: Path,
    baselines: Path,
    elsewhere: list[Path],
    test: Path,
    summary: Path,
    selection: Path,
    systems: Path,
    values: Path,
    declared: list[str],
    notes: dict[str, str],
) -> None:
    """`declared` are the systems in their order; of those that were not scored, in a draft, nothing is written.

    `notes` say what made the predictions of some.
    """
    labels, data, selected = read_json(summary)["labels"], pd.read_parquet(test), read_json(selection)["winner"]
    scored = scored_systems(predictions, others, baselines, elsewhere)
    found: dict[str, Any] = {}
    for name in declared:
        system = "winner" if name == selected else name
        if system in scored:
            found[name] = found.get(system) or system_summary(scored[system], data, labels)
            found[name] |= {"note": notes[name]} if name in notes else {}
    write_json(systems, found)
    publish(systems, values)
    logging.info("%d systems", len(found))


def publish(systems: Path, values: Path) -> None:
    """`test.<system>.<metric>` with its interval, and with several seeds `.sd`, `.least` and `.most`; `.correct`,
    `.count` and `.seeds`, and perhaps `.note`. The systems come in the order of the config.
    """
    collector, found = Collector(values), read_json(systems)
    for name, row in found.items():
        stem, pointer = join("test", name), f"/{step(name)}"
        for metric in (metric for metric in METRICS if metric in row):
            publish_metric(collector, f"{stem}.{metric}", metric, row[metric], systems, f"{pointer}/{metric}")
        for what in ("correct", "count", "seeds"):
            collector.add(f"{stem}.{what}", row[what], "count", systems, f"{pointer}/{what}")
        if "note" in row:
            collector.add(f"{stem}.note", row["note"], "text", systems, f"{pointer}/note")
    collector.write()


def publish_metric(
    collector: Collector, key: str, metric: str, summary: dict[str, Any], path: Path, pointer: str
) -> None:
    collector.add(key, summary["mean"], METRICS[metric].kind, path, f"{pointer}/mean", summary["interval"])
    if "sd" in summary:
        collector.add(f"{key}.sd", summary["sd"], "real", path, f"{pointer}/sd")
        for end in ("least", "most"):
            collector.add(f"{key}.{end}", summary[end], METRICS[metric].kind, path, f"{pointer}/{end}")


if __name__ == "__main__":
    run(main)
