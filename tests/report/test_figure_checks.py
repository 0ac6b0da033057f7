"""Figures against their tables: what agrees passes, and one changed entry in a figure's data is named."""

from pathlib import Path

from finetune_report.files import write_text
from finetune_report.report.figure_checks import disagreements

import pytest

TABLE = "true,predicted,count\nno,no,3\nno,yes,1\n"


def files(folder: Path, drawn: str) -> tuple[list[Path], list[Path]]:
    """The files of two figures, the data of the second as given, and both tables."""
    for name, text in {"first.csv": "a\n1\n", "first.png": "", "second.csv": drawn, "second.svg": ""}.items():
        write_text(folder / "figures" / name, text)
    write_text(folder / "tables/first.csv", "a\n1\n")
    write_text(folder / "tables/second.csv", TABLE)
    return sorted(folder.glob("figures/*")), sorted(folder.glob("tables/*"))


def test_what_agrees_passes(tmp_path: Path) -> None:
    assert disagreements(*files(tmp_path, TABLE)) == []


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (TABLE.replace("3", "4"), "line 2 is 'no,no,4', the table has 'no,no,3'"),
        (TABLE.replace("count", "number"), "line 1 is 'true,predicted,number', the table has 'true,predicted,count'"),
        (TABLE + "yes,no,2\n", "line 4 is 'yes,no,2', the table has 'no such line'"),
        (TABLE.removesuffix("no,yes,1\n"), "line 3 is 'no such line', the table has 'no,yes,1'"),
        (TABLE.replace("\n", "\r\n"), "they differ in their line ends"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, drawn: str, said: str) -> None:
    figures, tables = files(tmp_path, "")
    (tmp_path / "figures/second.csv").write_bytes(drawn.encode())
    assert disagreements(figures, tables) == [f"the figure second.csv does not show second.csv: {said}"]


def test_every_figure_has_a_table(tmp_path: Path) -> None:
    figures, tables = files(tmp_path, TABLE)
    with pytest.raises(ValueError, match="shorter"):
        disagreements(figures, tables[:1])
