"""A whole experiment, killed and repeated: the same bytes with one core and with two, and after every mishap."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from finetune_report.cli.replay import causes, hashes
from tests.support.kill_harness import differences, hunt, logs_begun, results
from tests.support.projects import HOSTILE, TOKEN, Project, kill

import pytest

pytestmark = pytest.mark.slow

RESULTS = Path("results/tiny")
KILLS = 3
POWER_LOSSES = 3
BEFORE_SELECTION = {"prepare_data", "prepare_model", "tokenize_texts", "finetune", "gather_runs", "select_setting"}
# What a training run needs, and what is gathered of all of them.
TRAINING = re.compile(r"(data/[^d]|tokens/(train|validation)|model\.json|runs|selection\.json)")


def test_killed_again_and_again_with_two_cores_it_ends_in_the_same_bytes(finished: Project, project: Project) -> None:
    """Up to the selection, which needs every training run; what a kill can do after it, a loss of power does."""
    expected = {name: digest for name, digest in results(finished).items() if TRAINING.match(name)}
    phases = [name for name in logs_begun(finished) if name.split("/")[0].split(".")[0] in BEFORE_SELECTION]
    selection = str(RESULTS / "selection.json")
    tally = hunt(project, expected, sorted(phases), seconds=20.0, kills=KILLS, seed=1, targets=[selection])
    assert sum(tally.kills.values()) == KILLS


@pytest.fixture
def odd_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files that nobody else may read, no locale, and a folder for scratch files whose name needs quoting."""
    scratch = tmp_path / "the user's $scratch files"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setenv("LC_ALL", "C")
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("odd_surroundings")
def test_after_losses_of_power_it_ends_in_the_same_bytes(finished: Project, project: Project) -> None:
    expected = results(finished)
    assert {"write-up.pdf", "write-up.html", "values.json", "manifest.json"} < expected.keys()
    phases = sorted(logs_begun(finished))
    tally = hunt(project, expected, phases, seconds=20.0, kills=POWER_LOSSES, seed=2, power=True)
    assert sum(tally.damage.values()) >= POWER_LOSSES


def test_no_secret_of_the_environment_is_written_anywhere(finished: Project) -> None:
    places = [path for path in finished.root.iterdir() if path.name != "tests"]  # these lines hold it
    kept = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()]
    kept.append(finished.output)
    assert len(kept) > 150
    assert [str(path) for path in kept if TOKEN.encode() in path.read_bytes()] == []


def test_what_data_holds_does_not_become_part_of_the_page(finished: Project) -> None:
    page = (finished.results / "write-up.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_damaged_results_are_named_and_made_again(finished: Project, project: Project) -> None:
    folder = project.results
    (folder / "test" / "predictions.parquet").write_bytes(b"")
    cut = folder / "runs" / "baseline" / "seed1" / "history.csv"
    cut.write_text(cut.read_text()[:50])
    weights = folder / "runs" / "milder" / "seed1" / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    # Not the whole report, which would take as long as the first time.
    wanted = [folder / "test" / "predictions.parquet", cut, weights.parent]
    done = project.snakemake("--cores", "2", *(str(path.relative_to(project.root)) for path in wanted))
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert f"{RESULTS}/test/predictions.parquet has 0 bytes, expected " in said
    assert f"{RESULTS}/runs/baseline/seed1/history.csv has 50 bytes, expected " in said
    assert f"{RESULTS}/runs/milder/seed1/model/model.safetensors has the SHA-256 " in said
    found = {name: digest for name, digest in results(project).items() if ".damaged" not in name}
    assert differences(results(finished), found) == []
    assert "finished epoch" not in said  # the checkpoint of the end was still there


def replay(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "finetune_report.cli", "replay", "--config", "tiny.yaml", *arguments]
    environment = project.environment()
    return subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True)


