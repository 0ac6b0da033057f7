"""Put the systems of several experiments side by side: scores, what no other beats, averages, ranks and their test.

Reads what the experiments' systems came to on their test splits, and their paired tests. Writes the table and, where
there are enough data sets, the ranks that a figure draws, and publishes both.
"""

import csv
import io
import logging
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.across import Column, across, table_of
from finetune_report.stats.metrics import METRICS


def main(
    systems_of: list[Path],
    comparisons_of: list[Path],
    values_of: list[Path],
    study: Path,
    table: Path,
    values: Path,
    names: list[str],
    systems: list[str],
) -> None:
    """The lists have a file an experiment, in the order of `names`; `systems` are the rows."""
    selected = [read_json(path)["winner.name"]["value"] for path in values_of]
    found = zip(names, map(read_json, systems_of), map(read_json, comparisons_of), selected, strict=True)
    columns = {name: Column(scored, compared, chosen) for name, scored, compared, chosen in found}
    metrics = {name: column.metric for name, column in columns.items()}
    scores = table_of(columns, systems)
    summary = across(scores, metrics)
    facts = {name: experiment_facts(column, name not in summary["left_out"]) for name, column in columns.items()}
    write_json(study, {"experiments": facts, "scores": scores, "across": summary})
    write_text(table, ranks_table(summary))
    publish(study, values)
    logging.info("%d systems on %d data sets", len(systems), len(columns))


def experiment_facts(column: Column, complete: bool) -> dict[str, Any]:
    """What the table says of a data set. `complete`: all systems were scored on it."""
    family = column.comparisons["family"]
    return {
        "metric": column.metric,
        "label": METRICS[column.metric].label,
        "examples": family["examples"],
        "seeds": family["seeds"],
        "comparisons": family["comparisons"],
        "level": family["level"],
        "text": family["text"],
        "complete": complete,
    }


def ranks_table(summary: dict[str, Any]) -> str:
    """The average ranks from the best on, and the difference that two must have; no row where there is no test."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["system", "rank", "critical_difference", "differ"])
    test = summary["test"]
    if test:
        for system, row in sorted(summary["rows"].items(), key=lambda item: item[1]["average_rank"]):
            writer.writerow([system, row["average_rank"], test["critical_difference"], int(test["differ"])])
    return stream.getvalue()


def publish(study: Path, values: Path) -> None:
    """`study.<system>.<experiment>.score` and, with several seeds, `.sd`; `.standing` and `.beaten_by`;
    `study.<system>.average_score` and `.average_rank`; `experiments.<experiment>.<what>`; and of the ranks
    `ranks.<what>` and `ranks.<a>.<b>.outcome`.
    """
    collector, found = Collector(values), read_json(study)
    for name, facts in found["experiments"].items():
        for what, entry in facts.items():
            kind = "text" if isinstance(entry, str | bool) else "real" if what == "level" else "count"
            shown = ("true" if entry else "false") if isinstance(entry, bool) else entry
            collector.add(join("experiments", name, what), shown, kind, study, f"/experiments/{step(name)}/{what}")
    for system, row in found["scores"].items():
        for name, cell in row.items():
            if cell is not None:
                metric = found["experiments"][name]["metric"]
                publish_cell(
                    collector, study, join("study", system, name), f"/scores/{step(system)}/{step(name)}", cell, metric
                )
    publish_ranks(collector, study, found["across"])
    collector.write()


def publish_cell(collector: Collector, study: Path, stem: str, pointer: str, cell: dict[str, Any], metric: str) -> None:
    collector.add(f"{stem}.score", cell["mean"], METRICS[metric].kind, study, f"{pointer}/mean", cell["interval"])
    if "sd" in cell:
        collector.add(f"{stem}.sd", cell["sd"], "real", study, f"{pointer}/sd")
    collector.add(f"{stem}.seeds", cell["seeds"], "count", study, f"{pointer}/seeds")
    collector.add(f"{stem}.standing", cell["standing"], "text", study, f"{pointer}/standing")
    for place, other in enumerate(cell["by"]):
        collector.add(f"{stem}.by.{place + 1}", other, "text", study, f"{pointer}/by/{place}")


def publish_ranks(collector: Collector, study: Path, summary: dict[str, Any]) -> None:
    for system, row in summary["rows"].items():
        for what, entry in row.items():
            collector.add(join("study", system, what), entry, "real", study, f"/across/rows/{step(system)}/{what}")
    for what in ("datasets", "systems", "fewest_datasets", "fewest_systems"):
        collector.add(f"ranks.{what}", summary[what], "count", study, f"/across/{what}")
    test = summary["test"]
    if test is None:
        return
    for what, kind in (("statistic", "real"), ("p", "p"), ("level", "real"), ("critical_difference", "real")):
        collector.add(f"ranks.{what}", test[what], kind, study, f"/across/test/{what}")
    for a, others in test["pairs"].items():
        for b, row in others.items():
            stem, pointer = join("ranks", "pairs", a, b), f"/across/test/pairs/{step(a)}/{step(b)}"
            collector.add(f"{stem}.difference", row["difference"], "real", study, f"{pointer}/difference")
            collector.add(f"{stem}.outcome", row["outcome"], "text", study, f"{pointer}/outcome")


if __name__ == "__main__":
    run(main)
