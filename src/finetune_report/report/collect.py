"""Collect every value that the write-up may cite, each with its uncertainty and the file that it came from.

Reads the results of all stages. Writes one flat list of keys such as `runs.baseline.validation.accuracy`.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import at, step
from finetune_report.report.analysis_values import (
    collect_agreement,
    collect_curve,
    collect_halving,
    collect_mistakes,
    collect_reference,
    collect_seeds,
    collect_slices,
    collect_tokens,
)
from finetune_report.report.publishing import Collector
from finetune_report.stats.intervals import wilson_interval

MOST_ROWS = 8


def main(
    summary: Path,
    model: Path,
    metrics: list[Path],
    timings: list[Path],
    selection: Path,
    sweep: Path,
    ledger: Path,
    test_metrics: Path,
    tokens: Path,
    baselines: Path,
    attention: Path,
    heads: list[Path],
    seed_summary: Path,
    slices: list[Path],
    mistakes: list[Path],
    agreement: list[Path],
    curve: list[Path],
    rungs: list[Path],
    values: Path,
    reference: Path,
    settings: list[str],
    seeds: list[int],
    root: str,
    references: list[dict[str, Any]],
) -> None:
    """`root` is the results folder, against which each value's source is named.

    Metrics and timings stand at `runs/<setting>/seed<seed>/`; without timings there are no values of cost. Of an
    analysis that is switched off there is no file.
    """
    collector = Collector(Path(root))
    runs = {(row["setting"], row["seed"]): (path, row) for path in metrics for row in [read_json(path)]}
    collect_sweep(collector, sweep)
    collect_halving(collector, rungs)
    collect_ledger(collector, ledger)
    collect_data(collector, summary)
    collect_tokens(collector, tokens)
    collect_model(collector, model)
    of_setting: dict[str, list[Path]] = {}
    for path in timings:
        of_setting.setdefault(path.parts[-3], []).append(path)
    for setting in settings:
        collect_setting(collector, f"runs.{setting}", [runs[setting, seed] for seed in seeds])
        if timings:
            collect_cost(collector, f"runs.{setting}.cost", of_setting[setting])
    winner = read_json(selection)["winner"]
    collector.add("winner.name", winner, "text", selection, "/winner")
    collector.add("selection.rule", read_json(selection)["rule"], "text", selection, "/rule")
    collect_setting(collector, "winner", [runs[winner, seed] for seed in seeds])
    collect_test(collector, test_metrics)
    collect_baselines(collector, baselines)
    collect_attention(collector, attention, heads)
    collect_seeds(collector, seed_summary)
    for collect, paths in (
        (collect_slices, slices),
        (collect_mistakes, mistakes),
        (collect_agreement, agreement),
        (collect_curve, curve),
    ):
        for path in paths:
            collect(collector, path)
    collect_reference(collector, references, reference)
    write_json(values, collector.values)
    logging.info("%d values", len(collector.values))


def collect_sweep(collector: Collector, path: Path) -> None:
    """What was planned and what became of it, and the best to be expected of so many settings."""
    sweep = read_json(path)
    collector.add("experiment.name", sweep["experiment"], "text", path, "/experiment")
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
    }.items():
        collector.add(f"sweep.{key}", at(sweep, pointer), "count", path, pointer)
    for setting, reason in sweep["excluded_settings"].items():
        collector.add(f"sweep.excluded.{setting}", reason, "text", path, f"/excluded_settings/{setting}")
    collector.add("sweep.unlisted", sweep["unlisted"], "count", path, "/unlisted")
    for which in ("named", "shown"):
        for place, setting in enumerate(sweep[which]):
            collector.add(f"sweep.{which}.{place + 1}", setting, "text", path, f"/{which}/{place}")
    for place, row in enumerate(sweep["expected"]):
        for name in ("mean", "sd"):
            key = f"sweep.expected.{row['settings']}" + ".sd" * (name == "sd")
            collector.add(key, row[name], "real", path, f"/expected/{place}/{name}")


def collect_ledger(collector: Collector, path: Path) -> None:
    """How often validation and test split were scored, in numbers and, for the test split, in words."""
    ledger = read_json(path)
    for split in ("validation", "test"):
        for name, found in ledger[split].items():
            kind = "text" if isinstance(found, str) else "count"
            collector.add(f"ledger.{split}.{name}", found, kind, path, f"/{split}/{name}")


def collect_data(collector: Collector, path: Path) -> None:
    summary = read_json(path)
    collector.add("data.classes", len(summary["labels"]), "count", path, "/labels")
    for split, facts in summary["splits"].items():
        pointer = f"/splits/{split}"
        collector.add(f"data.{split}.rows", facts["rows"], "count", path, f"{pointer}/rows")
        collector.add(f"data.{split}.duplicates", facts["duplicates"], "count", path, f"{pointer}/duplicates")
        for label, count in facts["classes"].items():
            collector.add(f"data.{split}.class.{label}", count, "count", path, f"{pointer}/classes/{step(label)}")
        for word, kind in (("min", "count"), ("mean", "real"), ("max", "count")):
            collector.add(f"data.{split}.words.{word}", facts["words"][word], kind, path, f"{pointer}/words/{word}")
    for pair, count in summary["overlap"].items():
        collector.add(f"data.overlap.{pair}", count, "count", path, f"/overlap/{pair}")
    for split, count in summary["dropped"].items():
        collector.add(f"data.dropped.{split}", count, "count", path, f"/dropped/{split}")
    if summary["carved"]:
        collector.add("data.carved.fraction", summary["carved"]["fraction"], "real", path, "/carved/fraction")
        collector.add("data.carved.seed", summary["carved"]["seed"], "count", path, "/carved/seed")


def collect_model(collector: Collector, path: Path) -> None:
    model = read_json(path)
    source = model["source"]
    field = next(field for field in ("name", "package", "path") if source.get(field))
    collector.add("model.name", source[field], "text", path, f"/source/{field}")
    if "model.safetensors" in model["files"]:
        collector.add("model.sha256", model["files"]["model.safetensors"], "text", path, "/files/model.safetensors")
    else:  # in several files: the fingerprint of them all
        collector.add("model.sha256", model["fingerprint"], "text", path, "/fingerprint")


def collect_setting(collector: Collector, key: str, runs: list[tuple[Path, dict[str, Any]]]) -> None:
    """A setting's hyperparameters, and its metrics at the kept epoch: the mean over seeds, and each seed's own."""
    path, first = runs[0]
    for name, value in first["hyperparameters"].items():
        kind = "text" if value is None or isinstance(value, str) else "count" if isinstance(value, int) else "rate"
        collector.add(f"{key}.{name}", "none" if value is None else value, kind, path, f"/hyperparameters/{name}")
    for split in ("train", "validation"):
        add_means(collector, f"{key}.{split}", runs, split)
    others = [other for other, _ in runs[1:]]
    for name in ("best_epoch", "steps"):
        number = mean_or_only([row[name] for _, row in runs])
        collector.add(f"{key}.{name}", number, "count", path, f"/{name}", None, "mean", others)
    for name in ("precision", "device"):
        collector.add(f"{key}.{name}", first[name], "text", path, f"/{name}")
    collector.add(f"{key}.threads", first["threads"], "count", path, "/threads")
    if first["compiled"]:
        collector.add(f"{key}.compiled", "true", "text", path, "/compiled")
    for source, row in runs:
        for split in ("train", "validation"):
            collector.add_score(f"{key}.seed{row['seed']}.{split}", row[split], source, f"/{split}")


def collect_cost(collector: Collector, key: str, timings: list[Path]) -> None:
    """How long a setting's runs took together, and their mean speed."""
    rows = [read_json(path) for path in timings]
    seconds, rates = sum(row["seconds"] for row in rows), [row["examples_per_second"] for row in rows]
    path, others = timings[0], timings[1:]
    collector.add(f"{key}.seconds", seconds, "seconds", path, "/seconds", None, "sum", others)
    collector.add(
        f"{key}.examples_per_second", fmean(rates), "rate", path, "/examples_per_second", None, "mean", others
    )


