"""The level `metrics`: everything that follows from predictions and labels, computed again and compared.

Two ways: a rule that needs no model is run again on the results that it read, and has to give the same bytes; metrics
that a job with a model wrote are computed here from the predictions that it wrote, by code of their own.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from math import isnan
from pathlib import Path
from statistics import fmean
from typing import Any

from finetune_report.cli.builds import Build
from finetune_report.config.settings import resolved_settings
from finetune_report.config.study import is_study
from finetune_report.config.test_systems import declared_systems, has_test_scores
from finetune_report.files import read_json
from finetune_report.provenance.layout import Layout, listed
from finetune_report.provenance.test_ledger import predictions_fingerprints
from finetune_report.stats.calibration import BINS
from finetune_report.stats.epochs import by_epoch, read_epochs
from finetune_report.stats.metrics import METRICS, Outcome, by_class, intervals, measured, whole
from finetune_report.stats.run_scores import clusters_of
from finetune_report.stats.selection import sort_key
from finetune_report.stats.systems import class_metrics

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

# Probabilities are stored in single precision: a loss or calibration error that was computed before is this near.
ROUNDING = 1e-6
SMALLEST = float(np.finfo(np.float32).tiny)  # a probability stored as less has lost its digits
TEXT_RULES = ("collect_values", "render_write_up")  # of the level `text`

Json = dict[str, Any]


def metric_complaints(build: Build) -> Iterator[str]:
    """A sentence for each result that does not follow from the others; `build` is a scratch copy."""
    root, layout = build.root, build.layout
    for name in layout.light:
        if name not in TEXT_RULES:
            yield from guarded(name, rerun_complaints, build, name)
    if is_study(layout.config):
        return  # its experiments are verified each by itself
    for setting in layout.settings:
        for seed in layout.seeds:
            yield from guarded(layout.run(setting, seed), run_complaints, build, setting, seed)
    yield from guarded("the results at the rungs", rung_complaints, root, layout)
    if has_test_scores(layout.config):
        yield from guarded("test/metrics.json", test_complaints, build)
    labelled = layout.labelled_splits
    yield from guarded("baselines.json", baseline_complaints, root, labelled[1:])
    yield from guarded("data/summary.json", data_complaints, root, labelled)


def guarded(what: str, complaints: Callable[..., Iterable[str]], *given: Any, **named: Any) -> Iterator[str]:
    """Complaints; where results are not even of the right form, that is the complaint."""
    try:
        yield from complaints(*given, **named)
    except Exception as error:  # results of a stranger can stop a script in any way
        reason = " ".join(str(error).split())[:200]
        yield f"cannot be computed again: {what} ({reason or type(error).__name__})"


def rerun_complaints(build: Build, name: str) -> Iterator[str]:
    """What a rule gives now that differs from what it gave."""
    call = build.layout.calls[name]
    before = {output: (build.root / output).read_bytes() for output in listed(call.outputs)}
    try:
        call.run(build.root)
        differing = [output for output, kept in before.items() if (build.root / output).read_bytes() != kept]
    finally:
        for output, kept in before.items():
            (build.root / output).write_bytes(kept)
    yield from (f"differs: {output} is not what {call.rule} makes of its inputs" for output in differing)


def run_complaints(build: Build, setting: str, seed: int) -> Iterator[str]:
    """A run against its predictions, its history, the config and the data."""
    root, layout = build.root, build.layout
    folder = layout.run(setting, seed)
    found, name = read_json(root / folder / "metrics.json"), f"{folder}/metrics.json"
    labels = read_json(root / "data/summary.json")["labels"]
    table = pd.read_parquet(root / folder / "predictions.parquet")
    yield from prediction_complaints(f"{folder}/predictions.parquet", table, root / "data/validation.parquet", labels)
    true, chances = table["label"].to_numpy(), probabilities(table, labels)
    details = {"classes": by_class(true, predictions(table), labels), "intervals": intervals(true, predictions(table))}
    yield from unlike(f"{name} /validation", found["validation"], summary(true, chances) | details, chances)
    files = build.manifest["files"]
    decisions = layout.decisions(layout.rungs[-1:])
    pruned = read_json(root / decisions[0])["pruned"].get(setting) if decisions else None
    rows = read_json(root / "data/summary.json")["splits"]["train"]["rows"]
    expected = {
        "setting": setting,
        "seed": seed,
        "hyperparameters": resolved_settings(layout.config)[setting],
        "streams": streams(layout.config, seed),
        "fingerprints": {
            "train": files["data/train.parquet"],
            "validation": files["data/validation.parquet"],
            "model": read_json(root / layout.of_model(setting) / "model.json")["fingerprint"],
        },
        "train_sample": layout.config["train_sample"] if layout.config["train_sample"] < rows else None,
        "status": status(found, true, pruned),
    } | ({"pruned": pruned} if pruned else {})
    yield from unlike(name, {key: found.get(key) for key in expected}, expected)
    yield from history_complaints(root / folder, found, layout.config["selection_metric"])
    yield from epoch_complaints(root / folder, table, found, layout.config["selection_metric"])


def streams(config: Json, seed: int) -> dict[str, int]:
    """The seed of each use of chance."""
    uses = ("weights", "order", "dropout")
    return {use: seed if use in config["seeds_vary"] else config["seeds"][0] for use in uses}


def status(found: Json, true: np.ndarray, pruned: Json | None) -> str:
    """As finetune has it: a run failed whose validation accuracy is no better than that of the majority class."""
    if found["diverged"]:
        return "diverged"
    if pruned:
        return "pruned"
    return "failed" if found["validation"]["correct"] <= np.bincount(true).max() else "trained"


def history_complaints(folder: Path, found: Json, metric: str) -> Iterator[str]:
    """The best epoch is the best of the history, and its metrics are those there."""
    with (folder / "history.csv").open(newline="", encoding="utf-8") as stream:
        rows = [{name: float(entry or "nan") for name, entry in row.items()} for row in csv.DictReader(stream)]
    name = f"{'/'.join(folder.parts[-3:])}/history.csv"
    best = [row for row in rows if row["epoch"] == found["best_epoch"]]
    if len(best) != 1 or len(rows) != found["epochs_run"]:
        yield f"differs: {name} has {len(rows)} epochs, {len(best)} of them the best of metrics.json"
        return
    sampled = found["train_sample"]
    if {None if isnan(row["train_sample"]) else row["train_sample"] for row in rows} != {sampled}:
        yield f"differs: the sample of the training split in {name} is not that of metrics.json"
    for split in ("train", "validation") if sampled is None else ("validation",):  # of a sample it may be otherwise
        for key in ("loss", "accuracy"):
            if best[0][f"{split}_{key}"] != found[split][key]:
                yield f"differs: the {split} {key} of the best epoch in {name} is not that of metrics.json"
    if metric in ("loss", "accuracy"):
        scores = [{key: row[f"validation_{key}"] for key in ("loss", "accuracy")} for row in rows]
        first = max(range(len(rows)), key=lambda place: sort_key(scores[place], metric))
        if rows[first]["epoch"] != found["best_epoch"]:
            yield f"differs: by {metric} the best epoch in {name} is not {found['best_epoch']}"


def epoch_complaints(folder: Path, table: pd.DataFrame, found: Json, metric: str) -> Iterator[str]:
    """What is kept of every epoch gives its scores in the history and, of the best one, the predictions."""
    name, true = f"{'/'.join(folder.parts[-3:])}/epochs.parquet", table["label"].to_numpy()
    kept, history = read_epochs(folder / "epochs.parquet"), pd.read_csv(folder / "history.csv")
    if kept.numbers != history["epoch"].tolist() or kept.predictions.shape[0] != len(true):
        yield f"differs: {name} has other epochs than history.csv, or other examples than predictions.parquet"
        return
    for key, allowed in (("accuracy", 0.0), ("loss", ROUNDING)):
        given, expected = history[f"validation_{key}"].to_numpy(), by_epoch(key, true, kept)
        for number in np.array(kept.numbers)[np.abs(given - expected) > allowed * (1 + np.abs(expected))]:
            yield f"differs: the validation {key} of epoch {number} in history.csv is not that of {name}"
    place = kept.numbers.index(found["best_epoch"])
    chances = table[[column for column in table.columns if str(column).startswith("p_")]].to_numpy(dtype=float)
    if (kept.predictions[:, place] != predictions(table)).any():
        yield f"differs: the predictions of the best epoch in {name} are not those of predictions.parquet"
    if np.abs(kept.confidences[:, place] - chances.max(axis=1)).max() > ROUNDING:
        yield f"differs: the probabilities of the best epoch in {name} are not those of predictions.parquet"
    scores = METRICS[metric].sign * by_epoch(metric, true, kept)
    if scores.max() - scores[place] > ROUNDING * (1 + abs(scores[place])):
        yield f"differs: by {metric} the best epoch in {name} is not {found['best_epoch']}"


def rung_complaints(root: Path, layout: Layout) -> Iterator[str]:
    """What a run had come to at a rung is what its history says of that epoch."""
    for rung, names in layout.rung_results.items():
        for name in names:
            found = read_json(root / name)
            epochs = layout.config["halving"]["rungs"][rung - 1]
            if "pruned" in found:
                continue  # the rerun of prune_settings sees to who was pruned
            folder = root / layout.run(found["setting"], found["seed"])
            with (folder / "history.csv").open(newline="", encoding="utf-8") as stream:
                rows = [row for row in csv.DictReader(stream) if int(row["epoch"]) == found["best_epoch"]]
            same = len(rows) == 1 and all(
                float(rows[0][f"validation_{key}"]) == found["validation"][key] for key in ("loss", "accuracy")
            )
            if not same or found["best_epoch"] > epochs:
                yield f"differs: {name} is not what the run's history says"


def test_complaints(build: Build) -> Iterator[str]:
    """Test metrics against test predictions, the selection, the data and the record of what was scored."""
    root, files = build.root, build.manifest["files"]
    found, labels = read_json(root / "test/metrics.json"), read_json(root / "data/summary.json")["labels"]
    table = pd.read_parquet(root / "test/predictions.parquet")
    groups = {int(str(seed)): rows for seed, rows in table.groupby("seed", sort=False)}
    if sorted(groups) != sorted(build.layout.seeds):
        yield f"differs: test/predictions.parquet has the seeds {sorted(groups)}, the config {build.layout.seeds}"
        return
    for rows in groups.values():
        yield from prediction_complaints("test/predictions.parquet", rows, root / "data/test.parquet", labels)
    winner = read_json(root / "selection.json")["winner"]
    chances = {seed: probabilities(rows, labels) for seed, rows in groups.items()}
    runs: list[Json] = [
        {"seed": seed}
        | summary(rows["label"].to_numpy(), chances[seed])
        | {"intervals": intervals(rows["label"].to_numpy(), predictions(rows))}
        for seed, rows in groups.items()
    ]
    true, predicted = table["label"].to_numpy(), predictions(table)
    expected = {
        "setting": winner,
        "labels": labels,
        **{name: fmean(run[name] for run in runs) for name in METRICS},
        **{name: whole(fmean(run[name] for run in runs)) for name in ("correct", "count")},
        "runs": runs,
        "classes": by_class(true, predicted, labels, len(runs)),
        "confusion": confusion_matrix(true, predicted, labels=range(len(labels))).tolist(),
        "fingerprint": files["data/test.parquet"],
    }
    yield from unlike("test/metrics.json", found, expected, np.concatenate(list(chances.values())))
    yield from other_complaints(build, winner)


def other_complaints(build: Build, winner: str) -> Iterator[str]:
    """The test predictions of the settings beside the winner that were declared; and the record of all scorings."""
    root, layout, name = build.root, build.layout, "test/settings.parquet"
    labels = read_json(root / "data/summary.json")["labels"]
    table = pd.read_parquet(root / name)
    declared = [setting for setting in declared_systems(layout.config) if setting in layout.settings]
    expected = [(setting, seed) for setting in declared if setting != winner for seed in layout.seeds]
    groups = dict(list(table.groupby(["setting", "seed"], sort=False)))
    if sorted(groups) != sorted(expected):
        yield f"differs: {name} has {sorted(groups)}, the config declares {sorted(expected)}"
        return
    for rows in groups.values():
        yield from prediction_complaints(name, rows, root / "data/test.parquet", labels)
    known = read_json(root / "test/scorings.json")["scorings"]
    data = read_json(root / "data/summary.json")["splits"]["test"]["fingerprint"]
    scored = {
        setting: {str(seed): weights_of(build.manifest["files"], layout.run(setting, seed)) for seed in layout.seeds}
        for setting in dict.fromkeys([winner, *declared])
    }
    elsewhere = [root / "test/elsewhere.parquet"] if "read_predictions" in layout.calls else []
    scored |= {name: {"predictions": found} for name, found in predictions_fingerprints(elsewhere).items()}
    for name, models in scored.items():
        if {"data": data, "setting": name, "models": models} not in known:
            what = "predictions" if "predictions" in models else "weights"
            yield f"differs: test/scorings.json has no scoring of {name} with these {what} and test data"


def weights_of(files: dict[str, str], run: str) -> str:
    """As score_test has it: the hash of the weights, or of several files all hashes."""
    prefix = f"{run}/model/"
    names = sorted(name for name in files if name.startswith(prefix) and name.endswith(".safetensors"))
    return "+".join(files[name] for name in names)


def baseline_complaints(root: Path, splits: Iterable[str]) -> Iterator[str]:
    """The simple methods' metrics on these splits, from what they predict."""
    found = read_json(root / "baselines.json")
    for split in splits:
        table, data = (pd.read_parquet(root / f"{folder}/{split}.parquet") for folder in ("baselines", "data"))
        scored = [name for name, scores in found.items() if split in scores]
        if list(table["id"]) != list(data["id"]) or list(table["label"]) != list(data["label"]):
            yield f"differs: baselines/{split}.parquet is not about the examples of data/{split}.parquet"
        methods = set(table.columns) - {"id", "label"}
        if methods != set(scored):
            yield f"differs: baselines/{split}.parquet has other methods than baselines.json"
            continue
        true, clusters = table["label"].to_numpy(), clusters_of(data)
        for method in scored:
            expected = class_metrics(true, table[method].to_numpy(), clusters)
            yield from unlike(f"baselines.json /{method}/{split}", found[method][split], expected)


