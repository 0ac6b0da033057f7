"""What a bibliography may hold, and the message where it holds something else."""

from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.files import PROJECT
from finetune_report.report.bibliography import citable

import pytest


def test_keys_are_those_of_entries_and_of_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "r.bib"
    path.write_text(
        "@string{acl, {ACL}}\n@comment{x, y}\n@article{a:1,\n title={Caf\u00e9\t\u4e2d}}\n@Book {b-2, title={T}}\n"
    )
    assert citable([path]) == {"a:1", "b-2"}
    assert citable([]) == set()
    assert citable([PROJECT / "report/references.bib"])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            b"@article{a, title={T}}\n@book{a, title={U}}\n",
            r"r\.bib, line 2: the key 'a' is also that of .*r\.bib, line 1",
        ),
        (b"@article{a,\n title={caf\xe9}}\n", r"r\.bib, line 2: found the byte 0xe9.*UTF-8"),
        ("@article{a,\n title={x \u202e 79.0}}\n".encode(), r"r\.bib, line 2: .*no reader sees .*U\+202E|202e"),
        (b"@article{a, title={a\x00b}}\n", r"r\.bib, line 1: .*no reader sees"),
    ],
)
def test_what_no_bibliography_may_hold_is_named_with_its_line(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "r.bib"
    path.write_bytes(content)
    with pytest.raises(UserError, match=found):
        citable([path])


def test_a_key_of_two_files_is_refused(tmp_path: Path) -> None:
    for name in "xy":
        (tmp_path / f"{name}.bib").write_text("@article{a, title={T}}\n")
    with pytest.raises(UserError, match=r"y\.bib, line 1: the key 'a' is also that of .*x\.bib, line 1"):
        citable([tmp_path / "x.bib", tmp_path / "y.bib"])
