"""Account for every planned run, and say what the best of so many settings would have been on average.

Reads the results of all runs, and what was decided at each rung. Writes how many runs were planned, finished, pruned,
failed and excluded with what reason, and the expected validation performance by the number of settings tried; as
tables, the latter and each run's accuracies. Publishes the account and what became of pruned settings.
"""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.json_pointer import at, step
from finetune_report.report.keys import below
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run
from finetune_report.stats.best_of import expected_best
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.selection import FAILED, by_setting, ranked

import pandas as pd

SHOWN = 15  # settings in a table that can be read


def main(
    runs: Path,
    rungs: list[Path],
    sweep: Path,
    settings_table: Path,
    expected_table: Path,
    values: Path,
    name: str,
    settings: list[str],
    named: list[str],
    missing: list[str],
    seeds: list[int],
    excluded: dict[str, str],
    metric: str,
) -> None:
    """`settings` were trained once per seed; `missing` have yet to finish; `excluded` has why the others will not.

    `named` are those of `settings` that the config lists one by one; the others are of a sweep.
    """
    rows = read_json(runs)
    scores = {name: [row["validation"] for row in found] for name, found in by_setting(rows).items()}
    means = ranked(scores, metric)
    failed = [{"setting": row["setting"], "seed": row["seed"]} for row in rows if row["status"] in FAILED]
    pruned, cut = sum(row["status"] == "pruned" for row in rows), {row["setting"] for row in rows if "pruned" in row}
    shown = most_telling(list(means), cut, named)
    planned, tried = len(settings) + len(missing) + len(excluded), len(means)
    draws = expected_best([row[metric] for row in means.values()], not METRICS[metric].higher_is_better)
    expected = [asdict(row) for row in draws]
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
            "metric": METRICS[metric].label,
            "expected": expected,
        },
    )
    write_text(settings_table, pd.DataFrame([line for row in rows for line in accuracies(row)]).to_csv(index=False))
    write_text(expected_table, pd.DataFrame(expected).to_csv(index=False))
    publish(sweep, rungs, values)
    logging.info("%d of %d planned runs finished", len(rows) - len(failed) - pruned, planned * len(seeds))


def most_telling(order: list[str], pruned: set[str], named: list[str]) -> list[str]:
    """The settings that a table shows: all named ones, then as many others as it has room for, in their `order`.

    One that was pruned comes after all that were not.
    """
    others = [name for name in sorted(order, key=pruned.__contains__) if name not in named]
    return named + others[: max(0, SHOWN - len(named))]


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def accuracies(run: dict[str, Any]) -> list[dict[str, Any]]:
    """A run's accuracies at its best epoch, with their intervals."""
    rows = []
    for split in ("train", "validation"):
        score = run[split]
        low, high = wilson_interval(score["correct"], score["count"])
        facts = {"setting": run["setting"], "seed": run["seed"], "split": split, "accuracy": score["accuracy"]}
        rows.append(facts | {"low": low, "high": high, "status": run["status"]})
    return rows


def publish(sweep: Path, rungs: list[Path], values: Path) -> None:
    """`experiment.name`, `selection.metric`, and what `publish_account` and `publish_halving` say."""
    collector = Collector(values)
    found = read_json(sweep)
    collector.add("experiment.name", found["experiment"], "text", sweep, "/experiment")
    collector.add("selection.metric", found["metric"], "text", sweep, "/metric")
    publish_account(collector, sweep)
    if rungs:
        collector.add("halving.metric", found["metric"], "text", sweep, "/metric")
        publish_halving(collector, rungs)
    collector.write()


def publish_account(collector: Collector, path: Path) -> None:
    """What was planned and what became of it, and the best to be expected of so many settings."""
    sweep = read_json(path)
    collector.add("sweep.best_of", sweep["best_of"], "text", path, "/best_of")
    for key, pointer in {
        "planned": "/planned/runs",
        "planned.settings": "/planned/settings",
        "seeds": "/planned/seeds",
        "settings": "/trained/settings",
        "runs": "/trained/runs",
        "finished": "/finished",
        "failed": "/failed",
        "pruned": "/pruned",
        "settings.pruned": "/pruned_settings",
        "excluded": "/excluded",
        "missing": "/missing",
        "unlisted": "/unlisted",
    }.items():
        collector.add(f"sweep.{key}", at(sweep, pointer), "count", path, pointer)
    for setting, reason in sweep["excluded_settings"].items():
        pointer = f"/excluded_settings/{step(setting)}"
        collector.add(below("sweep.excluded", setting), reason, "text", path, pointer)
    for which in ("named", "shown"):
        for place, setting in enumerate(sweep[which]):
            collector.add(f"sweep.{which}.{place + 1}", setting, "text", path, f"/{which}/{place}")
    for place, row in enumerate(sweep["expected"]):
        for name in ("mean", "low", "high"):
            key = f"sweep.expected.{row['settings']}" + f".{name}" * (name != "mean")
            collector.add(key, row[name], "real", path, f"/expected/{place}/{name}")


def publish_halving(collector: Collector, paths: list[Path]) -> None:
    """`halving.<rung>.epochs`, `.keep`, `.settings` that came this far and `.gone_on`; of each pruned setting
    `sweep.pruned.<setting>.epochs`, `.rank`, `.settings`, `.validation` and `.why`, those pruned last and best first.
    """
    rungs = [(path, read_json(path)) for path in paths]
    for path, found in rungs:
        stem = f"halving.{found['rung']}"
        collector.add(f"{stem}.keep", found["keep"], "real", path, "/keep")
        for name, field in (("epochs", "epochs"), ("settings", "entered"), ("gone_on", "gone_on")):
            collector.add(f"{stem}.{name}", found[field], "count", path, f"/{field}")
    for path, found in reversed(rungs):
        for setting, row in found["settings"].items():
            if not row["goes_on"]:
                stem, pointer = below("sweep.pruned", setting), f"/settings/{step(setting)}"
                collector.add(f"{stem}.epochs", found["epochs"], "count", path, "/epochs")
                collector.add(f"{stem}.rank", row["rank"], "count", path, f"{pointer}/rank")
                collector.add(f"{stem}.settings", found["entered"], "count", path, "/entered")
                collector.add(f"{stem}.validation", row["mean"], "real", path, f"{pointer}/mean")
                collector.add(f"{stem}.why", row["why"], "text", path, f"{pointer}/why")


if __name__ == "__main__":
    run(main)
