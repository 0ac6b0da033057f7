"""A small finished build: results written by hand, everything that follows from them made by the scripts themselves."""

from pathlib import Path
from typing import Any

import pandas as pd
from collect_values import main as collect_values
from compare_settings import main as compare_settings
from conftest import ROOT
from gather_runs import main as gather_runs
from keep_ledger import main as keep_ledger
from lib.files import read_json, write_json, write_text
from lib.metrics import by_class
from lib.stamp import stamp
from plot_confusion import main as plot_confusion
from plot_curves import main as plot_curves
from prune_settings import main as prune_settings
from render_write_up import main as render_write_up
from score_slices import main as score_slices
from select_setting import main as select_setting
from summarise_seeds import main as summarise_seeds
from summarise_sweep import main as summarise_sweep
from write_manifest import main as write_manifest

SETTINGS, SEEDS, LABELS = ["base", "other"], [1, 2], ["no", "yes"]
COUNT = 40
CORRECT = {("base", 1): 38, ("base", 2): 37, ("other", 1): 20, ("other", 2): 22}
LOSSES = {"train": [0.6, 0.4, 0.2], "validation": [0.6, 0.5, 0.7]}
HYPERPARAMETERS = {"base": {"batch_size": 20, "epochs": 3}, "other": {"batch_size": 5, "epochs": 3}}

WRITE_UP = """---
title: A try
---

Of {{ value("sweep.settings") }} settings the one selected reaches
{{ value("winner.test.accuracy", interval=True) }}, or {{ value("winner.test.accuracy", digits=4) }}, after epoch
{{ value("winner.best_epoch") }}; {{ value("ledger.test.text") }}.
{% call claim("beats", a="base", b="other") %}The baseline beats the other setting{% endcall %}
(p = {{ value("comparison.base.other.p") }}, difference {{ value("comparison.base.other.difference", interval=True) }}).
On negations it reaches {{ value("slices.kind.negation.accuracy") }}; rank {{ value("sweep.pruned.other.rank") }} fell.
{% call(holds) claim("at_least", key="winner.test.accuracy", x="baselines.majority.test.accuracy") %}
{% if holds %}The majority is passed.{% else %}The majority is not passed.{% endif %}
{% endcall %}

| setting | validation |
|:--|:--|
{% for name in settings %}
| {{ name }} | {{ value("runs." ~ name ~ ".validation.accuracy", interval=True) }} |
{% endfor %}

![How it learns.](figures/graph.png){#fig:graph width=50%}
"""


def make_build(folder: Path, text: str = WRITE_UP, **changed: Any) -> Path:
    """A finished build at `folder`/results/try; `changed` go into its config. Returns its results folder."""
    root = folder / "results" / "try"
    write_data(root)
    for run, correct in CORRECT.items():
        write_run(root, *run, correct)
    prune(root)
    metrics, predictions = runs(root, "metrics.json"), runs(root, "predictions.parquet")
    all_runs = root / "runs.json"
    gather_runs(metrics, all_runs, root / "runs.csv")
    select_setting(all_runs, root / "selection.json", SETTINGS, [], SEEDS, "accuracy")
    summarise_sweep(all_runs, root / "sweep.json", "try", SETTINGS, SETTINGS, [], SEEDS, {}, "accuracy")
    compare_settings(
        predictions,
        root / "data/summary.json",
        root / "selection.json",
        root / "comparisons.json",
        SETTINGS,
        SETTINGS,
    )
    write_test(root)
    keep_ledger(
        root / "data/summary.json",
        all_runs,
        predictions,
        root / "test/scorings.json",
        root / "baselines.json",
        root / "ledger.json",
    )
    summarise_seeds(all_runs, root / "test/metrics.json", root / "selection.json", root / "seeds.json", SETTINGS)
    test = [root / "data/test.parquet", root / "test/predictions.parquet", root / "baselines/test.parquet"]
    score_slices(*test, root / "slices.json", ["kind"])
    draw(root)
    write_text(folder / "write-up.md", text)
    finish(root, folder / "write-up.md", changed)
    return root


def runs(root: Path, name: str) -> list[Path]:
    return [root / "runs" / setting / f"seed{seed}" / name for setting in SETTINGS for seed in SEEDS]


def examples(count: int, correct: int) -> pd.DataFrame:
    """Labels by turns, the first `correct` of them predicted."""
    labels = [number % 2 for number in range(count)]
    predicted = [label if number < correct else 1 - label for number, label in enumerate(labels)]
    chances = {f"p_{name}": [0.9 if hit == place else 0.1 for hit in predicted] for place, name in enumerate(LABELS)}
    return pd.DataFrame({"id": range(count), "label": labels, "prediction": predicted} | chances)


