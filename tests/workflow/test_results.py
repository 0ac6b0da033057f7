"""The results of a whole run: all there, and the numbers right when they are worked out again another way."""

import json
from pathlib import Path
from typing import Any

from finetune_report.cli.causes import lineage_of
from finetune_report.files import sha256
from finetune_report.report.keys import join
from tests.support.projects import Project

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from transformers import AutoModelForSequenceClassification, AutoTokenizer

SPLITS = {"train": 70, "validation": 28, "test": 28}
LABELS = ["negative", "positive"]
# What the workflow keeps for itself.
BESIDE = {"logs", "checkpoints", "records", "locks", "lock", "journal.log", "test-ledger.jsonl"}
PROBABILITIES = [f"p_{label}" for label in LABELS]
FIGURES = [
    "graph",
    "loss",
    "hyperparam",
    "differences",
    "expected",
    "confusion",
    "calibration",
    "attention-sweep",
    "attention-error",
    "heads",
]
HISTORY = [
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "learning_rate",
    "train_sample",
]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def runs_of(project: Project) -> list[Path]:
    return [project.results / "runs" / setting["name"] / "seed1" for setting in project.read_config()["settings"]]


def test_whoever_may_read_the_folder_may_read_the_results(finished: Project) -> None:
    """The weights too, so that somebody else can verify the report."""
    mode = (finished.results / "values.json").stat().st_mode
    assert {path.name for path in finished.results.glob("runs/*/*/model/*") if path.stat().st_mode != mode} == set()


def test_every_file_of_the_contract_is_there(finished: Project) -> None:
    run = [
        "history.csv",
        "metrics.json",
        "timing.json",
        "predictions.parquet",
        "epochs.parquet",
        "model/model.safetensors",
    ]
    expected = [
        *(f"data/{split}.parquet" for split in SPLITS),
        "data/summary.json",
        *(f"{folder.relative_to(finished.results)}/{name}" for folder in runs_of(finished) for name in run),
        *(
            "selection.json",
            "test/metrics.json",
            "test/predictions.parquet",
            "baselines.json",
            "comparisons.json",
            "corrected.json",
            "test/comparisons.json",
        ),
        *(
            "runs.json",
            "runs.csv",
            "sweep.json",
            "ledger.json",
            "test/scorings.json",
            "test-ledger.jsonl",
            "write-up.json",
        ),
        *("attention/attention.json", "attention/heads.csv", "attention/heads.json"),
        *(f"figures/{stem}.{kind}" for stem in FIGURES for kind in ("png", "svg", "csv")),
        *("values.json", "checks.json", "manifest.json", "write-up.md", "write-up.html", "write-up.pdf"),
    ]
    assert [name for name in expected if not (finished.results / name).stat().st_size] == []


def test_the_splits_are_the_files_that_were_given(finished: Project) -> None:
    summary = read(finished.results / "data/summary.json")
    assert summary["labels"] == LABELS
    for split, rows in SPLITS.items():
        given = pd.read_csv(finished.root / "data/tiny" / f"{split}.csv", keep_default_na=False)
        table = pd.read_parquet(finished.results / "data" / f"{split}.parquet")
        assert list(table) == ["id", "text", "label", "phenomenon"]
        assert table["id"].is_unique
        assert table["text"].tolist() == given["text"].tolist()
        assert [LABELS[label] for label in table["label"]] == given["label"].tolist()
        assert table["phenomenon"].tolist() == given["phenomenon"].tolist()
        assert summary["splits"][split]["rows"] == len(table) == rows
        assert summary["splits"][split]["classes"] == given["label"].value_counts().to_dict()


