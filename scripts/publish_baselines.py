"""Publish the scores of the simple methods, apart from fitting them, which takes its time on large data.

Reads the scores. Publishes `baselines.<method>.<split>.accuracy`, `.correct` and `.count`.
"""

from pathlib import Path

from finetune_report.files import read_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run


def main(baselines: Path, values: Path) -> None:
    collector = Collector(values)
    for name, splits in read_json(baselines).items():
        for split, score in splits.items():
            collector.add_score(join("baselines", name, split), score, baselines, f"/{step(name)}/{split}")
    collector.write()


if __name__ == "__main__":
    run(main)
