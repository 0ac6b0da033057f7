"""How fast this machine trains, measured on a few steps: an estimate is wanted before the wait, not after it."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report.data.examples import Examples
from finetune_report.model.batching import epoch_batches
from finetune_report.model.device import Compute, configure_process
from finetune_report.model.evaluation import evaluate
from finetune_report.training.checkpoints import Checkpoints
from finetune_report.training.setup import Plan, assemble

import numpy as np
from transformers import AutoTokenizer

STEPS = 3  # of each batch size, after one to warm up
RATIO = 4  # between the two batch sizes at most, so that a large batch does not take its whole time


@dataclass(frozen=True)
class Pace:
    """Seconds to set a run up, of an optimizer step, of each example in it besides, and of one that is evaluated."""

    startup: float
    step: float
    example: float
    evaluated: float

    def epochs(self, number: float, rows: int, batch_size: int, evaluated: int) -> float:
        """Seconds of `number` epochs on `rows` examples, each followed by the evaluation of `evaluated`."""
        steps = -(-rows // batch_size)
        return number * (steps * self.step + rows * self.example + evaluated * self.evaluated)


def measure(
    texts: list[tuple[str, str | None]],
    classes: int,
    pretrained: Path,
    max_length: int,
    hyperparameters: list[dict[str, Any]],
    compute: Compute,
) -> Pace:
    """The pace of training on such texts, the second one of each a pair's or None.

    A step's time is linear in its batch size: two sizes are measured, the smallest of the settings' and a larger one.
    Of how the weights are trained, the first setting's way stands for all.
    """
    configure_process(compute)
    small = min(setting["batch_size"] for setting in hyperparameters)
    large = min(max([2 * small, *(setting["batch_size"] for setting in hyperparameters)]), RATIO * small)
    texts = (texts * (large * (STEPS + 1) // len(texts) + 1))[: large * (STEPS + 1)]
    examples = tokenized(texts, classes, pretrained, max_length)
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(
            hyperparameters=hyperparameters[0] | {"batch_size": small},
            streams={"weights": 0, "order": 0, "dropout": 0},
            selection_metric="accuracy",
            on_divergence="stop",
            compute={},
            checkpoint_path="",
            train_sample=0,
        )
        labels = [str(number) for number in range(classes)]
        checkpoints = Checkpoints(Path(folder) / "pace", "0" * 64)
        started = time.perf_counter()
        run, *_ = assemble(pretrained, labels, "new", examples, examples, plan, compute, checkpoints)
        startup = time.perf_counter() - started
        run.model.train()

        def steps(size: int) -> float:
            batches = epoch_batches(size * (STEPS + 1), size, 0, 0)
            run.train_step(batches[0])
            started = time.perf_counter()
            for batch in batches[1:]:
                run.train_step(batch)
            return (time.perf_counter() - started) / STEPS

        first, second = steps(small), steps(large)
        evaluate(run.forward, examples)
        started = time.perf_counter()
        evaluate(run.forward, examples)
        evaluated = (time.perf_counter() - started) / len(examples)
    example = max(0.0, second - first) / (large - small)
    return Pace(startup, max(0.0, first - small * example), example, evaluated)


def tokenized(texts: list[tuple[str, str | None]], classes: int, pretrained: Path, max_length: int) -> Examples:
    tokenizer = AutoTokenizer.from_pretrained(pretrained, trust_remote_code=False)
    columns = [[text for text, _ in texts]]
    if any(pair is not None for _, pair in texts):
        columns.append([pair or "" for _, pair in texts])
    rows = tokenizer(*columns, truncation=True, max_length=max_length)["input_ids"]
    tokens = [np.asarray(row, dtype=np.int64) for row in rows]
    return Examples([str(number) for number in range(len(texts))], tokens, None, np.arange(len(texts)) % classes)
