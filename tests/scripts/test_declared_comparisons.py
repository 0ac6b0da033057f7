"""Declared comparisons: which the config asks for, that a change of them trains nothing, and what is published."""

from pathlib import Path
from typing import Any

from finetune_report.config.comparisons import compared_metric, declared_pairs
from finetune_report.config.schema import complete
from finetune_report.errors import UserError
from finetune_report.files import read_json
from finetune_report.stats.comparisons import family_results
from finetune_report.stats.metrics import METRICS
from finetune_report.stats.run_scores import clusters_of, run_scores
from tests.support.evidence import compared, make_results, predictions

import numpy as np
import pandas as pd
import pytest
from compare_on_test import main as compare_on_test
from summarise_systems import main as summarise_systems

NAMES = ["base", "x", "y"]
CONFIG: dict[str, Any] = {
    "name": "try",
    "data": {"path": "data"},
    "model": {"package": "p"},
    "settings": [{"name": name} for name in NAMES],
}


def given(**comparisons: Any) -> dict[str, Any]:
    return complete(CONFIG | {"comparisons": comparisons})


def test_pairs_are_those_of_the_config() -> None:
    assert declared_pairs(given(), NAMES) == [("x", "base"), ("y", "base")]
    assert declared_pairs(given(**{"with": "all-pairs"}), NAMES) == [("x", "base"), ("y", "base"), ("y", "x")]
    listed = given(**{"with": [["y", "x"], ["x", "base"]]})
    assert declared_pairs(listed, NAMES) == [("y", "x"), ("x", "base")]
    assert declared_pairs(listed, ["base", "x"]) == [("x", "base")]  # a draft, in which y has not finished


def test_the_metric_is_that_of_the_selection_unless_another_is_named() -> None:
    assert compared_metric(given()) == "accuracy"
    assert compared_metric(given(metric="loss")) == "loss"
    assert compared_metric(complete(CONFIG | {"selection_metric": "macro_f1"})) == "macro_f1"
    assert compared_metric(complete(CONFIG | {"selection_metric": "calibration_error"})) == "loss"


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.is_mean])
def test_every_metric_that_is_a_mean_over_examples_compares_and_says_its_unit(metric: str) -> None:
    assert compared_metric(given(metric=metric)) == metric
    facts, _ = family_results({"x": np.eye(4)[:, :2]}, [], None, metric)
    assert facts["unit"] == (None if metric in ("loss", "matthews") else "points")


def test_runs_are_compared_at_as_many_epochs_where_that_is_declared(tmp_path: Path) -> None:
    """The first setting's only epoch is as it is; the others' second one, which is all right, is not looked at."""
    root = make_results(tmp_path / "results", seeds=(1, 2))
    for place in sorted(root.glob("runs/*/*/predictions.parquet")):
        table = pd.read_parquet(place)
        epochs = [table["prediction"], table["label"]][: 1 if "baseline" in str(place) else 2]
        kept = [
            pd.DataFrame({"epoch": number, "prediction": found, "confidence": 0.9, "loss": 0.5})
            for number, found in enumerate(epochs, start=1)
        ]
        pd.concat(kept).to_parquet(place.with_name("epochs.parquet"), index=False)
    own = read_json(root / "comparisons.json")
    compared(root, epochs=sorted(root.glob("runs/*/*/epochs.parquet")))
    equal = read_json(root / "comparisons.json")
    assert equal["pairs"] == own["pairs"]
    assert (own["family"]["epochs"], equal["family"]["epochs"]) == (None, 1)
    assert equal["family"]["text"].endswith("each run after its first epoch")


