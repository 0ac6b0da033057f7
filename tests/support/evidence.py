"""A small results folder, written by hand, on which the report can be built."""

import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.report.findings import Finding, check_document
from finetune_report.report.rendering import parse
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.template import Filled, fill
from finetune_report.report.values import read_values
from finetune_report.stats.intervals import wilson_interval

import pandas as pd
from compare_settings import main as compare_settings
from render_write_up import main as render_write_up

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (1, 2)
SETTINGS = ["baseline", "small-batch", "milder"]
COUNT = 200
CORRECT = {"baseline": 150, "small-batch": 180, "milder": 152}  # small-batch is right wherever milder is
BEST_EPOCH = {"baseline": 2, "small-batch": 4, "milder": 3}
RATES = {"baseline": 1e-4, "small-batch": 1e-5, "milder": 5e-5}
BATCHES = {"baseline": 20, "small-batch": 5, "milder": 20}
VALIDATION_LOSS = {
    "baseline": [0.60, 0.50, 0.55, 0.62],  # lowest in epoch 2
    "small-batch": [0.65, 0.55, 0.45, 0.40],  # falls to the end
    "milder": [0.60, 0.50, 0.45, 0.47],  # lowest in epoch 3
}
OVERFITS_FROM = {"baseline": 3, "milder": 4}
TRAIN_LOSS = [0.6, 0.4, 0.2, 0.1]


def make_results(root: Path, seeds: tuple[int, ...] = SEEDS, **declared: Any) -> Path:
    """Everything that the rule render_write_up reads, below `root`; all seeds come to the same.

    `declared` is what compare_settings is called with otherwise.
    """
    for setting in SETTINGS:
        for seed in seeds:
            folder = root / "runs" / setting / f"seed{seed}"
            folder.mkdir(parents=True)
            predictions(setting).to_parquet(folder / "predictions.parquet", index=False)
    (root / "data").mkdir()
    predictions("baseline")[["id", "label"]].to_parquet(root / "data/validation.parquet", index=False)
    write_text(root / "curves.csv", curves(seeds))
    write_json(root / "data/summary.json", {"labels": ["negative", "positive"]})
    write_json(root / "selection.json", selection(seeds))
    write_json(
        root / "ledger.json",
        {"test": {"text": "the test set was scored once, for small-batch"}, "record": {"head": "1f2e3d4c"}},
    )
    write_json(root / "manifest.json", {"commit": "0123456789abcdef", "experiment": "reviews", "packages": {}})
    compared(root, **declared)
    write_json(root / "values.json", values() | read_json(root / "values/compare_settings.json"))
    (root / "figures").mkdir()
    (root / "figures/graph.png").write_bytes(png(60, 40))
    write_text(root / "figures/graph.svg", SVG)
    return root


def compared(root: Path, **declared: Any) -> None:
    """Compare the settings: each against the baseline by accuracy, unless `declared` says otherwise."""
    given: dict[str, Any] = {
        "predictions": sorted(root.glob("runs/*/*/predictions.parquet")),
        "epochs": [],
        "validation": root / "data/validation.parquet",
        "summary": root / "data/summary.json",
        "selection": root / "selection.json",
        "comparisons": root / "comparisons.json",
        "table": root / "differences.csv",
        "values": root / "values/compare_settings.json",
        "settings": SETTINGS,
        "named": SETTINGS,
        "pairs": [("small-batch", "baseline"), ("milder", "baseline")],
        "declared_as": "each setting against the baseline",
        "metric": "accuracy",
        "margin": None,
    }
    compare_settings(**(given | declared))


def curves(seeds: tuple[int, ...]) -> str:
    rows = ["setting,seed,epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate"]
    for setting, seed in product(SETTINGS, seeds):
        for epoch, (train, validation) in enumerate(zip(TRAIN_LOSS, VALIDATION_LOSS[setting], strict=True), start=1):
            rows.append(f"{setting},{seed},{epoch},{train},0.8,{validation},0.75,0.0001")
    return "\n".join(rows) + "\n"


def predictions(setting: str) -> pd.DataFrame:
    """The first `CORRECT` examples right, the others wrong, each with a probability of 0.9 for what is predicted."""
    labels = [number % 2 for number in range(COUNT)]
    predicted = [label if number < CORRECT[setting] else 1 - label for number, label in enumerate(labels)]
    return pd.DataFrame(
        {
            "id": [f"validation-{number}" for number in range(COUNT)],
            "label": labels,
            "prediction": predicted,
            "p_negative": [0.9 if prediction == 0 else 0.1 for prediction in predicted],
            "p_positive": [0.9 if prediction == 1 else 0.1 for prediction in predicted],
        }
    )


