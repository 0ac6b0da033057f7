"""The level `predictions`: data and tokens are made again from the checkout's sources, and the weights score them.

On the machine that the report was made on the same bits have to come out, elsewhere the same numbers within TOLERANCE.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Build
from finetune_report.cli.recomputing import guarded, probabilities
from finetune_report.config.models import folder_of
from finetune_report.config.test_systems import declared_systems
from finetune_report.data.examples import Examples, read_examples
from finetune_report.data.locations import data_files, model_files
from finetune_report.files import read_json
from finetune_report.model.adapters import choose_weights, split_tuning
from finetune_report.model.classifier import load_classifier
from finetune_report.model.device import Compute, configure_process, resolve
from finetune_report.model.evaluation import Scores, evaluate
from finetune_report.model.forward import prepare_forward
from finetune_report.model.weights import stored_megabytes
from finetune_report.provenance.layout import SPLITS, Names, placed
from finetune_report.provenance.manifest import machine
from finetune_report.provenance.rule_scripts import main_of

import numpy as np
import pandas as pd
from torch import cuda
from transformers import PreTrainedModel

# Of a probability, by the precision of matrix products: sums of floats depend on processor and library.
TOLERANCE = {"fp32": 1e-4, "bf16": 3e-2}


def rescored_complaints(build: Build, models: Path) -> Iterator[str]:
    """A sentence for each result that the data and the weights do not give again.

    `build` is a scratch copy; `models` is the results folder that holds the models, whose files have been hashed.
    """
    same = build.manifest["machine"] == machine()
    layout = build.layout
    data = layout.config["data"]
    yield from guarded("prepare_data", made_again, build, "prepare_data", sources=list(data_files(data).values()))
    for name, source in layout.pretrained.items():
        folder = folder_of(name)
        yield from guarded(str(Path(folder) / "model.json"), model_again, build, name, folder, source)
        for split in SPLITS:
            yield from guarded(str(Path(folder) / f"tokens/{split}.parquet"), tokens_again, build, name, folder, split)
    yield from guarded("baselines.json", baselines_again, build, same)
    if "read_predictions" in layout.calls:
        yield from guarded("read_predictions", made_again, build, "read_predictions")
    if same:
        yield from guarded("attention", made_again, build, "demonstrate_attention")
        if "measure_heads" in layout.calls:
            tuned = [models / name for name in layout.models]
            yield from guarded("attention/heads.json", made_again, build, "measure_heads", tuned=tuned)
    winner, systems = read_json(build.root / "selection.json")["winner"], declared_systems(layout.config)
    for setting in layout.settings:
        for seed in layout.seeds:
            tested = "predictions" if setting == winner else "settings" if setting in systems else ""
            yield from guarded(layout.run(setting, seed), run_again, build, models, setting, seed, same, tested)


def made_again(build: Build, rule: str, **given: Any) -> Iterator[str]:
    """What a rule makes now that differs from what it made; `given` takes the place of its inputs of that name."""
    call = build.layout.calls[rule]
    return differing(build, rule, call.outputs, **(call.arguments(build.root) | given))


def baselines_again(build: Build, same: bool) -> Iterator[str]:
    """The simple methods' predictions; on another machine without the probe's, which rest on sums of floats."""
    if same:
        yield from made_again(build, "score_baselines")
        return
    root, call = build.root, build.layout.calls["score_baselines"]
    again = placed(root / "again", call.outputs)
    for path in again.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    main_of("score_baselines")(**(call.arguments(root) | again | {"tokens": [], "model": []}))
    made, found = read_json(again["baselines"]), read_json(root / "baselines.json")
    differ = [name for name in made if made[name] != found.get(name)]
    yield from (f"differs: baselines.json /{name} is not what score_baselines makes here" for name in differ)
    for split in ("validation", "test"):
        here, kept = (pd.read_parquet(folder / f"baselines/{split}.parquet") for folder in (root / "again", root))
        if not here.equals(kept[here.columns]):
            yield f"differs: baselines/{split}.parquet is not what score_baselines makes here"


def model_again(build: Build, name: str, folder: str, source: dict[str, Any]) -> Iterator[str]:
    """The description of a model; a folder that the config names may be another one on another machine."""
    again = build.root / "again" / folder / "model.json"
    again.parent.mkdir(parents=True, exist_ok=True)
    given = build.layout.calls[f"prepare_model/{name}" if name else "prepare_model"].arguments(build.root)
    main_of("prepare_model")(**(given | {"sources": model_files(source), "model": again}))
    found, here = read_json(build.root / folder / "model.json"), read_json(again)
    for key in sorted({*found, *here} - {"path"}):
        if found.get(key) != here.get(key):
            yield f"differs: {key} in {Path(folder) / 'model.json'} is not what prepare_model makes here"


def tokens_again(build: Build, name: str, folder: str, split: str) -> Iterator[str]:
    """The tokens of a split, by a model of this checkout."""
    root, made = build.root, str(Path(folder) / f"tokens/{split}.parquet")
    given = {"data": root / f"data/{split}.parquet", "model": root / "again" / folder / "model.json", "selection": []}
    of_config = {"max_length": build.layout.config["max_length"], "name": name}
    return differing(build, "tokenize_texts", {"tokens": made}, **given, **of_config)


def differing(build: Build, rule: str, outputs: dict[str, Names], **given: Any) -> Iterator[str]:
    """The outputs that a rule makes otherwise now, in a folder of their own."""
    places = placed(build.root / "again", outputs)
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    main_of(rule)(**(given | places))
    for name, made in outputs.items():
        if places[name].read_bytes() != (build.root / str(made)).read_bytes():
            yield f"differs: {made} is not what {rule} makes here"


def run_again(build: Build, models: Path, setting: str, seed: int, same: bool, tested: str) -> Iterator[str]:
    """What the weights of one run predict now: on validation and training split, and on test where it was `tested`:
    in the file of that name.
    """
    root, run = build.root, build.layout.run(setting, seed)
    found, labels = read_json(root / run / "metrics.json"), read_json(root / "data/summary.json")["labels"]
    compute, exact = compute_of(build.layout.config, found, same)
    configure_process(compute)
    model = load_classifier(models / run / "model", labels)

    tokens = root / build.layout.of_model(setting) / "tokens"

    def scored(split: str) -> Scores:
        examples: Examples = read_examples(root / f"data/{split}.parquet", tokens / f"{split}.parquet")
        return evaluate(prepare_forward(model, examples, compute), examples)

    yield from unlike_scores(f"{run}/predictions.parquet", root, scored("validation"), labels, compute, exact)
    if tested:
        of_run = {"seed": seed} | ({"setting": setting} if tested == "settings" else {})
        yield from unlike_scores(f"test/{tested}.parquet", root, scored("test"), labels, compute, exact, of_run)
    train, limit = scored("train").summary(), 0.0 if exact else TOLERANCE[compute.precision]
    for name in ("loss", "accuracy"):
        if abs(train[name] - found["train"][name]) > limit * (1 + 10 * (name == "loss")):
            yield f"differs: {run}/metrics.json /train/{name} is {found['train'][name]}; its weights give {train[name]}"
    for name, size in sizes(model, models / run / "model", found["hyperparameters"]).items():
        if found.get(name) != size:
            yield f"differs: {run}/metrics.json /{name} is {found.get(name)}; its weights give {size}"


def sizes(model: PreTrainedModel, folder: Path, hyperparameters: dict[str, Any]) -> dict[str, float]:
    """The size of a tuned model, and how much of it a setting trains; this freezes the rest of `model`."""
    found: dict[str, float] = {"parameters": sum(weight.numel() for weight in model.parameters())}
    choose_weights(model, split_tuning(hyperparameters)[0])
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    return found | {"trained_parameters": trained, "megabytes": stored_megabytes(folder)}


def compute_of(config: dict[str, Any], found: dict[str, Any], same: bool) -> tuple[Compute, bool]:
    """Device and precision of a run as they can be had here, and whether the same bits are to be expected.

    Low-rank updates are merged into the weights after the run has predicted, which rounds.
    """
    device = "cuda" if found["device"] == "cuda" and cuda.is_available() else "cpu"
    precision = "bf16" if found["precision"] == "bf16" else "fp32"
    exact = same and device == found["device"] and found["hyperparameters"]["tune"] != "lora"
    return resolve(device, precision, config["threads"]), exact


def unlike_scores(
    name: str,
    root: Path,
    scores: Scores,
    labels: list[str],
    compute: Compute,
    exact: bool,
    of_run: dict[str, Any] | None = None,
) -> Iterator[str]:
    """Where stored predictions are not those that the weights give: to the bit, or within the tolerance.

    `of_run` has what tells the run's rows in a file of several.
    """
    table = pd.read_parquet(root / name)
    for column, value in (of_run or {}).items():
        table = table[table[column] == value]
    stored, here = probabilities(table, labels), scores.probabilities.astype(np.float32).astype(float)
    if stored.shape != here.shape:
        yield f"differs: {name} has {len(stored)} rows, the split {len(here)}"
        return
    gap, limit = float(np.abs(stored - here).max()), 0.0 if exact else TOLERANCE[compute.precision]
    if not gap <= limit:
        yield f"differs: {name}; the weights give probabilities that lie {gap:.2g} apart, at most {limit:g} is allowed"
