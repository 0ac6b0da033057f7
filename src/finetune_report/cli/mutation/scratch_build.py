"""A scratch copy of a build in which results can be falsified and the report's text be built again, in milliseconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from finetune_report.cli.builds import Build
from finetune_report.files import canonical_json, read_json
from finetune_report.report.collect import main as collect_values
from finetune_report.report.figure_checks import Results, disagreements
from finetune_report.report.findings import check_document
from finetune_report.report.rendering import parse
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.template import Claim, Filled, fill
from finetune_report.report.values import Value, read_values
from finetune_report.stats.multiple_testing import Family, read_comparisons

ClaimId = tuple[str, str, int]


class Watched(dict[str, Value]):
    """Values that remember which of them were looked up."""

    def __init__(self, values: dict[str, Value]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Value:
        self.read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)


@dataclass(frozen=True)
class Outcome:
    """The text that some results give: what is printed for each key, and the claims in it.

    `collected` are the values as they were collected, `read` the keys of those that the text depends on.
    """

    filled: Filled
    evidence: Evidence
    printed: dict[str, tuple[str, ...]]
    claims: dict[ClaimId, Claim]
    collected: dict[str, Value]
    read: set[str]

    @property
    def cited(self) -> dict[str, Value]:
        return {citation.value.key: citation.value for citation in self.filled.citations}


class Workbench:
    """`build` is the scratch copy; its files are put back after each falsification."""

    def __init__(self, build: Build) -> None:
        self.build, self.root = build, build.root
        self.collecting, self.rendering = build.inputs("collect_values"), build.inputs("render_write_up")
        self.spec = build.spec("collect_values")
        self.settings: list[str] = build.spec("render_write_up")["settings"]
        given = self.rendering
        self.read_directly = {given["summary"], given["selection"], given["comparisons"], *given["histories"]}

    @contextmanager
    def falsified(self, source: str, content: bytes) -> Iterator[None]:
        """A result file with other bytes in it."""
        path = self.root / source
        before = path.read_bytes()
        path.write_bytes(content)
        try:
            yield
        finally:
            path.write_bytes(before)

    def evidence(self) -> Evidence:
        given = self.rendering
        return Evidence(
            read_values(given["values"]),
            self.settings,
            read_json(given["summary"])["labels"],
            read_json(given["selection"]),
            read_curves(given["histories"]),
            Family(read_comparisons(given["comparisons"])),
        )

    def outcome(self) -> Outcome:
        """Collect the values and fill the write-up in."""
        collected, evidence = self.collected(), self.evidence()
        evidence.values = watched = Watched(evidence.values)
        filled = fill(self.rendering["write_up"], evidence)
        printed: dict[str, list[str]] = {}
        for citation in filled.citations:
            printed.setdefault(citation.value.key, []).append(citation.text)
        return Outcome(
            filled,
            evidence,
            {key: tuple(texts) for key, texts in printed.items()},
            {claim_id(claim): claim for claim in filled.claims},
            collected,
            watched.read,
        )

    def outcome_after(self, source: str, truth: Outcome) -> Outcome:
        """The outcome after a change to `source`; that of the truth where nothing that its text depends on changed."""
        if self.root / source in self.read_directly:
            return self.outcome()
        collected = self.collected()
        same = collected.keys() == truth.collected.keys() and all(
            collected[key] == truth.collected[key] for key in truth.read & collected.keys()
        )
        return truth if same else self.outcome()

    def collected(self) -> dict[str, Value]:
        values = self.rendering["values"]
        collect_values(**self.collecting, values=values, reference=values.with_name("reference.json"), **self.spec)
        return read_values(values)

    def stopped_by(self, outcome: Outcome, claim: Claim) -> bool:
        """Whether the checks find the claim false in an outcome, so that the report cannot be final."""
        write_up = self.rendering["write_up"]
        findings = check_document(parse(outcome.filled.text, write_up), outcome.filled, write_up)
        return any(finding.kind == "false claim" and finding.line == claim.line for finding in findings)

    def disagreements(self) -> list[str]:
        """What the check of the figures finds, with the values as they were last collected."""
        evidence, given = self.evidence(), self.rendering
        known = (evidence.values, self.settings, evidence.labels, evidence.curves, evidence.selection)
        results = Results(*known, given["tables"])
        return disagreements(given["figures"], results)


def claim_id(claim: Claim) -> ClaimId:
    arguments: dict[str, Any] = claim.arguments
    return claim.kind, canonical_json(arguments), claim.line
