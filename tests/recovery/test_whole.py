"""A whole experiment, killed and repeated: the same bytes with one core and with two, and after every mishap."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from finetune_report.cli.replay import causes, hashes

import pytest
from experiment import HOSTILE, environment, kill, make_project, run, start, write_config
from kill_harness import RESULTS, differences, hunt, logs_begun, results

pytestmark = pytest.mark.xdist_group("whole")  # one process, so that the experiment runs once

KILLS = 3
POWER_LOSSES = 3
TOKEN = "hf_PlantedTokenThatMustNotShow"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A finished experiment, run with one core and a secret in the environment, and the hashes of its results."""
    project = make_project(tmp_path_factory.mktemp("whole") / "project")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, TOKEN)
        done = run(project, cores=1)
    assert done.returncode == 0, done.stdout
    (project / "own" / "output.txt").write_text(done.stdout)
    return project, results(project)


@pytest.fixture
def project(whole: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """A copy of the finished experiment."""
    return shutil.copytree(whole[0], tmp_path / "project", symlinks=True)


def test_killed_again_and_again_with_two_cores_it_ends_in_the_same_bytes(
    whole: tuple[Path, dict[str, str]], project: Path
) -> None:
    expected = whole[1]
    assert {"write-up.pdf", "write-up.html", "values.json", "manifest.json"} < expected.keys()
    tally = hunt(project, expected, sorted(logs_begun(whole[0])), seconds=20.0, kills=KILLS, seed=1)
    assert sum(tally.kills.values()) == KILLS


def test_after_losses_of_power_it_ends_in_the_same_bytes(whole: tuple[Path, dict[str, str]], project: Path) -> None:
    phases = sorted(logs_begun(whole[0]))
    tally = hunt(project, whole[1], phases, seconds=20.0, kills=POWER_LOSSES, seed=2, power=True)
    assert sum(tally.damage.values()) >= POWER_LOSSES


def test_no_secret_of_the_environment_is_written_anywhere(whole: tuple[Path, dict[str, str]]) -> None:
    places = [path for path in whole[0].iterdir() if path.name != "tests"]  # these lines hold it
    kept = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()]
    assert len(kept) > 150
    assert [str(path) for path in kept if TOKEN.encode() in path.read_bytes()] == []


