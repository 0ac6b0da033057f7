"""A stamp changes with code and packages that a script uses, and with nothing else."""

from importlib.metadata import version
from pathlib import Path

import pytest
from lib.stamp import stamp


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "near.py").write_text("import numpy\nfrom lib import far\n\ndef f():\n    return 1\n")
    (tmp_path / "lib" / "far.py").write_text("VALUE = 2\n")
    (tmp_path / "lib" / "unused.py").write_text("VALUE = 3\n")
    (tmp_path / "step.py").write_text('"""Does it."""\nfrom lib.near import f\n\nf()\n')
    return tmp_path


def stamp_now(scripts: Path) -> str:
    stamp.cache_clear()
    from lib import stamp as module

    module.read_module.cache_clear()
    module.local_module.cache_clear()
    return stamp(scripts / "step.py")


def test_it_names_the_packages_that_the_code_imports(scripts: Path) -> None:
    code, package = stamp_now(scripts).split()
    assert code.startswith("code:")
    assert package == f"numpy=={version('numpy')}"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("step.py", "f()", "f()  # a comment"),
        ("step.py", '"""Does it."""', '"""Does it well."""'),
        ("lib/near.py", "    return 1", "    # why\n\n    return (1)"),
        ("lib/unused.py", "3", "4"),
    ],
)
def test_comments_layout_docstrings_and_other_modules_do_not_count(
    scripts: Path, file: str, old: str, new: str
) -> None:
    before = stamp_now(scripts)
    path = scripts / file
    path.write_text(path.read_text().replace(old, new))
    assert stamp_now(scripts) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("step.py", "f()", "f()\nf()"), ("lib/near.py", "return 1", "return 2"), ("lib/far.py", "2", "3")],
)
def test_code_counts_wherever_it_is_imported_from(scripts: Path, file: str, old: str, new: str) -> None:
    before = stamp_now(scripts)
    path = scripts / file
    path.write_text(path.read_text().replace(old, new))
    assert stamp_now(scripts) != before


def test_a_new_version_of_a_package_counts(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stamp_now(scripts)
    monkeypatch.setattr("lib.stamp.package_version", lambda name: "99.0")
    assert stamp_now(scripts) == before.rpartition("==")[0] + "==99.0"
