"""A small finished build: results written by hand, everything that follows from them made by the scripts themselves."""

from pathlib import Path
from typing import Any

from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json, write_json, write_text
from finetune_report.provenance.calls import Call, listed
from finetune_report.provenance.manifest import main as write_manifest
from finetune_report.provenance.stamp import stamp
from finetune_report.stats.metrics import by_class

import pandas as pd

SETTINGS, SEEDS, LABELS = ["base", "other"], [1, 2], ["no", "yes"]
COUNT = 40
CORRECT = {("base", 1): 38, ("base", 2): 37, ("other", 1): 20, ("other", 2): 22}
LOSSES = {"train": [0.6, 0.4, 0.2], "validation": [0.6, 0.5, 0.7]}
HALVING = {"keep": 0.5, "metric": "accuracy"}
PLANNED = {"settings": SETTINGS, "missing": [], "seeds": SEEDS}
SPLITS = ("train", "validation", "test")
TEMPLATES = {"typst": "typ", "html": "html"}
FORMS = {"markdown": "md", "pdf": "pdf", "html": "html"}
REVISION = {"commit": "0123456789abcdef", "commit_time": 1_700_000_000, "dirty": False}
WRITTEN = {"demonstrate_attention", "publish_baselines", "publish_heads"}  # rules whose results are written by hand
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
    write_rung(root)
    write_test(root)
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


def write_rung(root: Path) -> None:
    """A rung after the second epoch, at which the other setting fell behind."""
    for (setting, seed), correct in CORRECT.items():
        result = {"setting": setting, "seed": seed, "validation": score(correct)}
        write_json(root / "rungs/1" / f"{setting}-seed{seed}.json", result)


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
    (root / "tokens").mkdir()
    for split in ("train", "validation", "test"):
        tokens = {"input_ids": [[101, 102]] * (COUNT - 1) + [[1] * 22], "cut": False}
        pd.DataFrame(tokens).to_parquet(root / "tokens" / f"{split}.parquet", index=False)
    write_json(root / "test/scorings.json", [{"data": "test data", "setting": "base", "models": {"1": "m", "2": "n"}}])
    write_json(root / "baselines.json", {"majority": {split: score(20) for split in ("train", "validation", "test")}})
    write_json(root / "model.json", {"source": {"package": "p"}, "files": {"model.safetensors": "0" * 64}})
    write_json(root / "attention/attention.json", {"tolerance": 1e-6})
    write_json(root / "attention/heads.json", {"count": 2})


