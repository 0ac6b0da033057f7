"""A whole experiment whose test file has no labels: everything but test scores, and the classes of its texts."""

import csv
from pathlib import Path

from finetune_report.files import read_json
from tests.support import projects
from tests.support.commands import command
from tests.support.once import made_once
from tests.support.projects import Project

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

pytestmark = pytest.mark.slow
NOTICE = "No test score. The test split has no labels."


def strip_labels(path: Path) -> list[str]:
    """Take the labels out of a data file; its texts."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["number", "text"])
        writer.writeheader()
        writer.writerows({"number": number, "text": row["text"]} for number, row in enumerate(rows))
    return [row["text"] for row in rows]


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small experiment with one setting and two seeds, run after its test file has lost its labels."""

    def make(folder: Path) -> None:
        project = projects.make_project(folder)
        strip_labels(folder / "data" / projects.NAME / "test.csv")
        config = project.read_config()
        config["settings"], config["seeds"] = config["settings"][:1], [1, 2]
        config["data"]["test_split"] = "unlabelled"
        config["attention"] = config["attention"] | {"sentences": 0}
        config["report"] = config["report"] | {"write_up": "report/skeleton/write-up.md", "further_forms": ["docx"]}
        project.write_config(config)
        projects.commit(folder)
        done = project.snakemake("--cores", "1")
        assert done.returncode == 0, done.stdout + done.stderr

    return Project(made_once(tmp_path_factory, "unlabelled", make))


def test_every_test_text_has_a_class_in_the_order_of_its_file(unlabelled: Project) -> None:
    texts = pd.read_csv(unlabelled.root / "data" / projects.NAME / "test.csv")["text"].tolist()
    prepared = pd.read_parquet(unlabelled.results / "data/test.parquet")
    found = pd.read_csv(unlabelled.results / "test/predictions.csv")
    assert prepared["text"].tolist() == texts
    assert found["row"].tolist() == list(range(1, len(texts) + 1))
    chances = found[["p_negative", "p_positive"]]
    assert (chances.sum(axis=1) - 1).abs().max() < 1e-9
    assert (chances.idxmax(axis=1) == "p_" + found["prediction"]).all()


def test_nothing_is_a_test_score(unlabelled: Project) -> None:
    values = read_json(unlabelled.results / "values.json")
    of_test = [key for key in values if "test" in key.split(".") and not key.startswith(("data.", "ledger."))]
    assert of_test == []
    assert values["data.test_split"]["value"] == "unlabelled"
    assert values["ledger.test.scored"]["value"] == 0
    assert {path.name for path in (unlabelled.results / "test").iterdir()} == {"predictions.csv"}
    assert not (unlabelled.results / "test-ledger.jsonl").exists()
    assert not list(unlabelled.results.glob("figures/confusion.*"))


def test_every_form_says_so_first(unlabelled: Project) -> None:
    root = unlabelled.results
    page = " ".join(PdfReader(root / "write-up.pdf").pages[0].extract_text().split())
    notice = BeautifulSoup((root / "write-up.html").read_text(encoding="utf-8"), "html.parser").find(class_="notice")
    assert notice is not None
    for said in (page, notice.get_text(), (root / "write-up.md").read_text().replace("**", "")):
        assert NOTICE in " ".join(said.split())
        assert "optimistic" in said
    checks = read_json(root / "checks.json")
    assert checks["findings"] == []


def test_commands_know_it(unlabelled: Project) -> None:
    given = ("--config", f"{projects.NAME}.yaml")
    report = unlabelled.results / "write-up.html"
    done = command("verify", unlabelled.root, report, *given, "--level", "predictions")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "predictions  verified" in done.stdout
    done = command("why", unlabelled.root, "winner.test.accuracy", *given)
    assert "data.test_split is unlabelled" in done.stderr
    done = command("diff", unlabelled.root, str(unlabelled.results), str(unlabelled.results))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_class_is_found(unlabelled: Project, tmp_path: Path) -> None:
    project = projects.copied(unlabelled, tmp_path / "project")
    path = project.results / "test/predictions.csv"
    found = pd.read_csv(path)
    found.loc[0, "prediction"] = "positive" if found["prediction"][0] == "negative" else "negative"
    found.to_csv(path, index=False)
    done = command("verify", project.root, project.results / "write-up.html", "--config", f"{projects.NAME}.yaml")
    assert done.returncode != 0
    assert "test/predictions.csv" in done.stdout


def test_labels_make_scores_and_the_ledger_remembers_them(unlabelled: Project, tmp_path: Path) -> None:
    """First with labels, so that the test split is scored; then without: the report tells of the scores before."""
    project = projects.copied(unlabelled, tmp_path / "project")
    texts = strip_labels(project.root / "data" / projects.NAME / "test.csv")
    labels = ["negative" if number % 2 else "positive" for number in range(len(texts))]
    pd.DataFrame({"text": texts, "label": labels}).to_csv(project.root / "labelled.csv", index=False)
    config = project.read_config()
    folder = f"data/{projects.NAME}"
    labelled = config["data"] | {
        "files": {"train": f"{folder}/train.csv", "validation": f"{folder}/validation.csv", "test": "labelled.csv"},
        "test_split": "labelled",
        "slices": [],
    }
    del labelled["path"]
    project.write_config(config | {"data": labelled})
    done = project.snakemake("--cores", "1", f"results/{projects.NAME}/ledger.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_json(project.results / "ledger.json")["test"]["scored"] == 1
    project.write_config(config)
    done = project.snakemake("--cores", "1", f"results/{projects.NAME}/ledger.json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = read_json(project.results / "ledger.json")["test"]["text"]
    assert "other test data were scored once before, for baseline" in said