def test_a_replay_gives_the_same_bits(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    done = replay(project, "--setting", "milder", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Every bit is the same."
    assert "  identical  runs/milder/seed1/model" in done.stdout
    assert replay(project, "--setting", "third").stderr == (
        "the config plans no run of setting third, seed None; its runs are "
        "baseline 1, small-batch 1, milder 1, large-batch 1\n"
    )
    monkeypatch.chdir(project.root)
    assert list(causes(Path(RESULTS), Path("results/replay-tiny"), "runs/milder/seed1")) == []


def test_a_replay_names_what_differs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    stored = Path(RESULTS)
    again = shutil.copytree(stored, Path("results/again"))
    manifest = json.loads((stored / "manifest.json").read_text())
    manifest["packages"]["torch"] = "1.0"
    manifest["machine"]["cores"] = 999
    manifest["code"]["finetune"] = "code:0123 torch==1.0"
    (stored / "manifest.json").write_text(json.dumps(manifest))
    path = stored / "runs" / "baseline" / "seed1" / "metrics.json"
    metrics = json.loads(path.read_text()) | {"threads": 8}
    metrics["fingerprints"]["train"] = "ab"
    path.write_text(json.dumps(metrics))
    found = list(causes(stored, again, "runs/baseline/seed1"))
    assert [line.partition(", now ")[0] for line in found] == [
        "threads: then 8",
        "content of train: then ab",
        "code of finetune: then code:0123",
        "package torch: then 1.0",
        "machine: cores: then 999",
    ]
    assert hashes(path) != hashes(again / "runs" / "baseline" / "seed1" / "metrics.json")
    (stored / "manifest.json").unlink()
    assert list(causes(stored, again, "runs/baseline/seed1"))[-1].startswith("unknown: ")


@pytest.mark.parametrize(
    ("number", "group"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False)],
    ids=["Ctrl-C", "SIGTERM", "SIGTERM to the workflow alone"],
)
def test_a_stop_saves_a_checkpoint_and_says_how_to_go_on(project: Project, number: signal.Signals, group: bool) -> None:
    """Long before the job would be done, and before anybody kills it."""
    workflow = training(project)
    kill(workflow, group, number)
    assert workflow.wait(timeout=600) == 1
    said = project.output.read_text()
    reason = "interrupted" if number == signal.SIGINT else "told to end"
    assert "finetune/third/1: stopped in epoch " in said
    assert f", {reason}; a checkpoint is saved, and the same command goes on from there\n" in said
    assert f"Not finished. The same command goes on from here; what every job said is in {RESULTS}/journal.log." in said
    assert "Traceback" not in said
    assert list((project.results / "checkpoints").glob("third-seed1-*/step*.pt"))


def training(project: Project) -> subprocess.Popen[str]:
    """The workflow with one long training run, which has begun."""
    long = project.read_config()["settings"][0] | {"name": "third", "epochs": 10_000}
    project.write_config(project.read_config() | {"settings": [long]})
    workflow = project.start(str(RESULTS / "selection.json"))
    while "finetune/third/1: finished epoch 2/10000" not in project.journal.read_text():
        assert workflow.poll() is None, project.output.read_text()
        time.sleep(0.05)
    return workflow


def test_a_second_workflow_stops_and_another_experiment_runs_beside(project: Project) -> None:
    first = training(project)
    beside = project.root / "beside.yaml"
    beside.write_text((project.root / "tiny.yaml").read_text().replace("name: tiny", "name: beside"))
    try:
        second = project.plan("--cores", "1")
        options = ("--configfile", str(beside), "--cores", "1", "--nolock")
        other = project.snakemake(*options, "results/beside/data/summary.json")
        assert first.poll() is None
    finally:
        kill(first, group=True, number=signal.SIGTERM)
        first.wait(timeout=600)
    assert second.returncode == 2
    said = (second.stdout + second.stderr).splitlines()[-1]
    assert said.startswith(f"The experiment 'tiny' is running already (process {first.pid} on ")
    assert said.endswith("); wait until it has ended, or stop that process")
    assert other.returncode == 0, other.stdout + other.stderr
    made = project.root / "results/beside/data/train.parquet"
    assert hashes(made) == hashes(project.results / "data/train.parquet")
    assert list((project.results / "checkpoints").glob("third-seed1-*/step*.pt"))
