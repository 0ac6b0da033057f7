"""Tables for the terminal and for a page."""

import html
import textwrap

from finetune_report.report.values import shown

Table = tuple[list[str], list[list[str]]]  # headings and rows
WIDEST = 44  # characters of a column in the terminal

STYLE = """:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin-bottom:2rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}
td{overflow-wrap:anywhere}"""


def in_text(title: str, headings: list[str], rows: list[list[str]]) -> str:
    """A table with wrapped columns, or one line where it has no rows."""
    if not rows:
        return f"{title}: none\n"
    wrapped = [[textwrap.wrap(cell, WIDEST) or [""] for cell in row] for row in [headings, *rows]]
    widths = [max(len(line) for row in wrapped for line in row[column]) for column in range(len(headings))]
    lines = [f"{title} ({len(rows)})"]
    for place, row in enumerate(wrapped):
        for number in range(max(map(len, row))):
            cells = [cell[number] if number < len(cell) else "" for cell in row]
            padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
            lines.append(("  " + "  ".join(padded)).rstrip())
        if place == 0:
            lines.append("  " + "  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def page(title: str, tables: dict[str, Table]) -> str:
    """An HTML page of its own with all tables."""
    parts = [f"<h1>{html.escape(shown(title))}</h1>"]
    for name, (headings, rows) in tables.items():
        parts.append(f"<h2>{html.escape(shown(name))}</h2>")
        head = "".join(f"<th>{html.escape(shown(cell))}</th>" for cell in headings)
        lines = ["".join(f"<td>{html.escape(shown(cell))}</td>" for cell in row) for row in rows]
        body = "\n".join(f"<tr>{line}</tr>" for line in lines)
        parts.append(f"<table><tr>{head}</tr>\n{body}</table>" if rows else "<p>none</p>")
    start = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(shown(title))}</title>'
    return f"{start}\n<style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