def data_complaints(root: Path, splits: Iterable[str]) -> Iterator[str]:
    """Rows and classes of these splits, from the data."""
    found = read_json(root / "data/summary.json")
    for split in splits:
        labels = pd.read_parquet(root / f"data/{split}.parquet", columns=["label"])["label"].to_numpy()
        counts = np.bincount(labels, minlength=len(found["labels"]))
        expected = {"rows": len(labels), "classes": dict(zip(found["labels"], map(int, counts), strict=True))}
        kept = {key: found["splits"][split][key] for key in expected}
        yield from unlike(f"data/summary.json /splits/{split}", kept, expected)


def prediction_complaints(name: str, table: pd.DataFrame, data: Path, labels: list[str]) -> Iterator[str]:
    """Predictions must be about the split's examples, with its labels, and be the likeliest class."""
    examples = pd.read_parquet(data, columns=["id", "label"])
    if list(table["id"]) != list(examples["id"]) or list(table["label"]) != list(examples["label"]):
        yield f"differs: {name} is not about the examples and labels of data/{data.name}"
    chances = probabilities(table, labels)
    if not np.isfinite(chances).all() or np.abs(chances.sum(axis=1) - 1).max() > ROUNDING * len(labels):
        yield f"differs: the probabilities in {name} do not add up to 1"
    chosen = chances[np.arange(len(table)), predictions(table)]
    if (chosen < chances.max(axis=1)).any():
        yield f"differs: a prediction in {name} is not the class of the highest probability"


