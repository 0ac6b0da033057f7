"""What the selected setting's score is worth, from what every run made of the examples after each epoch."""

from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.winners_curse import correct_winner

import correct_selection
import numpy as np
import pandas as pd
import pytest
import select_setting

COUNT = 200
LABELS = np.arange(COUNT) % 2


def write_run(root: Path, setting: str, seed: int, right: np.ndarray, confidence: float) -> dict[str, Any]:
    """`right` is [examples, epochs]; returns what the selection reads of the run."""
    predictions = np.where(right, LABELS[:, None], 1 - LABELS[:, None])
    losses = -np.log(np.where(right, confidence, 1 - confidence))
    epochs = right.shape[1]
    folder = root / f"runs/{setting}/seed{seed}"
    folder.mkdir(parents=True)
    table = {"epoch": np.repeat(np.arange(1, epochs + 1), COUNT), "confidence": confidence}
    table |= {"prediction": predictions.T.ravel().astype(np.uint8), "loss": losses.T.ravel()}
    pd.DataFrame(table).to_parquet(folder / "epochs.parquet", index=False)
    best = int(right.mean(axis=0).argmax())
    scores = dict.fromkeys(METRICS, float(right[:, best].mean())) | {"loss": float(losses[:, best].mean())}
    scores["calibration_error"] = abs(scores["accuracy"] - confidence)
    facts = {"setting": setting, "seed": seed, "best_epoch": best + 1, "status": "trained"}
    return facts | {"validation": scores}


def corrected(root: Path, runs: list[dict[str, Any]], settings: list[str]) -> dict[str, Any]:
    write_json(root / "runs.json", runs)
    pd.DataFrame({"id": range(COUNT), "label": LABELS}).to_parquet(root / "validation.parquet")
    select_setting.main(root / "runs.json", root / "selection.json", settings, [], [1, 2], "accuracy")
    epochs = [root / f"runs/{run['setting']}/seed{run['seed']}/epochs.parquet" for run in runs]
    places = root / "validation.parquet", root / "selection.json", root / "corrected.json", root / "values/c.json"
    correct_selection.main(epochs, *places, settings)
    published = read_json(root / "values/c.json")
    return {key: entry["value"] for key, entry in published.items()}


def test_the_winner_is_corrected_and_its_places_are_told(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    shares = {"base": 0.6, "sure": 0.9, "calm": 0.7}
    confidence = {"base": 0.6, "sure": 1 - 1e-7, "calm": 0.7}
    runs = [
        write_run(tmp_path, name, seed, chance.random((COUNT, 2 if name == "base" else 4)) < share, confidence[name])
        for name, share in shares.items()
        for seed in (1, 2)
    ]
    values = corrected(tmp_path, runs, list(shares))
    found = read_json(tmp_path / "selection.json")
    assert found["winner"] == "sure"
    assert values["selection.score"] == max(row["mean"] for row in found["settings"])
    assert 0.89 < values["selection.corrected"] < values["selection.score"]
    assert values["selection.candidates"] == 2 + 4 + 4
    assert (values["selection.epochs.least"], values["selection.epochs.most"]) == (2, 4)
    places = [values[f"selection.place_by_{name}"] for name in ("accuracy", "loss", "calibration_error")]
    assert places == [1, 3, 3]


def test_where_all_are_alike_the_luck_is_taken_off(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    names = [f"s{number}" for number in range(8)]
    runs = [write_run(tmp_path, name, 1, chance.random((COUNT, 3)) < 0.7, 0.7) for name in names]
    values = corrected(tmp_path, runs, names)
    assert values["selection.score"] > 0.74
    assert values["selection.corrected"] == pytest.approx(0.7, abs=0.035)
    assert values["selection.settings"] == 8


def test_what_is_corrected_is_what_was_selected_where_a_tie_was_decided_by_the_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    monkeypatch.setattr(
        correct_selection,
        "correct_winner",
        lambda *given, **more: found.append(correct_winner(*given, **more)) or found[0],
    )
    right = np.random.default_rng(2).random((COUNT, 2)) < 0.7
    runs = [write_run(tmp_path, name, 1, right, share) for name, share in {"bold": 0.99, "calm": 0.7}.items()]
    corrected(tmp_path, runs, ["bold", "calm"])
    assert read_json(tmp_path / "selection.json")["winner"] == "calm"
    assert found[0].selected == 1
