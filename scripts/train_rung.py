"""Train one run up to a rung, where it is decided whether its setting goes on.

Reads the training and validation splits, their tokens and the model, never the test split, and the decision before.
Writes the validation result so far; the run itself stays in its checkpoint, from which later rungs and finetune go on.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.files import write_json
from finetune_report.runtime.job import run
from finetune_report.stats.metrics import METRICS
from finetune_report.training.halving import best_so_far, pruned_at


def main(
    decision: list[Path],
    result: Path,
    rung: int,
    epochs: int,
    setting: str,
    seed: int,
    run_stamp: str,
    plan: dict[str, Any],
    **inputs: Path,
) -> None:
    """`epochs` lie between the start and this rung; `plan` and the stamp `run_stamp` are what finetune is given."""
    facts = {"setting": setting, "seed": seed, "rung": rung, "epochs": epochs}
    pruned = pruned_at(decision, setting)
    if pruned:
        logging.info("pruned after epoch %d; not trained any further", pruned["epochs"])
        write_json(result, facts | {"pruned": pruned})
        return
    from finetune_report.training import setup  # seconds, which a pruned one saves

    name = f"{setup.run_name(setting, seed, plan['hyperparameters'])}, to rung {rung}"
    with setup.naming(name):
        training = setup.prepare_run(setup.RunInputs(**inputs), setup.Plan(**plan), run_stamp).run
    with setup.naming(name, training):
        training.resume()
        if training.state.epoch < epochs:  # else it has been there before, and its checkpoint has the scores
            training.train(epochs)
    best = best_so_far(training.state.epochs, epochs, training.metric)
    scores = {name: best["validation"][name] for name in METRICS}
    write_json(result, facts | {"best_epoch": best["epoch"], "validation": scores})


if __name__ == "__main__":
    run(main)
