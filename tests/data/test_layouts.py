"""Published layouts: small made-up files in the shape of well-known data sets, from the command to prepared data."""

import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finetune_report.cli import new
from finetune_report.cli.new import Options
from finetune_report.config.schema import complete
from finetune_report.data.locations import data_files
from finetune_report.errors import UserError

import prepare_data
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

COUNT = 40
WORDS = ["fine", "dull", "long", "warm", "cold", "loud", "slow", "kind"]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def text(n: int, more: str = "") -> str:
    return f"a {WORDS[n % 8]} story about {WORDS[n * 3 % 8]} thing number {n}{more}"


def put(name: str, content: str | bytes, encoding: str = "utf-8") -> None:
    path = Path("raw") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))


def lines(row: Callable[[int], str], count: int = COUNT, start: int = 0) -> str:
    return "".join(row(n) + "\n" for n in range(start, start + count))


def set_up(data: str | None = None, **given: Any) -> dict[str, Any]:
    """Run `finetune-report new` without a terminal, then prepare the data that its config names: the summary."""
    new.main(Options("try", data, **given))
    config = complete(yaml.safe_load(Path("config/try.yaml").read_text()))
    splits = {split: Path(f"{split}.parquet") for split in ("train", "validation")}
    files = list(data_files(config["data"]).values())
    prepare_data.main(files, summary=Path("summary.json"), test=[Path("test.parquet")], data=config["data"], **splits)
    return json.loads(Path("summary.json").read_text()) | {"config": config}


def rows_of(split: str) -> list[dict[str, Any]]:
    return pq.read_table(f"{split}.parquet").to_pylist()


def sizes(summary: dict[str, Any]) -> list[int]:
    return [summary["splits"][split]["rows"] for split in ("train", "validation", "test")]


def refusal(data: str | None = None, **given: Any) -> str:
    with pytest.raises(UserError) as caught:
        new.main(Options("try", data, **given))
    assert not Path("config").exists()
    assert not Path("data").exists()
    return str(caught.value)


def trec() -> None:
    labels = ["DESC:manner", "ENTY:cremat", "HUM:ind", "NUM:date"]
    put("train_5500.label", lines(lambda n: f"{labels[n % 4]} How did {text(n)} à ?"), "latin-1")
    put("TREC_10.label", lines(lambda n: f"{labels[n % 4]} What is {text(n, 'b')} ?", 8), "latin-1")


def ag_news() -> None:
    put("train.csv", lines(lambda n: f'"{n % 4 + 1}","Title, {n}","A ""{text(n)}"" \\ of the day."'))
    put("test.csv", lines(lambda n: f'"{n % 4 + 1}","Title {n}","Another {text(n)} of the day."', 8))
    put("classes.txt", "World\nSports\nBusiness\nSci/Tech\n")


def tweet_eval() -> None:
    put("mapping.txt", "0\tnegative\n1\tneutral\n2\tpositive\n")
    for split, count in {"train": COUNT, "val": 9, "test": 9}.items():
        put(f"{split}_text.txt", lines(lambda n, split=split: f'"{text(n, split)}', count))
        put(f"{split}_labels.txt", lines(lambda n: str(n % 3), count))