@pytest.mark.parametrize(
    ("comparisons", "said"),
    [
        ({"with": "basline"}, "did you mean 'baseline'"),
        ({"with": [["x", "z"]]}, "'z' is no setting to train"),
        ({"with": [["x", "x"]]}, "found 'x' twice"),
        ({"with": [["x", "y"], ["y", "x"]]}, "x and y stands more than once"),
        ({"margin": 0}, "must be greater than 0"),
        ({"metric": "f1"}, "macro_f1"),
    ],
)
def test_a_declaration_that_says_nothing_is_refused(comparisons: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        given(**comparisons)


@pytest.mark.slow
def test_p_and_interval_never_contradict_each_other_and_turning_round_changes_no_meaning() -> None:
    chance = np.random.default_rng(5)
    for seeds in (1, 2, 3):
        for _ in range(60):
            ability = chance.normal(0.5, 1, (60, 1))
            scores = {
                name: (ability + chance.normal(0, 0.6, (60, seeds)) + shift > 0).astype(float)
                for name, shift in zip(NAMES, chance.normal(0, 0.4, 3), strict=True)
            }
            _, pairs = family_results(scores, [("x", "base"), ("y", "base")], 0.05, "accuracy")
            for a, b in (("x", "base"), ("base", "x"), ("y", "base")):
                row, other = pairs[a][b], pairs[b][a]
                low, high = row["interval"]
                assert (row["p"] < 0.05) == (low > 0 or high < 0) == (row["outcome"] in ("ahead", "behind"))
                assert row["difference"] == -other["difference"]
                assert row["interval"] == [-bound for bound in other["interval"][::-1]]
                assert (row["outcome"] == "ahead") == (other["outcome"] == "behind")
                low, high = row["equivalence_interval"]
                assert row["within_margin"] == (-0.05 < low <= high < 0.05)
                assert other["equivalence_interval"] == [-high, -low]
                assert row["about"] == ("models" if seeds == 1 else "settings")
                assert ("only_a" in row) == ("seed_noise_margin" in row) == (seeds == 1)


def test_where_a_margin_is_declared_the_interval_that_decides_is_published(tmp_path: Path) -> None:
    root = make_results(tmp_path / "results", seeds=(1, 2))
    for margin in (None, 0.4):
        compared(root, margin=margin)
        values = read_json(root / "values/compare_settings.json")
        key = "comparison.milder.baseline"
        assert (f"{key}.equivalence" in values) == ("family.equivalence_confidence" in values) == (margin is not None)
    assert 0.9 < values["family.equivalence_confidence"]["value"] < 0.96
    entry = values[f"{key}.equivalence"]
    low, high = entry["interval"]
    wide_low, wide_high = values[f"{key}.difference"]["interval"]
    assert wide_low < low < entry["value"] < high < wide_high
    assert (values[f"{key}.within_margin"]["value"] == "true") == (low > -0.4 and high < 0.4)


def test_rows_are_paired_by_id_whatever_their_order() -> None:
    table = predictions("baseline")
    ids = table["id"].tolist()
    shuffled = table.sample(frac=1, random_state=0)
    found = run_scores([table, shuffled], ids, ["negative", "positive"], "accuracy")
    assert found.shape == (200, 2)
    assert (found[:, 0] == found[:, 1]).all()
    assert found[:150].all()
    losses = run_scores([table], ids, ["negative", "positive"], "loss")
    assert losses[0, 0] == pytest.approx(-np.log(0.9))
    assert losses[-1, 0] == pytest.approx(-np.log(0.1))


def test_different_examples_are_refused() -> None:
    table = predictions("baseline")
    with pytest.raises(UserError, match="not on the examples of the split"):
        run_scores([table.iloc[1:]], table["id"].tolist(), ["negative", "positive"], "accuracy")


def test_an_example_without_a_cluster_stands_for_itself() -> None:
    assert clusters_of(pd.DataFrame({"id": [1, 2]})) is None
    found = clusters_of(pd.DataFrame({"cluster": ["a", "", "a", ""]}))
    assert found is not None
    assert found[0] == found[2]
    assert len(set(found)) == 3
    with pytest.raises(UserError, match=r"data\.cluster: all 2 rows"):
        clusters_of(pd.DataFrame({"cluster": ["a", "a"]}))


def test_clusters_widen_intervals(tmp_path: Path) -> None:
    root = make_results(tmp_path / "results")
    alone = read_json(root / "comparisons.json")["pairs"]["small-batch"]["baseline"]
    table = pd.read_parquet(root / "data/validation.parquet")
    table.assign(cluster=[str(number // 10) for number in range(len(table))]).to_parquet(
        root / "data/validation.parquet"
    )
    compared(root)
    found = read_json(root / "comparisons.json")
    together = found["pairs"]["small-batch"]["baseline"]
    assert (found["family"]["examples"], found["family"]["clusters"]) == (200, 20)
    assert together["difference"] == alone["difference"]
    assert together["interval"][1] - together["interval"][0] > 2 * (alone["interval"][1] - alone["interval"][0])


@pytest.mark.parametrize(("seeds", "about"), [(1, "models"), (3, "settings")])
def test_on_the_test_split_the_declared_pairs_of_systems_are_compared(tmp_path: Path, seeds: int, about: str) -> None:
    labels = [number % 2 for number in range(200)]
    scored = [predictions("small-batch").assign(seed=seed) for seed in range(1, seeds + 1)]
    pd.concat(scored).to_parquet(tmp_path / "predictions.parquet", index=False)
    simple = predictions("baseline")[["id", "label"]].assign(majority=0, words=predictions("small-batch")["prediction"])
    simple.to_parquet(tmp_path / "simple.parquet", index=False)
    simple[["id", "label"]].to_parquet(tmp_path / "test.parquet", index=False)
    (tmp_path / "summary.json").write_text('{"labels": ["negative", "positive"]}')
    assert labels == simple["label"].tolist()
    others = [predictions("milder").assign(seed=seed, setting="milder") for seed in range(1, seeds + 1)]
    pd.concat(others).to_parquet(tmp_path / "others.parquet", index=False)
    (tmp_path / "selection.json").write_text('{"winner": "small-batch"}')
    scored: list[Any] = [tmp_path / f"{name}.parquet" for name in ("predictions", "others", "simple", "test")]
    wild = predictions("milder").drop(columns="p_negative").assign(system="gpt", p_positive=np.nan)
    wild.to_parquet(tmp_path / "elsewhere.parquet", index=False)
    scored.insert(3, [tmp_path / "elsewhere.parquet"])
    documents = [tmp_path / "summary.json", tmp_path / "selection.json"]
    pairs = [("winner", name) for name in ("small-batch", "milder", "majority", "words")] + [
        ("small-batch", "milder"),
        ("gpt", "words"),
    ]
    compared = tmp_path / "comparisons.json", tmp_path / "values/compare_on_test.json"
    compare_on_test(*scored, *documents, *compared, pairs, "each other system", "loss", 0.01)
    systems = tmp_path / "systems.json", tmp_path / "values/summarise_systems.json"
    summarise_systems(
        *scored, *documents, *systems, ["winner", "small-batch", "milder", "majority", "gpt"], {"gpt": "asked"}
    )
    values = {key: row["value"] for key, row in read_json(tmp_path / "values/compare_on_test.json").items()}
    assert values["family.test.metric"] == "accuracy"  # the simple methods give no probabilities
    assert values["comparison.test.winner.majority.outcome"] == "ahead"
    assert values["comparison.test.winner.majority.difference"] == pytest.approx(0.4)
    assert values["comparison.test.winner.majority.about"] == about
    assert values["comparison.test.majority.winner.outcome"] == "behind"
    assert values["comparison.test.winner.words.outcome"] == "undecided"
    assert values["comparison.test.gpt.words.difference"] == pytest.approx(-0.14)
    assert values["family.test.comparisons"] == 4  # small-batch is the winner, and each pair counts once
    # The winner's by its own name too, since that was declared.
    assert values["comparison.test.small-batch.milder.difference"] == pytest.approx(0.14)
    assert values["comparison.test.majority.small-batch.outcome"] == "behind"
    of_systems = {key: row["value"] for key, row in read_json(systems[1]).items()}
    assert of_systems["test.winner.accuracy"] == of_systems["test.small-batch.accuracy"] == 0.9
    assert of_systems["test.milder.accuracy"] == pytest.approx(0.76)
    assert of_systems["test.majority.correct"] == 100
    assert ("test.milder.accuracy.sd" in of_systems) == (seeds > 1)
    assert of_systems["test.milder.loss"] > of_systems["test.winner.loss"]
    assert "test.majority.loss" not in of_systems  # it gives no probabilities
    assert "test.gpt.loss" not in of_systems
    assert (of_systems["test.gpt.note"], of_systems["test.gpt.correct"]) == ("asked", 152)