def test_what_data_holds_does_not_become_part_of_the_page(whole: tuple[Path, dict[str, str]]) -> None:
    page = (whole[0] / RESULTS / "write-up.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_damaged_results_are_named_and_made_again(whole: tuple[Path, dict[str, str]], project: Path) -> None:
    folder = project / RESULTS
    (folder / "test" / "predictions.parquet").write_bytes(b"")
    cut = folder / "runs" / "first" / "seed1" / "history.csv"
    cut.write_text(cut.read_text()[:50])
    weights = folder / "runs" / "second" / "seed1" / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    # Not the whole report, which would take as long as the first time.
    wanted = [folder / "test" / "predictions.parquet", cut, weights.parent]
    done = run(project, *(str(path.relative_to(project)) for path in wanted), cores=2)
    assert done.returncode == 0, done.stdout
    assert f"{RESULTS}/test/predictions.parquet has 0 bytes, expected " in done.stdout
    assert f"{RESULTS}/runs/first/seed1/history.csv has 50 bytes, expected " in done.stdout
    assert f"{RESULTS}/runs/second/seed1/model/model.safetensors has the SHA-256 " in done.stdout
    found = {name: digest for name, digest in results(project).items() if ".damaged" not in name}
    assert differences(whole[1], found) == []
    assert "finished epoch" not in done.stdout  # the checkpoint of the end was still there


def replay(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "finetune_report.cli", "replay", "--config", "own/config.yaml", *arguments]
    surroundings = environment()
    return subprocess.run(command, cwd=project, env=surroundings, capture_output=True, text=True)


def test_a_replay_gives_the_same_bits(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = replay(project, "--setting", "second", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Every bit is the same."
    assert "  identical  runs/second/seed1/model" in done.stdout
    assert replay(project, "--setting", "third").stderr == (
        "the config plans no run of setting third, seed None; its runs are first 1, second 1\n"
    )
    monkeypatch.chdir(project)
    assert list(causes(Path(RESULTS), Path("results/replay-small"), "runs/second/seed1")) == []


def test_a_replay_names_what_differs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    stored = Path(RESULTS)
    again = shutil.copytree(stored, Path("results/again"))
    manifest = json.loads((stored / "manifest.json").read_text())
    manifest["packages"]["torch"] = "1.0"
    manifest["machine"]["cores"] = 999
    manifest["code"]["finetune"] = "code:0123 torch==1.0"
    (stored / "manifest.json").write_text(json.dumps(manifest))
    path = stored / "runs" / "first" / "seed1" / "metrics.json"
    metrics = json.loads(path.read_text()) | {"threads": 8}
    metrics["fingerprints"]["train"] = "ab"
    path.write_text(json.dumps(metrics))
    found = list(causes(stored, again, "runs/first/seed1"))
    assert [line.partition(", now ")[0] for line in found] == [
        "threads: then 8",
        "content of train: then ab",
        "code of finetune: then code:0123",
        "package torch: then 1.0",
        "machine: cores: then 999",
    ]
    assert hashes(path) != hashes(again / "runs" / "first" / "seed1" / "metrics.json")
    (stored / "manifest.json").unlink()
    assert list(causes(stored, again, "runs/first/seed1"))[-1].startswith("unknown: ")


@pytest.mark.parametrize(
    ("number", "group"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False)],
    ids=["Ctrl-C", "SIGTERM", "SIGTERM to the workflow alone"],
)
def test_a_stop_is_quick_saves_a_checkpoint_and_says_how_to_go_on(
    project: Path, number: signal.Signals, group: bool
) -> None:
    write_config(project, settings=[{"name": "third", "epochs": 5000}])
    journal, output = project / RESULTS / "journal.log", project / "own" / "output.txt"
    workflow = start(project, str(RESULTS / "selection.json"))
    while "finetune/third/1: finished epoch 2/5000" not in journal.read_text():
        assert workflow.poll() is None, output.read_text()
        time.sleep(0.05)
    asked = time.monotonic()
    kill(workflow, group, number)
    assert workflow.wait(timeout=60) == 1
    assert time.monotonic() - asked < 30  # Snakemake itself looks up every few seconds only
    said = output.read_text()
    reason = "interrupted" if number == signal.SIGINT else "told to end"
    assert "finetune/third/1: stopped in epoch " in said
    assert f", {reason}; a checkpoint is saved, and the same command goes on from there\n" in said
    assert f"Not finished. The same command goes on from here; what every job said is in {RESULTS}/journal.log." in said
    assert "Traceback" not in said
    assert list((project / RESULTS / "checkpoints").glob("third-seed1-*/step*.pt"))


def test_a_second_workflow_stops_and_another_experiment_runs_beside(project: Path) -> None:
    write_config(project, settings=[{"name": "third", "epochs": 5000}])
    config = project / "own" / "config.yaml"
    beside = project / "own" / "beside.yaml"
    beside.write_text(config.read_text().replace("name: small", "name: beside"))
    journal = project / RESULTS / "journal.log"
    first = start(project, str(RESULTS / "selection.json"))
    try:
        while "finetune/third/1: finished epoch 2/5000" not in journal.read_text():
            assert first.poll() is None
            time.sleep(0.05)
        second = run(project, cores=1, timeout=60)
        other = run(project, "--configfile", str(beside), "--nolock", "results/beside/data/summary.json", timeout=120)
        assert first.poll() is None
    finally:
        kill(first, group=True, number=signal.SIGTERM)
        first.wait(timeout=60)
    assert second.returncode == 2
    said = second.stdout.splitlines()[-1]
    assert said.startswith(f"The experiment 'small' is running already (process {first.pid} on ")
    assert said.endswith("); wait until it has ended, or stop that process")
    assert other.returncode == 0, other.stdout
    assert hashes(project / "results/beside/data/train.parquet") == hashes(project / RESULTS / "data/train.parquet")
    assert list((project / RESULTS / "checkpoints").glob("third-seed1-*/step*.pt"))