def imdb() -> None:
    for split in ("train", "test"):
        for name in ("pos", "neg"):
            for n in range(COUNT // 2):
                put(f"aclImdb/{split}/{name}/{n}_{n % 10}.txt", f"{text(n, name + split)}<br /><br />Good, \x85 no")
        put(f"aclImdb/{split}/urls_{name}.txt", "http://example.org\n")
        put(f"aclImdb/{split}/labeledBow.feat", "9 0:9 1:1\n")
    put("aclImdb/train/unsup/0_0.txt", "no label here")
    put("aclImdb/imdb.vocab", "the\nand\n")
    put("aclImdb/README", "Large Movie Review Dataset")


def sms_spam() -> None:
    put("SMSSpamCollection", lines(lambda n: f'{"spam" if n % 4 == 0 else "ham"}\t"{text(n)}, ok lar...'))
    put("readme", "SMS Spam Collection v.1\n")


def cola() -> None:
    row = 'gj04\t{}\t{}\tOur "friends {}.'
    for name, count in {"in_domain_train": COUNT, "in_domain_dev": 8, "out_of_domain_dev": 6}.items():
        put(f"{name}.tsv", lines(lambda n, name=name: row.format(n % 2, "*" * (1 - n % 2), text(n, name)), count))


def mrpc() -> None:
    head = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
    row = '{}\t{}\t{}\t"{} , he said .\t"A {} again ."'
    for name, count in {"train": COUNT, "test": 10}.items():
        put(
            f"msr_paraphrase_{name}.txt",
            head + lines(lambda n, t=name: row.format(n % 2, 7022 + 3 * n, 9011 - n * 7, text(n, t), text(n)), count),
        )


NLI = ("entailment", "neutral", "contradiction")


def snli_row(n: int, split: str) -> dict[str, Any]:
    label = "-" if n == 5 else NLI[n % 3]
    return {
        "annotator_labels": [label] if label != "-" else ["neutral", "entailment"],
        "captionID": f"{n}.jpg#4",
        "gold_label": label,
        "pairID": f"{n}.jpg#4r1n",
        "sentence1": f"A person and {text(n, split)}.",
        "sentence1_parse": f"(ROOT {text(n)})",
        "sentence2": f"Someone is with {text(n + 1)}.",
        "sentence2_parse": f"(ROOT {text(n + 1)})",
    }


def snli() -> None:
    for split, count in {"train": COUNT, "dev": 9, "test": 9}.items():
        rows = [snli_row(n, split) for n in range(count)]
        put(f"snli_1.0_{split}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        names = ["gold_label", "sentence1_parse", "sentence2_parse", "sentence1", "sentence2", "pairID"]
        table = ["\t".join(names), *("\t".join(row[name] for name in names) for row in rows)]
        put(f"snli_1.0_{split}.txt", "\n".join(table) + "\n")
    put("README.txt", "SNLI\n")


def multinli() -> None:
    for split, count in {"train": COUNT, "dev_matched": 9, "dev_mismatched": 9}.items():
        put(f"multinli_1.0_{split}.jsonl", lines(lambda n, s=split: json.dumps(snli_row(n, s)), count))


def sick() -> None:
    head = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    row = "{}\tA {} is here\tNo {} is here\t{}\t{}"
    for name, count in {"train": COUNT, "trial": 9, "test_annotated": 9}.items():
        content = lines(
            lambda n, s=name: row.format(n + 1, text(n, s), text(n), 1 + n % 40 / 10, NLI[n % 3].upper()), count
        )
        put(f"SICK_{name}.txt", head + content)


def atis() -> None:
    names = ["atis_flight", "atis_airfare", "atis_flight#atis_airfare"]
    put("atis_intents_train.csv", lines(lambda n: f"{names[n % 3]}, show me {text(n)}"))
    put("atis_intents_test.csv", lines(lambda n: f"{names[n % 3] if n else 'atis_day_name'}, list {text(n)}", 9))


def banking() -> None:
    for name, count in {"train": 77 * 3, "test": 77}.items():
        put(f"{name}.csv", "text,category\n" + lines(lambda n, s=name: f'"{text(n, s)}, why?",intent_{n % 77}', count))
    put("categories.json", json.dumps([f"intent_{n}" for n in range(77)]))


def newsgroups() -> None:
    for split in ("train", "test"):
        for name in ("comp.graphics", "rec.autos", "sci.med"):
            for n in range(12):
                content = f"From: x@example.org\nSubject: {n}\n\n{text(n, name + split)} caf\xe9\n"
                put(f"20news-bydate-{split}/{name}/{38000 + n}", content, "latin-1")


def sentiment140() -> None:
    # Sorted by class, as the real one is.
    row = '"{}","14678{:05d}","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","user{}","@you {}"'
    train = lines(lambda n: row.format(4 * (n >= 20), n, n % 30, text(n, " \x81 ï" if n == 9 else "")))
    put("training.1600000.processed.noemoticon.csv", train, "latin-1")
    test = lines(lambda n: row.format(n % 3 * 2, n, n, text(n, "t")).replace("NO_QUERY", "kindle2"), 9)
    put("testdata.manual.2009.06.14.csv", test, "latin-1")


def glue() -> None:
    put("train.tsv", "sentence\tlabel\n" + lines(lambda n: f"{text(n)}\t{n % 2}"))
    put("dev.tsv", "sentence\tlabel\n" + lines(lambda n: f"{text(n, 'd')}\t{n % 2}", 8))
    put("test.tsv", "index\tsentence\n" + lines(lambda n: f"{n}\t{text(n, 't')}", 8))


def fast_text() -> None:
    put("train.txt", lines(lambda n: f"__label__{n % 3} {text(n)}"))
    put("test.txt", lines(lambda n: f"__label__{n % 3} {text(n, 't')}", 9))


# What writes the files, the classes, rows of training, validation and test, and keys of the config's data entry.
LAYOUTS: dict[str, tuple[Callable[[], None], int, list[int], dict[str, Any]]] = {
    "TREC": (trec, 4, [36, 4, 8], {"format": "label-first", "encoding": "cp1252"}),
    "AG News": (ag_news, 4, [36, 4, 8], {"header": False, "text": "2", "label": "0"}),
    "TweetEval": (tweet_eval, 3, [40, 9, 9], {"path": "data/try"}),
    "IMDb": (imdb, 2, [36, 4, 40], {"path": "data/try", "slices": []}),
    "SMS Spam": (sms_spam, 2, [28, 4, 8], {"path": "data/try"}),
    "CoLA": (cola, 2, [36, 4, 14], {"text": "3", "label": "1"}),
    "MRPC": (mrpc, 2, [36, 4, 10], {"text": "#1 String", "text_pair": "#2 String", "quoting": False}),
    "SNLI": (snli, 3, [39, 8, 8], {"text": "sentence1", "text_pair": "sentence2", "label_map": {"-": None}}),
    "MultiNLI": (multinli, 3, [35, 4, 16], {"text_pair": "sentence2", "path": "data/try"}),
    "SICK": (sick, 3, [40, 9, 9], {"text": "sentence_A", "text_pair": "sentence_B", "slices": []}),
    "ATIS": (atis, 3, [36, 4, 8], {"header": False, "label_map": {"atis_day_name": None}}),
    "Banking77": (banking, 77, [138, 93, 77], {"label": "category", "validation_fraction": 0.4}),
    "20 Newsgroups": (newsgroups, 3, [32, 4, 36], {"path": "data/try"}),
    "Sentiment140": (sentiment140, 2, [36, 4, 6], {"encoding": "latin-1", "text": "5", "label_map": {"2": None}}),
    "GLUE without test labels": (glue, 2, [40, 8, 8], {"path": "raw", "test_split": "unlabelled"}),
    "fastText": (fast_text, 3, [36, 4, 9], {"format": "label-first"}),
}


@pytest.mark.parametrize(("layout", "classes", "rows", "keys"), LAYOUTS.values(), ids=LAYOUTS)
def test_published_layouts(layout: Callable[[], None], classes: int, rows: list[int], keys: dict[str, Any]) -> None:
    layout()
    summary = set_up("raw")
    config = summary["config"]
    assert len(summary["labels"]) == classes
    assert sizes(summary) == rows
    assert {key: config["data"].get(key) for key in keys} == keys
    assert all("story about" in row["text"] for split in ("train", "test") for row in rows_of(split))


def test_names_and_texts_of_layouts_come_through() -> None:
    tweet_eval()
    summary = set_up("raw")
    assert summary["labels"] == ["negative", "neutral", "positive"]
    assert rows_of("train")[0]["text"] == f'"{text(0, "train")}'
    origin = json.loads(Path("data/try/origin.json").read_text())
    assert origin["train"]["source"] == "raw/train_text.txt"


def sts_b() -> None:
    row = "main-captions\tMSRvid\t2012test\t{:04d}\t{:.3f}\tA {} is here.\tSome {} are here."
    content = lines(lambda n: row.format(n, n % 26 / 5, text(n), text(n)))
    put("sts-train.csv", content + row.format(99, 2.5, text(1), text(2)) + "\tby someone\tCC\n")
    put("sts-dev.csv", lines(lambda n: row.format(n, n % 26 / 5, text(n), text(n)), 9))


def glue_sts_b() -> None:
    put("train.tsv", "index\tgenre\tscore\tsentence1\tsentence2\n" + lines(
        lambda n: f"{n}\t{'ab'[n % 2]}\t{n % 26 / 5:.3f}\t{text(n)}\t{text(n + 1)}"))  # fmt: skip


def go_emotions() -> None:
    for name in ("train", "dev", "test"):
        put(f"{name}.tsv", lines(lambda n: f"{text(n)}\t{'2,20' if n == 7 else (2, 20, 27)[n % 3]}\teebbq{n}"))


def go_emotions_raw() -> None:
    names = ["admiration", "amusement", "anger", "neutral"]
    head = "text,id,author," + ",".join(names) + "\n"
    flags = [",".join(str(int(n % 4 == k or n % 5 == k)) for k in range(4)) for n in range(COUNT)]
    put("goemotions_1.csv", head + lines(lambda n: f"{text(n)},e{n},u{n % 7},{flags[n]}"))


def conll() -> None:
    for name in ("eng.train", "eng.testa", "eng.testb"):
        put(name, "-DOCSTART- -X- O O\n\n" + "EU NNP I-NP I-ORG\nrejects VBZ I-VP O\n. . O O\n\n" * 20)


def token_lists() -> None:
    put("train.jsonl", lines(lambda n: json.dumps({"tokens": text(n).split(), "ner_tags": [0] * 7, "label": n % 2})))


def label_lists() -> None:
    put("train.jsonl", lines(lambda n: json.dumps({"text": text(n), "label": ["a", "b"][: 1 + n % 2]})))


OTHER_TASKS = {
    "STS-B": (sts_b, "the column '4' holds scores with fractions, such as 0.200: a regression task"),
    "STS-B of GLUE": (glue_sts_b, "the column 'score' holds scores with fractions"),
    "GoEmotions": (go_emotions, "the column '1' has several labels in 1 of 40 rows, such as '2,20'"),
    "GoEmotions' tables": (go_emotions_raw, "4 columns hold 0 or 1 (admiration, amusement, anger, neutral)"),
    "CoNLL-2003": (conll, "one token per line, as in CoNLL files: labels of tokens"),
    "lists of tokens": (token_lists, "the column 'tokens' holds lists of words"),
    "lists of labels": (label_lists, "the column 'label' holds lists of labels, with several in 20 of 40 rows"),
}


@pytest.mark.parametrize(("layout", "message"), OTHER_TASKS.values(), ids=OTHER_TASKS)
def test_data_of_other_tasks_are_recognised_and_refused(layout: Callable[[], None], message: str) -> None:
    layout()
    said = refusal("raw")
    assert message in said
    assert "This project" in said


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_an_archive_of_a_layout(form: str) -> None:
    newsgroups()
    if form == "zip":
        with zipfile.ZipFile("20news.zip", "w") as archive:
            for path in sorted(Path("raw").rglob("*")):
                archive.write(path, path.relative_to("raw"))
    else:
        with tarfile.open("20news.tar.gz", "w:gz") as archive:
            archive.add("raw", "20news")
    summary = set_up(f"20news.{form}")
    assert sizes(summary) == [32, 4, 36]
    assert sorted(path.name for path in Path("data").iterdir()) == ["try"]


def test_an_archive_that_points_outside_writes_nothing_there() -> None:
    with tarfile.open("bad.tar", "w") as archive:
        put("evil.csv", "text,label\na,b\n")
        archive.add("raw/evil.csv", "../../evil.csv")
    assert "cannot be unpacked" in refusal("bad.tar")


def test_files_named_one_by_one() -> None:
    put("a.csv", "text,label\n" + lines(lambda n: f"{text(n)},{n % 2}"))
    put("b.csv", "text,label\n" + lines(lambda n: f"{text(n, 'b')},{n % 2}", 8))
    summary = set_up(train=Path("raw/a.csv"), test=Path("raw/b.csv"))
    assert summary["config"]["data"]["files"] == {"train": "raw/a.csv", "test": "raw/b.csv"}
    assert sizes(summary) == [36, 4, 8]


def test_files_of_different_forms_are_brought_into_one() -> None:
    put("train.csv", "text;label\n" + lines(lambda n: f"{text(n)} é;{n % 2}"), "cp1252")
    put("test.jsonl", lines(lambda n: json.dumps({"text": text(n, "t"), "label": n % 2}), 8))
    summary = set_up("raw")
    assert summary["config"]["data"]["path"] == "data/try"
    assert rows_of("train")[0]["text"].endswith("é")


def test_several_files_per_split() -> None:
    for part in range(3):
        put(f"train-{part}.csv", "text,label\n" + lines(lambda n: f"{text(n)},{n % 2}", 10, 10 * part))
    put("test-0.csv", "text,label\n" + lines(lambda n: f"{text(n, 't')},{n % 2}", 8))
    assert sizes(set_up("raw")) == [27, 3, 8]


def test_a_hub_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from finetune_report.data import loading

    import datasets

    kinds = datasets.Features(
        {"sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )

    def split(count: int, hidden: bool = False) -> datasets.Dataset:
        labels = [-1 if hidden else n % 2 for n in range(count)]
        return datasets.Dataset.from_dict(
            {"sentence": [text(n) for n in range(count)], "label": labels}, features=kinds
        )

    found = datasets.DatasetDict({"train": split(40), "validation": split(8), "test": split(8, hidden=True)})
    for module in ("finetune_report.data.hub_tables", "finetune_report.data.loading"):
        monkeypatch.setattr(f"{module}.load_from_hub", lambda hub, cache: found)
    summary = set_up("org/reviews")
    hub = summary["config"]["data"]["hub"]
    assert (hub["name"], hub["train"], hub["validation"], hub["test"]) == ("org/reviews", "train", "validation", "test")
    assert summary["config"]["data"]["test_split"] == "unlabelled"
    assert summary["labels"] == ["neg", "pos"]
    assert loading.load_from_hub is not None
    assert sizes(summary) == [40, 8, 8]


def test_labels_of_parquet_with_class_names_and_hidden_ones() -> None:
    import datasets

    kinds = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    Path("raw").mkdir()
    for split, count in {"train": 40, "test": 8}.items():
        content = {"text": [text(n, split) for n in range(count)], "label": [n % 2 for n in range(count)]}
        datasets.Dataset.from_dict(content, features=kinds).to_parquet(f"raw/{split}.parquet")
    assert set_up("raw")["labels"] == ["neg", "pos"]


def test_typed_labels_of_parquet_and_missing_ones() -> None:
    Path("raw").mkdir()
    labels = [float(n % 2) for n in range(39)] + [None]
    pq.write_table(pa.table({"text": [text(n) for n in range(40)], "label": labels}), "raw/train.parquet")
    pq.write_table(
        pa.table({"text": [text(n) for n in range(8)], "label": [n % 2 for n in range(8)]}), "raw/test.parquet"
    )
    summary = set_up("raw")
    assert summary["labels"] == ["0", "1"]
    assert summary["config"]["data"]["skip_invalid"] is True
    assert summary["left_out"]["train"]["invalid"] == 1
