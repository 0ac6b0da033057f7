"""Which of two results is the better one."""

from pathlib import Path
from statistics import mean
from typing import Any

from finetune_report.stats.metrics import METRICS

FAILED = ("diverged", "failed")  # the statuses of runs without a usable model


def by_setting(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each setting, settings and rows in the order in which they came."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["setting"], []).append(row)
    return found


def paths_by_setting(paths: list[Path]) -> dict[str, list[Path]]:
    """The files of each setting's runs, which are at `runs/<setting>/seed<seed>/`, in the order in which they came."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path.parts[-3], []).append(path)
    return found


def sort_key(scores: dict[str, Any], metric: str) -> tuple[float, float]:
    """Sorts results, the best last: by the metric, then by its tie breaker."""
    second = tie_breaker(metric)
    return METRICS[metric].sign * scores[metric], METRICS[second].sign * scores[second]


def mean_scores(scores: list[dict[str, Any]]) -> dict[str, float]:
    """The mean of each metric."""
    return {name: mean(row[name] for row in scores) for name in METRICS}


def ranked(scores: dict[str, list[dict[str, Any]]], metric: str) -> dict[str, dict[str, float]]:
    """The mean scores of each setting over its seeds, the best setting first; of equals the one given first."""
    means = {name: mean_scores(rows) for name, rows in scores.items()}
    return dict(sorted(means.items(), key=lambda item: sort_key(item[1], metric), reverse=True))


def tie_breaker(metric: str) -> str:
    return "accuracy" if metric == "loss" else "loss"
