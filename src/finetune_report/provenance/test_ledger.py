"""The ledger of what was scored on the test split: it only ever grows, so that no second look goes unseen.

It lies next to the results and belongs to no rule, since Snakemake removes what a rule makes before it runs again. Each
line carries a hash of itself and of the line before it, so that none can be changed, added or taken out in between
unnoticed; the last one's hash, the head, stands in the manifest and on the page, so that a reader of an earlier report
can tell whether this ledger goes on from there. Times are in no hash: the same work done again has the same head.

Besides scorings it has declarations: which systems are to be scored and how they are compared. One is written when a
workflow starts whose config declares something else than the last one, so that its place among the scorings tells what
was declared before any test score could be seen.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune_report.files import canonical_json, read_json, sha256, sync

Scoring = dict[str, Any]
START = ""  # the head of a ledger without a line
# The results that tell the head, and where in them.
KNOWN_IN = {
    "manifest.json": "test_ledger",
    "ledger.json": "record",
    "test/scorings.json": "record",
    "scorings.json": "record",
}
AGAIN = "begun_again"  # the key of a line that says so
DECLARED = "declared"  # the key of a declaration
# What is scored by a ledger from before there were declarations.
UNDECLARED = {"systems": ["winner", "majority", "bag-of-words", "probe"]}


@dataclass(frozen=True)
class Declaration:
    """What was declared to be scored and compared, when, and which data had been scored by then (fingerprints)."""

    at: str
    content: dict[str, Any]
    scored: frozenset[str]


@dataclass
class Ledger:
    """What a ledger holds, oldest first, and what is wrong with it."""

    scorings: list[Scoring] = field(default_factory=list)  # without times
    declarations: list[Declaration] = field(default_factory=list)
    heads: list[str] = field(default_factory=lambda: [START])  # after each line, from before the first on
    problems: list[str] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.heads[-1]

    def described(self) -> dict[str, Any]:
        return {"head": self.head, "lines": len(self.heads) - 1, "problems": self.problems}


def chained(before: str, content: dict[str, Any]) -> str:
    """The hash of a line that follows the line of hash `before`."""
    return hashlib.sha256(f"{before}\n{canonical_json(content)}".encode()).hexdigest()


def read_ledger(path: Path) -> Ledger:
    """All lines that can be read; the others are named among the problems."""
    found = Ledger()
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], start=1):
        try:
            content = json.loads(line)
            time, link = str(content.pop("at")), str(content.pop("chain", ""))
            if AGAIN not in content and not is_declaration(content) and not {"data", "setting"} <= content.keys():
                raise KeyError("no scoring")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found.problems.append(f"line {number} of it cannot be read")
            continue
        if link != chained(found.head, content):
            found.problems.append(f"line {number} of it does not follow from the line before it")
        found.heads.append(link or chained(found.head, content))
        if AGAIN in content:
            found.problems.append(f"it was begun again at {time}, and what it held before is not in it")
        elif DECLARED in content:
            seen = frozenset(str(scoring["data"]) for scoring in found.scorings)
            found.declarations.append(Declaration(time, content[DECLARED], seen))
        elif content not in found.scorings:
            found.scorings.append(content)
    return found


def is_declaration(content: dict[str, Any]) -> bool:
    found = content.get(DECLARED)
    return isinstance(found, dict) and isinstance(found.get("systems"), list)


def declare(path: Path, declaration: dict[str, Any]) -> None:
    """Add what a config declares to be scored on the test split, unless it is what was declared last."""
    known = read_ledger(path)
    if not known.declarations or known.declarations[-1].content != declaration:
        append(path, known, {DECLARED: declaration})


def declared_when(known: Ledger, data: str, declaration: dict[str, Any]) -> dict[str, Any]:
    """How a declaration stands to what was declared before the test data of fingerprint `data` were first scored.

    `at`: when the one was made that held as the first score came; `added` and `left_out`: systems that have come or
    gone since; `changed`: whether the comparisons have.
    """
    before = [each for each in known.declarations if data not in each.scored]
    late = [each for each in known.declarations if data in each.scored]
    first, now = before[-1].content if before else UNDECLARED, declaration["systems"]
    ever = dict.fromkeys(name for each in [*before[-1:], *late] for name in each.content["systems"])
    return {
        "at": next((each.at for each in [*before[-1:], *late]), ""),
        "added": [name for name in now if name not in first["systems"]],
        "left_out": [name for name in ever if name not in now],
        "changed": any(first.get(key, entry) != entry for key, entry in declaration.items() if key != "systems"),
    }


def record_scoring(path: Path, scoring: Scoring) -> Ledger:
    """Add a scoring unless it is there already, and return all.

    `scoring` says what was scored on which data by content; the same models on the same data are the same scoring,
    however often it is repeated.
    """
    known = read_ledger(path)
    if scoring in known.scorings:
        return known
    append(path, known, scoring)
    return read_ledger(path)  # as a repetition will find it, to the order of its keys


def append(path: Path, known: Ledger, content: dict[str, Any]) -> None:
    """Add a line, forced to the disk before anything follows from it."""
    entry = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "chain": chained(known.head, content)} | content
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n" * torn + canonical_json(entry) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    sync(path.parent)


def check_ledger(path: Path, results: Path, change: bool) -> list[str]:
    """What is wrong with a ledger, where earlier results below `results` know of lines that it lacks, too.

    With `change` such a loss is written into the ledger, as the line from which it begins again.
    """
    known = read_ledger(path)
    lost = [head for head in heads_known(results) if head not in known.heads]
    if not lost:
        return known.problems
    if not change:
        return [*known.problems, "lines are missing from it that earlier results know of"]
    append(path, known, {AGAIN: lost[0]})
    return read_ledger(path).problems


def heads_known(results: Path) -> Iterable[str]:
    """The heads that were written down with results made earlier."""
    for name, key in KNOWN_IN.items():
        try:
            head = read_json(results / name)[key]["head"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue  # none was made, or it is damaged, which is seen to elsewhere
        if isinstance(head, str):
            yield head


def weights_fingerprint(folder: Path) -> str:
    """The SHA-256 of a saved model's weights; of several files, that of their hashes."""
    hashes = [sha256(path) for path in sorted(folder.glob("*.safetensors"))]
    return hashes[0] if len(hashes) == 1 else "+".join(hashes)


