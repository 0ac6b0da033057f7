"""Prove that the report cannot lie: falsify its results one by one and see that the text, or a check, notices.

In a scratch copy of a finished build, every number in every result file that values come from is changed in turn,
without any training, and values and text are built again. Each printed value must change with its source; each claim
whose truth flips must fail or change its wording; each changed entry behind a figure must be reported. Survivors are
named; exits with 1 unless there is none. Predictions are flipped too: the metrics computed from them must disagree.
And the text itself is falsified, paragraph by paragraph: numbers typed, values and names swapped, claims denied.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Build, copied, open_build
from finetune_report.cli.mutation.claim_edits import turning
from finetune_report.cli.mutation.edits import csv_edit, edits_at, flipped_epoch, flipped_prediction, numeric_leaves
from finetune_report.cli.mutation.prose import survivors
from finetune_report.cli.mutation.scratch_build import ClaimId, Outcome, Workbench
from finetune_report.cli.recomputing import run_complaints, test_complaints
from finetune_report.errors import UserError
from finetune_report.files import read_json
from finetune_report.json_pointer import at
from finetune_report.report.figure_checks import read_rows
from finetune_report.report.template import Claim
from finetune_report.report.values import Value
from finetune_report.stats.intervals import wilson_interval
from finetune_report.terminal import say

import pandas as pd

IN_MEMORY = Path("/dev/shm")  # where there is one, files are written without waiting for a disk

RESTATED = "reference.json"  # written with the values: what the config says, beside values that come from elsewhere

Origin = tuple[str, str]  # file and pointer


@dataclass
class Coverage:
    """What was tried and what was noticed; `open_values` and `open_claims` have not been seen to change yet."""

    open_values: dict[tuple[str, Origin], Value]
    open_claims: dict[ClaimId, Claim]
    tried: Counter[str] = field(default_factory=Counter)
    noticed: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    survivors: list[str] = field(default_factory=list)


def main(config: Path, results: Path | None) -> int:
    build = open_build(config, results)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        report, complete = mutated(copied(build, Path(folder)))
    say(*report, f"  in {time.monotonic() - start:.0f} s")
    return 0 if complete else 1


def mutated(build: Build) -> tuple[list[str], bool]:
    """Falsify everything in a scratch build; returns the lines of a report, and whether nothing survived.

    Raises UserError where the build's text is not what its results and write-up give to begin with.
    """
    bench = Workbench(build)
    truth = bench.outcome()
    if truth.filled.text != (build.root / "write-up.md").read_text(encoding="utf-8") or bench.disagreements():
        raise UserError(f"the report of '{build.name}' is not what its results and write-up give now; build it first")
    origins = {(key, origin): value for key, value in truth.cited.items() for origin in origins_of(build.root, value)}
    coverage = Coverage(dict(origins), dict(truth.claims))
    for source, pointer in every_number(bench):
        falsify(bench, truth, coverage, source, pointer, first_only=True)
    for _, (source, pointer) in list(coverage.open_values):
        falsify(bench, truth, coverage, source, pointer, first_only=False)
    for name in truth.claims:
        turn(bench, truth, coverage, name)
    entries, reported = falsify_figures(bench, coverage)
    flipped, found = falsify_predictions(bench, coverage)
    falsified, unseen = survivors(truth.filled, bench.rendering["write_up"])
    coverage.survivors += unseen
    coverage.survivors += [f"{key} stays when {' '.join(origin)} changes" for key, origin in coverage.open_values]
    coverage.survivors += [f"line {line}: the claim {kind} never fails" for kind, _, line in coverage.open_claims]
    counts = {
        "figures": f"{reported} of {entries} changed entries are reported",
        "predictions": f"{found} of {flipped} flipped predictions disagree with the metrics",
        "prose": f"{falsified - len(unseen)} of {falsified} falsified paragraphs are findings",
    }
    return report_of(coverage, truth, len(origins), counts), not coverage.survivors


def origins_of(root: Path, value: Value) -> Iterator[Origin]:
    """Each place that a value comes from, and those that its interval comes from."""
    for source, pointer in value.origins:
        if source == RESTATED:
            continue
        yield source, pointer
        if value.interval and source.endswith(".json"):
            above = pointer.rpartition("/")[0]
            holder = at(read_json(root / source), above)
            yield from ((source, f"{above}/{name}") for name in interval_places(holder, value.interval))


def interval_places(holder: dict[str, Any], interval: tuple[float, float]) -> list[str]:
    """What next to a value its interval comes from: its ends where they stand there, or the count of a Wilson interval.

    One over seeds comes from another file, each number of which is falsified too.
    """
    ends = [name for name, entry in holder.items() if entry == list(interval)]
    if ends:
        return [f"{ends[0]}/0", f"{ends[0]}/1"]
    if not holder.keys() >= {"correct", "count"} or not holder["count"]:
        return []
    return ["correct"] if wilson_interval(holder["correct"], holder["count"]) == tuple(interval) else []


def every_number(bench: Workbench) -> Iterator[Origin]:
    """Every number in every JSON file that values come from."""
    sources = {
        source for value in bench.collected().values() for source, _ in value.origins if source.endswith(".json")
    }
    for source in sorted(sources - {RESTATED}):
        yield from ((source, pointer) for pointer in numeric_leaves(read_json(bench.root / source)))


def turn(bench: Workbench, truth: Outcome, coverage: Coverage, name: ClaimId) -> None:
    """Turn a claim's truth; one that the author makes only where it can hold may give way to another text instead."""
    gave_way = False
    for source, content in turning(bench.root, truth, truth.claims[name]):
        if name in coverage.open_claims:
            outcome = try_edit(bench, truth, coverage, source, content)
            gave_way = gave_way or (outcome is not None and name not in outcome.claims)
    if gave_way:
        coverage.open_claims.pop(name, None)