def selection(seeds: tuple[int, ...] = (1,)) -> dict[str, Any]:
    runs = [
        {
            "setting": name,
            "seed": seed,
            "accuracy": CORRECT[name] / COUNT,
            "loss": 0.5,
            "best_epoch": BEST_EPOCH[name],
            "status": "trained",
        }
        for name, seed in product(SETTINGS, seeds)
    ]
    return {"metric": "accuracy", "planned": len(runs), "missing": [], "runs": runs, "winner": "small-batch"}


def values() -> dict[str, Any]:
    found: dict[str, Any] = {"winner.name": entry("small-batch", "text", "selection.json", "/winner")}
    for name in SETTINGS:
        source = f"runs/{name}/seed1/metrics.json"
        share = CORRECT[name] / COUNT
        interval = list(wilson_interval(CORRECT[name], COUNT))
        found[f"runs.{name}.validation.accuracy"] = entry(share, "accuracy", source, "/validation/accuracy", interval)
        found[f"runs.{name}.best_epoch"] = entry(BEST_EPOCH[name], "count", source, "/best_epoch")
        found[f"runs.{name}.batch_size"] = entry(BATCHES[name], "count", source, "/hyperparameters/batch_size")
        found[f"runs.{name}.learning_rate"] = entry(RATES[name], "rate", source, "/hyperparameters/learning_rate")
    for name, epoch in OVERFITS_FROM.items():
        key, pointer = f"overfitting.{name}.from_epoch", f"/{name}/from_epoch"
        found[key] = entry(epoch, "count", "overfitting.json", pointer)
    found["winner.validation.accuracy"] = found["runs.small-batch.validation.accuracy"]
    found["data.train.rows"] = entry(12345, "count", "data/summary.json", "/splits/train/rows")
    found["attention.copy.error"] = entry(1.2345e-7, "error", "attention/attention.json", "/copy/error")
    return found


def entry(value: Any, kind: str, source: str, pointer: str, interval: list[float] | None = None) -> dict[str, Any]:
    return {"value": value, "kind": kind, "interval": interval, "source": source, "pointer": pointer}


def evidence(root: Path) -> Evidence:
    """The evidence of a results folder, as render_write_up has it."""
    return Evidence(
        read_values(root / "values.json"),
        SETTINGS,
        read_json(root / "data/summary.json")["labels"],
        read_json(root / "selection.json"),
        read_curves(root / "curves.csv"),
    )


def filled_in(root: Path, text: str) -> Filled:
    """A text filled in from a results folder; it lies there as given.md."""
    path = root / "given.md"
    path.write_text(text, encoding="utf-8")
    return fill(path, evidence(root))


def findings_in(root: Path, text: str) -> list[Finding]:
    """What the check of a text that is filled in from a results folder finds."""
    filled, path = filled_in(root, text), root / "given.md"
    return check_document(parse(filled.text, path), filled, path).findings


def render(root: Path, write_up: Path, **changes: Any) -> dict[str, Any]:
    """Run render_write_up on a results folder, with `changes` to what it is given; returns its checks."""
    given: dict[str, Any] = {
        "write_up": write_up,
        "values": root / "values.json",
        "manifest": root / "manifest.json",
        "selection": root / "selection.json",
        "summary": root / "data/summary.json",
        "curves": root / "curves.csv",
        "figures": sorted(root.glob("figures/*.*g")),
        "tables": [],
        "ledger": root / "ledger.json",
        "bibliography": [ROOT / "report/references.bib"],
        "typst_template": ROOT / "report/template.typ",
        "html_template": ROOT / "report/template.html",
        "css": ROOT / "report/style.css",
        "markdown": root / "write-up.md",
        "pdf": root / "write-up.pdf",
        "html": root / "write-up.html",
        "checks": root / "checks.json",
        "carried": root / "write-up.json",
        "settings": SETTINGS,
        "failed_runs": "refuse",
        "pdf_engine": "typst",
        "commit": "0123456789abcdef",
        "dirty": False,
        "commit_time": 1_700_000_000,
    }
    render_write_up(**(given | changes))
    return read_json(root / "checks.json")


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x80" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40" viewBox="0 0 60 40">'
    '<rect width="60" height="40" fill="#808080"/></svg>\n'
)
