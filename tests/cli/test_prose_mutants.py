"""Falsified paragraphs: each becomes a finding, and one that does not is named."""

from collections import Counter
from pathlib import Path

from finetune_report.cli.mutation.prose import mutants, paragraphs, survivors
from finetune_report.report.template import Filled, fill
from tests.support.evidence import evidence, make_results

import pytest

SMALL, BASE = (
    f'{{{{ value("runs.{name}.validation.accuracy", interval=True) }}}}' for name in ("small-batch", "baseline")
)
BEATS = '{% call claim("beats", a="small-batch", b="baseline") %}`small-batch` beats `baseline`{% endcall %}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"))


def filled(folder: Path, text: str) -> Filled:
    path = folder / "given.md"
    path.write_text(text, encoding="utf-8")
    return fill(path, evidence(folder))


def test_every_falsified_paragraph_is_found(folder: Path) -> None:
    text = f"On the validation set `small-batch` reaches {SMALL} and `baseline` {BASE}.\n\nSo {BEATS} here.\n"
    given = filled(folder, text)
    kinds = Counter(mutant.kind for part in paragraphs(given.text) for mutant in mutants(part, given))
    assert kinds == {
        "typed number": 2,
        "other interval": 2,
        "swapped values": 1,
        "other split": 1,
        "deleted mark": 1,
        "denied claim": 1,
        "swapped settings": 1,
    }
    assert survivors(given, folder / "given.md") == (kinds.total(), [])


def test_what_is_not_found_is_named(folder: Path) -> None:
    tried, left = survivors(filled(folder, f"They come to {SMALL} and {BASE}."), folder / "given.md")
    assert tried == 5
    assert left == ["swapped values: runs.small-batch.validation.accuracy and runs.baseline.validation.accuracy"]
