"""What a write-up, or data in it, cannot do: reach Python through Jinja, or files through pandoc and Typst."""

from datetime import datetime
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from tests.support.evidence import make_results, render

import pytest

HEAD = "---\ntitle: A try\n---\n\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"))


def written(folder: Path, text: str) -> Path:
    path = folder / "write-up.md"
    path.write_text(HEAD + text)
    return path


@pytest.mark.parametrize(
    "expression",
    [
        "cycler.__init__.__globals__.os.system('touch MARK')",
        "value.__func__.__globals__",
        "''.__class__.__mro__[1].__subclasses__()",
        "(value | attr('__self__')).evidence",
        "settings.append('x')",
        "'{0.__class__}'.format(1)",
        "self.__init__.__globals__",
    ],
)
def test_jinja_reaches_no_python(root: Path, tmp_path: Path, expression: str) -> None:
    text = "{{ " + expression.replace("MARK", str(tmp_path / "mark")) + " }}"
    with pytest.raises(UserError, match="line 5: "):
        render(root, written(tmp_path, text))
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "text",
    [
        '`<script src="SECRET"></script>`{=html}',
        '`<img src="SECRET" alt="x">`{=html}',
        '`<link rel="stylesheet" href="SECRET">`{=html}',
        '`<object data="SECRET"></object>`{=html}',
    ],
)
def test_no_file_gets_into_the_page_by_its_name(root: Path, tmp_path: Path, text: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("planted-secret")
    render(root, written(tmp_path, text.replace("SECRET", str(secret))))
    page = (root / "write-up.html").read_text()
    assert "planted-secret" not in page
    assert "cGxhbnRlZC1zZWNyZXQ" not in page  # in base64


@pytest.mark.parametrize("key", ["csl", "citation-abbreviations"])
def test_pandoc_opens_no_file_that_the_text_names(root: Path, tmp_path: Path, key: str) -> None:
    (tmp_path / "secret.csl").write_text("planted-secret")
    path = tmp_path / "write-up.md"
    path.write_text(f"---\ntitle: A try\n{key}: {tmp_path}/secret.csl\n---\n\nAs they say [@dodge2019].\n")
    with pytest.raises(UserError, match="pandoc cannot use"):
        render(root, path)


@pytest.mark.parametrize(
    "name", ["/values.json", "/selection.json", "/../selection.json", "/etc/passwd", "/data/summary.json"]
)
def test_typst_sees_figures_and_the_manifest_alone(root: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="Typst cannot set"):
        render(root, written(tmp_path, f'```{{=typst}}\n#read("{name}")\n```\n'))


def test_typst_reads_what_it_needs(root: Path, tmp_path: Path) -> None:
    render(root, written(tmp_path, '```{=typst}\n#image("/figures/graph.svg")\n```\n'))


def test_nothing_from_the_network_gets_into_the_pdf(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiler that finds a package, as Typst does where there is a network."""

    class Fetching:
        def __init__(self, source: bytes, *, package_cache_path: Path, **options: Any) -> None:
            (package_cache_path / "preview/drawing/0.1.0").mkdir(parents=True)

        def compile_with_warnings(self, timestamp: datetime) -> tuple[bytes, list[Any]]:
            return b"%PDF", []

    monkeypatch.setattr("finetune_report.report.rendering.typst.Compiler", Fetching)
    with pytest.raises(UserError, match=r"imports a Typst package from the network \(preview/drawing/0\.1\.0\)"):
        render(root, written(tmp_path, "A sentence.\n"))


def test_latex_runs_in_a_folder_of_its_own_and_starts_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the engine says what it was given; no real one is needed to see that."""
    engine = tmp_path / "bin/pdflatex"
    engine.parent.mkdir()
    engine.write_text(
        f'#!/bin/sh\necho "$@" $openin_any > {tmp_path}/said\nls -R > report.pdf\nls >> {tmp_path}/said\n'
    )
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{engine.parent}:/usr/bin:/bin")
    render(root, written(tmp_path, "![x](figures/graph.png)\n"), pdf_engine="pdflatex")
    said = (tmp_path / "said").read_text().split()
    assert "-no-shell-escape" in said
    assert "p" in said
    assert {"figures", "report.tex"} <= set(said)
    assert "values.json" not in said
    assert b"graph.png" in (root / "write-up.pdf").read_bytes()


def test_a_bibliography_that_never_ends_is_stopped(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pandoc 3.9 follows an entry that refers to itself until the machine has no memory left."""
    monkeypatch.setattr("finetune_report.report.rendering.PANDOC_MEMORY", "60m")
    endless = tmp_path / "endless.bib"
    endless.write_text("@article{x, crossref={x}, title={T}}\n")
    with pytest.raises(UserError, match=r"pandoc needs more than 60m of memory for .*write-up\.md; .*crossref"):
        render(root, written(tmp_path, "As they say [@x].\n"), bibliography=[endless])


def test_pandoc_that_takes_too_long_is_stopped(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finetune_report.report.rendering.PANDOC_SECONDS", 0.01)
    with pytest.raises(UserError, match="was stopped"):
        render(root, written(tmp_path, "A sentence.\n"))