def test_histories_and_metrics_of_every_run(finished: Project) -> None:
    settings = {setting.pop("name"): setting for setting in finished.read_config()["settings"]}
    for folder in runs_of(finished):
        history, metrics = pd.read_csv(folder / "history.csv"), read(folder / "metrics.json")
        setting = settings[folder.parent.name]
        assert list(history) == HISTORY
        assert history["epoch"].tolist() == list(range(1, setting["epochs"] + 1))
        assert metrics["setting"] == folder.parent.name
        assert metrics["hyperparameters"] | setting == metrics["hyperparameters"]
        assert (metrics["seed"], metrics["threads"], metrics["precision"], metrics["device"]) == (1, 1, "fp32", "cpu")
        steps = -(-SPLITS["train"] // setting["batch_size"])
        assert metrics["steps"] == steps * setting["epochs"]
        ranked = history.sort_values(["validation_accuracy", "validation_loss"], ascending=[False, True])
        best = ranked.iloc[0]
        assert metrics["best_epoch"] == best["epoch"]
        for split in ("train", "validation"):
            assert metrics[split]["accuracy"] == best[f"{split}_accuracy"]
            assert metrics[split]["loss"] == best[f"{split}_loss"]
            assert metrics[split]["count"] == SPLITS[split]
        timing = read(folder / "timing.json")
        assert timing["seconds"] == pytest.approx(sum(timing["epoch_seconds"]))
        trained = SPLITS["train"] * setting["epochs"]
        assert timing["examples_per_second"] == pytest.approx(trained / timing["seconds"])


def test_validation_metrics_follow_from_the_predictions(finished: Project) -> None:
    data = pd.read_parquet(finished.results / "data/validation.parquet")
    for folder in runs_of(finished):
        table, metrics = pd.read_parquet(folder / "predictions.parquet"), read(folder / "metrics.json")
        assert list(table) == ["id", "label", "prediction", *PROBABILITIES]
        assert table[["id", "label"]].equals(data[["id", "label"]])
        check_scores(table, metrics["validation"])


def test_test_metrics_follow_from_the_predictions(finished: Project) -> None:
    data = pd.read_parquet(finished.results / "data/test.parquet")
    table = pd.read_parquet(finished.results / "test/predictions.parquet")
    metrics = read(finished.results / "test/metrics.json")
    assert list(table) == ["seed", "id", "label", "prediction", *PROBABILITIES]
    assert table[["id", "label"]].equals(data[["id", "label"]])
    check_scores(table, metrics)
    assert metrics["confusion"] == confusion_matrix(table["label"], table["prediction"]).tolist()
    values = read(finished.results / "values.json")
    for phenomenon, rows in table.groupby(data["phenomenon"]):
        accuracy = accuracy_score(rows["label"], rows["prediction"])
        assert values[join("slices", "phenomenon", phenomenon, "accuracy")]["value"] == pytest.approx(accuracy)
        assert values[join("slices", "phenomenon", phenomenon, "count")]["value"] == len(rows)


def check_scores(table: pd.DataFrame, metrics: dict[str, Any]) -> None:
    assert table["prediction"].nunique() == len(LABELS)  # or there would be nothing to get wrong
    assert (table[PROBABILITIES].to_numpy().argmax(axis=1) == table["prediction"]).all()
    assert metrics["accuracy"] == pytest.approx(accuracy_score(table["label"], table["prediction"]), abs=1e-12)
    assert metrics["correct"] == accuracy_score(table["label"], table["prediction"], normalize=False)
    probabilities = table[PROBABILITIES].to_numpy(dtype=np.float64)
    loss = log_loss(table["label"], probabilities / probabilities.sum(axis=1, keepdims=True))
    assert metrics["loss"] == pytest.approx(loss, abs=1e-5)


def test_the_selected_setting_is_the_best_by_validation(finished: Project) -> None:
    selection = read(finished.results / "selection.json")
    metrics = [read(folder / "metrics.json") for folder in runs_of(finished)]
    best = max(metrics, key=lambda row: (row["validation"]["accuracy"], -row["validation"]["loss"]))
    assert selection["winner"] == best["setting"] == read(finished.results / "test/metrics.json")["setting"]
    assert selection["planned"] == len(selection["runs"]) == len(metrics)


def test_tuned_models_load_and_predict_the_same_again(finished: Project) -> None:
    winner = read(finished.results / "selection.json")["winner"]
    for folder in runs_of(finished):
        check_predictions(
            folder / "model", finished.results / "data/validation.parquet", folder / "predictions.parquet"
        )
    tuned = finished.results / "runs" / winner / "seed1" / "model"
    check_predictions(tuned, finished.results / "data/test.parquet", finished.results / "test/predictions.parquet")


@torch.no_grad()
def check_predictions(tuned: Path, data: Path, predictions: Path) -> None:
    """One text at a time and without padding, as a stranger would load the model."""
    model = AutoModelForSequenceClassification.from_pretrained(tuned).eval()
    tokenizer = AutoTokenizer.from_pretrained(tuned)
    assert [model.config.id2label[number] for number in range(len(LABELS))] == LABELS
    stored = pd.read_parquet(predictions)
    for text, expected in zip(pd.read_parquet(data)["text"], stored[PROBABILITIES].to_numpy(), strict=True):
        inputs = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
        probabilities = model(**inputs).logits.softmax(dim=-1)[0].numpy()
        np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_figures_plot_what_the_runs_recorded(finished: Project) -> None:
    figures = finished.results / "figures"
    folders = runs_of(finished)
    baseline = pd.read_csv(folders[0] / "history.csv")
    for stem, measure in (("graph", "accuracy"), ("loss", "loss")):
        columns = ["epoch", f"train_{measure}", f"validation_{measure}"]
        pd.testing.assert_frame_equal(pd.read_csv(figures / f"{stem}.csv")[columns], baseline[columns])
    curves = pd.read_csv(figures / "hyperparam-curves.csv").set_index("setting")
    final = pd.read_csv(figures / "hyperparam.csv").set_index(["setting", "split"])
    assert len(final) == 2 * len(folders)
    for folder in folders:
        name, metrics = folder.parent.name, read(folder / "metrics.json")
        recorded = pd.read_csv(folder / "history.csv")["validation_accuracy"]
        assert curves.loc[name, "validation_accuracy"].tolist() == recorded.tolist()
        for split in ("train", "validation"):
            row = final.loc[name, split]
            assert row["accuracy"] == metrics[split]["accuracy"]
            assert row["low"] < row["accuracy"] < row["high"]
    confusion = pd.read_csv(figures / "confusion.csv").pivot(index="true", columns="predicted", values="count")
    assert (
        confusion.loc[LABELS, LABELS].to_numpy().tolist() == read(finished.results / "test/metrics.json")["confusion"]
    )
    heads = pd.read_csv(finished.results / "attention/heads.csv")
    shown = pd.read_csv(figures / "heads.csv")
    pd.testing.assert_frame_equal(shown, heads[list(shown)])


def test_values_stand_in_the_files_that_they_name(finished: Project) -> None:
    values, lineage = read(finished.results / "values.json"), lineage_of(read(finished.results / "manifest.json"))
    followed = 0
    for key, entry in values.items():
        source = finished.results / entry["source"]
        assert lineage.maker(entry["source"]) or entry["source"] == "reference.json", key  # which `why` names
        assert source.is_file(), key
        found = at(read(source), entry["pointer"]) if source.suffix == ".json" else None
        if isinstance(found, int | float | str):
            followed += 1
            assert found == entry["value"], key
    assert followed > 0.8 * len(values)


def at(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to."""
    for part in (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def test_the_manifest_has_the_hash_of_every_result(finished: Project) -> None:
    manifest = read(finished.results / "manifest.json")
    made_later = {"manifest.json", "checks.json", "write-up.md", "write-up.html", "write-up.pdf", "write-up.json"}
    results = {
        path.relative_to(finished.results).as_posix()
        for path in finished.results.rglob("*")
        if path.is_file() and path.name != ".snakemake_timestamp"
    }
    expected = {name for name in results - made_later if name.split("/")[0] not in BESIDE}
    expected = {name for name in expected if not name.endswith("timing.json")}  # as the config has it
    assert set(manifest["files"]) == expected
    assert all(sha256(finished.results / name) == digest for name, digest in manifest["files"].items())
    assert (manifest["experiment"], manifest["dirty"]) == ("tiny", False)


def test_a_second_run_does_nothing(project: Project) -> None:
    before = times_of_change(project)
    done = project.plan("--cores", "1")
    assert done.returncode == 0, done.stderr
    assert "Nothing to be done" in done.stdout + done.stderr
    assert times_of_change(project) == before


def times_of_change(project: Project) -> dict[Path, int]:
    paths = [path for path in project.results.iterdir() if path.name not in BESIDE]
    return {path: path.stat().st_mtime_ns for top in paths for path in (top, *top.rglob("*"))}
