"""What a sentence may say under a claim: not another direction, split, metric, setting or kind than the claim's."""

from pathlib import Path
from typing import Any

from finetune_report.report.findings import check_document
from finetune_report.report.rendering import parse
from finetune_report.report.template import fill
from tests.support.evidence import evidence, make_results

import pytest

PAIR = {"a": "small-batch", "b": "baseline"}  # the first is ahead
OPEN_PAIR = {"a": "milder", "b": "baseline"}  # the data do not decide
BATCH = {"key": "runs.baseline.batch_size", "x": 3}
LOSS = {"run": "small-batch", "curve": "validation_loss"}  # falls


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"))


def findings(folder: Path, text: str) -> list[str]:
    path = folder / "given.md"
    path.write_text(text, encoding="utf-8")
    filled = fill(path, evidence(folder))
    return [
        f"{found.kind}: {found.advice}" for found in check_document(parse(filled.text, path), filled, path).findings
    ]


def claim(kind: str, sentence: str, **arguments: Any) -> str:
    given = "".join(f", {name}={argument!r}" for name, argument in arguments.items())
    return f'{{% call claim("{kind}"{given}) %}}{sentence}{{% endcall %}}'


@pytest.mark.parametrize(
    "said",
    [
        "is slower than",
        "hurts, compared with",
        "and",
        "yields to",
        "was defeated by",
        "makes more errors than",
        "errs more than",
        "has a higher loss than",
        "is poorer than",
        "is below",
        "underperforms",
        "rarely beats",
        "is anything but ahead of",
    ],
)
def test_what_beats_another_is_said_to_be_ahead(folder: Path, said: str) -> None:
    [found] = findings(folder, claim("beats", f"The small batch {said} the baseline.", **PAIR))
    assert found.startswith("misworded claim")


@pytest.mark.parametrize(
    "said", ["outperforms", "is ahead of", "makes fewer errors than", "is more accurate than", "wins over"]
)
def test_words_of_being_ahead(folder: Path, said: str) -> None:
    assert findings(folder, claim("beats", f"The small batch {said} the baseline.", **PAIR)) == []


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence", "why"),
    [
        ("beats", PAIR, "The small batch beats the baseline on the test set.", "speaks of the test"),
        ("beats", PAIR, "The small batch beats the baseline in recall.", "speaks of the recall"),
        ("beats", PAIR, "The small batch beats the baseline, as does the milder setting.", "speaks of milder"),
        ("beats", PAIR, "Who says that the small batch beats the baseline?", "asks"),
        ("undecided", OPEN_PAIR, "The milder setting beats the baseline.", "do not decide"),
        ("undecided", OPEN_PAIR, "There is no difference of milder and baseline.", "do not decide"),
        ("differ", PAIR, "The small batch is ahead of the baseline.", "claim('beats'"),
        ("could_be_best", {"a": "small-batch"}, "The small batch is the best.", "more than"),
        ("overfits", {"run": "baseline"}, "The baseline learns without overfitting.", "denies"),
        ("overfits", {"run": "baseline"}, "The baseline is best.", "“best”"),
        ("at_least", BATCH, "The baseline is better.", "“better”"),
        ("at_least", BATCH, "The milder setting takes many.", "speaks of milder"),
        ("at_least", BATCH, "The baseline has a high accuracy.", "speaks of the accuracy"),
        ("monotone", {"keys": [1, 2], "direction": "rising"}, "It rises.", "give keys"),
        ("falls", LOSS, "The training loss of the small batch falls.", "speaks of the train"),
        ("falls", LOSS, "The validation accuracy of the small batch falls.", "speaks of the accuracy"),
        ("falls", LOSS, "The loss of the small batch goes up.", "says that the curve rises"),
    ],
)
def test_a_claim_bears_out_nothing_else(
    folder: Path, kind: str, arguments: dict[str, Any], sentence: str, why: str
) -> None:
    found = findings(folder, claim(kind, sentence, **arguments))
    assert [why in each for each in found if each.startswith("misworded claim")] == [True]


@pytest.mark.parametrize("rest", [", which is a lie", " not at all", ", so we might hope", ", as was wrongly thought"])
def test_a_claim_is_not_taken_back(folder: Path, rest: str) -> None:
    text = claim("beats", "The small batch beats the baseline", **PAIR) + f"{rest}."
    assert ["denies" in found for found in findings(folder, text)] == [True]


def test_the_other_wording_claims_nothing_by_itself(folder: Path) -> None:
    words = "{% if holds %}x{% else %}SAID{% endif %}"
    given = f'{{% call(holds) claim("beats", a="milder", b="baseline") %}}{words}{{% endcall %}}'
    assert findings(folder, given.replace("SAID", "That the milder setting beats the baseline is not shown.")) == []
    [found] = findings(folder, given.replace("SAID", "The milder setting outperforms the baseline."))
    assert "other wording" in found
    nested = claim("beats", "The small batch beats the baseline.", **PAIR)
    given = given.replace("milder", "baseline").replace('b="baseline"', 'b="small-batch"')
    assert findings(folder, given.replace("SAID", nested)) == []
