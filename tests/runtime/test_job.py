"""One job from its inputs to its record: what it refuses to use, and the message that each kind of failure ends in."""

import errno
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from finetune_report.provenance import records
from finetune_report.provenance.records import examine
from finetune_report.provenance.stamp import fresh_stamp
from finetune_report.runtime import job, locks
from tests.support.messages import Parts, assert_says

import pytest

DATA = Path("results/small/data/train.txt")
MODEL = Path("results/small/model")
OUT = Path("results/small/out.txt")
LOG = Path("results/small/logs/copy.log")
JOURNAL = Path("results/small/journal.log")

body: Any = None  # what the script does


class Named(list[Any]):
    """The inputs or outputs of a rule, as Snakemake hands them over."""

    def __init__(self, named: dict[str, Any]) -> None:
        flat = [item for value in named.values() for item in ([value] if isinstance(value, Path) else value)]
        super().__init__(map(str, flat))
        self.named = {key: str(value) if isinstance(value, Path) else value for key, value in named.items()}

    def items(self) -> Any:
        return self.named.items()


def main(out: Path, **inputs: Any) -> None:
    body(out, **inputs)


def run(
    rule: str, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch, out: Path = OUT, **inputs: Path
) -> int | str | None:
    """Run a job whose script calls `write`; its exit status, None where it ended well."""
    given = SimpleNamespace(
        rule=rule,
        wildcards=[],
        log=[str(LOG)],
        input=Named(inputs),
        output=Named({"out": out}),
        params={"stamp": fresh_stamp(Path(__file__))},
        resources={},
    )
    for name, value in {"snakemake": given, "__file__": __file__}.items():
        monkeypatch.setattr(sys.modules["__main__"], name, value, raising=False)
    monkeypatch.setitem(globals(), "body", write)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        job.run(main)
    except SystemExit as ended:
        return ended.code
    return None


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(locks.WORKFLOW, raising=False)
    monkeypatch.setattr(job, "hold_or_wait", lambda path: None)  # it holds to the end of the process
    return tmp_path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and a folder that jobs have made."""

    def make_model(out: Path) -> None:
        out.mkdir()
        (out / "config.json").write_text("{}")
        (out / "weights").write_bytes(bytes(1000))

    assert run("prepare", lambda out: out.write_text("some rows\n"), monkeypatch, DATA) is None
    assert run("tune", make_model, monkeypatch, MODEL) is None


def copy(out: Path, **inputs: Path) -> None:
    out.write_text("copied")


def test_an_output_of_several_files_can_be_shared(monkeypatch: pytest.MonkeyPatch, work: Path) -> None:
    """Or of none, as the test split's where there is none."""
    paths = [Path("results/small/a.txt"), Path("results/small/b.txt")]
    given = SimpleNamespace(output=Named({"one": OUT, "several": paths, "none": []}))
    made = records.Made("copy", {}, {}, {})
    assert job.shared_entry(given, made, hardware=lambda spec: "") is None
    monkeypatch.setenv(job.CACHE, str(work / "cache"))
    entry = job.shared_entry(given, made, hardware=lambda spec: "")
    assert entry is not None
    assert entry.outputs == {"one": OUT, "several.0": paths[0], "several.1": paths[1]}
    assert job.shared_entry(given, made, hardware=None) is None


def test_a_job_records_its_outputs_and_logs_to_file_and_journal(made: None) -> None:
    record = json.loads(Path("results/small/records/model.json").read_text())
    assert record["made"] == {
        "job": "tune",
        "params": {"stamp": fresh_stamp(Path(__file__))},
        "inputs": {},
        "sources": {},
        "shared": False,
    }
    assert record["files"].keys() == {"config.json", "weights"}
    assert JOURNAL.exists()
    assert LOG.exists()


@pytest.mark.parametrize(("in_a_job", "collecting"), [({locks.WORKFLOW: "41"}, "False"), ({}, "True")])
def test_the_collector_waits_for_the_imports_of_a_job_and_of_nothing_else(
    in_a_job: dict[str, str], collecting: str
) -> None:
    ask = [sys.executable, "-c", "import gc, finetune_report.errors; print(gc.isenabled())"]
    done = subprocess.run(ask, env=os.environ | in_a_job, capture_output=True, text=True)
    assert done.stdout.strip() == collecting, done.stderr


