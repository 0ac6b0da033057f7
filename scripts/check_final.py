"""Refuse a report against which anything stands.

Reads the checks, the PDF and the HTML. Writes the SHA-256 of both where the report is final.
"""

from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.files import read_json, sha256, write_text
from finetune_report.runtime.job import run


def main(checks: Path, pdf: Path, html: Path, final: Path) -> None:
    against = read_json(checks)["reasons"]
    if against:
        listed = "\n".join(f"  {number}. {reason}" for number, reason in enumerate(against, start=1))
        raise UserError(f"The report is not final; unresolved findings:\n{listed}")
    write_text(final, "".join(f"{sha256(path)}  {path.name}\n" for path in (pdf, html)))


if __name__ == "__main__":
    run(main)
