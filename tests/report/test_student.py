"""Ten ordinary paragraphs of a student's report need few escapes, and none on a result."""

from pathlib import Path

from finetune_report.files import PROJECT as ROOT
from finetune_report.report.findings import check_document
from finetune_report.report.linter import EXPLANATION, REPORTED
from finetune_report.report.rendering import parse
from finetune_report.report.template import fill
from tests.support.evidence import evidence, make_results

TEXT = ROOT / "tests/prose/student.md"
MOST = 10


def test_ten_paragraphs_need_few_escapes_and_none_on_a_result(tmp_path: Path) -> None:
    filled = fill(TEXT, evidence(make_results(tmp_path)))
    document = parse(filled.text, TEXT)
    checked = check_document(document, filled, TEXT)
    assert len(document.content) == 10
    assert [str(finding) for finding in checked.findings] == []
    escapes = [escape for escape in checked.escapes if escape.reason not in (EXPLANATION, REPORTED)]
    assert 0 < len(escapes) <= MOST
