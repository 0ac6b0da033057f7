"""The raw shapes that docs/your-own-data.md shows are taken as it says, by the commands that it shows."""

import re
from pathlib import Path
from random import Random

from finetune_report.cli import new
from finetune_report.cli.new import Options
from finetune_report.files import PROJECT as ROOT

import pytest

SHOWN = re.findall(
    r"^\$ finetune-report new (\w+) --data (\S+)\n(.*?)```", (ROOT / "docs/your-own-data.md").read_text(), re.M | re.S
)
GOOD, BAD = ["lovely", "warm", "bright", "clever", "moving"], ["dull", "flat", "cold", "lazy", "tedious"]
OTHERS = ["film", "story", "actor", "scene", "ending", "music", "the", "a", "with", "and"]
TOPICS, MOODS = ["world", "sport", "trade", "science"], ["joy", "anger", "sad"]
random = Random(3)


def text(good: bool) -> str:
    ends = GOOD if good else BAD
    return " ".join([random.choice(ends), *random.choices(OTHERS, k=random.randint(3, 8)), random.choice(ends)])


def put(name: str, rows: list[str]) -> None:
    path = Path("raw") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


@pytest.fixture(autouse=True)
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random.seed(3)
    put("SMSSpamCollection", [f"{'ham' if n % 3 else 'spam'}\t{text(n % 3 > 0)}" for n in range(240)])
    for split, count in (("train", 160), ("test", 60)):
        put(
            f"ag/{split}.csv",
            [f'"{n % 4 + 1}","{text(True)}","{text(False)} {TOPICS[n % 4]}, and ""more"""' for n in range(count)],
        )
    for split, count in (("train", 160), ("val", 50), ("test", 60)):
        put(f"tweet/{split}_text.txt", [f"@user {text(n % 3 == 0)} #{MOODS[n % 3]}" for n in range(count)])
        put(f"tweet/{split}_labels.txt", [str(n % 3) for n in range(count)])
    put("tweet/mapping.txt", ["0\tjoy", "1\tanger", "2\tsadness"])
    for split, count in (("train", 160), ("dev", 60)):
        put(f"SST-2/{split}.tsv", ["sentence\tlabel", *(f"{text(n % 2 > 0)} \t{n % 2}" for n in range(count))])
    put("SST-2/test.tsv", ["index\tsentence", *(f"{n}\t{text(n % 2 > 0)}" for n in range(30))])


def test_four_are_shown() -> None:
    assert [name for name, _, _ in SHOWN] == ["sms", "news", "tweets", "sst"]


@pytest.mark.parametrize(("name", "data", "said"), SHOWN, ids=[name for name, _, _ in SHOWN])
def test_a_shape_is_taken_as_shown(name: str, data: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    new.main(Options(name, data))
    printed = capsys.readouterr().out
    for line in said.splitlines():
        # How many words the longest text has is up to chance.
        assert re.sub(r"at most \d+ words", "", line) in re.sub(r"at most \d+ words", "", printed), line
