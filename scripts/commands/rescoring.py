"""The level `predictions`: data and tokens are made again from the checkout's sources, and the weights score them.

On the machine that the report was made on the same bits have to come out, elsewhere the same numbers within TOLERANCE.
"""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from commands.builds import Build
from commands.recomputing import guarded, probabilities
from lib.batches import Examples, read_examples
from lib.compute import Compute, resolve_compute
from lib.files import canonical_json, read_json
from lib.forward import Forward
from lib.layout import BASELINES, DEMONSTRATED, SPLITS
from lib.model import Scores, load_classifier, score
from lib.sources import data_files, model_files
from torch import cuda, nn
from write_manifest import machine

# Of a probability, by the precision of matrix products: sums of floats depend on processor and library.
TOLERANCE = {"fp32": 1e-4, "bf16": 3e-2}


def rescored_complaints(build: Build, models: Path) -> Iterator[str]:
    """A sentence for each result that the data and the weights do not give again.

    `build` is a scratch copy; `models` is the results folder that holds the models, whose files have been hashed.
    """
    same = build.manifest["machine"] == machine()
    layout = build.layout
    yield from guarded("data", data_again, build)
    yield from guarded("model.json", model_again, build)
    for split in SPLITS:
        yield from guarded(f"tokens/{split}.parquet", tokens_again, build, split)
    yield from guarded("baselines.json", baselines_again, build)
    if same:
        given = {key: layout.config["attention"][key] for key in ("seed", "keys", "dimension")}
        yield from guarded("attention", made_again, build, "demonstrate_attention", DEMONSTRATED, **given)
        if layout.heads:
            yield from guarded("attention/heads.json", heads_again, build, models)
    winner = read_json(build.root / "selection.json")["winner"]
    for setting in layout.settings:
        for seed in layout.seeds:
            of_run = (setting, seed, same, setting == winner)
            yield from guarded(layout.run(setting, seed), run_again, build, models, *of_run)


DATA = {**{split: f"data/{split}.parquet" for split in SPLITS}, "summary": "data/summary.json"}
HEADS = {"heads": "attention/heads.csv", "summary": "attention/heads.json"}


def made_again(build: Build, rule: str, outputs: dict[str, str], **given: Any) -> Iterator[str]:
    """What a rule makes now that differs from what it made."""
    places = {name: build.root / "again" / path for name, path in outputs.items()}
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    importlib.import_module(rule).main(**given, **places)
    for name, made in outputs.items():
        if places[name].read_bytes() != (build.root / made).read_bytes():
            yield f"differs: {made} is not what {rule} makes here"


def data_again(build: Build) -> Iterator[str]:
    data = sorted_keys(build.layout.config["data"])
    return made_again(build, "prepare_data", DATA, sources=list(data_files(data).values()), data=data)


def model_again(build: Build) -> Iterator[str]:
    source = sorted_keys(build.layout.config["model"])
    again = build.root / "again/model.json"
    again.parent.mkdir(exist_ok=True)
    importlib.import_module("prepare_model").main(sources=model_files(source), model=again, source=source)
    found, here = read_json(build.root / "model.json"), read_json(again)
    for key in sorted({*found, *here} - {"path"}):  # which may lie elsewhere on another machine
        if found.get(key) != here.get(key):
            yield f"differs: {key} in model.json is not what prepare_model makes here"


def sorted_keys(entries: dict[str, Any]) -> dict[str, Any]:
    """A part of the config as it reaches a script."""
    return dict(json.loads(canonical_json(entries)))


def baselines_again(build: Build) -> Iterator[str]:
    places = {split: build.root / f"data/{split}.parquet" for split in SPLITS}
    return made_again(build, "score_baselines", BASELINES, **places, selection=build.root / "selection.json")


def tokens_again(build: Build, split: str) -> Iterator[str]:
    """The tokens of a split, by the model of this checkout."""
    root, name = build.root, f"tokens/{split}.parquet"
    given = {"data": root / f"data/{split}.parquet", "model": root / "again/model.json", "selection": []}
    return made_again(build, "tokenize_texts", {"tokens": name}, max_length=build.layout.config["max_length"], **given)


def heads_again(build: Build, models: Path) -> Iterator[str]:
    config, root = build.layout.config, build.root
    given: dict[str, Any] = {"selection": root / "selection.json"}
    given |= {"validation_tokens": root / "tokens/validation.parquet"}
    given |= {"tuned": [models / name for name in build.layout.models]}
    sizes = {"sentences": config["attention"]["sentences"], "threads": config["threads"]}
    return made_again(build, "measure_heads", HEADS, **given, **sizes)


def run_again(build: Build, models: Path, setting: str, seed: int, same: bool, tested: bool) -> Iterator[str]:
    """What the weights of one run predict now: on validation and training split, and on test if it was `tested`."""
    root, run = build.root, build.layout.run(setting, seed)
    found, labels = read_json(root / run / "metrics.json"), read_json(root / "data/summary.json")["labels"]
    compute, exact = compute_of(build.layout.config, found, same)
    model = load_classifier(models / run / "model", labels)
    nn.Module.to(model, compute.device)

    def scored(split: str) -> Scores:
        examples: Examples = read_examples(root / f"data/{split}.parquet", root / f"tokens/{split}.parquet")
        return score(Forward(model, examples, compute))

    yield from unlike_scores(f"{run}/predictions.parquet", root, scored("validation"), labels, compute, exact)
    if tested:
        yield from unlike_scores("test/predictions.parquet", root, scored("test"), labels, compute, exact, seed)
    train, limit = scored("train").summary(), 0.0 if exact else TOLERANCE[compute.precision]
    for name in ("loss", "accuracy"):
        if abs(train[name] - found["train"][name]) > limit * (1 + 10 * (name == "loss")):
            yield f"differs: {run}/metrics.json /train/{name} is {found['train'][name]}; its weights give {train[name]}"


def compute_of(config: dict[str, Any], found: dict[str, Any], same: bool) -> tuple[Compute, bool]:
    """Device and precision of a run as they can be had here, and whether the same bits are to be expected.

    Low-rank updates are merged into the weights after the run has predicted, which rounds.
    """
    device = "cuda" if found["device"] == "cuda" and cuda.is_available() else "cpu"
    precision = "bf16" if found["precision"] == "bf16" else "fp32"
    exact = same and device == found["device"] and found["hyperparameters"]["tune"] != "lora"
    return resolve_compute(device, precision, config["threads"]), exact


def unlike_scores(
    name: str, root: Path, scores: Scores, labels: list[str], compute: Compute, exact: bool, seed: int | None = None
) -> Iterator[str]:
    """Where stored predictions are not those that the weights give: to the bit, or within the tolerance."""
    table = pd.read_parquet(root / name)
    if seed is not None:
        table = table[table["seed"] == seed]
    stored, here = probabilities(table, labels), scores.probabilities.astype(np.float32).astype(float)
    if stored.shape != here.shape:
        yield f"differs: {name} has {len(stored)} rows, the split {len(here)}"
        return
    gap, limit = float(np.abs(stored - here).max()), 0.0 if exact else TOLERANCE[compute.precision]
    if not gap <= limit:
        yield f"differs: {name}; the weights give probabilities that lie {gap:.2g} apart, at most {limit:g} is allowed"
