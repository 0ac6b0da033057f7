"""Publish the summary of the attention heads, apart from their measurement, which takes a model.

Reads the summary. Publishes `heads.<what>` of every number and text in it.
"""

from pathlib import Path

from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run


def main(summary: Path, values: Path) -> None:
    collector = Collector(values)
    collector.add_all("heads", summary)
    collector.write()


if __name__ == "__main__":
    run(main)
