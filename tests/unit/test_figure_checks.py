"""Figures against results: what agrees passes, and one changed number in any figure's data is named."""

from pathlib import Path

from finetune_report.files import write_json, write_text
from finetune_report.report.figure_checks import EXPECTED, Results, disagreements
from finetune_report.report.results import read_curves
from finetune_report.report.values import Value

import pytest

HISTORY = "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate\n"
DATA = {
    "graph.csv": "seed,epoch,train_accuracy,validation_accuracy\n1,1,0.5,0.25\n1,2,0.75,0.5\n",
    "loss.csv": "seed,epoch,train_loss,validation_loss\n1,1,0.9,0.8\n1,2,0.4,0.6\n",
    "hyperparam-curves.csv": "setting,seed,epoch,validation_accuracy\na,1,1,0.25\na,1,2,0.5\nb,1,1,0.25\nb,1,2,0.5\n",
    "hyperparam.csv": "setting,seed,split,accuracy,low,high,status\n"
    "a,1,train,0.75,0.7,0.8,trained\na,1,validation,0.5,0.4,0.6,trained\n"
    "b,1,train,0.75,0.7,0.8,failed\nb,1,validation,0.5,0.4,0.6,failed\n",
    "expected.csv": "settings,mean,sd\n1,0.5,0.0\n2,0.625,0.125\n",
    "confusion.csv": "true,predicted,count\nno,no,3\nno,yes,1\nyes,no,2\nyes,yes,4\n",
    "attention-sweep.csv": "score,weight_0\n-1.0,0.25\n0.5,0.75\n",
    "attention-error.csv": "length,copy_first\n0.0,0.5\n1.0,1e-06\n",
    "learning-curve.csv": "percent,rows,seed,accuracy,loss,macro_f1\n50,10,1,0.25,0.6,0.4\n100,20,1,0.5,0.6,0.4\n",
    "heads.csv": "layer,head,entropy,role\n1,1,0.5,neither\n1,2,0.0625,copies\n",
}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    for setting in ("a", "b"):
        path = tmp_path / "runs" / setting / "seed1" / "history.csv"
        write_text(path, HISTORY + "1,0.9,0.5,0.8,0.25,0.1\n2,0.4,0.75,0.6,0.5,0.1\n")
    write_text(tmp_path / "attention/sweep.csv", DATA["attention-sweep.csv"])
    write_text(tmp_path / "attention/error.csv", DATA["attention-error.csv"])
    write_text(
        tmp_path / "attention/heads.csv", "layer,head,entropy,same,role\n1,1,0.5,0,neither\n1,2,0.0625,0,copies\n"
    )
    values = [
        *(value(f"runs.{name}.seed1.train.accuracy", 0.75, (0.7, 0.8)) for name in "ab"),
        *(value(f"runs.{name}.seed1.validation.accuracy", 0.5, (0.4, 0.6)) for name in "ab"),
        *(value(f"sweep.expected.{key}", number) for key, number in {"1": 0.5, "1.sd": 0.0, "2": 0.625}.items()),
        value("sweep.expected.2.sd", 0.125),
        value("data.train.rows", 20),
        *(value(f"test.confusion.{true}.{predicted}", count) for true, predicted, count in COUNTS),
    ]
    for percent, accuracy in ((50, 0.25), (None, 0.5)):
        run = {"setting": "a", "seed": 1, "validation": {"accuracy": accuracy, "loss": 0.6, "macro_f1": 0.4}}
        part = {"percent": percent, "rows": 10} if percent else {}
        write_json(tmp_path / f"attention/{percent}.json", run | part)
    write_json(tmp_path / "attention/other.json", {"setting": "b", "seed": 1, "validation": {}})
    statuses = {"a": "trained", "b": "failed"}
    rows = [{"setting": name, "seed": 1, "status": status} for name, status in statuses.items()]
    selection = {"winner": "a", "runs": rows}
    curves = read_curves(sorted(tmp_path.glob("runs/*/*/history.csv")))
    tables = sorted(tmp_path.glob("attention/*"))
    return Results({value.key: value for value in values}, ["a", "b"], ["no", "yes"], curves, selection, tables)


COUNTS = [("no", "no", 3), ("no", "yes", 1), ("yes", "no", 2), ("yes", "yes", 4)]


def value(key: str, number: float, interval: tuple[float, float] | None = None) -> Value:
    return Value(key, number, "real", interval, "file.json", "/a")


def figures(folder: Path, **changed: str) -> list[Path]:
    for name, text in (DATA | changed).items():
        write_text(folder / "figures" / name, text)
    return sorted(folder.glob("figures/*"))


def test_what_agrees_passes(tmp_path: Path, results: Results) -> None:
    assert disagreements(figures(tmp_path), results) == []
    assert set(DATA) == set(EXPECTED)


@pytest.mark.parametrize("name", DATA)
def test_one_changed_entry_is_found_in_every_figure(tmp_path: Path, results: Results, name: str) -> None:
    *lines, last = DATA[name].splitlines()
    cells = last.split(",")
    for place in range(len(cells)):
        changed = [*cells[:place], cells[place] + "1" if cells[place][-1].isalpha() else "0.33", *cells[place + 1 :]]
        text = "\n".join([*lines, ",".join(changed)]) + "\n"
        [found] = disagreements(figures(tmp_path, **{name: text}), results)
        assert found.startswith(f"the figure {name} does not agree with the results: ")


def test_missing_rows_and_columns_and_unknown_figures_are_named(tmp_path: Path, results: Results) -> None:
    short = DATA["confusion.csv"].replace("yes,yes,4\n", "")
    renamed = DATA["heads.csv"].replace("entropy", "spread")
    more = DATA["expected.csv"].replace("sd\n", "sd,best\n").replace("0.0\n", "0.0,1\n").replace("0.125\n", "0.125,1\n")
    changed = {"confusion.csv": short, "heads.csv": renamed, "new.csv": "a\n1\n", "expected.csv": more}
    paths = figures(tmp_path, **changed)
    assert disagreements(paths, results) == [
        "the figure confusion.csv does not agree with the results: it has 3 rows, the results give 4",
        "the figure expected.csv does not agree with the results: nothing checks its column best",
        "the figure heads.csv does not agree with the results: it has no column entropy",
        "nothing checks the data of the figure new.csv against the results",
    ]
