"""Falsified paragraphs: each becomes a finding, and one that does not is named."""

from collections import Counter
from pathlib import Path

from finetune_report.cli.mutation.prose import mutants, paragraphs, survivors
from tests.support.evidence import filled_in

SMALL, BASE = (
    f'{{{{ value("runs.{name}.validation.accuracy", interval=True) }}}}' for name in ("small-batch", "baseline")
)
BEATS = '{% call claim("beats", a="small-batch", b="baseline") %}`small-batch` beats `baseline`{% endcall %}'


def test_every_falsified_paragraph_is_found(folder: Path) -> None:
    text = f"On the validation set `small-batch` reaches {SMALL} and `baseline` {BASE}.\n\nSo {BEATS} here.\n"
    given = filled_in(folder, text)
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
    tried, left = survivors(filled_in(folder, f"They come to {SMALL} and {BASE}."), folder / "given.md")
    assert tried == 5
    assert left == ["swapped values: runs.small-batch.validation.accuracy and runs.baseline.validation.accuracy"]
