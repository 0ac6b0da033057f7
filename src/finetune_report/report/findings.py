"""What blocks a final build: findings with their line in the write-up, and the reasons for a draft."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetune_report.fonts import undrawable
from finetune_report.report.bibliography import words_of_sources
from finetune_report.report.claim_wording import misworded
from finetune_report.report.claims import OF_MODELS, is_called_score
from finetune_report.report.keys import join
from finetune_report.report.lexicon import speaks_of_models
from finetune_report.report.linter import Check, ancestors, each
from finetune_report.report.passages import Escape, Problem
from finetune_report.report.template import Claim, Filled
from finetune_report.stats.selection import FAILED

import panflute as pf

ADVICE = {
    "unbound number": 'cite a value by its key, or escape it: [{found}]{{.stated reason="..."}}',
    "unbound comparison": 'make a claim of the sentence, or escape it: [{found}]{{.stated reason="..."}}',
    "unclaimed statement": "it states a result: make a claim of the sentence ({claims}), or say what the values show",
    "missing reason": 'an escape needs a reason of two words at least: {{.stated reason="a definition"}}',
    "wide escape": "an escape covers one paragraph, list, table or block of code; escape what needs it, piece by piece",
    "escaped result": "with a measure it is a result: cite a value by its key, or its source in the same sentence",
    "escaped claim": "it states a result of what was compared: make a claim of it, or escape a word alone",
    "disguised word": "its letters are of several alphabets that look alike; write it in one",
    "raw code": "what it prints cannot be checked; write Markdown, or escape it with a reason",
    "unknown attribute": "it may show in one form of the report and not in the other; leave it out",
    "touched value": "a value stands by itself, without a sign or a word that makes another of it: leave a space, "
    "print percents by percent=True and points by points=True, or make a claim of it (at_least, at_most)",
    "result in a source": "its note in the bibliography states a result; say it in the text, with a value or a claim",
    "struck out": "the check reads what is struck out, and the reader does not; delete it",
    "value of another": "cite the value that the sentence speaks of, or name what this one is of",
    "forged name": "a name from the data is marked where {{{{ name }}}} prints it, and cannot be by hand",
    "forged value": 'a value is printed by {{{{ value("key") }}}} and cannot be written by hand',
    "broken mark": "a value, claim or escape is not possible here (in code, math or an open bracket); move it out",
}
OF_ONE_SEED = (
    "with one seed the claim is about trained models and not about settings; the sentence has to speak of the model, "
    "the run or the seed, as in: the model trained with a beats the one trained with b"
)
BOLD = (
    "bold says that no other system beats it: let scores_table() print it, make the claim 'unbeaten' of it, or leave "
    "it plain"
)
NEIGHBOURS = 25  # words around a place in the write-up that are looked at to recognise a sentence


@dataclass(frozen=True)
class Finding:
    """One thing that blocks a final build. Of a false comparison also the numbers, as its family has them."""

    kind: str
    file: str
    line: int
    sentence: str
    found: str
    advice: str
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: entry for name, entry in asdict(self).items() if entry is not None}

    def __str__(self) -> str:
        numbers = ""
        if self.difference is not None and self.interval is not None and self.p is not None:
            low, high = self.interval
            numbers = f" (difference {self.difference:.4f}, 95% {low:.4f} to {high:.4f}, p {self.p:.2g})"
        what = f" “{self.found}”" if self.found else ""
        return f"{self.file}, line {self.line}: {self.kind}{what} in “{self.sentence}”; {self.advice}{numbers}"


@dataclass(frozen=True)
class Checked:
    """Every finding in a write-up in the order of their lines, what its author vouches for, and what nobody judged."""

    findings: list[Finding]
    escapes: list[Escape]
    unjudged: list[str]  # sentences that speak of results without a value, a claim or an escape
    unread: list[str]  # paragraphs that are not English, whose wording was not checked


def check_document(doc: pf.Doc, filled: Filled, write_up: Path, bibliography: Iterable[Path] = ()) -> Checked:
    """Check the tree of a filled-in write-up, and what is printed of the sources that it cites."""
    check = check_of(filled)
    check.document(doc)
    check.sources(words_of_sources(bibliography, check.cited))
    places = Places(write_up.read_text(encoding="utf-8"))
    findings = [finding_of(problem, places.line(problem), write_up) for problem in check.problems]
    for number, claim in enumerate(filled.claims, start=1):
        if check.claims.pop(str(number), 0) != 1:
            advice = "its mark is lost: an open bracket or a comment around it (comments are written <!--# ... #-->)"
            findings.append(Finding("broken claim", str(write_up), claim.line, claim.sentence, "", advice))
        if claim.gated and not claim.verdict.holds:
            findings.append(false_claim(claim, write_up))
        if about_models_alone(claim) and not speaks_of_models(claim.sentence, filled.names):
            findings.append(
                Finding("wrong estimand", str(write_up), claim.line, claim.sentence, claim.kind, OF_ONE_SEED)
            )
    for number, made, wrong in misworded(check.made, filled):
        claim = filled.claims[number - 1]
        findings.append(Finding("misworded claim", str(write_up), claim.line, made.sentence, claim.kind, wrong))
    findings += undrawn(write_up) + bold_scores(doc, filled, write_up)
    if check.claims:
        findings.append(Finding("forged claim", str(write_up), 1, "", "", "a claim is made by {% call claim(...) %}"))
    return Checked(sorted(findings, key=lambda finding: finding.line), check.escapes, check.unjudged, check.unread)


def bold_scores(doc: pf.Doc, filled: Filled, write_up: Path) -> list[Finding]:
    """In a study, where bold is what no other system beats: a finding for each bold score without that claim."""
    found: list[Finding] = []
    if not filled.subjects.experiments:
        return found
    cited = {citation.value.key: citation for citation in filled.citations}
    for span in [span for bold in each(doc, pf.Strong) for span in each(bold, pf.Span)]:
        citation = cited.get(span.attributes.get("key", ""))
        if citation is None or not (citation.value.interval or is_called_score(citation.value.key)):
            continue
        around = [above for above in ancestors(span) if "claim" in getattr(above, "classes", [])]
        numbers = [int(above.attributes["n"]) for above in around if above.attributes.get("n", "").isdecimal()]
        claims = [filled.claims[number - 1] for number in numbers if 0 < number <= len(filled.claims)]
        of = {join("study", *claim.arguments.values(), "score") for claim in claims if claim.kind == "unbeaten"}
        if citation.value.key not in of:
            text = pf.stringify(span)
            found.append(Finding("bold score", str(write_up), citation.line, text, text, BOLD))
    return found


def check_of(filled: Filled) -> Check:
    """A check that knows what was printed and what of."""
    printed: dict[str, set[str]] = {}
    for citation in filled.citations:
        printed.setdefault(citation.value.key, set()).add(citation.text)
    return Check(filled.names, printed, filled.printed_names, filled.subjects)


def undrawn(write_up: Path) -> list[Finding]:
    """A finding for each sign that no font of the report has; those of names and texts from the data are escaped."""
    source = write_up.read_text(encoding="utf-8")
    found = []
    for sign in undrawable(source):
        before, _, after = source.partition(sign)
        name = f"U+{ord(sign):04X} {unicodedata.name(sign, 'without a name')}"
        sentence = f"{before.rpartition(chr(10))[2]}{sign}{after.partition(chr(10))[0]}".strip()
        advice = f"no font of the report has {name}, and the PDF would show a box; say it in other words or signs"
        line = before.count("\n") + 1
        found.append(Finding("missing glyph", str(write_up), line, sentence, sign, advice))
    return found


def about_models_alone(claim: Claim) -> bool:
    return claim.kind in OF_MODELS and claim.verdict.about == "models" and bool(claim.sentence)


def finding_of(problem: Problem, line: int, write_up: Path) -> Finding:
    claims = ", ".join(problem.claims)
    advice = ADVICE[problem.kind].format(found=problem.found, claims=claims)
    return Finding(problem.kind, str(write_up), line, problem.sentence, problem.found, advice)


def false_claim(claim: Claim, write_up: Path) -> Finding:
    verdict = claim.verdict
    return Finding(
        "false claim",
        str(write_up),
        claim.line,
        claim.sentence,
        claim.kind,
        f"what the data allow: {verdict.allowed}",
        verdict.difference,
        verdict.interval,
        verdict.p,
    )


class Places:
    """Finds the line of the author's file that a problem in the printed document comes from.

    pandoc's tree has no lines, and values are not yet printed in the author's file; so a problem is looked for by the
    word found and as many of the words around it as possible.
    """

    def __init__(self, source: str) -> None:
        lines = enumerate(source.splitlines(), start=1)
        self.words = [(word, number) for number, line in lines for word in re.findall(r"\w+", line)]
        self.taken: set[int] = set()

    def line(self, problem: Problem) -> int:
        """The most likely line; of equally likely ones, the first that no earlier problem was found at."""
        if not self.words or not problem.words:
            return 1
        wanted = problem.words[problem.place]
        places = [place for place, (word, _) in enumerate(self.words) if word == wanted]
        if not places:  # printed by the template: the line is that of the words around it
            places = [place for place, (word, _) in enumerate(self.words) if word in problem.words]
        if not places:
            return 1
        best = max(places, key=lambda place: (self.likeness(place, problem), place not in self.taken, -place))
        self.taken.add(best)
        return self.words[best][1]

    def likeness(self, place: int, problem: Problem) -> int:
        near = Counter(word for word, _ in self.words[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1])
        shared = (near & Counter(problem.words)).total()
        before, after = problem.words[: problem.place][-1:], problem.words[problem.place + 1 :][:1]
        touching = [word for word, _ in self.words[max(0, place - 1) : place]] == list(before)
        touching_after = [word for word, _ in self.words[place + 1 : place + 2]] == list(after)
        return shared + 2 * touching + 2 * touching_after


def reasons(
    findings: list[Finding],
    commit: str,
    dirty: bool,
    selection: dict[str, Any],
    refuse_failed: bool,
    disagreements: list[str] | None = None,
) -> list[str]:
    """Why the report is a draft, one sentence each; none where it is final. `disagreements` are those of figures."""
    found = []
    if not commit:
        found.append("this folder is no git checkout, so that no commit names what was run")
    elif dirty:
        found.append("the working tree holds changes that are not committed, so that no commit names what was run")
    missing = selection["planned"] - len(selection["runs"])
    if missing:
        names = ", ".join(selection["missing"])
        found.append(f"{missing} of {selection['planned']} planned runs are missing: not all of {names} have finished")
    failed = [
        f"{run['setting']}, seed {run['seed']} ({run['status']})"
        for run in selection["runs"]
        if run["status"] in FAILED
    ]
    if failed and refuse_failed:
        found.append(
            f"{len(failed)} of {selection['planned']} planned runs failed: {'; '.join(failed)}. Exclude the "
            "setting with a reason, or say failed_runs: report in the config, and tell of it in the text"
        )
    return found + (disagreements or []) + [str(finding) for finding in findings]
