"""The values of the analyses beyond accuracy; each stands in its file at exactly the pointer that goes with it."""

from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.report.publishing import Collector

METRIC_KINDS = {"accuracy": "accuracy", "loss": "loss"}  # of any other metric: real


def collect_halving(collector: Collector, paths: list[Path]) -> None:
    """`halving.<rung>.epochs`, `.keep`, `.settings` that came this far and `.gone_on`; `halving.metric`; of each pruned
    setting `sweep.pruned.<setting>.epochs`, `.rank`, `.settings`, `.validation` and `.why`, those pruned last and best
    first.
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
                stem, pointer = f"sweep.pruned.{setting}", f"/settings/{setting}"
                collector.add(f"{stem}.epochs", found["epochs"], "count", path, "/epochs")
                collector.add(f"{stem}.rank", row["rank"], "count", path, f"{pointer}/rank")
                collector.add(f"{stem}.settings", found["entered"], "count", path, "/entered")
                collector.add(f"{stem}.validation", row["mean"], "real", path, f"{pointer}/mean")
                collector.add(f"{stem}.why", row["why"], "text", path, f"{pointer}/why")
    for path, found in rungs[:1]:
        collector.add("halving.metric", found["metric"].replace("_", " "), "text", path, "/metric")


def collect_tokens(collector: Collector, path: Path) -> None:
    """How many texts were cut, split by split: `data.<split>.cut`, `.cut.share`, and the longest in tokens."""
    found = read_json(path)
    collector.add("data.max_length", found["max_length"], "count", path, "/max_length")
    for split, row in found["splits"].items():
        stem, pointer = f"data.{split}", f"/splits/{split}"
        collector.add(f"{stem}.cut", row["cut"], "count", path, f"{pointer}/cut")
        collector.add(f"{stem}.cut.share", row["share"], "real", path, f"{pointer}/share")
        collector.add(f"{stem}.tokens", row["tokens"], "count", path, f"{pointer}/tokens")


def collect_seeds(collector: Collector, path: Path) -> None:
    """Of each setting and of the winner: `<run>.<split>.<metric>` beyond accuracy and loss, with the interval over
    examples; with several seeds `<metric>.sd` and `<metric>.over_seeds`, the mean with the interval over seeds;
    `<run>.diverged` and `<run>.failed`, how many seeds did.
    """
    found = read_json(path)
    rows = {f"runs.{name}": (f"/settings/{step(name)}", row) for name, row in found["settings"].items()}
    rows["winner"] = ("/winner", found["winner"])
    for stem, (pointer, row) in rows.items():
        for name in ("diverged", "failed"):
            collector.add(f"{stem}.{name}", row[name], "count", path, f"{pointer}/{name}")
        for split in ("train", "validation", "test"):
            for metric, summary in row.get(split, {}).items():
                add_metric(collector, f"{stem}.{split}.{metric}", metric, summary, path, f"{pointer}/{split}/{metric}")
    for split, classes in found["winner"]["classes"].items():
        for label, row in classes.items():
            collect_class(
                collector, f"winner.{split}.class.{label}", row, path, f"/winner/classes/{split}/{step(label)}"
            )


def add_metric(collector: Collector, key: str, metric: str, summary: dict[str, Any], path: Path, pointer: str) -> None:
    kind = METRIC_KINDS.get(metric, "real")
    if metric not in METRIC_KINDS:
        interval = tuple(summary["interval"]) if summary["interval"] else None
        collector.add(key, summary["mean"], kind, path, f"{pointer}/mean", interval)
    if "sd" not in summary:
        return
    if f"{key}.sd" not in collector.values:
        collector.add(f"{key}.sd", summary["sd"], "real", path, f"{pointer}/sd")
    over = tuple(summary["seeds_interval"])
    collector.add(f"{key}.over_seeds", summary["mean"], kind, path, f"{pointer}/mean", over)
    for end in ("min", "max"):
        collector.add(f"{key}.{end}", summary[end], kind, path, f"{pointer}/{end}")


def collect_class(collector: Collector, key: str, row: dict[str, Any], path: Path, pointer: str) -> None:
    """`<key>.precision` and `.recall` with their intervals, `.f1`, and `.count` of examples."""
    for name in ("precision", "recall"):
        interval = row[f"{name}_interval"]
        collector.add(
            f"{key}.{name}", row[name], "accuracy", path, f"{pointer}/{name}", tuple(interval) if interval else None
        )
    collector.add(f"{key}.f1", row["f1"], "real", path, f"{pointer}/f1")
    collector.add(f"{key}.count", row["count"], "count", path, f"{pointer}/count")


def collect_slices(collector: Collector, path: Path) -> None:
    """`slices.<column>.<value>.accuracy`, `.correct`, `.count`; of the baselines `.<method>.accuracy`; of lengths the
    fewest and most `words`.
    """
    for column, values in read_json(path).items():
        for value, row in values.items():
            stem, pointer = f"slices.{column}.{value}", f"/{step(column)}/{step(value)}"
            add_share(collector, stem, row, path, pointer)
            for name, score in row["baselines"].items():
                add_share(collector, f"{stem}.{name}", score, path, f"{pointer}/baselines/{step(name)}")
            for end, count in row.get("words", {}).items():
                collector.add(f"{stem}.words.{end}", count, "count", path, f"{pointer}/words/{end}")


def add_share(collector: Collector, key: str, row: dict[str, Any], path: Path, pointer: str) -> None:
    interval = tuple(row["interval"])
    collector.add(f"{key}.accuracy", row["accuracy"], "accuracy", path, f"{pointer}/accuracy", interval)
    for name in ("correct", "count"):
        collector.add(f"{key}.{name}", row[name], "count", path, f"{pointer}/{name}")


def collect_mistakes(collector: Collector, path: Path) -> None:
    """`mistakes.<n>.text`, `.true`, `.predicted`, `.confidence`, `.id`, the most confident first; `errors.total`."""
    found = read_json(path)
    collector.add("errors.total", found["total"], "count", path, "/total")
    for number, row in enumerate(found["rows"]):
        for name in ("id", "text", "true", "predicted", "confidence"):
            kind = "real" if name == "confidence" else "text"
            collector.add(f"mistakes.{number + 1}.{name}", row[name], kind, path, f"/rows/{number}/{name}")


def collect_agreement(collector: Collector, path: Path) -> None:
    """`agreement.<a>.<b>.share`, `.kappa`, `.both_wrong`; either name may come first."""
    for a, row in read_json(path).items():
        for b, pair in row.items():
            pointer = f"/{step(a)}/{step(b)}"
            for stem in (f"agreement.{a}.{b}", f"agreement.{b}.{a}"):
                share, wrong = tuple(pair["interval"]), tuple(pair["both_wrong_interval"])
                collector.add(f"{stem}.share", pair["share"], "accuracy", path, f"{pointer}/share", share)
                collector.add(
                    f"{stem}.both_wrong", pair["both_wrong"], "accuracy", path, f"{pointer}/both_wrong", wrong
                )
                collector.add(f"{stem}.kappa", pair["kappa"], "real", path, f"{pointer}/kappa")


def collect_curve(collector: Collector, path: Path) -> None:
    """`learning_curve.<place>.rows`, `.percent`, `.validation.accuracy` and its `.sd`; places count from 1."""
    for place, (percent, row) in enumerate(read_json(path)["points"].items(), start=1):
        stem, pointer = f"learning_curve.{place}", f"/points/{step(percent)}"
        collector.add(f"{stem}.percent", row["percent"], "real", path, f"{pointer}/percent")
        collector.add(f"{stem}.rows", row["rows"], "count", path, f"{pointer}/rows")
        interval = tuple(row["interval"])
        collector.add(f"{stem}.validation.accuracy", row["accuracy"], "accuracy", path, f"{pointer}/accuracy", interval)
        if row["sd"] is not None:
            collector.add(f"{stem}.validation.accuracy.sd", row["sd"], "real", path, f"{pointer}/sd")


def collect_reference(collector: Collector, references: list[dict[str, Any]], path: Path) -> None:
    """`reference.<name>.reported`, `.this` and `.difference`, this run's minus the reported one; also as a file.

    The reported value is taken as it is, without an uncertainty of its own. Raises UserError on a key of no number.
    """
    rows = {}
    for entry in references:
        value = collector.values.get(entry["value"])
        if value is None or isinstance(value["value"], str):
            raise UserError(
                f"reference '{entry['name']}': there is no number '{entry['value']}' among the values; name one in "
                f"values.json, such as winner.test.accuracy"
            )
        interval = value["interval"]
        rows[entry["name"]] = {
            **entry,
            "this": value["value"],
            "interval": interval,
            "difference": value["value"] - entry["reported"],
            "difference_interval": [bound - entry["reported"] for bound in interval] if interval else None,
            "kind": value["kind"],
        }
    write_json(path, rows)
    for name, row in rows.items():
        stem, pointer = f"reference.{name}", f"/{step(name)}"
        this = tuple(row["interval"]) if row["interval"] else None
        gap = tuple(row["difference_interval"]) if row["difference_interval"] else None
        collector.add(f"{stem}.reported", row["reported"], "real", path, f"{pointer}/reported")
        collector.add(f"{stem}.this", row["this"], row["kind"], path, f"{pointer}/this", this)
        collector.add(f"{stem}.difference", row["difference"], "real", path, f"{pointer}/difference", gap)