def test_the_collector_works_while_the_job_does(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def look(out: Path) -> None:
        found.append(gc.isenabled())
        out.write_text("done")

    gc.disable()
    try:
        assert run("look", look, monkeypatch) is None
    finally:
        gc.enable()
    assert found == [True]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a failing disk does: the time says nothing


def add(path: Path) -> None:
    (path / "adapter").write_text("x")


DAMAGE: dict[str, tuple[Path, Callable[[], Any], str]] = {
    "a flipped bit": (DATA, lambda: flip(DATA), f"{DATA} has the SHA-256 "),
    "an empty file": (DATA, lambda: DATA.write_text(""), f"{DATA} has 0 bytes, expected 10."),
    "a cut file": (DATA, lambda: DATA.write_text("some"), f"{DATA} has 4 bytes, expected 10."),
    "a bit in a folder": (MODEL, lambda: flip(MODEL / "weights"), f"{MODEL}/weights has the SHA-256 "),
    "a file gone from a folder": (MODEL, (MODEL / "weights").unlink, f"{MODEL}/weights is missing."),
    "a file more in a folder": (MODEL, lambda: add(MODEL), f"{MODEL}/adapter does not belong there."),
}


@pytest.mark.parametrize(("path", "damage", "what"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_input_is_not_used(
    made: None,
    monkeypatch: pytest.MonkeyPatch,
    path: Path,
    damage: Callable[[], Any],
    what: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage()
    assert run("copy", copy, monkeypatch, source=path) == 1
    maker = "prepare" if path == DATA else "tune"
    said = capsys.readouterr().err
    assert f"copy: {path} is not as {maker} wrote it: {what}" in said
    assert f"  It is not used, and lies at {path}.damaged now; run the same command again, which makes it again" in said
    assert not OUT.exists()
    assert not path.exists()


def test_an_input_without_a_record_is_not_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    DATA.parent.mkdir(parents=True)
    DATA.write_text("from somewhere\n")
    assert run("copy", copy, monkeypatch, source=DATA) == 1
    assert f"{DATA} is not as the job that makes it wrote it: it has no record" in capsys.readouterr().err


def test_an_undamaged_input_and_a_file_of_the_users_are_used(made: None, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine.csv").write_text("a,b\n")
    assert run("copy", copy, monkeypatch, source=DATA, folder=MODEL, mine=Path("mine.csv")) is None
    assert OUT.read_text() == "copied"


def test_a_workflow_starts_by_setting_aside_what_has_changed(made: None, caplog: pytest.LogCaptureFixture) -> None:
    os.utime(MODEL / "weights")  # touched only
    examine(Path("results/small"), change=True)
    assert MODEL.exists()
    record = json.loads(Path("results/small/records/model.json").read_text())
    assert record["files"]["weights"]["changed"] == (MODEL / "weights").stat().st_mtime_ns
    DATA.write_text("other row\n")
    caplog.clear()
    examine(Path("results/small"), change=True)
    assert not DATA.exists()
    assert Path(f"{DATA}.damaged").read_text() == "other row\n"
    [message] = caplog.messages
    assert message.startswith(f"{DATA} has the SHA-256 ")
    assert message.endswith(f"; not used, but made again (the damaged one is kept at {DATA}.damaged)")


def test_what_an_orphan_left_is_cleared_and_a_failed_job_leaves_no_record(
    made: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(out: Path) -> None:
        assert not out.exists()
        raise OSError(errno.EIO, "Input/output error")

    assert run("tune", fail, monkeypatch, MODEL) == 1
    assert not Path("results/small/records/model.json").exists()


def raising(error: BaseException) -> Callable[..., None]:
    def write(out: Path) -> None:
        raise error

    return write


REMEDY_MEMORY = (
    "  Run fewer jobs at once (--cores), lower max_length, take a smaller model, or close what else uses memory. "
    "The same command goes on from the last checkpoint."
)
REMEDY_DISK = "  Free some, or put the project on a larger disk. The same command goes on from the last checkpoint."
REMEDY_PERMISSION = "  Mend its permissions or owner, or work on a copy of the project that is yours."
TROUBLES: dict[str, tuple[BaseException, str]] = {
    "Python's memory": (MemoryError(), f"out of memory (MemoryError)\n{REMEDY_MEMORY}"),
    "PyTorch's memory on a CPU": (
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.\nmore"),
        "out of memory ([enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.)\n"
        + REMEDY_MEMORY,
    ),
    "PyTorch's memory on a GPU": (
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        f"out of memory (CUDA out of memory. Tried to allocate 2.00 GiB.)\n{REMEDY_MEMORY}",
    ),
    "a full disk": (
        OSError(errno.ENOSPC, "No space left on device"),
        f"no space left on the disk ([Errno 28] No space left on device)\n{REMEDY_DISK}",
    ),
    "a full disk as safetensors tells it": (
        ValueError('Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "No space left" })'),
        'no space left on the disk (Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "No '
        f'space left" }}))\n{REMEDY_DISK}',
    ),
    "a quota": (
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        f"no space left on the disk ([Errno 122] Disk quota exceeded)\n{REMEDY_DISK}",
    ),
    "no permission": (
        PermissionError(errno.EACCES, "Permission denied", "results/small/data"),
        f"no permission: results/small/data (Permission denied)\n{REMEDY_PERMISSION}",
    ),
    "a read-only disk": (
        OSError(errno.EROFS, "Read-only file system", "results"),
        f"no permission: results (Read-only file system)\n{REMEDY_PERMISSION}",
    ),
    "a mistake of ours": (
        KeyError("winner"),
        f"stopped by KeyError: 'winner'\n  The traceback is in {LOG}",
    ),
}


@pytest.mark.parametrize(("error", "message"), TROUBLES.values(), ids=TROUBLES)
def test_each_failure_ends_in_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, message: str
) -> None:
    assert run("copy", raising(error), monkeypatch) == 1
    assert_says(capsys.readouterr().err, f"copy: {message}\n")
    assert ("Traceback" in LOG.read_text()) == isinstance(error, KeyError)


@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "told to end")], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_job_that_is_asked_to_stop_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals, reason: str
) -> None:
    before = signal.getsignal(number)
    assert run("copy", lambda out: os.kill(os.getpid(), number), monkeypatch) == 1
    Parts("copy: stopped", reason, "same command").check(capsys.readouterr().err)
    assert signal.getsignal(number) == before


def test_a_time_limit_stops_a_job(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def wait(out: Path) -> None:
        job.set_time_limit(0.001)
        time.sleep(10)

    assert run("copy", wait, monkeypatch) == 1
    Parts("copy: stopped", "time limit (resources: runtime)", "same command").check(capsys.readouterr().err)


def test_a_job_that_is_done_is_not_killed_at_its_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(out: Path) -> None:
        out.write_text("made")
        job.set_time_limit(0.5)

    assert run("copy", write, monkeypatch) is None
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_an_orphan_does_not_begin_once_another_workflow_is_at_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = Path("results/small/lock")
    lock.parent.mkdir(parents=True)
    lock.write_text("41\n")
    monkeypatch.setenv(locks.WORKFLOW, json.dumps(["41", str(lock)]))
    assert run("copy", copy, monkeypatch) is None
    lock.write_text("42\n")
    capsys.readouterr()
    assert run("copy", copy, monkeypatch) == 1
    Parts("copy: ", "has ended", "another one is at work", "not done").check(capsys.readouterr().err)


def test_what_an_orphan_makes_is_not_recorded_once_another_workflow_is_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = Path("results/small/lock")
    lock.parent.mkdir(parents=True)
    lock.write_text("41\n")
    monkeypatch.setenv(locks.WORKFLOW, json.dumps(["41", str(lock)]))

    def make(out: Path) -> None:
        out.write_text("made")
        lock.write_text("42\n")

    assert run("copy", make, monkeypatch) == 1
    assert not Path("results/small/records/out.txt.json").exists()
