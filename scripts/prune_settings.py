"""Decide at a rung which settings are trained further, by their mean validation result so far. Test data play no part.

Reads the results of all runs at this rung, and the decision before. Writes the rank of every setting that came this
far, who goes on, and who was pruned at this rung or an earlier one.
"""

import logging
from pathlib import Path

from finetune_report.files import read_json, write_json
from finetune_report.runtime.job import run
from finetune_report.stats.selection import by_setting
from finetune_report.training.halving import decide, places


def main(
    results: list[Path],
    before: list[Path],
    decision: Path,
    rung: int,
    epochs: int,
    keep: float,
    metric: str,
) -> None:
    """`results` are in the order of the config, the baseline's first; `before` is there from the second rung on."""
    rows = [read_json(path) for path in results]
    remaining = by_setting([row for row in rows if "pruned" not in row])
    scores = {name: [row["validation"] for row in found] for name, found in remaining.items()}
    settings = decide(scores, keep, metric, baseline=rows[0]["setting"])
    fallen = {name: {"rung": rung, "epochs": epochs} for name, row in settings.items() if not row["goes_on"]}
    earlier = read_json(before[0])["pruned"] if before else {}
    write_json(
        decision,
        {
            "rung": rung,
            "epochs": epochs,
            "keep": keep,
            "metric": metric,
            "entered": len(settings),
            "places": places(len(settings), keep),
            "gone_on": len(settings) - len(fallen),
            "settings": settings,
            "pruned": earlier | fallen,
        },
    )
    logging.info("%d of %d settings go on after epoch %d", len(settings) - len(fallen), len(settings), epochs)


if __name__ == "__main__":
    run(main)
