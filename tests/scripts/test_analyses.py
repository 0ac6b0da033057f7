"""The analyses beyond accuracy, on predictions written by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.model.batching import nested_part
from finetune_report.model.evaluation import Scores
from finetune_report.report.collect import collect, compared, merged
from finetune_report.report.publishing import faults
from finetune_report.stats.class_shares import class_shares
from finetune_report.stats.crossed import mean_over_seeds
from finetune_report.stats.intervals import wilson_interval
from finetune_report.stats.metrics import METRICS, Outcome, by_class, intervals, measured
from finetune_report.stats.shares import share_interval
from finetune_report.stats.subgroups import holm

import describe_data
import list_mistakes
import measure_agreement
import measure_calibration
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import score_slices
import score_test
import select_setting
import summarise_seeds
from sklearn.metrics import cohen_kappa_score

LABELS = ["no", "yes"]


class Published:
    """The values that a rule has published; each stands in its file at its place."""

    def __init__(self, path: Path) -> None:
        self.values = read_json(path)
        assert list(faults(self.values, path.parents[1])) == []

    def __getitem__(self, key: str) -> Any:
        return self.values[key]["value"]


def predictions(path: Path, chances: list[float], labels: list[int], seeds: int = 1, split: str = "test") -> Path:
    """A file of predictions; `chances` are those of class 1, example by example, seed after seed."""
    count = len(labels)
    table = pd.DataFrame(
        {
            "seed": np.repeat(range(1, seeds + 1), count),
            "id": [f"{split}-{number}" for number in range(1, count + 1)] * seeds,
            "label": labels * seeds,
            "prediction": [int(chance > 0.5) for chance in chances],
            "p_no": [1 - chance for chance in chances],
            "p_yes": chances,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)
    return path


def other_systems(folder: Path, labels: list[int], selected: str = "b") -> dict[str, Any]:
    """Other systems on the test split, as scripts write them: a setting, a simple method, one from elsewhere.

    The setting is always right, `gpt` says class 1.
    """
    table = pd.read_parquet(predictions(folder / "given.parquet", [0.1 + 0.8 * label for label in labels], labels))
    table.assign(setting="a").to_parquet(folder / "others.parquet", index=False)
    wild = table.drop(columns=["seed", "p_no", "p_yes"]).assign(prediction=1, system="gpt")
    wild.to_parquet(folder / "elsewhere.parquet", index=False)
    wild[["id", "label"]].assign(majority=0).to_parquet(folder / "baselines.parquet", index=False)
    write_json(folder / "selection.json", {"metric": "accuracy", "winner": selected})
    files = {name: folder / f"{name}.parquet" for name in ("others", "baselines")}
    return files | {"elsewhere": [folder / "elsewhere.parquet"], "selection": folder / "selection.json"}


def write_split(path: Path, labels: list[int], **columns: list[str]) -> Path:
    ids = [f"{path.stem}-{number}" for number in range(1, len(labels) + 1)]
    pd.DataFrame({"id": ids, "label": labels, **columns}).to_parquet(path, index=False)
    return path


def test_slices_count_examples_not_seeds_and_hold_the_baselines(tmp_path: Path) -> None:
    labels = [1, 1, 1, 0]
    test = write_split(
        tmp_path / "test.parquet",
        labels,
        text=["a", "a b", "a b c", "a b c d"],
        source=["x/y", "x/y", "", "z"],
    )
    found = predictions(tmp_path / "p.parquet", [0.9, 0.1, 0.9, 0.1, 0.9, 0.9, 0.1, 0.1], labels, seeds=2)
    simple = pd.DataFrame({"id": [f"test-{n}" for n in (4, 3, 2, 1)], "label": [0, 1, 1, 1], "majority": [1, 1, 1, 1]})
    simple.to_parquet(tmp_path / "b.parquet", index=False)
    published = tmp_path / "values/score_slices.json"
    wild = other_systems(tmp_path, labels)["elsewhere"]
    score_slices.main(test, found, tmp_path / "b.parquet", wild, tmp_path / "slices.json", published, ["source"])
    values = Published(published)
    assert (values['slices.source."x/y".correct'], values['slices.source."x/y".count']) == (1.5, 2)
    assert values.values['slices.source."x/y".accuracy']["interval"] == list(
        share_interval(mean_over_seeds([[1, 1], [0, 1]]))
    )
    assert values['slices.source."".accuracy'] == 0.5
    assert values["slices.source.z.majority.accuracy"] == values["slices.source.z.gpt.accuracy"] == 0.0
    assert values['slices.source."x/y".gpt.accuracy'] == 1.0
    assert values["slices.source.z.accuracy"] == 1.0
    assert [values[f"slices.length.{name}.count"] for name in score_slices.QUARTERS] == [1, 1, 1, 1]
    assert values["slices.length.longest.words.min"] == 4
    assert "slice_tests.source.z.majority.p" not in values.values  # of a single example


def test_slices_are_tested_at_once_and_compared_where_they_are_large(tmp_path: Path) -> None:
    chance, count = np.random.default_rng(0), 240
    labels, kinds = [n % 2 for n in range(count)], ["hard"] * 80 + ["easy"] * 120 + ["rare"] * 40
    test = write_split(tmp_path / "test.parquet", labels, text=["a"] * count, kind=kinds)
    share = {"hard": 0.4, "easy": 0.95, "rare": 0.9}
    right = np.concatenate([chance.random(count) < [share[kind] for kind in kinds] for _ in (1, 2)])
    chances = np.where(right == (np.tile(labels, 2) == 1), 0.9, 0.1).tolist()
    found = predictions(tmp_path / "p.parquet", chances, labels, seeds=2)
    simple = pd.DataFrame({"id": [f"test-{n}" for n in range(1, count + 1)], "label": labels, "majority": 1})
    simple.to_parquet(tmp_path / "b.parquet", index=False)
    published = tmp_path / "values/score_slices.json"
    score_slices.main(test, found, tmp_path / "b.parquet", [], tmp_path / "slices.json", published, ["kind"])
    values = Published(published)
    assert values["slice_tests.kind.p"] < 0.001
    assert "slice_tests.length.p" not in values.values  # all texts are of one length
    easy = "slice_tests.kind.easy.majority"
    expected = values["slices.kind.easy.accuracy"] - values["slices.kind.easy.majority.accuracy"]
    assert values[f"{easy}.difference"] == pytest.approx(expected)
    low, high = values.values[f"{easy}.difference"]["interval"]
    assert 0 < low < expected < high
    assert values[f"{easy}.p"] < 0.05 < values["slice_tests.kind.hard.majority.p"]
    assert "slice_tests.kind.rare.majority.p" not in values.values  # fewer than 50


def test_omnibus_tests_are_corrected_for_the_number_of_columns_and_know_of_clusters(tmp_path: Path) -> None:
    chance, count = np.random.default_rng(1), 240
    labels, groups = [n % 2 for n in range(count)], np.arange(count) // 6
    columns = {f"column-{n}": chance.integers(0, 3, count // 6).astype(str)[groups].tolist() for n in range(4)}
    right = np.repeat(chance.random(count // 6) < 0.6, 6)
    chances = np.where(right == (np.array(labels) == 1), 0.9, 0.1).tolist()
    found = predictions(tmp_path / "p.parquet", chances, labels, seeds=1)
    simple = pd.DataFrame({"id": [f"test-{n}" for n in range(1, count + 1)], "label": labels, "majority": 1})
    simple.to_parquet(tmp_path / "b.parquet", index=False)

    def p_values(asked: list[str], **more: list[str]) -> dict[str, float]:
        test = write_split(tmp_path / "test.parquet", labels, text=["a"] * count, **columns, **more)
        published = tmp_path / "values/score_slices.json"
        score_slices.main(test, found, tmp_path / "b.parquet", [], tmp_path / "slices.json", published, asked)
        return {name: Published(published)[f"slice_tests.{name}.p"] for name in asked}

    alone = {name: p_values([name])[name] for name in columns}
    assert p_values(list(columns)) == pytest.approx(holm(alone))
    assert min(alone.values()) < 0.05  # whole groups are right or wrong together
    clustered = {name: p_values([name], cluster=groups.astype(str).tolist())[name] for name in columns}
    assert min(clustered.values()) > min(alone.values())


def test_quarters_by_length_keep_equal_lengths_together() -> None:
    words = pd.Series([5, 5, 5, 5, 5, 5, 9, 10])
    assert score_slices.quarters(words).tolist() == ["shortest"] * 6 + ["longest"] * 2


def test_the_most_confident_mistakes_come_first(tmp_path: Path) -> None:
    labels = [1, 0, 1, 0]
    test = write_split(tmp_path / "test.parquet", labels, text=list("abcd"), text_pair=list("wxyz"), kind=list("kkll"))
    # The mean of the seeds for class 1: 0.4, 0.9, 0.9, 0.7; so the first, second and fourth are wrong.
    found = predictions(tmp_path / "p.parquet", [0.3, 0.9, 0.9, 0.9, 0.5, 0.9, 0.9, 0.5], labels, seeds=2)
    write_json(tmp_path / "summary.json", {"labels": LABELS})
    published = tmp_path / "values/list_mistakes.json"
    given = other_systems(tmp_path, labels) | {"predictions": found, "test": test, "summary": tmp_path / "summary.json"}
    list_mistakes.main(**given, mistakes=tmp_path / "m.json", values=published, count=2)
    values = Published(published)
    assert values["errors.total"] == 3
    assert [values[f"mistakes.{n}.text"] for n in (1, 2)] == ["b / x", "d / z"]
    assert (values["mistakes.1.true"], values["mistakes.1.predicted"]) == ("no", "yes")
    assert values["mistakes.2.confidence"] == pytest.approx(0.7)
    assert "mistakes.3.text" not in values.values
    # The mistaken examples are of the classes 1, 0 and 0.
    assert [values[f"errors.right.{name}"] for name in ("a", "majority", "gpt")] == [3, 2, 1]
    assert values["mistakes.1.right"] == "a, majority"
    assert read_json(tmp_path / "m.json")["rows"][1]["slices"] == {"kind": "l"}


def test_agreement_is_that_of_classes_and_matches_scikit_learn(tmp_path: Path) -> None:
    labels = [1, 0, 1, 0, 1]
    files = [
        predictions(tmp_path / f"runs/{name}/seed1/predictions.parquet", chances, labels, split="validation")
        for name, chances in {"a": [0.9, 0.1, 0.1, 0.9, 0.9], "b": [0.9, 0.9, 0.1, 0.9, 0.1]}.items()
    ]
    simple = pd.DataFrame({"id": [f"validation-{n}" for n in range(1, 6)], "label": labels, "majority": [1] * 5})
    simple.to_parquet(tmp_path / "b.parquet", index=False)
    write_json(tmp_path / "summary.json", {"labels": LABELS})
    test = write_split(tmp_path / "test.parquet", labels)
    others = other_systems(tmp_path, labels)
    measure_agreement.main(
        files,
        tmp_path / "b.parquet",
        [predictions(tmp_path / "p.parquet", [0.9, 0.1, 0.1, 0.9, 0.9], labels)],
        test=[test],
        summary=tmp_path / "summary.json",
        agreement=tmp_path / "a.json",
        values=tmp_path / "values/measure_agreement.json",
        settings=["a", "b"],
        **others | {name: [others[name]] for name in ("others", "baselines")},
    )
    values = Published(tmp_path / "values/measure_agreement.json")
    assert values["agreement.a.b.share"] == values["agreement.b.a.share"] == 3 / 5
    assert values["agreement.a.b.kappa"] == pytest.approx(cohen_kappa_score([1, 0, 0, 1, 1], [1, 1, 0, 1, 0]))
    assert values["agreement.a.b.both_wrong"] == 2 / 5
    assert values["agreement.a.majority.share"] == 3 / 5
    assert values["agreement.test.winner.gpt.share"] == values["agreement.test.winner.a.share"] == 3 / 5
    assert values["agreement.test.gpt.a.both_wrong"] == 0


def test_of_many_settings_the_first_and_the_best_are_compared() -> None:
    names = [f"s{number}" for number in range(30)]
    rows = [{"setting": name, "mean": float(number)} for number, name in enumerate(names)]
    kept = measure_agreement.most_interesting(names, {"metric": "accuracy", "settings": rows})
    assert kept == ["s0", *names[-19:]]
    assert measure_agreement.most_interesting(names, {"metric": "loss", "settings": rows}) == names[:20]


def run_metrics(setting: str, seed: int, chances: list[float], labels: list[int], status: str = "trained") -> Any:
    true, found = np.array(labels), np.array([[1 - chance, chance] for chance in chances])
    scores = Scores(np.full(len(labels), 0.1 * seed), found, true)
    details = {"classes": by_class(true, scores.predictions, LABELS), "intervals": intervals(true, scores.predictions)}
    facts = {
        "setting": setting,
        "seed": seed,
        "status": status,
        "best_epoch": 1,
        "steps": 2,
        "threads": 1,
        "parameters": 9,
        "trained_parameters": 4,
        "megabytes": 0.5,
        "train_sample": None,
    }
    facts |= {"hyperparameters": {"epochs": 1}, "precision": "fp32", "device": "cpu", "compiled": False}
    facts["train"] = scores.summary()
    return facts | {"validation": scores.summary() | details}


CHANCES = {
    ("a", 1): [0.9, 0.9, 0.1, 0.1],
    ("a", 2): [0.9, 0.1, 0.1, 0.1],
    ("b", 1): [0.9, 0.9, 0.1, 0.9],
    ("b", 2): [0.9, 0.9, 0.9, 0.9],
}
TESTED = {1: [0.9, 0.9, 0.9, 0.1], 2: [0.9, 0.1, 0.9, 0.9]}


def predicted(labels: list[int], chances: list[float]) -> pd.DataFrame:
    classes = [int(chance > 0.5) for chance in chances]
    table = {"id": range(len(labels)), "label": labels, "prediction": classes}
    return pd.DataFrame(table | {"p_no": [1 - chance for chance in chances], "p_yes": chances})


@pytest.fixture
def seeds(tmp_path: Path) -> tuple[Path, Path]:
    labels = [1, 1, 0, 0]
    rows = [run_metrics(*run, chances, labels) for run, chances in CHANCES.items()]
    rows[-1]["status"] = "diverged"
    rows[1]["best_epoch"] = 3
    write_json(tmp_path / "runs.json", rows)
    scored = {
        seed: Scores(np.zeros(4), np.array([[1 - c, c] for c in chances]), np.array(labels))
        for seed, chances in TESTED.items()
    }
    write_json(tmp_path / "summary.json", {"labels": LABELS})
    write_json(tmp_path / "test.json", {"labels": LABELS} | score_test.pooled(scored, LABELS))
    for row in rows:
        folder = tmp_path / f"runs/{row['setting']}/seed{row['seed']}"
        write_json(folder / "metrics.json", row)
        chances = CHANCES[row["setting"], row["seed"]]
        predicted(labels, chances).to_parquet(folder / "predictions.parquet", index=False)
    pd.concat([predicted(labels, chances).assign(seed=seed) for seed, chances in TESTED.items()]).to_parquet(
        tmp_path / "test.parquet", index=False
    )
    predicted(labels, CHANCES["a", 1])[["id", "label"]].to_parquet(tmp_path / "data.parquet", index=False)
    return tmp_path / "runs.json", tmp_path / "test.json"


def test_seeds_are_summarised_with_deviation_intervals_and_what_became_of_them(
    seeds: tuple[Path, Path], tmp_path: Path
) -> None:
    runs, test = seeds
    select_setting.main(runs, tmp_path / "selection.json", ["a", "b"], [], [1, 2], "macro_f1")
    assert read_json(tmp_path / "selection.json")["winner"] == "a"
    summarise_seeds.main(
        sorted(tmp_path.glob("runs/*/*/metrics.json")),
        [],
        sorted(tmp_path.glob("runs/*/*/predictions.parquet")),
        tmp_path / "data.parquet",
        tmp_path / "summary.json",
        [test],
        [tmp_path / "test.parquet"],
        [tmp_path / "data.parquet"],
        tmp_path / "selection.json",
        tmp_path / "seeds.json",
        [tmp_path / "confusion.csv"],
        tmp_path / "values/summarise_seeds.json",
        ["a", "b"],
    )
    values = Published(tmp_path / "values/summarise_seeds.json")
    assert (values["runs.b.diverged"], values["runs.b.failed"], values["winner.diverged"]) == (1, 0, 0)
    scores = [1.0, measured(Outcome(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])))["macro_f1"]]
    assert values["runs.a.validation.macro_f1"] == pytest.approx(np.mean(scores))
    assert values["runs.a.validation.macro_f1.sd"] == pytest.approx(np.std(scores, ddof=1))
    right = np.array([[1, 1], [1, 0], [1, 1], [1, 1]])
    expected = share_interval(mean_over_seeds(right))
    assert values.values["runs.a.validation.accuracy"]["interval"] == pytest.approx(expected)
    low, high = values.values["runs.a.validation.macro_f1"]["interval"]
    assert 0 <= low < np.mean(scores) < high <= 1
    assert (values["runs.a.best_epoch"], values["runs.a.best_epoch.most"]) == ("1 to 3", 3)  # and not 2, their mean
    assert values["runs.b.best_epoch"] == 1
    assert values["winner.validation.class.yes.recall"] == 0.75
    assert values["winner.test.accuracy.least"] == 0.25
    # Of the class "yes" both seeds name 5 examples, 3 of them rightly, of 2 examples each.
    assert values["winner.test.class.yes.precision"] == pytest.approx(3 / 6)
    classes = np.array([[chance > 0.5 for chance in chances] for chances in TESTED.values()], dtype=int).T
    by_class = class_shares([1, 1, 0, 0], classes, ["no", "yes"])
    assert values.values["winner.test.class.yes.recall"]["interval"] == list(by_class["yes"]["recall_interval"])
    assert values["winner.test.class.yes.count"] == 2


def test_more_seeds_do_not_narrow_the_interval_over_examples(seeds: tuple[list[Path], Path]) -> None:
    found = read_json(seeds[1])
    assert (found["correct"], found["count"], found["accuracy"]) == (2, 4, 0.5)
    assert found["confusion"] == [[1, 3], [1, 3]]


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_can_select_and_is_named_in_the_rule(metric: str, tmp_path: Path) -> None:
    sign = METRICS[metric].sign
    rows = []
    for name, value in {"a": 0.5, "b": 0.5 + 0.1 * sign, "c": 0.5 - 0.1 * sign}.items():
        scores = dict.fromkeys(METRICS, 0.5) | {metric: value}
        rows.append({"setting": name, "seed": 1, "best_epoch": 1, "status": "trained", "validation": scores})
    write_json(tmp_path / "runs.json", rows)
    select_setting.main(tmp_path / "runs.json", tmp_path / "s.json", list("abc"), [], [1], metric)
    found = read_json(tmp_path / "s.json")
    assert found["winner"] == "b"
    assert found["rule"].startswith("highest mean" if sign > 0 else "lowest mean")


def test_the_rule_in_words() -> None:
    assert select_setting.rule("accuracy") == (
        "highest mean validation accuracy over the seeds; ties go to the lower mean validation loss, then to the "
        "setting that comes first in the config"
    )


def test_a_reference_is_set_beside_this_runs_value(tmp_path: Path) -> None:
    write_json(tmp_path / "test.json", {"accuracy": 0.9})
    entry = {"value": 0.9, "kind": "accuracy", "interval": [0.88, 0.92], "source": "test.json", "pointer": "/accuracy"}
    write_json(tmp_path / "values/a.json", {"winner.test.accuracy": entry})
    asked = {"name": "test", "value": "winner.test.accuracy", "reported": 0.95}
    values = collect([tmp_path / "values/a.json"], tmp_path / "reference.json", [asked])
    assert list(faults(values, tmp_path)) == []
    assert values["reference.test.this"]["value"] == 0.9
    assert values["reference.test.difference"]["value"] == pytest.approx(-0.05)
    assert values["reference.test.difference"]["interval"] == pytest.approx([-0.07, -0.03])
    with pytest.raises(UserError, match=r"reference 'x': there is no number 'winner.tset' among the values"):
        compared([asked | {"name": "x", "value": "winner.tset"}], values)


def test_a_key_of_two_rules_is_refused(tmp_path: Path) -> None:
    for rule in ("a", "b"):
        write_json(tmp_path / f"values/{rule}.json", {"x": {"value": 1}})
    with pytest.raises(UserError, match=r"the value x is published twice, in .*a\.json and in .*b\.json"):
        merged([tmp_path / "values/a.json", tmp_path / "values/b.json"])


AGGREGATED = {"aggregate": "mean", "parts": [["a.json", "/x"], ["b.json", "/x"]]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"value": 2}, r"n is 2, and a\.json has 1 at /x"),
        ({"pointer": "/y"}, r"n does not stand in a\.json at /y \(KeyError"),
        ({"pointer": "/list/9"}, "IndexError"),
        ({"source": "c.json"}, r"n does not stand in c\.json .*FileNotFoundError"),
        ({"value": 5, **AGGREGATED}, r"n is 5, and a\.json has 2\.0 at /x"),
        ({"value": 3, "pointer": "/list"}, r"n is 3, and a\.json has 2 at /list"),
    ],
)
def test_a_value_that_does_not_stand_in_its_file_is_refused(tmp_path: Path, changed: Any, said: str) -> None:
    write_json(tmp_path / "a.json", {"x": 1, "list": [7, 8], "nothing": None, "yes": True})
    write_json(tmp_path / "b.json", {"x": 3})
    entry = {"value": 1, "kind": "real", "interval": None, "source": "a.json", "pointer": "/x"}
    right = {
        "a": entry,
        "b": entry | {"value": 2.0} | AGGREGATED,
        "c": entry | {"value": 2, "pointer": "/list"},
        "d": entry | {"value": "none", "pointer": "/nothing"},
        "e": entry | {"value": "true", "pointer": "/yes"},
    }
    write_json(tmp_path / "values/a.json", right)
    assert collect([tmp_path / "values/a.json"], tmp_path / "reference.json", []) == right
    write_json(tmp_path / "values/a.json", right | {"n": entry | changed})
    with pytest.raises(UserError, match=said):
        collect([tmp_path / "values/a.json"], tmp_path / "reference.json", [])


def test_calibration_by_hand(tmp_path: Path) -> None:
    """Two seeds on the same four examples; bins up to 0.7 (one of two right) and up to 1 (one of two right)."""
    confidence = [0.7, 0.65, 0.95, 1.0]
    first = {"seed": 1, "id": range(4), "label": [0, 1, 0, 1], "p_a": confidence, "p_b": [1 - x for x in confidence]}
    both = pd.concat([pd.DataFrame(first), pd.DataFrame(first | {"seed": 2})]).assign(prediction=0)
    both.to_parquet(tmp_path / "p.parquet")
    pd.DataFrame(first)[["id", "label"]].to_parquet(tmp_path / "t.parquet")
    write_json(tmp_path / "summary.json", {"labels": ["a", "b"]})
    written = {"calibration": tmp_path / "c.json", "table": tmp_path / "c.csv", "values": tmp_path / "values/c.json"}
    measure_calibration.main(*(tmp_path / name for name in ("p.parquet", "t.parquet", "summary.json")), **written)
    found, values = read_json(tmp_path / "c.json"), Published(written["values"])
    assert found["error"] == pytest.approx((abs(1 - 1.35) + abs(1 - 1.95)) / 4)
    assert found["runs"][0] == found["runs"][1] | {"seed": 1}
    assert values["calibration.confidence"] == pytest.approx(sum(confidence) / 4)
    squares = [(1 - p if label == 0 else p) ** 2 for p, label in zip(confidence, [0, 1, 0, 1], strict=True)]
    assert values["calibration.brier"] == pytest.approx(2 * np.mean(squares))
    assert values["calibration.p"] == min(1, 2 * found["runs"][0]["p"])
    table = pd.read_csv(tmp_path / "c.csv")
    assert table[["above", "up_to", "count", "accuracy"]].to_numpy().tolist() == [[0.6, 0.7, 2, 0.5], [0.9, 1, 2, 0.5]]
    assert table["confidence"].tolist() == pytest.approx([0.675, 0.975])
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx(wilson_interval(1, 2))


MODEL = {"source": {"package": "p"}, "parameters": 12, "megabytes": 0.5}


@pytest.fixture
def described(tmp_path: Path) -> dict[str, Path]:
    """What describe_data reads: three splits and a model in one file."""
    texts = {"train": [3, 5, 8], "validation": [2], "test": [8, 8]}
    for split, rows in texts.items():
        table = pd.DataFrame({"input_ids": [[1] * count for count in rows], "cut": [count == 8 for count in rows]})
        tokens = pa.Table.from_pandas(table, preserve_index=False)
        counted_by = {"unknown_id": "1" if split == "test" else "7", "special_tokens": "2"}
        pq.write_table(tokens.replace_schema_metadata(counted_by), tmp_path / f"{split}.parquet")
    facts = {"rows": 3, "duplicates": 0, "classes": {"a/b": 2, "Dr. X": 1}, "words": {"min": 1, "mean": 2.5, "max": 4}}
    summary = {"labels": ["a/b", "Dr. X"], "splits": {"train": facts, "test": facts}, "overlap": {"train-test": 0}}
    summary |= {"near_duplicates": {"threshold": 0.8, "rows": {"train-test": 2}}}
    summary |= {"left_out": {"train": {"invalid": 4, "by_label": 1, "rows": []}}}
    write_json(tmp_path / "summary.json", summary | {"dropped": {"train": 0}, "carved": None})
    write_json(tmp_path / "model.json", MODEL | {"files": {"model.safetensors": "1" * 64}})
    names = ("summary.json", "model.json", *(f"{split}.parquet" for split in texts))
    return {name.partition(".")[0]: tmp_path / name for name in names}


def describe(given: dict[str, Path], folder: Path, models: Sequence[str] = ("",)) -> Published:
    of_model = {name: [path] * len(models) for name, path in given.items() if name != "summary"}
    made = {"description": folder / "d.json", "values": folder / "values/d.json"}
    describe_data.main(summary=given["summary"], **of_model, **made, models=list(models), max_length=8)
    return Published(folder / "values/d.json")


def test_several_models_have_their_own_tokens_and_sizes(tmp_path: Path, described: dict[str, Path]) -> None:
    one, two = describe(described, tmp_path), describe(described, tmp_path, models=("small", "large"))
    assert (one["model.parameters"], one["model.megabytes"], one["model.name"]) == (12, 0.5, "p")
    for name in ("name", "sha256", "parameters", "megabytes"):
        assert two[f"models.small.{name}"] == two[f"models.large.{name}"] == one[f"model.{name}"]
        assert f"model.{name}" not in two.values
    for name in ("train.cut", "test.tokens.longest", "test.unknown.share"):
        assert two[f"models.small.{name}"] == one[f"data.{name}"]
        assert f"data.{name}" not in two.values  # which model's would it be?
    assert two["data.max_length"] == 8


def test_cut_texts_and_tokens_are_counted(tmp_path: Path, described: dict[str, Path]) -> None:
    values = describe(described, tmp_path)
    assert (values["data.train.cut"], values["data.train.cut.share"], values["data.max_length"]) == (1, 1 / 3, 8)
    assert [values[f"data.{split}.cut"] for split in ("validation", "test")] == [0, 2]
    assert (values["data.train.tokens"], values["data.train.tokens.longest"]) == (16, 8)
    assert (values["data.validation.tokens"], values["data.validation.tokens.longest"]) == (2, 2)
    assert (values["data.classes"], values['data.train.class."Dr. X"']) == (2, 1)


def test_unknown_tokens_near_duplicates_and_rows_left_out_are_published(
    tmp_path: Path, described: dict[str, Path]
) -> None:
    values = describe(described, tmp_path)
    assert (values["data.train.unknown"], values["data.train.unknown.share"]) == (0, 0)
    assert (values["data.test.unknown"], values["data.test.unknown.share"]) == (16, 16 / 12)
    assert (values["data.near_duplicates.train-test"], values["data.near_duplicates.threshold"]) == (2, 0.8)
    assert [values[f"data.left_out.train.{why}"] for why in ("invalid", "by_label")] == [4, 1]


def test_a_model_of_several_files_has_one_fingerprint(tmp_path: Path, described: dict[str, Path]) -> None:
    assert describe(described, tmp_path)["model.sha256"] == "1" * 64
    shards = {f"model-0000{number}-of-00002.safetensors": str(number) * 64 for number in (1, 2)}
    found = []
    for files in (shards, dict(reversed(shards.items())), shards | {"config.json": "3" * 64}):
        write_json(described["model"], MODEL | {"files": files})
        found.append(describe(described, tmp_path)["model.sha256"])
    assert len(set(found)) == 1
    assert len(found[0]) == 64
    changed = shards | {"model-00002-of-00002.safetensors": "5" * 64}
    write_json(described["model"], MODEL | {"files": changed})
    assert describe(described, tmp_path)["model.sha256"] != found[0]


def test_parts_of_the_training_split_are_nested_and_keep_the_balance() -> None:
    labels = np.array([0] * 90 + [1] * 10 + [2])
    parts = [set(nested_part(labels, share, seed=1).tolist()) for share in (0.1, 0.5, 1.0)]
    assert parts[0] < parts[1] < parts[2] == set(range(101))
    assert [len(part) for part in parts[:2]] == [9 + 1 + 1, 45 + 5 + 1]
    assert set(nested_part(labels, 0.1, seed=2).tolist()) != parts[0]