def write_data(root: Path) -> None:
    split = {
        "rows": COUNT,
        "duplicates": 0,
        "classes": {"no": 20, "yes": 20},
        "words": {"min": 1, "mean": 2.5, "max": 4},
    }
    splits = {name: split | {"fingerprint": f"{name} data"} for name in ("train", "validation", "test")}
    pairs = {"train-validation": 0, "train-test": 0, "validation-test": 0}
    summary = {"labels": LABELS, "splits": splits, "overlap": pairs, "dropped": {"train": 0}, "carved": None}
    write_json(root / "data/summary.json", summary)
    kinds = ["negation" if number % 4 == 0 else "" for number in range(COUNT)]
    table = examples(COUNT, COUNT)[["id", "label"]].assign(text="t", kind=kinds)
    table.to_parquet(root / "data/test.parquet", index=False)


def score(correct: float, count: int = COUNT) -> dict[str, Any]:
    share = correct / count
    more = {"macro_f1": share, "matthews": 2 * share - 1, "calibration_error": abs(share - 0.9)}
    return {"loss": 1 - share, "accuracy": share, "correct": correct, "count": count} | more


def write_run(root: Path, setting: str, seed: int, correct: int) -> None:
    folder = root / "runs" / setting / f"seed{seed}"
    rows = [
        {
            "epoch": epoch,
            "train_loss": train,
            "train_accuracy": 0.5,
            "validation_loss": loss,
            "validation_accuracy": 0.5,
        }
        for epoch, (train, loss) in enumerate(zip(LOSSES["train"], LOSSES["validation"], strict=True), start=1)
    ]
    facts = {"setting": setting, "seed": seed, "hyperparameters": HYPERPARAMETERS[setting], "device": "cpu"}
    facts |= {"precision": "fp32", "threads": 1, "compiled": False, "best_epoch": 2, "epochs_run": 3, "steps": 6}
    facts |= {"status": "trained", "train": score(39)}
    if setting == "other":
        facts |= {"status": "pruned", "pruned": {"rung": 1, "epochs": 2}}
    write_json(folder / "metrics.json", facts | {"validation": score(correct) | {"classes": classes(correct)}})
    write_json(folder / "timing.json", {"seconds": 12.5 + seed, "examples_per_second": 9.5})
    pd.DataFrame(rows).to_csv(folder / "history.csv", index=False)
    examples(COUNT, correct).to_parquet(folder / "predictions.parquet", index=False)


def prune(root: Path) -> None:
    """A rung after the second epoch, at which the other setting fell behind."""
    results = [root / "rungs/1" / f"{setting}-seed{seed}.json" for setting, seed in CORRECT]
    for path, ((setting, seed), correct) in zip(results, CORRECT.items(), strict=True):
        write_json(path, {"setting": setting, "seed": seed, "validation": score(correct)})
    prune_settings(results, [], root / "rungs/1.json", rung=1, epochs=2, keep=0.5, metric="accuracy")


def classes(*correct: int) -> dict[str, Any]:
    tables = pd.concat([examples(COUNT, right) for right in correct])
    return by_class(tables["label"].to_numpy(), tables["prediction"].to_numpy(), LABELS, len(correct))


def write_test(root: Path) -> None:
    (root / "test").mkdir()
    tables = [examples(COUNT, correct).assign(seed=seed) for seed, correct in ((1, 36), (2, 35))]
    pd.concat(tables).to_parquet(root / "test/predictions.parquet", index=False)
    pooled = {"setting": "base", "labels": LABELS, "confusion": [[36, 4], [5, 35]]} | score(35.5)
    more = {"runs": [{"seed": 1} | score(36), {"seed": 2} | score(35)], "classes": classes(36, 35)}
    write_json(root / "test/metrics.json", pooled | more)
    simple = examples(COUNT, COUNT)[["id", "label"]].assign(majority=0)
    (root / "baselines").mkdir()
    simple.to_parquet(root / "baselines/test.parquet", index=False)
    splits = {name: {"cut": 0, "share": 0.0, "tokens": 100} for name in ("train", "validation", "test")}
    write_json(root / "tokens/counts.json", {"max_length": 16, "splits": splits})
    scoring = {"data": "test data", "setting": "base", "models": {"1": "m", "2": "n"}}
    record = {"head": "1f2e3d4c", "lines": 1, "problems": []}
    write_json(root / "test/scorings.json", {"scorings": [scoring], "record": record})
    write_json(root / "baselines.json", {"majority": {split: score(20) for split in ("train", "validation", "test")}})
    write_json(root / "model.json", {"source": {"package": "p"}, "files": {"model.safetensors": "0" * 64}})
    write_json(root / "attention/attention.json", {"tolerance": 1e-6})
    write_json(root / "attention/heads.json", {"count": 2})