def calls_of(root: Path, write_up: Path, **revision: Any) -> list[Call]:
    """What every rule is called with that makes a result here, each after those that it follows."""

    def at(*names: str) -> dict[str, Any]:
        """Files of the results folder, each by its name without folder and ending."""
        return {Path(name).stem.replace("-", "_"): str(root / name) for name in names}

    def values(rule: str) -> dict[str, Any]:
        return {"values": str(root / f"values/{rule}.json")}

    def of_runs(name: str) -> list[str]:
        return list(map(str, runs(root, name)))

    def figure(stem: str, prefix: str = "") -> dict[str, Any]:
        return {f"{prefix}{kind}": str(root / f"figures/{stem}.{kind}") for kind in ("png", "svg", "csv")}

    def table(stem: str) -> str:
        return str(root / f"tables/{stem}.csv")

    rungs = {"results": [str(root / f"rungs/1/{setting}-seed{seed}.json") for setting, seed in CORRECT], "before": []}
    prediction = of_runs("predictions.parquet")
    found = [
        Call("prune_settings", rungs, {"decision": str(root / "rungs/1.json")}, {"rung": 1, "epochs": 2} | HALVING),
        Call(
            "gather_runs",
            {"metrics": of_runs("metrics.json")},
            at("runs.json") | {"table": str(root / "runs.csv")},
            {},
        ),
        Call("select_setting", at("runs.json"), at("selection.json"), PLANNED | {"metric": "accuracy"}),
        Call(
            "summarise_sweep",
            at("runs.json") | {"rungs": [str(root / "rungs/1.json")]},
            at("sweep.json")
            | {"settings_table": table("hyperparam"), "expected_table": table("expected")}
            | values("summarise_sweep"),
            PLANNED | {"name": "try", "named": SETTINGS, "excluded": {}, "metric": "accuracy"},
        ),
        Call(
            "compare_settings",
            {"predictions": prediction} | at("data/summary.json", "selection.json"),
            at("comparisons.json"),
            {"settings": SETTINGS, "named": SETTINGS},
        ),
        Call(
            "keep_ledger",
            at("data/summary.json", "runs.json", "test/scorings.json", "baselines.json") | {"predictions": prediction},
            at("ledger.json") | values("keep_ledger"),
            {},
        ),
        Call("publish_baselines", at("baselines.json"), values("publish_baselines"), {}),
        Call("publish_heads", {"summary": str(root / "attention/heads.json")}, values("publish_heads"), {}),
        Call("demonstrate_attention", {}, at("attention/attention.json") | values("demonstrate_attention"), {}),
        Call(
            "describe_data",
            at("data/summary.json", "model.json", *(f"tokens/{split}.parquet" for split in SPLITS)),
            at("data/description.json") | values("describe_data"),
            {"max_length": 16},
        ),
        Call(
            "summarise_curves",
            {"histories": of_runs("history.csv")} | at("selection.json"),
            at("curves.csv", "overfitting.json")
            | {"accuracy_table": table("graph"), "loss_table": table("loss"), "validation_table": table("curves")}
            | values("summarise_curves"),
            {"baseline": SETTINGS[0]},
        ),
        Call(
            "summarise_seeds",
            {
                "metrics": of_runs("metrics.json"),
                "timings": of_runs("timing.json"),
                "test_metrics": str(root / "test/metrics.json"),
            }
            | at("selection.json"),
            at("seeds.json") | {"confusion_table": table("confusion")} | values("summarise_seeds"),
            {"settings": SETTINGS},
        ),
        Call(
            "score_slices",
            at("data/test.parquet", "test/predictions.parquet") | {"baselines": str(root / "baselines/test.parquet")},
            at("slices.json") | values("score_slices"),
            {"columns": ["kind"]},
        ),
        Call(
            "plot_curves",
            {"graph_table": table("graph"), "loss_table": table("loss")},
            figure("graph", "graph_") | figure("loss", "loss_"),
            {},
        ),
        Call("plot_confusion", {"table": table("confusion")}, figure("confusion"), {}),
    ]
    publishers = [call for call in found if "values" in call.outputs]
    sources = [path for call in publishers for path in [*listed(call.inputs), *listed(call.outputs)]]
    drawn = [path for call in found for path in listed(call.outputs) if "/figures/" in path]
    rendering = at("values.json", "manifest.json", "selection.json", "data/summary.json", "ledger.json")
    rendering |= at("comparisons.json", "curves.csv") | {"write_up": str(write_up), "figures": drawn}
    rendering |= {"tables": [table(Path(path).stem) for path in drawn if path.endswith(".csv")], "bibliography": []}
    rendering |= {f"{kind}_template": str(ROOT / f"report/template.{end}") for kind, end in TEMPLATES.items()}
    return [
        *found,
        Call(
            "collect_values",
            {
                "published": [str(call.outputs["values"]) for call in publishers],
                "sources": [path for path in sources if path.endswith(".json") and "/values/" not in path],
            },
            at("values.json", "reference.json"),
            {"references": []},
        ),
        Call(
            "render_write_up",
            rendering | {"css": str(ROOT / "report/style.css")},
            {"carried": str(root / "write-up.json"), "checks": str(root / "checks.json")}
            | {name: str(root / f"write-up.{end}") for name, end in FORMS.items()},
            {"settings": SETTINGS, "failed_runs": "refuse", "pdf_engine": "typst"} | REVISION | revision,
        ),
    ]


def finish(root: Path, write_up: Path, changed: dict[str, Any], **revision: Any) -> None:
    """Make all that follows from the results written by hand, write the manifest and render the report."""
    *calls, rendering = calls_of(root, write_up, **revision)
    for call in calls:
        if call.rule in WRITTEN:
            call.publish()
        else:
            call.run()
    settings = [{"name": name} for name in SETTINGS]
    config = {"name": "try", "seeds": SEEDS, "defaults": {"epochs": 3}, "settings": settings}
    config["report"] = {"timings": True}
    stamps = {path.stem: stamp(path) for path in sorted((ROOT / "scripts").glob("*.py"))}
    later = ("write-up", "manifest", "checks")
    files = [path for path in root.rglob("*") if path.is_file() and not path.name.startswith(later)]
    named = {call.rule: vars(call.moved(str(root), Path("results/try"))) for call in [*calls, rendering]}
    write_manifest(
        files, [], root / "manifest.json", config | changed, stamps, named, root=str(root), **REVISION | revision
    )
    rendering.run()
    assert read_json(root / "checks.json")["reasons"] == []