def predictions_fingerprints(elsewhere: Sequence[Path]) -> dict[str, str]:
    """By system from elsewhere, the SHA-256 of what it predicted: another prompt is another scoring."""
    import pandas as pd  # which the rules, that read this module too, need not wait for

    return {
        str(system): hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()
        for path in elsewhere
        for system, rows in pd.read_parquet(path).groupby("system", sort=False)
    }


def summary_of(
    scorings: list[Scoring],
    data: str | None,
    problems: Iterable[str] = (),
    methods: Sequence[str] = (),
    declared: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """How often, and for which settings and systems from elsewhere, the test data of fingerprint `data` were scored: in
    numbers and in words.

    Without `data` there is no test split with labels, and the words tell of scorings on others.

    The words name the `problems` of the ledger too, the simple `methods` that were scored there, and what was not
    `declared` before the first score (as `declared_when` has it).
    """
    here = [scoring["setting"] for scoring in scorings if scoring["data"] == data]
    times = {name: here.count(name) for name in dict.fromkeys(here)}
    names = [name if count == 1 or len(times) == 1 else f"{name} ({often(count)})" for name, count in times.items()]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    scored = f"scored {often(len(here))}, for {listed}" if here else "never scored"
    simple = f", and once for each simple method ({', '.join(methods)})" if methods else ""
    wrong = "".join(f"; {problem}" for problem in problems)
    since = declared or {"added": [], "left_out": [], "changed": False}
    came = f"; {in_words(since)}" if declared else ""
    said = f"the test set was {scored}{simple}{came}"
    if data is None:
        said = "there is no test set with labels, so that none was scored"
        known = ", ".join(dict.fromkeys(scoring["setting"] for scoring in scorings))
        said += f"; other test data were scored {often(len(scorings))} before, for {known}" if scorings else ""
    return {
        "scored": len(here),
        "settings": len(times),
        "other_data": len(scorings) - len(here),
        "methods": len(methods),
        "added": len(since["added"]),
        "left_out": len(since["left_out"]),
        "text": said + (f", as far as the ledger tells{wrong}" if wrong else ""),
    }


def in_words(since: dict[str, Any]) -> str:
    """What came, went or changed after the first score could be seen."""
    said = [f"added after the first score: {', '.join(since['added'])}"] if since["added"] else []
    said += [f"left out after the first score: {', '.join(since['left_out'])}"] if since["left_out"] else []
    said += ["how they are compared was changed after the first score"] if since["changed"] else []
    return "; ".join(said) or "what is scored and compared there was declared before the first score"


def often(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
