"""Falsifications that turn the truth of a claim, by the kind of evidence that the claim rests on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.cli.mutation.edits import csv_edit, json_edit
from finetune_report.cli.mutation.scratch_build import Outcome
from finetune_report.files import read_json
from finetune_report.json_pointer import at
from finetune_report.report.figure_checks import read_rows
from finetune_report.report.keys import join
from finetune_report.report.template import Claim

OUTCOMES = ("ahead", "behind", "undecided", "equivalent")
CURVES = "curves.csv"


def turning(root: Path, truth: Outcome, claim: Claim) -> Iterator[tuple[str, bytes]]:
    """Falsifications that should turn a claim's truth, most likely ones first."""
    arguments = claim.arguments
    if "b" in arguments:
        key = truth.evidence.compared(arguments["a"], arguments["b"], arguments.get("split", "validation"))
        for what, others in (("outcome", OUTCOMES), ("within_margin", (True, False))):
            if f"{key}.{what}" in truth.evidence.values:
                value = truth.evidence.values[f"{key}.{what}"]
                yield from ((value.source, json_edit(root / value.source, {value.pointer: x})) for x in others)
    elif "a" in arguments:
        value = truth.evidence.values[join("comparison", arguments["a"], "could_be_best")]
        yield from ((value.source, json_edit(root / value.source, {value.pointer: p})) for p in (0.0, 1.0))
    if "run" in arguments:
        for place, row in enumerate(read_rows(root / CURVES)):
            if row["setting"] == arguments["run"]:
                curve = arguments.get("curve", "validation_loss")
                yield from ((CURVES, csv_edit(root / CURVES, place, curve, number)) for number in (1e-9, 1e9))
        for place, row in enumerate(read_json(root / "selection.json")["runs"]):
            if row["setting"] == arguments["run"]:
                for epoch in (10**6, 0):
                    yield "selection.json", json_edit(root / "selection.json", {f"/runs/{place}/best_epoch": epoch})
    for key in texts_in(list(arguments.values())):
        if key in truth.evidence.values:
            for source, pointer in truth.evidence.values[key].origins:
                yield from extremes(root, source, pointer)


def extremes(root: Path, source: str, pointer: str) -> Iterator[tuple[str, bytes]]:
    """The number at a pointer, far larger and far smaller."""
    if source.endswith(".json") and isinstance(at(read_json(root / source), pointer), int | float):
        yield from ((source, json_edit(root / source, {pointer: number})) for number in (10**6, -(10**6)))


def texts_in(arguments: list[Any]) -> Iterator[str]:
    for argument in arguments:
        if isinstance(argument, str):
            yield argument
        elif isinstance(argument, list):
            yield from texts_in(argument)
