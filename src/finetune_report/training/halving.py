"""Successive halving (Jamieson & Talwalkar 2016): after some epochs the worst settings are trained no further.

Nothing heavy is imported here.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

from finetune_report.files import read_json
from finetune_report.stats.selection import ranked, sort_key

Json = dict[str, Any]


def pruned_at(decision: list[Path], setting: str) -> dict[str, int] | None:
    """Rung and epochs after which a setting was pruned by the last decision, if there is one; None where it goes on."""
    pruned: dict[str, dict[str, int]] = read_json(decision[0])["pruned"] if decision else {}
    return pruned.get(setting)


def best_so_far(measured: list[Json], epochs: int, metric: str) -> Json:
    """The best of the first `epochs` epochs by validation; the first of equals, as a run keeps it."""
    return max((row for row in measured if row["epoch"] <= epochs), key=lambda row: sort_key(row["validation"], metric))


def places(count: int, keep: float) -> int:
    """How many of `count` settings a rung keeps: the share `keep`, rounded down, but one at least.

    The share is taken as it is written, since 0.29 of 100 is less than 29 as a computer's number.
    """
    return max(1, int(count * Fraction(str(keep))))


def decide(scores: dict[str, list[Json]], keep: float, metric: str, baseline: str) -> dict[str, Json]:
    """What becomes of each setting and why, best first; `scores` has a row for each of its seeds.

    The baseline goes on whatever its rank, since every other setting is compared with it.
    """
    means = ranked(scores, metric)
    kept = places(len(means), keep)
    found = {}
    for rank, (name, row) in enumerate(means.items(), start=1):
        why = f"rank {rank} of {len(means)}, of which the first {kept} {'goes' if kept == 1 else 'go'} on"
        if rank > kept and name == baseline:
            why += "; the baseline goes on whatever its rank"
        goes_on = rank <= kept or name == baseline
        found[name] = {"rank": rank, "mean": row[metric], "means": row, "goes_on": goes_on, "why": why}
    return found
