"""The language of texts: a guess, where there is enough to guess from, and what the report does with it."""

from pathlib import Path

from finetune_report.data.language import FEWEST_TEXTS, guessed
from finetune_report.files import read_json
from tests.support.messages import refuses
from tests.support.preparing import entry, prepare

import describe_data
import pytest

SENTENCES = {
    "en": "The film was dull, and half of the actors were asleep, as I was.",
    "de": "Der Film war langweilig, und die Hälfte der Schauspieler schlief, wie ich auch.",
    "fr": "Le film était ennuyeux, et la moitié des acteurs dormaient, comme moi.",
    "ja": "これは私が見た中で一番退屈な映画でした、本当に残念でなりません。",
    "ar": "كان الفيلم مملا جدا وكان نصف الممثلين نائمين مثلي تماما في القاعة",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_language_is_guessed_from_several_texts(language: str) -> None:
    found = guessed([SENTENCES[language]] * 10)
    assert found is not None
    assert (found.language, found.share, found.texts) == (language, 1.0, 10)


def test_too_little_or_too_mixed_is_no_guess() -> None:
    assert guessed([]) is None
    assert guessed(["dull"] * 1000) is None
    assert guessed([SENTENCES["en"]] * (FEWEST_TEXTS - 1)) is None
    assert guessed(["12345 67890 !!! ??? 0000 1111 2222"] * 50) is None
    assert guessed([*SENTENCES.values()] * 4) is None


def test_few_texts_of_many_are_looked_at_and_short_ones_do_not_count() -> None:
    found = guessed([SENTENCES["de"], "ok"] * 5000)
    assert found is None or found.texts <= 200
    found = guessed([SENTENCES["de"], SENTENCES["de"], "ok"] * 30)
    assert found is not None
    assert (found.language, found.texts) == ("de", 60)


def write_texts(text: str) -> None:
    Path("d").mkdir(exist_ok=True)
    for split, count in (("train", 12), ("validation", 2), ("test", 2)):
        rows = "".join(f'"{text} {split} {n}",{n % 2}\n' for n in range(count))
        Path(f"d/{split}.csv").write_text("text,label\n" + rows, encoding="utf-8")


def test_the_config_comes_before_the_guess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_texts(SENTENCES["de"])
    assert prepare(path="d")["language"] == {"tag": "de", "guessed": {"language": "de", "share": 1.0, "texts": 12}}
    assert prepare(path="d", language="pt-BR")["language"] == {"tag": "pt-BR", "guessed": None}
    with refuses("data.language", "'German'"):
        entry(path="d", language="German")


def test_a_guess_is_published_as_one(tmp_path: Path) -> None:
    from finetune_report.report.publishing import Collector

    for guess in (None, {"language": "de", "share": 0.75, "texts": 12}):
        collector = Collector(tmp_path / "values.json")
        describe_data.publish_language(collector, tmp_path / "s.json", {"tag": "de", "guessed": guess})
        collector.write()
        found = read_json(tmp_path / "values.json")
        assert found["data.language"]["value"] == "de"
        assert ("data.language.guessed.share" in found) == (guess is not None)
