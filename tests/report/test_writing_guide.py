"""The examples of docs/writing.md do what it says: they pass, or they are findings."""

import re
from pathlib import Path

from finetune_report.files import PROJECT as ROOT
from finetune_report.report.claims import KINDS
from tests.support.evidence import render

import pytest

GUIDE = (ROOT / "docs/writing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(markdown(?:-against)?)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_is_judged_as_the_guide_says(folder: Path, kind: str, text: str) -> None:
    path = folder / "example.md"
    path.write_text(f"---\ntitle: An example\n---\n\n{text}", encoding="utf-8")
    found = render(folder, path)["findings"]
    assert [finding["kind"] for finding in found] == [] if kind == "markdown" else len(found) == 1


def test_there_are_examples_of_both_kinds() -> None:
    assert {kind for kind, _ in EXAMPLES} == {"markdown", "markdown-against"}
    assert len(EXAMPLES) >= 10


def test_every_claim_is_in_the_guide() -> None:
    assert [kind for kind in KINDS if f'claim("{kind}"' not in GUIDE and f"`{kind}`" not in GUIDE] == []
