"""The ledger of what was scored on the test split: it only ever grows, so that no second look goes unseen.

It lies next to the results and belongs to no rule, since Snakemake removes what a rule makes before it runs again. Each
line carries a hash of itself and of the line before it, so that none can be changed, added or taken out in between
unnoticed; the last one's hash, the head, stands in the manifest and on the page, so that a reader of an earlier report
can tell whether this ledger goes on from there. Times are in no hash: the same work done again has the same head.
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
AGAIN = "begun_again"  # the key of a line that says so


@dataclass
class Ledger:
    """What a ledger holds, oldest first, and what is wrong with it."""

    scorings: list[Scoring] = field(default_factory=list)  # without times
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
            if AGAIN not in content and not {"data", "setting"} <= content.keys():
                raise KeyError("no scoring")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found.problems.append(f"line {number} of it cannot be read")
            continue
        if link != chained(found.head, content):
            found.problems.append(f"line {number} of it does not follow from the line before it")
        found.heads.append(link or chained(found.head, content))
        if AGAIN in content:
            found.problems.append(f"it was begun again at {time}, and what it held before is not in it")
        elif content not in found.scorings:
            found.scorings.append(content)
    return found


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
    for name, key in {"manifest.json": "test_ledger", "ledger.json": "record", "test/scorings.json": "record"}.items():
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


def summary_of(
    scorings: list[Scoring], data: str, problems: Iterable[str] = (), methods: Sequence[str] = ()
) -> dict[str, Any]:
    """How often, and for which settings, the test data of fingerprint `data` were scored, in numbers and in words.

    The words name the `problems` of the ledger too, and the simple `methods` that were scored there.
    """
    here = [scoring["setting"] for scoring in scorings if scoring["data"] == data]
    times = {name: here.count(name) for name in dict.fromkeys(here)}
    names = [name if count == 1 or len(times) == 1 else f"{name} ({often(count)})" for name, count in times.items()]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    scored = f"scored {often(len(here))}, for {listed}" if here else "never scored"
    simple = f", and once for each simple method ({', '.join(methods)})" if methods else ""
    wrong = "".join(f"; {problem}" for problem in problems)
    return {
        "scored": len(here),
        "settings": len(times),
        "other_data": len(scorings) - len(here),
        "methods": len(methods),
        "text": f"the test set was {scored}{simple}" + (f", as far as the ledger tells{wrong}" if wrong else ""),
    }


def often(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
