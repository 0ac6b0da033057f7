"""Setting up an experiment of one's own: what is inferred of a file, and that the config holds."""

import json
from pathlib import Path
from typing import Any

from finetune_report.cli import new
from finetune_report.cli.new import Options
from finetune_report.config.schema import complete
from finetune_report.data.detection import infer
from finetune_report.data.locations import data_files
from finetune_report.data.readers import read_rows
from finetune_report.errors import UserError

import pandas as pd
import pytest
import yaml

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
    new.main(Options("try", "mine.csv"))
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
    assert "finetune-report run --config config/try.yaml" in said
    assert "title: Try" in Path("report/try.md").read_text()


def test_a_folder_stays_where_it_is_and_unlike_classes_are_selected_by_macro_f1() -> None:
    rows = [(f'he said "{n}', "yes" if n < 24 else "no") for n in range(30)]
    for name in ("train", "dev", "test"):
        write(f"folder/{name}.tsv", rows, None, "\t")
    new.main(Options("try", "folder", model="org/name"))
    config = complete(yaml.safe_load(Path("config/try.yaml").read_text()))
    assert config["data"]["path"] == "folder"
    assert (config["data"]["header"], config["data"]["text"], config["data"]["label"]) == (False, "0", "1")
    assert config["model"]["name"] == "org/name"
    assert config["selection_metric"] == "macro_f1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options("My Topic", "mine.csv"), "the name: found 'My Topic'; a name has lower-case"),
        (Options("try"), "the data are not named; say --data path/to/file-or-folder"),
        (Options("try", "nowhere.csv"), "--data: nowhere.csv is not there"),
        (Options("try", "mine.csv", model="nowhere"), "--model: nowhere is neither a folder nor"),
        (Options("there", "mine.csv"), "config/there.yaml is there already"),
    ],
)
def test_mistakes_leave_no_config_behind(options: Options, message: str) -> None:
    write("mine.csv", ROWS, ("message", "topic", "channel"))
    write("config/there.yaml", [], ("name: there",))
    with pytest.raises(UserError) as error:
        new.main(options)
    assert str(error.value).startswith(message)
    assert [path.name for path in Path("config").iterdir()] == ["there.yaml"]


def written() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file() and path.name != "mine.csv")


@pytest.mark.parametrize("name", ["2024", "1e5", "on", "no", "2024-01-01", "007", "null"])
def test_any_name_stays_the_same_text_in_yaml(name: str) -> None:
    write("mine.csv", ROWS, ("message", "topic", "channel"))
    new.main(Options(name, "mine.csv"))
    assert complete(yaml.safe_load(Path(f"config/{name}.yaml").read_text()))["name"] == name


@pytest.mark.parametrize("taken", ["config.yaml", "config/other.yaml", "results/try/values.json", "report/try.md"])
def test_another_experiments_name_is_not_taken(taken: str) -> None:
    write("mine.csv", ROWS, ("message", "topic", "channel"))
    write(taken, [], ("name: try",))
    with pytest.raises(UserError, match=r"choose another"):
        new.main(Options("try", "mine.csv"))
    assert written() == [taken]


