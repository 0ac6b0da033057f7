"""Setting up an experiment of one's own: what is inferred of a file, and that the config holds."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from commands import new
from lib.config import complete
from lib.errors import UserError
from lib.inference import infer
from lib.rows import read_rows

ROWS = [(f"some words about thing {n}", ("bad", "good", "so-so")[n % 3], "ab"[n % 2]) for n in range(30)]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, rows: list[tuple[str, ...]], header: tuple[str, ...] | None, mark: str = ",") -> Path:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    lines = [mark.join(row) for row in ([header] if header else []) + rows]
    Path(name).write_text("\n".join(lines) + "\n")
    return Path(name)


def test_named_columns_are_known_by_their_names() -> None:
    shape = infer(write("a.csv", ROWS, ("Message", "Topic", "channel")))
    assert (shape.header, shape.text, shape.label, shape.slices) == (True, "Message", "Topic", ["channel"])
    assert shape.classes == {"bad": 10, "good": 10, "so-so": 10}
    assert (shape.rows, shape.longest_words) == (30, 5)


def test_without_a_header_columns_are_told_by_what_they_hold() -> None:
    rows = [(f'he said "{n}', str(n % 2)) for n in range(20)]
    shape = infer(write("a.tsv", rows, None, "\t"))
    assert (shape.header, shape.text, shape.label) == (False, "0", "1")


def test_quotes_that_enclose_nothing_are_plain_characters() -> None:
    rows = [(f'"he{n}" said', str(n % 2)) for n in range(20)]
    shape = infer(write("a.tsv", rows, None, "\t"))
    assert not shape.quoting
    assert shape.rows == 20


def test_an_unknown_name_over_the_labels_is_still_a_header() -> None:
    shape = infer(write("a.csv", [row[:2] for row in ROWS], ("what", "how")))
    assert (shape.header, shape.text, shape.label, shape.rows) == (True, "what", "how", 30)


def test_pairs_are_known_by_name_and_typed_labels_are_named() -> None:
    rows = [{"premise": f"a b {n}", "hypothesis": f"c {n}", "label": n % 2} for n in range(20)]
    Path("a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shape = infer(Path("a.jsonl"))
    assert (shape.text, shape.text_pair, shape.classes) == ("premise", "hypothesis", {"0": 10, "1": 10})
    pd.DataFrame(rows).to_parquet("a.parquet")
    assert infer(Path("a.parquet")) == shape


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "topics"}, "a.csv: no column 'topics'; the columns are text, code"),
        ({}, "a.csv: no column has from 2 to 200 different values that repeat"),
    ],
)
def test_what_cannot_be_inferred_is_asked_for(given: dict[str, str], message: str) -> None:
    path = write("a.csv", [(f"words {n}", f"c{n}") for n in range(20)], ("text", "code"))
    with pytest.raises(UserError) as error:
        infer(path, **given)
    assert str(error.value).startswith(message)


def test_a_single_file_is_parted_and_the_config_holds(capsys: pytest.CaptureFixture[str]) -> None:
    write("mine.csv", ROWS, ("message", "topic", "channel"))
    new.main(["try", "--data", "mine.csv"])
    config = complete(yaml.safe_load(Path("config/try.yaml").read_text()))
    assert config["data"]["path"] == "data/try"
    assert (config["data"]["text"], config["data"]["label"]) == ("message", "topic")
    assert config["data"]["slices"] == ["channel"]
    assert config["report"]["write_up"] == "report/try.md"
    assert config["selection_metric"] == "accuracy"
    parts = {name: [row for _, row in read_rows(Path(f"data/try/{name}.csv"))] for name in ("train", "test")}
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 24, "test": 6}
    assert sorted(row["message"] for rows in parts.values() for row in rows) == sorted(row[0] for row in ROWS)
    assert [sum(row["topic"] == name for row in parts["test"]) for name in ("bad", "good", "so-so")] == [2, 2, 2]
    said = capsys.readouterr().out
    assert "label       column topic, 3 classes: bad 10, good 10, so-so 10" in said
    assert "make report CONFIG=config/try.yaml" in said
    assert "title: Try" in Path("report/try.md").read_text()


def test_a_folder_stays_where_it_is_and_unlike_classes_are_selected_by_macro_f1() -> None:
    rows = [(f'he said "{n}', "yes" if n < 24 else "no") for n in range(30)]
    for name in ("train", "dev", "test"):
        write(f"folder/{name}.tsv", rows, None, "\t")
    new.main(["try", "--data", "folder", "--model", "org/name"])
    config = complete(yaml.safe_load(Path("config/try.yaml").read_text()))
    assert config["data"]["path"] == "folder"
    assert (config["data"]["header"], config["data"]["text"], config["data"]["label"]) == (False, "0", "1")
    assert config["model"]["name"] == "org/name"
    assert config["selection_metric"] == "macro_f1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["My Topic", "--data", "mine.csv"], "NAME: found 'My Topic'; a name has lower-case"),
        (["try"], "the data are not named; say DATA=path/to/file-or-folder"),
        (["try", "--data", "nowhere.csv"], "--data: nowhere.csv is not there"),
        (["try", "--data", "mine.csv", "--model", "nowhere"], "--model: nowhere is neither a folder nor"),
        (["there", "--data", "mine.csv"], "config/there.yaml is there already"),
    ],
)
def test_mistakes_leave_no_config_behind(arguments: list[str], message: str) -> None:
    write("mine.csv", ROWS, ("message", "topic", "channel"))
    write("config/there.yaml", [], ("name: there",))
    with pytest.raises(UserError) as error:
        new.main(arguments)
    assert str(error.value).startswith(message)
    assert [path.name for path in Path("config").iterdir()] == ["there.yaml"]
