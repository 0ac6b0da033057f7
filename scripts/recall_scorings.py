"""Tell what the ledger has of test data that were scored before, where this experiment has no test labels to score by.

Reads the ledger. Writes its scorings in the form that score_test has for them, with nothing declared.
"""

import logging
from pathlib import Path

from finetune_report.files import write_json
from finetune_report.provenance.test_ledger import read_ledger
from finetune_report.runtime.job import run


def main(summary: Path, scorings: Path, ledger: str, problems: list[str]) -> None:
    """`ledger` outlives this job's outputs; `problems` were found with it as the workflow began. Data that are prepared
    anew (`summary`) have it read anew.
    """
    for problem in problems:
        logging.warning("the ledger of test scorings %s: %s", ledger, problem)
    known = read_ledger(Path(ledger))
    write_json(scorings, {"scorings": known.scorings, "record": known.described(), "declared": None})
    logging.info("%d scorings of test data are known", len(known.scorings))


if __name__ == "__main__":
    run(main)
