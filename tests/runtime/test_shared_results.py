"""What experiments share: taken where everything is the same and files are as they were put, else made again."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from finetune_report.files import sha256
from finetune_report.provenance.records import Made
from finetune_report.runtime.shared_results import SharedEntry

import pytest

HASH = "a" * 64


def entry(cache: Path, folder: Path, job: str = "finetune/a/1", hardware: str = "", rate: float = 0.1) -> SharedEntry:
    """The place of a run of the experiment whose results lie in `folder`, a path such as results/first."""
    spec = {"rate": rate, "plan": {"checkpoint_path": f"{folder}/checkpoints/a"}}
    made = Made(job, {"spec": spec, "stamp": "code:1"}, {"train": {f"{folder}/data/train.parquet": HASH}}, {})
    outputs = {"metrics": folder / "runs/a/metrics.json", "tuned": folder / "runs/a/model"}
    return SharedEntry.of(cache, made, outputs, hardware)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with one run in it."""
    monkeypatch.chdir(tmp_path)
    first = entry(tmp_path / "cache", Path("results/first"))
    (Path("results/first/runs/a/model/shards")).mkdir(parents=True)
    first.outputs["metrics"].write_text("{}")
    (first.outputs["tuned"] / "shards" / "weights").write_bytes(bytes(1000))
    assert not first.take()
    first.put()
    return tmp_path / "cache"


def nothing_lies_there(of: SharedEntry) -> bool:
    return not any(os.path.lexists(path) for path in of.outputs.values())


def test_an_experiment_of_another_name_takes_what_is_the_same(cache: Path) -> None:
    second = entry(cache, Path("results/second"))
    assert second.take()
    assert second.outputs["metrics"].read_text() == "{}"
    assert (second.outputs["tuned"] / "shards" / "weights").read_bytes() == bytes(1000)
    assert [path.name for path in cache.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("other", [{"rate": 0.2}, {"hardware": "another GPU, bf16"}, {"job": "finetune/a/2"}])
def test_what_differs_in_anything_is_not_taken(cache: Path, other: dict[str, str]) -> None:
    second = entry(cache, Path("results/second"), **other)  # type: ignore[arg-type]
    assert not second.take()
    assert nothing_lies_there(second)


def change_facts(folder: Path, change: Callable[[dict[str, dict[str, dict[str, str]]]], object]) -> None:
    facts = json.loads((folder / "entry.json").read_text())
    change(facts)
    (folder / "entry.json").write_text(json.dumps(facts))


def lead_out(folder: Path) -> None:
    """An entry that is consistent, and would write beside the cache."""
    place = folder.parents[2] / "escaped"
    source = folder / "tuned" / place.relative_to("/")
    source.parent.mkdir(parents=True)
    source.write_text("forged")
    change_facts(folder, lambda facts: facts["files"]["tuned"].update({str(place): sha256(source)}))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "other bytes": lambda folder: (folder / "tuned/shards/weights").write_bytes(bytes(999) + b"1"),
    "a shorter file": lambda folder: (folder / "metrics").write_text(""),
    "a file that is gone": lambda folder: (folder / "tuned/shards/weights").unlink(),
    "no facts": lambda folder: (folder / "entry.json").unlink(),
    "half of the facts": lambda folder: (folder / "entry.json").write_text('{"of": {'),
    "facts of another kind": lambda folder: (folder / "entry.json").write_text('{"of": 1, "files": [1]}'),
    "a hash that is none": lambda folder: change_facts(folder, lambda facts: facts["files"]["metrics"].update({"": 1})),  # type: ignore[dict-item]
    "facts of other results": lambda folder: change_facts(folder, lambda facts: facts["of"].update(job="finetune/b/1")),
    "fewer outputs": lambda folder: change_facts(folder, lambda facts: facts["files"].pop("tuned")),
    "a link": lambda folder: (
        (folder / "metrics").unlink(),
        (folder / "metrics").symlink_to(folder / "entry.json"),
    ),
    "a place outside": lambda folder: change_facts(
        folder, lambda facts: facts["files"]["tuned"].update({"../../../../../escaped": HASH})
    ),
    "an absolute place": lead_out,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_not_as_it_was_put_is_not_taken_and_put_again(
    cache: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    second = entry(cache, Path("results/second"))
    (cache.parent / "escaped").unlink(missing_ok=True)
    DAMAGE[kind](second.folder)
    assert not second.take()
    assert nothing_lies_there(second)
    assert not (cache.parent / "escaped").exists()
    assert str(second.folder) in caplog.text
    assert "made again" in caplog.text
    first = entry(cache, Path("results/first"))
    first.put()
    assert second.take()


def test_who_is_slower_leaves_what_is_there(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = entry(cache, Path("results/first"))
    before = (first.folder / "entry.json").stat().st_mtime_ns
    first.put()
    assert (first.folder / "entry.json").stat().st_mtime_ns == before
    assert caplog.text == ""
    assert len(list(first.folder.parent.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_no_failure(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(cache)
    cache.write_text("a file in its place")
    first = entry(cache, Path("results/first"))
    assert not first.take()
    first.put()
    assert "cannot be left" in caplog.text
    assert first.outputs["metrics"].exists()