def add_means(collector: Collector, key: str, runs: list[tuple[Path, dict[str, Any]]], split: str) -> None:
    """Mean accuracy and loss over seeds. The interval is that of the examples; `sd` is the spread over the seeds."""
    path, others, rows = runs[0][0], [other for other, _ in runs[1:]], [row[split] for _, row in runs]
    accuracies = [row["accuracy"] for row in rows]
    interval = wilson_interval(fmean(row["correct"] for row in rows), rows[0]["count"])
    pointer, loss = f"/{split}/accuracy", fmean(row["loss"] for row in rows)
    collector.add(f"{key}.accuracy", fmean(accuracies), "accuracy", path, pointer, interval, "mean", others)
    collector.add(f"{key}.loss", loss, "loss", path, f"/{split}/loss", None, "mean", others)
    if len(rows) > 1:
        collector.add(f"{key}.accuracy.sd", stdev(accuracies), "real", path, pointer, None, "sd", others)


def mean_or_only(numbers: list[int]) -> float | int:
    return numbers[0] if len(set(numbers)) == 1 else fmean(numbers)


def collect_test(collector: Collector, path: Path) -> None:
    metrics = read_json(path)
    collector.add_score("winner.test", metrics, path, "")
    labels = metrics["labels"]
    for row, true in enumerate(labels):
        for column, predicted in enumerate(labels):
            count = metrics["confusion"][row][column]
            collector.add(f"test.confusion.{true}.{predicted}", count, "count", path, f"/confusion/{row}/{column}")


def collect_baselines(collector: Collector, path: Path) -> None:
    for name, splits in read_json(path).items():
        for split, score in splits.items():
            collector.add_score(f"baselines.{name}.{split}", score, path, f"/{name}/{split}")


def collect_attention(collector: Collector, attention: Path, heads: list[Path]) -> None:
    """Every number and text of the demonstrations and of the measurement of the heads; rows count from 0."""
    for path, prefix in ((attention, "attention"), *((path, "heads") for path in heads)):
        for pointer, value in named_numbers(read_json(path)):
            key = ".".join([prefix, *pointer.strip("/").split("/")])
            kind = "error" if key.endswith("error") else "count" if isinstance(value, int) else "real"
            collector.add(key, value, kind if not isinstance(value, str) else "text", path, pointer)


def named_numbers(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """JSON pointers of all numbers and texts, but not those in tables of more rows than a write-up could show."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from named_numbers(item, f"{pointer}/{name}")
    elif isinstance(value, list):
        if len(value) <= MOST_ROWS:
            for number, item in enumerate(value):
                yield from named_numbers(item, f"{pointer}/{number}")
    elif isinstance(value, int | float | str):
        yield pointer, value
