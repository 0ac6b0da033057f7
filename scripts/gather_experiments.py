"""Gather what a study says of its experiments: their values under the experiment's name, and what claims are judged by.

Reads results of each experiment. Writes copies of those that the study rests on, so that it stays what it was when an
experiment goes on alone, and publishes the values.
"""

import csv
import hashlib
import logging
import shutil
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import canonical_json, read_json, write_json, write_text
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run


def main(
    values_of: list[Path],
    manifests_of: list[Path],
    systems_of: list[Path],
    comparisons_of: list[Path],
    selections_of: list[Path],
    summaries_of: list[Path],
    ledgers_of: list[Path],
    curves_of: list[Path],
    copies: list[Path],
    selection: Path,
    summary: Path,
    ledger: Path,
    curves: Path,
    values: Path,
    names: list[str],
) -> None:
    """The lists that end in `_of` have a file an experiment, in the order of `names`.

    `copies` are those of the first four lists, list by list. A setting is called `<experiment>.<setting>` in what is
    put together of all experiments.
    """
    originals = [*values_of, *manifests_of, *systems_of, *comparisons_of]
    for original, copy in zip(originals, copies, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, copy)
    write_json(selection, joined_selections(dict(zip(names, map(read_json, selections_of), strict=True))))
    write_json(summary, joined_summaries(dict(zip(names, map(read_json, summaries_of), strict=True))))
    write_json(ledger, joined_ledgers(dict(zip(names, map(read_json, ledgers_of), strict=True))))
    write_text(curves, joined_curves(dict(zip(names, curves_of, strict=True))))
    publish(copies, values, names)
    logging.info("%d experiments", len(names))


def joined_selections(found: dict[str, Any]) -> dict[str, Any]:
    """What a study needs to know of the selections: how many runs were planned, and what became of them."""
    return {
        "winner": "winner",
        "planned": sum(chosen["planned"] for chosen in found.values()),
        "missing": [f"{name}.{setting}" for name, chosen in found.items() for setting in chosen["missing"]],
        "runs": [
            run | {"setting": f"{name}.{run['setting']}"} for name, chosen in found.items() for run in chosen["runs"]
        ],
    }


def joined_summaries(found: dict[str, Any]) -> dict[str, Any]:
    """The classes of all data sets, each once."""
    return {"labels": list(dict.fromkeys(label for facts in found.values() for label in facts["labels"]))}


def joined_ledgers(found: dict[str, Any]) -> dict[str, Any]:
    """What the ledgers of test scorings say, and one head that no head of theirs can change without."""
    heads = {name: kept["record"]["head"] for name, kept in found.items()}
    return {
        "test": {"text": "; ".join(f"on {name}, {kept['test']['text']}" for name, kept in found.items())},
        "record": {
            "head": hashlib.sha256(canonical_json(heads).encode()).hexdigest(),
            "heads": heads,
            "lines": sum(kept["record"]["lines"] for kept in found.values()),
        },
    }


def joined_curves(found: dict[str, Path]) -> str:
    """The histories of all runs below one another."""
    lines: list[str] = []
    for name, path in found.items():
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        if lines and lines[0] != head:
            raise UserError(f"{path} has other columns than the curves of the experiments before it: {head}")
        place = next(csv.reader([head])).index("setting")
        assert place == 0  # so that the name can be put before the line
        lines += ([] if lines else [head]) + [f"{name}.{row}" for row in rows]
    return "\n".join(lines) + "\n"


def publish(copies: list[Path], values: Path, names: list[str]) -> None:
    """Every value of an experiment, as `<experiment>.<its key>`."""
    collector = Collector(values)
    for name, copy in zip(names, copies, strict=False):
        for key, entry in read_json(copy).items():
            collector.add(
                f"{join(name)}.{key}", entry["value"], entry["kind"], copy, f"/{step(key)}/value", entry["interval"]
            )
    collector.write()


if __name__ == "__main__":
    run(main)