def probabilities(table: pd.DataFrame, labels: list[str]) -> np.ndarray:
    return table[[f"p_{label}" for label in labels]].to_numpy(dtype=float)


def predictions(table: pd.DataFrame) -> np.ndarray:
    return table["prediction"].to_numpy()


def summary(true: np.ndarray, chances: np.ndarray) -> dict[str, float | int]:
    """The metrics of a split, from labels [n] and probabilities [n, classes]."""
    predicted, count = chances.argmax(axis=1), len(true)
    with np.errstate(divide="ignore"):
        losses = -np.log(chances[np.arange(count), true])
    counts = {"correct": int((predicted == true).sum()), "count": count}
    return measured(Outcome(true, predicted, chances, losses)) | counts


def unlike(name: str, found: Any, expected: Any, chances: np.ndarray | None = None, key: str = "") -> Iterator[str]:
    """Where something differs from what is expected; a loss or calibration error may, by the rounding of `chances`."""
    if isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        for part in expected:
            yield from unlike(
                f"{name}/{part}" if "/" in name else f"{name} {part}", found[part], expected[part], chances, part
            )
    elif isinstance(expected, list | tuple) and isinstance(found, list) and len(found) == len(expected):
        for place, part in enumerate(expected):
            yield from unlike(f"{name}/{place}", found[place], part, chances, key)
    elif chances is not None and key in ("loss", "calibration_error"):
        if not near(found, expected, key, chances):
            yield f"differs: {name} is {found}; its predictions give {expected:.6g}"
    elif found != expected or isinstance(found, bool) != isinstance(expected, bool):
        yield f"differs: {name} is {shown(found)}; it has to be {shown(expected)}"


def near(found: Any, expected: float, key: str, chances: np.ndarray) -> bool:
    """Whether a number is what it can have been before the probabilities were rounded to single precision."""
    if not isinstance(found, float | int) or isinstance(found, bool) or not np.isfinite(found):
        return False
    allowed = ROUNDING * (1 + abs(expected))
    if key == "loss" and (chances < SMALLEST).any():
        return bool(found > 0)  # a probability that was stored as 0 had any loss
    if key == "calibration_error":  # a confidence at the edge of a bin may have been in the next one
        confidence = chances.max(axis=1) * BINS
        allowed += 2 * float((np.abs(confidence - np.round(confidence)) < ROUNDING * BINS).sum()) / len(chances)
    return bool(abs(found - expected) <= allowed)


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
