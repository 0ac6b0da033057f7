"""What reports carry is what the closed schema of manifests takes."""

from importlib.metadata import version
from pathlib import Path

from finetune_report.provenance.manifest import installed_packages
from finetune_report.provenance.manifests import validator
from tests.support.evidence import make_results, render

import pytest

TEXT = """
{% call claim("beats", a="small-batch", b="baseline") %}The small batch beats the baseline.{% endcall %}
{{ value("runs.baseline.validation.accuracy") }} is its accuracy, and [17]{.stated reason="a name here"} is a name.
97% of it is typed. The accuracy of the baseline was looked at after every epoch.

Das Ergebnis ist nicht besser als das der anderen, und wir sind mit der Genauigkeit nicht zufrieden.
"""


def test_whatever_a_check_says_is_known_to_the_schema(tmp_path: Path) -> None:
    root = make_results(tmp_path / "results")
    (tmp_path / "w.md").write_text(TEXT, encoding="utf-8")
    checks = render(root, tmp_path / "w.md")
    assert [name for name, found in checks.items() if found in ([], False)] == [], checks
    wrong = [error for error in validator().iter_errors({"checks": checks}) if "checks" in error.absolute_path]
    assert [error.message[:200] for error in wrong] == []


def test_packages_are_those_of_the_environment_and_not_those_that_setuptools_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installed_packages()
    for name in ("torch", "carried"):
        folder = tmp_path / "setuptools/_vendor" / f"{name}-0.1.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(tmp_path / "setuptools/_vendor")  # as importing setuptools does
    assert version("carried") == "0.1"
    assert installed_packages() == before
    assert "carried" not in before
    assert before["torch"] != "0.1"
