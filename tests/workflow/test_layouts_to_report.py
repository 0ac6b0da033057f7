"""From `finetune-report new` on files in a published layout to the finished report, with a tiny model."""

import csv
from collections.abc import Callable
from pathlib import Path

from finetune_report.files import read_json
from tests.support import projects
from tests.support.commands import command
from tests.support.projects import Project

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

pytestmark = pytest.mark.slow
COUNTS = {"train": 40, "val": 12, "test": 20}
SUBJECTS = ["the film", "a play", "this story", "one actor", "the music"]


def sentence(number: int, word: str) -> str:
    return f"{SUBJECTS[number % 5]} is {word} and {SUBJECTS[number * 3 % 5]} was number {number}"


def tweet_eval(folder: Path) -> None:
    """Texts and labels in two files a split, and the names of the labels in a third."""
    words = ["dull", "long", "lovely"]
    folder.mkdir()
    for split, count in COUNTS.items():
        texts = [f'@user {split} "{sentence(n, words[n % 3])} #{words[n % 3]}' for n in range(count)]
        (folder / f"{split}_text.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        (folder / f"{split}_labels.txt").write_text("".join(f"{n % 3}\n" for n in range(count)))
    (folder / "mapping.txt").write_text("0\tnegative\n1\tneutral\n2\tpositive\n")


def ag_news(folder: Path) -> None:
    """No header: the class as a number, a title, and a description."""
    words = ["war", "match", "market", "robot"]
    folder.mkdir()
    for split in ("train", "test"):
        with (folder / f"{split}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
            for n in range(COUNTS[split]):
                text = f'{split}, with a comma and "quotes": {sentence(n, words[n % 4])}\\, as Reuters has it'
                writer.writerow([n % 4 + 1, f"A {words[n % 4]}, {SUBJECTS[n % 5]} and {n} more (AP)", text])


LAYOUTS: dict[str, tuple[Callable[[Path], None], list[str], int]] = {
    "tweets": (tweet_eval, ["negative", "neutral", "positive"], 12),
    "news": (ag_news, ["1", "2", "3", "4"], 4),
}


@pytest.mark.parametrize(("name", "layout"), LAYOUTS.items(), ids=LAYOUTS)
def test_a_published_layout_becomes_a_report(
    name: str, layout: tuple[Callable[[Path], None], list[str], int], tmp_path: Path
) -> None:
    write, labels, validation = layout
    project = projects.make_project(tmp_path / "project")
    write(project.root / "raw")
    made = command("new", project.root, name, "--data", "raw", "--model", f"models/{projects.NAME}")
    assert made.returncode == 0, made.stdout + made.stderr
    results = run_briefly(project, name)
    summary = read_json(results / "data/summary.json")
    assert summary["labels"] == labels
    assert summary["splits"]["validation"]["rows"] == validation
    assert read_json(results / "checks.json")["findings"] == []
    values = read_json(results / "values.json")
    html = BeautifulSoup((results / "write-up.html").read_text(encoding="utf-8"), "html.parser").get_text()
    pdf = " ".join(page.extract_text() for page in PdfReader(results / "write-up.pdf").pages)
    for page in (html, pdf):
        assert str(values["data.test.rows"]["value"]) in page
        for label in labels:
            assert label in page


def run_briefly(project: Project, name: str) -> Path:
    """Run the experiment that `new` has set up, with one setting and one epoch; its results."""
    project.edit(f"config/{name}.yaml", "epochs: 5", "epochs: 1")
    project.edit(f"config/{name}.yaml", "seeds: [1, 2, 3]", "seeds: [1]")
    config = project.root / f"config/{name}.yaml"
    settings, sections = config.read_text().split("  - name: milder")
    more = "failed_runs: report\ndevice: cpu\nattention: {sentences: 0}\n"
    config.write_text(settings + "\n" + sections[sections.index("# Which settings") :] + more)
    config.rename(project.root / f"{projects.NAME}.yaml")
    projects.commit(project.root)
    done = project.snakemake("--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    return project.root / "results" / name
