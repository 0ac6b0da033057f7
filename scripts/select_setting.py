"""Select the setting with the best mean validation metric over its seeds, among those that were not pruned.

The test split plays no part in it.

Reads the results of all runs. Writes every run's validation result, the rule, and the winner.
"""

import logging
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.selection import by_setting, mean_scores, sort_key, tie_breaker


def main(runs: Path, selection: Path, settings: list[str], missing: list[str], seeds: list[int], metric: str) -> None:
    """`missing` are settings that were planned too, but have not finished."""
    rows = read_json(runs)
    results = [validation_result(row) for row in rows]
    pruned = {row["setting"] for row in rows if "pruned" in row}
    of_setting = by_setting(results)
    table = [setting_result(name, of_setting[name], metric) for name in settings]
    survivors = [row for row in table if row["setting"] not in pruned]
    winner = max(survivors, key=lambda row: sort_key(row["means"], metric))["setting"]  # max keeps the first of equals
    write_json(
        selection,
        {
            "metric": metric,
            "rule": rule(metric) + ("; settings that were pruned took no part" if pruned else ""),
            "planned": len(settings + missing) * len(seeds),
            "missing": missing,
            "runs": results,
            "settings": table,
            "winner": winner,
        },
    )
    logging.info("selected %s", winner)


def rule(metric: str) -> str:
    """The rule of selection in words."""
    chosen, second = METRICS[metric], METRICS[tie_breaker(metric)]
    best, other = ("highest" if each.higher_is_better else "lowest" for each in (chosen, second))
    return (
        f"{best} mean validation {chosen.label} over the seeds; ties go to the {other.replace('est', 'er')} mean "
        f"validation {second.label}, then to the setting that comes first in the config"
    )


def validation_result(metrics: dict[str, Any]) -> dict[str, Any]:
    """What selection may see of a run."""
    kept = {key: metrics[key] for key in ("setting", "seed", "best_epoch", "status")}
    return kept | {key: metrics["validation"][key] for key in METRICS}


def setting_result(name: str, runs: list[dict[str, Any]], metric: str) -> dict[str, Any]:
    """Mean of each metric over the seeds, and the selection metric's standard deviation (n - 1; None for one seed).

    A run that diverged counts with its best epoch until then.
    """
    chosen = [run[metric] for run in runs]
    return {
        "setting": name,
        "mean": mean(chosen),
        "sd": stdev(chosen) if len(runs) > 1 else None,
        "means": mean_scores(runs),
        "seeds": len(runs),
    }


if __name__ == "__main__":
    run(main)
