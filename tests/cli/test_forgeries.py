"""Forged results whose manifest, records and report are all consistent: each is found, at the level that covers it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finetune_report.files import read_json, sha256, write_json
from finetune_report.stats.metrics import by_class
from tests.support.builds import COUNT, LABELS, conclude, git, own_layout, render, rerun, score
from tests.support.commands import verify

import numpy as np
import pandas as pd
import pytest
from compare_settings import publish

Forgery = Callable[[Path], None]


def edit(root: Path, name: str, change: Callable[[Any], None]) -> None:
    document = read_json(root / name)
    change(document)
    write_json(root / name, document)


def values(root: Path) -> None:
    """A number in values.json, and in the report."""

    def change(document: Any) -> None:
        document["winner.test.accuracy"]["value"] = 0.975

    edit(root, "values.json", change)


def metrics_of_test(root: Path) -> None:
    edit(root, "test/metrics.json", lambda document: document.update(accuracy=0.975, correct=39))
    rerun(root, "summarise_seeds", "plot_confusion", "collect_values")


def predictions_of_test(root: Path) -> None:
    """All right, with an accuracy of 1, and the interval of before."""
    table = pd.read_parquet(root / "test/predictions.parquet")
    table["prediction"] = table["label"]
    table.to_parquet(root / "test/predictions.parquet", index=False)
    edit(root, "test/metrics.json", lambda document: document.update(accuracy=1.0, correct=COUNT))
    rerun(root, "summarise_seeds", "score_slices", "list_mistakes", "collect_values")


def validation_metrics(root: Path) -> None:
    """A run's validation metrics, with all that is gathered from them."""
    for seed in (1, 2):

        def change(document: Any) -> None:
            document["validation"] |= {"accuracy": 0.975, "correct": 39}

        edit(root, f"runs/base/seed{seed}/metrics.json", change)
    rerun(root)


def comparison(root: Path) -> None:
    edit(root, "comparisons.json", lambda document: document["pairs"]["base"]["other"].update(p=1e-12))
    publish(root / "comparisons.json", root / "values/compare_settings.json")
    rerun(root, "collect_values")


def selection(root: Path) -> None:
    """Another winner than the rule gives, tested as the winner."""
    edit(root, "selection.json", lambda document: document.update(winner="other"))
    edit(root, "test/metrics.json", lambda document: document.update(setting="other"))
    rerun(root, "summarise_seeds", "collect_values")


def flipped_labels(root: Path) -> None:
    """Labels of the test predictions turned where they were wrong; the metrics are those of the turned labels."""
    table = pd.read_parquet(root / "test/predictions.parquet")
    table["label"] = table["prediction"]
    table.to_parquet(root / "test/predictions.parquet", index=False)
    true = table["label"].to_numpy()
    perfect, classes = score(COUNT), by_class(true, true, LABELS, 2)
    runs = [{"seed": seed} | perfect for seed in (1, 2)]
    edit(root, "test/metrics.json", lambda document: document.update(perfect, runs=runs, classes=classes))
    rerun(root, "summarise_seeds", "score_slices", "list_mistakes", "collect_values")


def hyperparameters(root: Path) -> None:
    """A run of another learning rate passed off as the setting."""
    for seed in (1, 2):
        edit(root, f"runs/base/seed{seed}/metrics.json", lambda document: document["hyperparameters"].update(epochs=30))
    rerun(root)


def epoch(root: Path) -> None:
    """The best epoch moved to one that looks less overfitted."""
    for seed in (1, 2):
        edit(root, f"runs/base/seed{seed}/metrics.json", lambda document: document.update(best_epoch=1))
    rerun(root)


def curve(root: Path) -> None:
    """The loss of the best epoch, in the history alone, and the figures drawn from it."""
    for seed in (1, 2):
        path = root / f"runs/base/seed{seed}/history.csv"
        table = pd.read_csv(path)
        table.loc[1, "validation_loss"] = 0.001
        table.to_csv(path, index=False)
    rerun(root)


def status(root: Path) -> None:
    """A run that failed, no better than the majority class, passed off as one that was trained."""
    edit(
        root,
        "runs/other/seed1/metrics.json",
        lambda document: [document.pop("pruned"), document.update(status="trained")],
    )
    rerun(root)


