"""Which of two results is the better one. Nothing heavy is imported here."""

from statistics import mean
from typing import Any

# Every metric that can select a setting, and whether more of it is better.
BETTER = {"accuracy": 1, "macro_f1": 1, "matthews": 1, "loss": -1, "calibration_error": -1}
FAILED = ("diverged", "failed")  # the statuses of runs that came to nothing
EXTRA = ("macro_f1", "matthews", "calibration_error")


def by_setting(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each setting, settings and rows in the order in which they came."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["setting"], []).append(row)
    return found


def merit(scores: dict[str, Any], metric: str) -> tuple[float, float]:
    """Sorts results, the best last: by the metric, then by its tie breaker."""
    second = tie_breaker(metric)
    return BETTER[metric] * scores[metric], BETTER[second] * scores[second]


def mean_scores(scores: list[dict[str, Any]]) -> dict[str, float]:
    """The mean of each metric."""
    return {name: mean(row[name] for row in scores) for name in BETTER}


def ranked(scores: dict[str, list[dict[str, Any]]], metric: str) -> dict[str, dict[str, float]]:
    """The mean scores of each setting over its seeds, the best setting first; of equals the one given first."""
    means = {name: mean_scores(rows) for name, rows in scores.items()}
    return dict(sorted(means.items(), key=lambda item: merit(item[1], metric), reverse=True))


def tie_breaker(metric: str) -> str:
    return "accuracy" if metric == "loss" else "loss"


def spelled(metric: str) -> str:
    """A metric's name in a sentence."""
    return {"macro_f1": "macro-F1", "matthews": "Matthews correlation"}.get(metric, metric.replace("_", " "))