def draw(root: Path) -> None:
    def figure(stem: str, prefix: str = "") -> dict[str, Path]:
        return {f"{prefix}{kind}": root / "figures" / f"{stem}.{kind}" for kind in ("png", "svg", "csv")}

    (root / "figures").mkdir()
    histories, metrics = runs(root, "history.csv")[:2], runs(root, "metrics.json")[:2]
    plot_curves(histories, metrics, **figure("graph", "graph_"), **figure("loss", "loss_"))
    plot_confusion(root / "test/metrics.json", **figure("confusion"))


def finish(root: Path, write_up: Path, changed: dict[str, Any], **revision: Any) -> None:
    """Collect the values, write the manifest and render the report, as the rules do."""
    revision = {"commit": "0123456789abcdef", "commit_time": 1_700_000_000, "dirty": False} | revision
    collecting = {
        "summary": root / "data/summary.json",
        "model": root / "model.json",
        "metrics": runs(root, "metrics.json"),
        "timings": runs(root, "timing.json"),
        "selection": root / "selection.json",
        "sweep": root / "sweep.json",
        "ledger": root / "ledger.json",
        "test_metrics": root / "test/metrics.json",
        "tokens": root / "tokens/counts.json",
        "baselines": root / "baselines.json",
        "attention": root / "attention/attention.json",
        "heads": [root / "attention/heads.json"],
        "seed_summary": root / "seeds.json",
        "slices": [root / "slices.json"],
        "mistakes": [],
        "agreement": [],
        "curve": [],
        "rungs": [root / "rungs/1.json"],
    }
    spec = {"settings": SETTINGS, "seeds": SEEDS, "root": str(root), "references": []}
    collect_values(**collecting, values=root / "values.json", reference=root / "reference.json", **spec)
    rendering = {
        "write_up": write_up,
        "values": root / "values.json",
        "manifest": root / "manifest.json",
        "selection": root / "selection.json",
        "summary": root / "data/summary.json",
        "ledger": root / "ledger.json",
        "comparisons": root / "comparisons.json",
        "histories": runs(root, "history.csv"),
        "figures": sorted(root.glob("figures/*")),
        "tables": [],
        "bibliography": [],
        "typst_template": ROOT / "report/template.typ",
        "html_template": ROOT / "report/template.html",
        "css": ROOT / "report/style.css",
    }
    render_spec = {"settings": SETTINGS, "failed_runs": "refuse", "pdf_engine": "typst"} | revision
    calls = {
        "collect_values": {"inputs": named(collecting, root), "spec": spec},
        "render_write_up": {"inputs": named(rendering, root), "spec": render_spec},
    }
    settings = [{"name": name} for name in SETTINGS]
    config = {"name": "try", "seeds": SEEDS, "defaults": {"epochs": 3}, "settings": settings}
    config["report"] = {"timings": True}
    stamps = {path.stem: stamp(path) for path in sorted((ROOT / "scripts").glob("*.py"))}
    later = ("write-up", "manifest", "checks")
    files = [path for path in root.rglob("*") if path.is_file() and not path.name.startswith(later)]
    written = {"results": files, "models": [], "ledger": root / "ledger.json", "manifest": root / "manifest.json"}
    write_manifest(**written, config=config | changed, stamps=stamps, calls=calls, root=str(root), **revision)
    outputs = {"markdown": "write-up.md", "pdf": "write-up.pdf", "html": "write-up.html"}
    outputs |= {"checks": "checks.json", "carried": "write-up.json"}
    render_write_up(**rendering, **{name: root / file for name, file in outputs.items()}, **render_spec)
    assert read_json(root / "checks.json")["reasons"] == []


def named(inputs: dict[str, Any], root: Path) -> dict[str, Any]:
    """Paths as a rule has them: those among the results below results/try."""

    def name(path: Path) -> str:
        return f"results/try/{path.relative_to(root).as_posix()}" if path.is_relative_to(root) else str(path)

    return {key: list(map(name, paths)) if isinstance(paths, list) else name(paths) for key, paths in inputs.items()}
