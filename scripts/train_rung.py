"""Train one run up to a rung, where it is decided whether its setting goes on.

Reads the training and validation splits, their tokens and the model, never the test split, and the decision before.
Writes the validation result so far; the run itself stays in its checkpoint, from which later rungs and finetune go on.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import write_json
from finetune_report.runtime.job import run
from finetune_report.stats.selection import BETTER
from finetune_report.training.halving import best_so_far, pruned_at


def main(
    train: Path,
    validation: Path,
    train_tokens: Path,
    validation_tokens: Path,
    summary: Path,
    model: Path,
    decision: list[Path],
    result: Path,
    rung: int,
    epochs: int,
    setting: str,
    seed: int,
    run_stamp: str,
    plan: dict[str, Any],
) -> None:
    """`epochs` lie between the start and this rung; `plan` and the stamp `run_stamp` are what finetune is given."""
    facts = {"setting": setting, "seed": seed, "rung": rung, "epochs": epochs}
    pruned = pruned_at(decision, setting)
    if pruned:
        logging.info("pruned after epoch %d; not trained any further", pruned["epochs"])
        write_json(result, facts | {"pruned": pruned})
        return
    from finetune_report.training.setup import (  # takes seconds, which a pruned setting can do without
        Plan,
        trained,
        whole_run,
    )

    files = (train, validation, train_tokens, validation_tokens, summary, model)
    training = whole_run(*files, Plan(**plan), run_stamp).training
    training.resume()
    if training.progress.epoch < epochs:  # else it has been there before, and its checkpoint knows what it came to
        trained(training, f"setting {setting}, seed {seed}, to rung {rung}", epochs)
    best = best_so_far(training.progress.validations, epochs, training.metric)
    scores = {name: best[name] for name in BETTER}
    write_json(result, facts | {"best_epoch": best["epoch"], "validation": scores})


if __name__ == "__main__":
    run(main)