def figure(root: Path) -> None:
    """Another picture in the place of a figure, whose data stay."""
    shutil.copy(root / "figures/loss.svg", root / "figures/graph.svg")
    shutil.copy(root / "figures/loss.png", root / "figures/graph.png")


def scoring(root: Path) -> None:
    """Test predictions of weights that are not those of the winner."""
    edit(root, "test/scorings.json", lambda document: document["scorings"][0]["models"].update({"1": "0" * 64}))


def interval(root: Path) -> None:
    """The interval of a run's metrics, narrowed."""
    edit(
        root,
        "runs/base/seed1/metrics.json",
        lambda document: document["validation"]["intervals"].update(macro_f1=[0.94, 0.96]),
    )
    rerun(root)


def probabilities(root: Path) -> None:
    """Predictions that do not follow from their probabilities."""
    path = root / "runs/base/seed1/predictions.parquet"
    table = pd.read_parquet(path)
    table[[f"p_{label}" for label in LABELS]] = np.float32([0.6, 0.6])
    table.to_parquet(path, index=False)
    rerun(root)


def other_epochs(root: Path) -> None:
    """Epochs that were not selected, made so bad that luck has no part in the best one."""
    path = root / "runs/base/seed1/epochs.parquet"
    table = pd.read_parquet(path)
    table.loc[table["epoch"] != 2, "prediction"] = 0
    table.to_parquet(path, index=False)
    rerun(root)


FORGERIES: dict[str, tuple[Forgery, str, str]] = {
    "values.json": (values, "text", "values.json is not what the other results give"),
    "test/metrics.json": (metrics_of_test, "metrics", "test/metrics.json/accuracy is 0.975"),
    "test/predictions.parquet": (predictions_of_test, "metrics", "is not the class of the highest probability"),
    "a run's metrics": (validation_metrics, "metrics", "/validation/accuracy is 0.975"),
    "a comparison": (comparison, "metrics", "comparisons.json is not what compare_settings makes"),
    "the selection": (selection, "metrics", "selection.json is not what select_setting makes"),
    "test labels": (flipped_labels, "metrics", "not about the examples and labels of data/test.parquet"),
    "hyperparameters": (hyperparameters, "metrics", "hyperparameters"),
    "the best epoch": (epoch, "metrics", "the best epoch in runs/base/seed1/history.csv is not 1"),
    "a curve": (curve, "metrics", "validation loss of the best epoch in runs/base/seed1"),
    "a failed run": (status, "metrics", "status is 'trained'"),
    "a figure": (figure, "metrics", "figures/graph.png is not what plot_curves makes"),
    "a scoring": (scoring, "metrics", "no scoring of base with these weights"),
    "an interval": (interval, "metrics", "intervals"),
    "other epochs": (other_epochs, "metrics", "the validation accuracy of epoch 1 in history.csv is not that of"),
    "probabilities": (probabilities, "metrics", "do not add up to 1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", FORGERIES)
def test_a_consistent_forgery_is_found(root: Path, case: str) -> None:
    forge, level, said = FORGERIES[case]
    forge(root)
    manifest = read_json(root / "manifest.json")
    layout = own_layout(root)
    write_json(
        root / "manifest.json",
        manifest | {"files": manifest["files"] | {n: sha256(root / n) for n in layout.named_files}},
    )
    render(root)
    done = verify(root, "write-up.pdf")
    assert done.returncode == 1, done.stdout
    assert said in done.stdout, done.stdout
    assert f"{level:11}  NOT verified" in done.stdout
    before = ["bytes", "text", "metrics"][: ["bytes", "text", "metrics"].index(level)]
    assert all(f"{name:11}  verified" in done.stdout for name in before)  # so the forgery was consistent


@pytest.mark.slow
def test_a_forged_commit_is_found(root: Path) -> None:
    """A report of changes that were not committed, said to be of a commit."""
    write_up = root.parents[1] / "write-up.md"
    write_up.write_text(write_up.read_text() + "\nNot committed.\n")
    conclude(root, dirty=False)
    done = verify(root, "write-up.pdf")
    assert done.returncode == 1
    assert "write-up.md is not what the commit holds" in done.stdout
    git(root.parents[1], "checkout", "write-up.md")
