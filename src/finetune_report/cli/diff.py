"""Compare two builds of a report: every printed number, verdict and figure that changed, and why.

Each build is a results folder, the manifest.json in one, or a PDF or HTML, which carries all but its figures' data. A
change is called noise where it is at most twice the standard deviation over seeds, or, with one seed, where the new
value lies inside the old one's interval. Prints tables, and writes them to a page.
"""

from pathlib import Path

from finetune_report.cli.causes import Causes
from finetune_report.cli.changes import Side, changed_figures, changed_values, changed_verdicts, read_side
from finetune_report.cli.tables import Table, in_text, page
from finetune_report.files import write_text
from finetune_report.terminal import say


def main(old: Path, new: Path, html: Path) -> int:
    tables = compared(read_side(old), read_side(new))
    say(f"{old} (old) and {new} (new)", "")
    for title, (headings, rows) in tables.items():
        say(*in_text(title, headings, rows).split("\n"))
    write_text(html, page(f"{old} and {new}", tables))
    say(f"The same as a page: {html}")
    return 0


def compared(old: Side, new: Side) -> dict[str, Table]:
    """The tables of all that differs, by title."""
    found = Causes(old.manifest, new.manifest)
    return {
        "What was done otherwise": (
            ["kind", "what", "old", "new"],
            [[cause.kind, cause.what, cause.old, cause.new] for cause in found.listed()],
        ),
        "Numbers": (["key", "old", "new", "change", "noise", "cause"], changed_values(old, new, found)),
        "Verdicts": (["claim", "old", "new"], changed_verdicts(old, new)),
        "Figures": (["figure", "changed", "cause"], changed_figures(old, new, found)),
    }
