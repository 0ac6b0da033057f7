"""A stamp changes with code and packages that a script uses, and with nothing else."""

import json
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

from finetune_report.provenance import stamp as stamp_module
from finetune_report.provenance.stamp import fresh_stamp, stamps

import pytest


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    files = {
        "src/ours/__init__.py": "START = 1\n",
        "src/ours/room/__init__.py": "START = 2\n",
        "src/ours/room/near.py": "import numpy\nfrom ours.room import far\n\ndef f():\n    return 1\n",
        "src/ours/room/far.py": "VALUE = 2\n",
        "src/ours/room/unused.py": "VALUE = 3\n",
        "src/ours/unused/__init__.py": "START = 3\n",
        "src/finetune_report/__init__.py": "",
        "src/finetune_report/runtime/__init__.py": "",
        "src/finetune_report/runtime/job.py": "import torch\n\nVALUE = 4\n",
        "scripts/step.py": '"""Does it."""\nimport finetune_report.runtime.job\nfrom ours.room.near import f\n\nf()\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def stamp_now(scripts: Path) -> str:
    return fresh_stamp(scripts / "scripts/step.py")


def test_it_names_the_packages_that_the_code_imports(scripts: Path) -> None:
    code, package = stamp_now(scripts).split()
    assert code.startswith("code:")
    assert package == f"numpy=={version('numpy')}"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scripts/step.py", "f()", "f()  # a comment"),
        ("scripts/step.py", '"""Does it."""', '"""Does it well."""'),
        ("src/ours/room/near.py", "    return 1", "    # why\n\n    return (1)"),
        ("src/ours/room/unused.py", "3", "4"),
        ("src/ours/unused/__init__.py", "3", "4"),
        ("src/finetune_report/runtime/job.py", "4", "5"),
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
    [
        ("scripts/step.py", "f()", "f()\nf()"),
        ("src/ours/room/near.py", "return 1", "return 2"),
        ("src/ours/room/far.py", "2", "3"),
        ("src/ours/__init__.py", "1", "2"),
        ("src/ours/room/__init__.py", "2", "3"),
    ],
)
def test_code_counts_wherever_it_is_imported_from(scripts: Path, file: str, old: str, new: str) -> None:
    before = stamp_now(scripts)
    path = scripts / file
    path.write_text(path.read_text().replace(old, new))
    assert stamp_now(scripts) != before


def test_a_new_version_of_a_package_counts(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stamp_now(scripts)
    monkeypatch.setattr("finetune_report.provenance.stamp.package_version", cache(lambda name: "99.0"))
    assert stamp_now(scripts) == before.rpartition("==")[0] + "==99.0"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what was read of modules is kept; nothing is at first."""
    monkeypatch.setattr(stamp_module, "KEPT", tmp_path / "kept.json")
    new_process(monkeypatch)
    return tmp_path / "kept.json"


def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamp_module, "READ", {})
    stamp_module.kept_modules.cache_clear()
    for cached in (stamp_module.stamp, stamp_module.read_module, stamp_module.local_imports):
        cached.cache_clear()


def test_what_was_read_once_is_not_parsed_again(scripts: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = stamps([scripts / "scripts/step.py"]).values()
    new_process(monkeypatch)
    monkeypatch.setattr(stamp_module, "parsed", lambda source, name: pytest.fail(f"{name} is parsed again"))
    assert stamps([scripts / "scripts/step.py"]) == {"step": before}


def test_what_was_kept_is_that_of_the_same_text_alone(
    scripts: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripts / "scripts/step.py"
    (before,) = stamps([script]).values()
    status = script.stat()
    script.write_text(script.read_text().replace("f()\n", "g()\n"))
    os.utime(script, ns=(status.st_atime_ns, status.st_mtime_ns))  # neither size nor time tell
    new_process(monkeypatch)
    assert stamps([script]) != {"step": before}
    monkeypatch.setattr(stamp_module, "READER", b"another way to read")
    new_process(monkeypatch)
    calls = []
    monkeypatch.setattr(
        stamp_module, "parsed", lambda source, name: calls.append(name) or stamp_module.Module("", frozenset())
    )
    stamps([script])
    assert calls == [str(script)]


@pytest.mark.parametrize("text", ["", "\0\0\0", "[]", '{"a": 1}', '{"a": {}}', "[" * 100_000], ids=range(6))
def test_what_was_kept_and_is_damaged_does_not_matter(
    scripts: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    before = stamps([scripts / "scripts/step.py"])
    kept.write_text(text)
    new_process(monkeypatch)
    assert stamps([scripts / "scripts/step.py"]) == before
    assert json.loads(kept.read_text())
