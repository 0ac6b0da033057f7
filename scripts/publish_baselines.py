"""Publish the scores of the simple methods, apart from fitting them, which takes its time on large data.

Reads the scores. Publishes `baselines.<method>.<split>.accuracy`, `.correct` and `.count`; and of
what the validation split chose `.features` and `.strength` (the inverse of the regularization) among so many `.looks`.
Of several pretrained models `baselines.probe.model` is the one that was probed.
"""

from pathlib import Path

from finetune_report.files import read_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run

CHOSEN = {"features": "text", "strength": "rate", "looks": "count", "model": "text"}  # and the kinds of their values


def main(baselines: Path, values: Path) -> None:
    collector = Collector(values)
    for name, found in read_json(baselines).items():
        for split in (name for name in found if name != "chosen"):
            collector.add_score(join("baselines", name, split), found[split], baselines, f"/{step(name)}/{split}")
        for what, entry in found["chosen"].items():
            key, pointer = join("baselines", name, what), f"/{step(name)}/chosen/{what}"
            collector.add(key, entry, CHOSEN[what], baselines, pointer)
    collector.write()


if __name__ == "__main__":
    run(main)
