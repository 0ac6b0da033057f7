"""The record of what was scored on the test split: it only ever grows, so that no second look goes unseen.

It lies beside the results and belongs to no rule, since Snakemake removes what a rule makes before it runs again.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import canonical_json, sha256

Scoring = dict[str, Any]


def record_scoring(ledger: Path, scoring: Scoring) -> list[Scoring]:
    """Add a scoring unless it is there already, and return all, oldest first, without their times.

    `scoring` says what was scored on which data by content; the same models on the same data are the same scoring,
    however often it is repeated. Raises UserError where a line of the record cannot be read.
    """
    known = read_scorings(ledger)
    if scoring in known:
        return known
    entry = {"at": datetime.now(UTC).isoformat(timespec="seconds")} | scoring
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with ledger.open("a", encoding="utf-8") as stream:
        stream.write(canonical_json(entry) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return read_scorings(ledger)  # as a repetition will find it, to the order of its keys


def read_scorings(ledger: Path) -> list[Scoring]:
    if not ledger.exists():
        return []
    found = []
    for number, line in enumerate(ledger.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            del entry["at"]
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"{ledger}, line {number}: found {line[:60]!r}; expected one scoring of the test split as JSON.\n"
                "  The record is never rewritten by the workflow; put the line back as it was."
            ) from None
        found.append(entry)
    return found


def weights_fingerprint(folder: Path) -> str:
    """The SHA-256 of a saved model's weights; of several files, that of their hashes."""
    hashes = [sha256(path) for path in sorted(folder.glob("*.safetensors"))]
    return hashes[0] if len(hashes) == 1 else "+".join(hashes)


def summary_of(scorings: list[Scoring], data: str) -> dict[str, Any]:
    """How often, and for which settings, the test data of fingerprint `data` were scored, in numbers and in words."""
    here = [scoring["setting"] for scoring in scorings if scoring["data"] == data]
    times = {name: here.count(name) for name in dict.fromkeys(here)}
    names = [name if count == 1 or len(times) == 1 else f"{name} ({often(count)})" for name, count in times.items()]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    scored = f"scored {often(len(here))}, for {listed}" if here else "never scored"
    return {
        "scored": len(here),
        "settings": len(times),
        "other_data": len(scorings) - len(here),
        "text": f"the test set was {scored}",
    }


def often(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
