"""Account for every planned run, and say what the best of so many settings would have been on average.

Reads the metrics of all runs. Writes how many were planned, finished, pruned, failed and excluded with what reason, and
the expected validation performance by the number of settings tried.
"""

import logging
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from lib.expected import expected_best
from lib.files import read_json, write_json
from lib.job import run
from lib.ranking import BETTER, FAILED


def main(
    metrics: list[Path],
    sweep: Path,
    name: str,
    settings: list[str],
    missing: list[str],
    seeds: list[int],
    excluded: dict[str, str],
    metric: str,
) -> None:
    """`settings` were trained once a seed; `missing` have yet to finish; `excluded` has why the others will not."""
    rows = [read_json(path) for path in metrics]
    failed = [{"setting": row["setting"], "seed": row["seed"]} for row in rows if row["status"] in FAILED]
    pruned, cut = sum(row["status"] == "pruned" for row in rows), {row["setting"] for row in rows if "pruned" in row}
    means = setting_means(rows, metric)
    planned, tried = len(settings) + len(missing) + len(excluded), len(means)
    write_json(
        sweep,
        {
            "experiment": name,
            "planned": {"settings": planned, "seeds": len(seeds), "runs": planned * len(seeds)},
            "trained": {"settings": tried, "runs": len(rows)},
            "finished": len(rows) - len(failed) - pruned,
            "pruned": pruned,
            "pruned_settings": len(cut),
            "failed": len(failed),
            "failed_runs": failed,
            "excluded": len(excluded) * len(seeds),
            "excluded_settings": excluded,
            "missing": len(missing) * len(seeds),
            "missing_settings": missing,
            "best_of": f"best of {counted(tried, 'setting')}, {counted(len(seeds), 'seed')}{' each' * (tried > 1)}",
            "metric": metric,
            "expected": expected_best(list(means.values()), BETTER[metric] < 0),
        },
    )
    logging.info("%d of %d planned runs finished", len(rows) - len(failed) - pruned, planned * len(seeds))


def setting_means(rows: list[dict[str, Any]], metric: str) -> dict[str, float]:
    """The validation metric of each setting that was trained: the mean over its seeds."""
    by_setting = groupby(sorted(rows, key=lambda row: row["setting"]), key=lambda row: row["setting"])
    return {name: fmean(row["validation"][metric] for row in group) for name, group in by_setting}


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


if __name__ == "__main__":
    run(main)
