"""The full-size experiment's data and model, from a hub cache that stands in for the hub, in processes of their own."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report.files import PROJECT as ROOT

import numpy as np
import pytest
import yaml
from safetensors.numpy import save

CONFIG = ROOT / "config/sst2-roberta-base.yaml"
PINNED, NEWER = "a" * 40, "b" * 40


def add_revision(repository: Path, commit: str, files: dict[str, bytes], newest: bool) -> None:
    """A snapshot as `huggingface_hub` keeps it: links to blobs, and refs/main at the newest commit."""
    (repository / "blobs").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        blob = repository / "blobs" / f"{commit[:8]}-{name.replace('/', '-')}"
        blob.write_bytes(content)
        link = repository / "snapshots" / commit / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    if newest:
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / "main").write_text(commit)


def sentences(word: str) -> dict[str, bytes]:
    """The files of the data set, as the hub's copy has them."""
    rows = [
        {"text": f"{word} film {n}", "label": n % 2, "label_text": ["negative", "positive"][n % 2]} for n in range(8)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return {"train.jsonl": text, "dev.jsonl": text, "test.jsonl": text, "README.md": b"# SST-2\n"}


def tensors(word: str) -> bytes:
    """A file of weights, other ones for each word."""
    return save({"weight": np.frombuffer(word.encode(), dtype=np.uint8)})


def weights(word: str) -> dict[str, bytes]:
    return {"config.json": b'{"model_type": "roberta"}', "model.safetensors": tensors(word), "merges.txt": b""}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    model = yaml.safe_load(CONFIG.read_text())["model"]
    for repository, content, pinned in (
        ("datasets--SetFit--sst2", sentences, PINNED),
        ("models--FacebookAI--roberta-base", weights, model["revision"]),
    ):
        add_revision(tmp_path / "hub" / repository, pinned, content("pinned"), newest=False)
        add_revision(tmp_path / "hub" / repository, NEWER, content("newer"), newest=True)
    return tmp_path / "hub"


def prepare(cache: Path, work: Path, **data: Any) -> tuple[dict[str, Any], str]:
    """Run the workflow up to data and model on the shipped config; what it found of the model, and the first text."""
    config = yaml.safe_load(CONFIG.read_text())
    config["data"]["hub"] |= data
    (work / "config.yaml").write_text(yaml.safe_dump(config))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "HF_HOME": str(work / "home")}
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(work)]
    command += ["--configfile", str(work / "config.yaml"), "--cores", "1"]
    results = work / "results" / config["name"]
    command += [str((results / name).relative_to(work)) for name in ("data/summary.json", "model.json")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=work)
    assert ended.returncode == 0, ended.stderr
    first = "import sys, pandas; print(pandas.read_parquet(sys.argv[1])['text'][0])"
    read = subprocess.run(
        [sys.executable, "-c", first, str(results / "data/train.parquet")], capture_output=True, text=True, check=True
    )
    return json.loads((results / "model.json").read_text()), read.stdout.strip()


def test_the_pinned_revisions_are_taken_and_not_the_newest(cache: Path, tmp_path: Path) -> None:
    model, text = prepare(cache, tmp_path, revision=PINNED)
    pinned = yaml.safe_load(CONFIG.read_text())["model"]["revision"]
    assert (model["path"], model["commit"]) == (None, pinned)
    assert model["files"]["model.safetensors"] == hashlib.sha256(tensors("pinned")).hexdigest()
    assert text == "pinned film 0"
    summary = json.loads((tmp_path / "results/sst2-roberta-base/data/summary.json").read_text())
    assert summary["labels"] == ["0", "1"]
    assert {split: row["rows"] for split, row in summary["splits"].items()} == {"train": 8, "validation": 8, "test": 8}
    assert prepare(cache, tmp_path, revision="main")[1] == "newer film 0"
