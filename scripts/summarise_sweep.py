"""Account for every planned run, and say what the best of so many settings would have been on average.

Reads what all runs came to. Writes how many were planned, finished, pruned, failed and excluded with what reason, and
the expected validation performance by the number of settings tried.
"""

import logging
from pathlib import Path

from finetune_report.files import read_json, write_json
from finetune_report.runtime.job import run
from finetune_report.stats.expected_performance import expected_best
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.selection import FAILED, by_setting, ranked

SHOWN = 15  # settings in a table that can be read


def main(
    runs: Path,
    sweep: Path,
    name: str,
    settings: list[str],
    named: list[str],
    missing: list[str],
    seeds: list[int],
    excluded: dict[str, str],
    metric: str,
) -> None:
    """`settings` were trained once a seed; `missing` have yet to finish; `excluded` has why the others will not.

    `named` are those of `settings` that the config lists one by one; the others are of a sweep.
    """
    rows = read_json(runs)
    scores = {name: [row["validation"] for row in found] for name, found in by_setting(rows).items()}
    means = ranked(scores, metric)
    failed = [{"setting": row["setting"], "seed": row["seed"]} for row in rows if row["status"] in FAILED]
    pruned, cut = sum(row["status"] == "pruned" for row in rows), {row["setting"] for row in rows if "pruned" in row}
    shown = most_telling(list(means), cut, named)
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
            "named": named,
            "shown": shown,
            "unlisted": tried - len(shown),
            "best_of": f"best of {counted(tried, 'setting')}, {counted(len(seeds), 'seed')}{' each' * (tried > 1)}",
            "metric": metric,
            "expected": expected_best([row[metric] for row in means.values()], not METRICS[metric].higher_is_better),
        },
    )
    logging.info("%d of %d planned runs finished", len(rows) - len(failed) - pruned, planned * len(seeds))


def most_telling(order: list[str], pruned: set[str], named: list[str]) -> list[str]:
    """The settings that a table shows: all named ones, then as many others as it has room for, in their `order`.

    One that was pruned comes after all that were not.
    """
    others = [name for name in sorted(order, key=pruned.__contains__) if name not in named]
    return named + others[: max(0, SHOWN - len(named))]


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


if __name__ == "__main__":
    run(main)