def falsify(bench: Workbench, truth: Outcome, coverage: Coverage, source: str, pointer: str, first_only: bool) -> None:
    """Falsify one place, in one way or in all until each value that comes from there has changed."""
    for content in edits_at(bench.root, source, pointer, bench.settings):
        try_edit(bench, truth, coverage, source, content, pointer)
        if first_only or not any(origin == (source, pointer) for _, origin in coverage.open_values):
            return


def try_edit(
    bench: Workbench, truth: Outcome, coverage: Coverage, source: str, content: bytes, pointer: str = ""
) -> Outcome | None:
    """Build the text with a falsified file, and take what changed off the open values and claims."""
    coverage.tried[source] += 1
    with bench.falsified(source, content):
        try:
            outcome = bench.outcome_after(source, truth)
        except Exception:  # whatever stops a build keeps a false number from being printed
            coverage.refused += 1
            coverage.noticed[source] += 1
            for found in [found for found in coverage.open_values if found[1] == (source, pointer)]:
                del coverage.open_values[found]
            return None
    coverage.noticed[source] += outcome.filled.text != truth.filled.text
    for key, origin in list(coverage.open_values):
        if origin == (source, pointer) and changed(truth, outcome, key):
            del coverage.open_values[key, origin]
    for name, claim in truth.claims.items():
        now = outcome.claims.get(name)
        if name in coverage.open_claims and now and now.verdict.holds != claim.verdict.holds:
            del coverage.open_claims[name]
            if not noticed(bench, outcome, claim, now):
                coverage.survivors.append(f"line {claim.line}: the claim {claim.kind} flips, and its wording stays")
    return outcome


def changed(truth: Outcome, outcome: Outcome, key: str) -> bool:
    """Whether a value's texts changed: not one of them may stay as it is."""
    now = outcome.printed.get(key, ())
    return len(now) != len(truth.printed[key]) or not any(map(str.__eq__, now, truth.printed[key]))


def noticed(bench: Workbench, outcome: Outcome, before: Claim, now: Claim) -> bool:
    """Whether a claim whose truth flipped stops the report, or is worded otherwise where it has two wordings."""
    if now.gated:
        return now.verdict.holds or bench.stopped_by(outcome, now)
    return now.sentence != before.sentence


def falsify_figures(bench: Workbench, coverage: Coverage) -> tuple[int, int]:
    """Change entries in the first, middle and last row of each figure's data; returns how many, and how many showed."""
    entries = reported = 0
    bench.outcome()
    for path in [path for path in bench.rendering["figures"] if path.suffix == ".csv"]:
        rows = read_rows(path)
        source = path.relative_to(bench.root).as_posix()
        for row in ends_and_middle(len(rows)):
            for column, entry in rows[row].items():
                entries += 1
                with bench.falsified(source, csv_edit(path, row, column, other_entry(entry))):
                    if bench.disagreements():
                        reported += 1
                    else:
                        coverage.survivors.append(f"{source}: a changed {column} in row {row + 1} goes unseen")
    return entries, reported


def falsify_predictions(bench: Workbench, coverage: Coverage) -> tuple[int, int]:
    """Flip predictions in every file of them; returns how many, and how many of them the metrics do not agree with.

    The flipped class gets the highest probability, so that nothing but the metrics can tell; of the predictions of all
    epochs it is the history that tells.
    """
    flipped = found = 0
    layout = bench.build.layout
    runs = {
        layout.run(setting, seed): partial(run_complaints, bench.build, setting, seed)
        for setting in layout.settings
        for seed in layout.seeds
    }
    checks = {f"{run}/predictions.parquet": (flipped_prediction, complaints) for run, complaints in runs.items()}
    checks |= {f"{run}/epochs.parquet": (flipped_epoch, complaints) for run, complaints in runs.items()}
    checks["test/predictions.parquet"] = flipped_prediction, partial(test_complaints, bench.build)
    for source, (flip, complaints) in checks.items():
        told = "history.csv" if flip is flipped_epoch else "metrics.json"
        for row in ends_and_middle(len(pd.read_parquet(bench.root / source))):
            flipped += 1
            with bench.falsified(source, flip(bench.root / source, row)):
                if any(told in complaint for complaint in complaints()):
                    found += 1
                else:
                    coverage.survivors.append(f"{source}: a flipped prediction in row {row + 1} goes unseen")
    return flipped, found


def ends_and_middle(rows: int) -> list[int]:
    return sorted({0, rows // 2, rows - 1})


def other_entry(entry: str) -> str:
    try:
        return repr(0.9 * float(entry) + 0.123)
    except ValueError:
        return f"{entry}?"


def report_of(coverage: Coverage, truth: Outcome, origins: int, counts: dict[str, str]) -> list[str]:
    """What is printed at the end."""
    width = max(map(len, coverage.tried))
    lines = [f"  {'file':{width}}  changed  seen in the text"]
    lines += [
        f"  {source:{width}}  {count:7}  {coverage.noticed[source]:7}" for source, count in coverage.tried.items()
    ]
    values, claims = origins - len(coverage.open_values), len(truth.claims) - len(coverage.open_claims)
    lines += [
        "",
        f"  printed values   {values} of {origins} places that {len(truth.cited)} printed values come from change them",
        f"  claims           {claims} of {len(truth.claims)} flip with the results and are noticed",
        *(f"  {name:15}  {said}" for name, said in counts.items()),
        f"  refused          {coverage.refused} of {coverage.tried.total()} falsified builds stopped by themselves",
    ]
    if coverage.survivors:
        lines += ["", "  Survivors:", *(f"    {survivor}" for survivor in coverage.survivors)]
    else:
        lines += ["", "  100%: nothing survives"]
    return lines
