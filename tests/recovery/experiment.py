"""A whole experiment, small enough to be run again and again: a copy of the project, a random model, a few rows."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report.files import PROJECT as ROOT

import torch
import yaml
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

GOOD, BAD = ["fine", "bright", "warm", "funny"], ["dull", "grey", "cold", "tired"]
PLAIN = ["a", "the", "film", "plot", "cast", "is", "and", "very", "quite", "it"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HOSTILE = "<script>alert(1)</script>"  # a slice's value that must not become part of the page
WRITE_UP = """---
title: A small experiment
author: A test
---

# Results {#sec:results}

The best setting is {{ value("winner.name") }}, with {{ value("winner.validation.accuracy", interval=True) }}.

![Accuracy by epoch.](figures/graph.png){#fig:graph}

@fig:graph shows it.

{% for name in names("slices", "extent") %}
- {{ name }}: {{ value("slices", "extent", name, "accuracy") }}
{% endfor %}

{% if has("runs.first.cost.seconds") %}
It took {{ value("runs.first.cost.seconds") }} seconds.
{% endif %}
"""
CONFIG: dict[str, Any] = {
    "name": "small",
    "data": {"path": "own/data", "slices": ["extent"]},
    "model": {"path": "own/model"},
    "max_length": 16,
    "seeds": [1],
    "defaults": {"epochs": 8, "learning_rate": 1e-3, "batch_size": 1},
    "settings": [{"name": "first"}, {"name": "second", "batch_size": 2}],
    "attention": {"sentences": 4},
    "report": {"write_up": "own/write-up.md", "bibliography": None, "timings": False},
}


def make_project(folder: Path, **changes: Any) -> Path:
    """A copy of the project's files with a small experiment in `own/`; `changes` replace keys of its config."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    own = folder / "own"
    make_model(own / "model")
    for number, (split, count) in enumerate({"train": 36, "validation": 12, "test": 12}.items()):
        write_rows(own / "data" / f"{split}.jsonl", count, number)
    (own / "write-up.md").write_text(WRITE_UP, encoding="utf-8")
    write_config(folder, **changes)
    return folder


def write_config(project: Path, **changes: Any) -> None:
    (project / "own" / "config.yaml").write_text(yaml.safe_dump(CONFIG | changes), encoding="utf-8")


def make_model(folder: Path) -> None:
    """A BERT of random weights and a tokenizer of a few words."""
    words = [*SPECIAL, *PLAIN, *GOOD, *BAD]
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(words), max_position_embeddings=32, pad_token_id=0, **sizes)
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizer(vocab={word: n for n, word in enumerate(words)}, model_max_length=32).save_pretrained(folder)


def write_rows(path: Path, count: int, seed: int) -> None:
    """Sentences that hold one good or one bad word, of which some are labelled wrongly."""
    chance = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        words = chance.choices(PLAIN, k=chance.randint(3, 9))
        words.insert(chance.randrange(len(words)), chance.choice((GOOD, BAD)[number % 2]))
        label = ("good", "bad")[number % 2 if chance.random() < 0.9 else 1 - number % 2]
        rows.append({"text": " ".join(words), "label": label, "extent": HOSTILE if len(words) > 6 else "short"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def command(*arguments: str, cores: int = 1) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--configfile", "own/config.yaml", "--cores", str(cores), *arguments]


def environment() -> dict[str, str]:
    """One thread a process, nothing fetched, and the code of the copy that a program is started in."""
    return os.environ | {
        "PYTHONPATH": "src",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def start(project: Path, *arguments: str, cores: int = 1) -> subprocess.Popen[str]:
    """Start the workflow in a process group of its own; its output goes to `own/output.txt`."""
    with (project / "own" / "output.txt").open("a") as output:
        return subprocess.Popen(
            command(*arguments, cores=cores),
            cwd=project,
            env=environment(),
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )


def run(project: Path, *arguments: str, cores: int = 1, timeout: float = 900) -> subprocess.CompletedProcess[str]:
    """Run the workflow to its end; standard output and standard error together."""
    return subprocess.run(
        command(*arguments, cores=cores),
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )


def kill(process: subprocess.Popen[str], group: bool, number: int = signal.SIGKILL) -> None:
    """Send a signal to the workflow's process group, or to the workflow's own process alone."""
    (os.killpg if group else os.kill)(process.pid, number)
