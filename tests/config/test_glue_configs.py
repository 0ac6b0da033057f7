"""The configs of GLUE's tasks: what they say of local files fits files of each published layout, made up here."""

import re
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.locations import data_files
from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json

import prepare_data
import pyarrow.parquet as pq
import pytest
import yaml

PARSES = ["sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse", "sentence2_parse"]
MNLI = ["index", "promptID", "pairID", "genre", *PARSES, "sentence1", "sentence2"]
# Of each task the header of its files as GLUE publishes them (CoLA's have none), and its labels there. The development
# files of MNLI have a column for each of five annotators.
LAYOUTS: dict[str, tuple[list[str], list[str]]] = {
    "cola": (["source", "label", "mark", "sentence"], ["0", "1"]),
    "sst2": (["sentence", "label"], ["0", "1"]),
    "mrpc": (["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"], ["0", "1"]),
    "qqp": (["id", "qid1", "qid2", "question1", "question2", "is_duplicate"], ["0", "1"]),
    "mnli": ([*MNLI, "label1", "gold_label"], ["entailment", "neutral", "contradiction"]),
    "mnli-mm": ([*MNLI, "label1", "gold_label"], ["entailment", "neutral", "contradiction"]),
    "qnli": (["index", "question", "sentence", "label"], ["entailment", "not_entailment"]),
    "rte": (["index", "sentence1", "sentence2", "label"], ["entailment", "not_entailment"]),
    "wnli": (["index", "sentence1", "sentence2", "label"], ["0", "1"]),
}
OF_LABELS = ("label", "Quality", "is_duplicate", "gold_label")
CONFIGS = {path.stem.removeprefix("glue-"): path for path in sorted((ROOT / "config").glob("glue-*.yaml"))}


def local_data(path: Path) -> dict[str, Any]:
    """The data entry for local files, which stands in the comment at the head of a config."""
    block = re.search(r"^#   data:\n(?:#     .*\n)+", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert block
    found: dict[str, Any] = yaml.safe_load(re.sub("^#   ", "", block[0], flags=re.MULTILINE))
    return found


def write(path: Path, task: str, rows: int, development: bool = False) -> None:
    """A file of the task's layout: the labels by turns, a quote in each text, the byte order mark that MRPC has."""
    header, labels = LAYOUTS[task]
    if development and task.startswith("mnli"):
        header = [*header[:-1], "label2", "label3", "label4", "label5", "gold_label"]
    lines = [] if task == "cola" else ["\t".join(header)]
    for number in range(rows):
        fields = {name: f'the {name} of {path.stem} "{number} is' for name in header}
        fields |= {name: labels[number % len(labels)] for name in header if name in OF_LABELS}
        lines.append("\t".join(fields.values()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig" if task == "mrpc" else "utf-8")


def test_there_is_a_config_for_each_task() -> None:
    assert set(CONFIGS) == set(LAYOUTS)


@pytest.mark.parametrize("task", LAYOUTS)
def test_local_files_of_the_published_layout_are_taken_as_the_config_says(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(CONFIGS[task].read_text(encoding="utf-8"))
    shared = {name: value for name, value in config["data"].items() if name == "train_rows"}
    data = complete(config | local_data(CONFIGS[task]))["data"] | shared
    write(Path(data["files"]["train"]), task, 60)
    write(Path(data["files"]["test"]), task, 12, development=True)
    splits = {split: tmp_path / f"{split}.parquet" for split in ("train", "validation")}
    prepare_data.main(
        list(data_files(data).values()),
        summary=tmp_path / "summary.json",
        test=[tmp_path / "test.parquet"],
        data=data,
        **splits,
    )
    summary = read_json(tmp_path / "summary.json")
    assert summary["labels"] == config["data"]["labels"] == complete(config)["data"]["labels"]
    rows = {split: summary["splits"][split]["rows"] for split in ("train", "validation", "test")}
    assert rows == {"train": 54, "validation": 6, "test": 12}
    assert set(summary["splits"]["test"]["classes"].values()) == {12 // len(summary["labels"])}
    test = pq.read_table(tmp_path / "test.parquet")
    assert ("text_pair" in test.column_names) == ("text_pair" in config["data"])
    for name in ("text", "text_pair") if "text_pair" in config["data"] else ("text",):
        assert test[name][0].as_py().endswith('"0 is')
