"""A scratch copy of a build in which results can be falsified and the report's text be built again, in milliseconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Build
from finetune_report.files import canonical_json, read_json
from finetune_report.provenance.layout import Call
from finetune_report.report.collect import collect
from finetune_report.report.figure_checks import disagreements
from finetune_report.report.findings import check_document
from finetune_report.report.rendering import parse
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.template import Claim, Filled, fill
from finetune_report.report.values import Value, values_of

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
        layout = build.layout
        self.collecting = layout.calls["collect_values"].arguments(self.root)
        self.rendering = build.inputs("render_write_up")
        self.outdated: list[Call] = []  # that publish values of a file that is falsified
        self.publishers: dict[Path, list[Call]] = {}  # by the files that they publish values of
        for call in layout.publishers:
            for path in read_by(call, self.root):
                self.publishers.setdefault(path, []).append(call)
        self.settings: list[str] = build.spec("render_write_up")["settings"]
        given = self.rendering
        self.read_directly = {given["summary"], given["selection"], given["curves"]}

    @contextmanager
    def falsified(self, source: str, content: bytes) -> Iterator[None]:
        """A result file with other bytes in it; what is published of it follows when values are collected."""
        path = self.root / source
        self.outdated = self.publishers.get(path, [])
        published = [call.published(self.root)["values"] for call in self.outdated]
        before = {each: each.read_bytes() for each in (path, *published)}
        path.write_bytes(content)
        try:
            yield
        finally:
            self.outdated = []
            for each, kept in before.items():
                each.write_bytes(kept)

    def evidence(self, values: dict[str, Value]) -> Evidence:
        given = self.rendering
        return Evidence(
            values,
            self.settings,
            read_json(given["summary"])["labels"],
            read_json(given["selection"]),
            read_curves(given["curves"]),
        )

    def outcome(self) -> Outcome:
        """Collect the values and fill the write-up in."""
        collected = self.collected()
        watched = Watched(collected)
        evidence = self.evidence(watched)
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
        for call in self.outdated:
            call.publish(self.root)
        given = self.collecting
        return values_of(collect(given["published"], given["reference"], given["references"]))

    def stopped_by(self, outcome: Outcome, claim: Claim) -> bool:
        """Whether the checks find the claim false in an outcome, so that the report cannot be final."""
        write_up = self.rendering["write_up"]
        findings = check_document(parse(outcome.filled.text, write_up), outcome.filled, write_up).findings
        return any(finding.kind == "false claim" and finding.line == claim.line for finding in findings)

    def disagreements(self) -> list[str]:
        """What the check of the figures finds, with the values as they were last collected."""
        return disagreements(self.rendering["figures"], self.rendering["tables"])


def read_by(call: Call, root: Path) -> set[Path]:
    """The files that a rule publishes values of."""
    given = [entry for name, entry in call.published(root).items() if name != "values"]
    each = [item for entry in given for item in (entry if isinstance(entry, list) else [entry])]
    return {item for item in each if isinstance(item, Path)}


def claim_id(claim: Claim) -> ClaimId:
    arguments: dict[str, Any] = claim.arguments
    return claim.kind, canonical_json(arguments), claim.line
