"""List which predictions were scored on which data, each split known by its content.

Reads the results of all runs, their predictions, the record of what was scored on the test split, and the simple
methods' scores. Writes one list, and publishes what it comes to.
"""

from pathlib import Path
from typing import Any

from finetune_report.files import read_json, sha256, write_json
from finetune_report.provenance.test_ledger import summary_of
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run


def main(
    summary: Path,
    runs: Path,
    predictions: list[Path],
    scorings: Path,
    baselines: Path,
    ledger: Path,
    values: Path,
) -> None:
    """`runs` and `predictions` have an entry a run, in the same order.

    Of a test split without labels nothing is declared; `scorings` has what was scored on another before.
    """
    data = {split: facts["fingerprint"] for split, facts in read_json(summary)["splits"].items()}
    found = zip(read_json(runs), predictions, strict=True)
    scored = [scored_run(row, path, data["validation"]) for row, path in found]
    kept = read_json(scorings)
    tested = [{"split": "test"} | scoring for scoring in kept["scorings"]]
    methods = [
        {"split": split, "data": data[split], "method": method}
        for method, scores in read_json(baselines).items()
        for split in ("validation", "test")
        if split in scores
    ]
    simple = [row["method"] for row in methods if row["split"] == "test"]
    scored_on = data["test"] if kept["declared"] else None
    test = summary_of(tested, scored_on, kept["record"]["problems"], simple, kept["declared"])
    write_json(
        ledger,
        {
            "data": data,
            "validation": {"runs": len(scored), "scored": sum(row["times"] for row in scored)},
            "test": test,
            "declared": kept["declared"],
            "record": kept["record"],
            "scorings": [*scored, *tested, *methods],
        },
    )
    publish(ledger, values)


def scored_run(found: dict[str, Any], predictions: Path, data: str) -> dict[str, Any]:
    """A run's scoring of the validation split: once an epoch, with the predictions of the best epoch."""
    return {
        "split": "validation",
        "data": data,
        "setting": found["setting"],
        "seed": found["seed"],
        "times": found["epochs_run"],
        "predictions": sha256(predictions),
    }


def publish(ledger: Path, values: Path) -> None:
    """How often validation and test split were scored, in numbers and, for the test split, in words."""
    collector, found = Collector(values), read_json(ledger)
    for split in ("validation", "test"):
        for name, entry in found[split].items():
            kind = "text" if isinstance(entry, str) else "count"
            collector.add(f"ledger.{split}.{name}", entry, kind, ledger, f"/{split}/{name}")
    if found["declared"] and found["declared"]["at"]:
        collector.add("ledger.test.declared_at", found["declared"]["at"], "text", ledger, "/declared/at")
    collector.write()


if __name__ == "__main__":
    run(main)