BAD_FILES = {
    "one class": ("text,label\n" + "a b c,x\n" * 9, "every row has the label 'x' in the column 'label'"),
    "no rows": ("text,label\n", "mine.csv holds no rows"),
    "a row too long": ("text,label\n" + "a b,x\na c,y\n" * 5 + "a,b,c\n", "mine.csv, line 12: found 3 fields where"),
    "too few rows": ("text,label\na b,x\na c,y\nb c,x\nc d,y\n", "too few to draw a fifth of each class"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_failure_leaves_nothing_behind(content: str, message: str) -> None:
    Path("mine.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        new.main(Options("try", "mine.csv"))
    assert [path.name for path in Path().iterdir()] == ["mine.csv"]


def test_a_failure_at_the_last_step_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    write("mine.csv", ROWS, ("message", "topic", "channel"))
    monkeypatch.setattr(new, "skeleton_write_up", lambda name: "\ud800")  # cannot be written
    with pytest.raises(UnicodeEncodeError):
        new.main(Options("try", "mine.csv"))
    assert written() == []
    assert not Path("data").exists()


def test_paths_with_home_spaces_and_braces(monkeypatch: pytest.MonkeyPatch, work: Path) -> None:
    monkeypatch.setenv("HOME", str(work / "my home"))
    folder = Path("my home/data (1) {x} ü")
    for split in ("train", "test"):
        write(f"{folder}/{split}.csv", ROWS, ("message", "topic", "channel"))
    new.main(Options("spaced", "~/data (1) {x} ü"))
    config = complete(yaml.safe_load(Path("config/spaced.yaml").read_text()))
    assert config["data"]["path"] == "data/spaced"  # since Snakemake takes braces in paths for its own
    folder.rename("my home/plain")
    new.main(Options("plain", "my home/plain"))
    config = complete(yaml.safe_load(Path("config/plain.yaml").read_text()))
    assert config["data"]["path"] == "my home/plain"
    assert data_files(config["data"] | {"path": "~/plain"})["train"].is_file()


def test_a_file_sorted_by_class_is_read_to_its_end() -> None:
    rows = [(f"words about {n}", "ab"[n >= 30_000]) for n in range(60_000)]
    for header in (("what", "how"), None):
        shape = infer(write("a.csv", rows, header))
        assert shape.classes == {"a": 30_000, "b": 30_000}
        assert shape.header == (header is not None)


def test_names_that_the_prepared_data_need_are_no_slices() -> None:
    rows = [(f"some words {n}", "ab"[n % 2], "xyz"[n % 3], str(n % 2), "sl"[n % 2]) for n in range(30)]
    shape = infer(write("a.csv", rows, ("message", "topic", "length", "id", "label")), text="message", label="topic")
    assert shape.slices == []


def test_a_missing_key_of_a_json_row_is_an_empty_field() -> None:
    rows = [{"text": f"words {n}", "label": n % 2} | ({"note": "ab"[n % 2]} if n else {}) for n in range(30)]
    Path("a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert infer(Path("a.jsonl")).classes == {"0": 15, "1": 15}


def test_spelling_variants_are_mapped_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    labels = ["Billing", "Billing", "billing", "Delivery"]
    write("mine.csv", [(f"words {n}", labels[n % 4]) for n in range(40)], ("text", "label"))
    new.main(Options("try", "mine.csv"))
    assert yaml.safe_load(Path("config/try.yaml").read_text())["data"]["label_map"] == {"billing": "Billing"}
    assert "'Billing' (20 rows) and 'billing' (10 rows); is that right?" in capsys.readouterr().out


def test_max_length_is_that_of_the_tokenizer_and_unknown_tokens_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    write("mine.csv", [("这部电影非常好看我也喜欢" * 6 + str(n), "ab"[n % 2]) for n in range(40)], ("text", "label"))
    new.main(Options("try", "mine.csv"))
    config = yaml.safe_load(Path("config/try.yaml").read_text())
    assert config["max_length"] > 32  # though each text is one word
    said = capsys.readouterr().out
    assert config["max_length"] == 128
    assert "length      at most" in said
    assert "warning     the model does not know" in said


DELIMITERS = {"excel": (";", "cp1252"), "tab": ("\t", "utf-16"), "bar": ("|", "latin-1"), "bom": (",", "utf-8-sig")}


@pytest.mark.parametrize(("mark", "encoding"), DELIMITERS.values(), ids=DELIMITERS)
def test_encodings_and_delimiters_are_recognised(mark: str, encoding: str) -> None:
    rows = [f"Der Gärtner sagte Grüße. Straße {n}{mark}{'gut' if n % 2 else 'schlecht'}" for n in range(40)]
    Path("a.csv").write_bytes("\r\n".join([f"Text{mark}Thema", *rows]).encode(encoding))
    shape = infer(Path("a.csv"))
    assert shape.reading.encoding == {"latin-1": "cp1252", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    assert shape.reading.delimiter == (None if mark == "," else mark)
    assert (shape.text, shape.label, shape.classes) == ("Text", "Thema", {"gut": 20, "schlecht": 20})


TUNED: dict[str, Any] = {"architectures": ["BertForSequenceClassification"]}


@pytest.mark.parametrize(
    ("config", "head"),
    [
        (TUNED, "new"),  # of two classes that have no names
        (TUNED | {"id2label": {"0": "Bad", "1": "good", "2": "so-so"}}, None),
        (TUNED | {"id2label": {"0": "x", "1": "y", "2": "z"}}, "new"),
        (TUNED | {"id2label": {str(number): f"LABEL_{number}" for number in range(3)}}, None),
        ({"architectures": ["BertModel"]}, None),
        ({"architectures": None}, None),
        ([], None),
    ],
)
def test_a_head_of_other_classes_is_replaced_and_said(
    config: Any, head: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("m").mkdir()
    Path("m/config.json").write_text(json.dumps(config))
    assert new.with_head({"path": "m"}, ["bad", "good", "so-so"]).get("head") == head
    assert ("model.head: new" in capsys.readouterr().out) == (head == "new")
