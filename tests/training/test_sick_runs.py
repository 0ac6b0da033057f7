"""Training runs that cannot go on: one message with setting, seed, epoch, step and remedy, and nothing lost."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.runtime.signals import Stopped
from finetune_report.runtime.system_errors import trouble
from finetune_report.training import loop as training
from finetune_report.training.setup import naming
from tests.support.messages import Parts
from tests.support.models import make_run

import numpy as np
import pytest
import torch

NAME = "setting first, seed 1"
MEASURED_CHUNKS = 2  # of one epoch: each split of the small set is one


def fail_at_step(run: training.Run, step: int, error: BaseException) -> None:
    whole = run.train_step

    def failing(batch: Any) -> None:
        if run.state.step + 1 == step:
            raise error
        whole(batch)

    run.train_step = failing  # type: ignore[method-assign]


def train_named(run: training.Run) -> None:
    with naming(NAME, run):
        run.train()


def test_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    with torch.no_grad():
        run.model.classifier.weight.fill_(float("inf"))
    with pytest.raises(UserError, match=rf"^{NAME}: the training loss became (nan|inf) in epoch 1 at step 1 "):
        train_named(run)


ERRORS = {
    "Python": MemoryError(),
    "a CPU": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
    "a GPU": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_out_of_memory_names_the_place_and_the_same_command_goes_on(tmp_path: Path, error: BaseException) -> None:
    expected = make_run(tmp_path / "whole").train()
    run = make_run(tmp_path / "broken")
    fail_at_step(run, 9, error)
    with pytest.raises(type(error)) as caught:
        train_named(run)
    assert caught.value.__notes__ == [f"{NAME}, epoch 2, step 9"]
    first, remedy = trouble(caught.value).split("\n")
    assert first == f"out of memory ({str(error) or 'MemoryError'})"
    assert remedy.startswith("  Run fewer jobs at once (--cores), lower max_length,")
    again = make_run(tmp_path / "broken").train()
    assert again.history == expected.history


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    fail_at_step(run, 2, ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        train_named(run)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() or not mount or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs to mount a disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_names_the_place_and_keeps_the_last_checkpoint(small_disk: Path) -> None:
    run = make_run(small_disk)
    run.checkpoint_seconds = 0  # a checkpoint a step
    with pytest.raises((OSError, RuntimeError)) as caught:
        train_named(run)
    assert caught.value.__notes__[0].startswith(f"{NAME}, epoch 1, step ")
    first, remedy = trouble(caught.value).split("\n")
    assert first.startswith("no space left on the disk (")
    assert remedy.startswith("  Free some, or put the project on a larger disk.")
    assert run.state.step >= 1
    assert not (run.checkpoints.folder / "part").exists()
    assert run.checkpoints.load("cpu") is not None


@pytest.mark.parametrize("chunk", [1, 2])
def test_a_stop_while_an_epoch_is_measured_loses_nothing(tmp_path: Path, chunk: int) -> None:
    expected = make_run(tmp_path / "whole")
    expected.train()
    run = make_run(tmp_path / "broken")
    pauses, pause = [], run.save_or_stop

    def pausing() -> None:
        measuring = run.state.batch == run.batches_per_epoch and not run.model.training
        pauses.append(measuring)
        if run.state.epoch == 1 and measuring and sum(pauses) >= MEASURED_CHUNKS + chunk:
            run.stop_asked = "told to end"
        pause()

    run.save_or_stop = pausing  # type: ignore[method-assign]
    with pytest.raises(Stopped) as caught:
        run.train()
    Parts("epoch 2 after step 14", "told to end", "checkpoint is saved", "same command").check(str(caught.value))
    resumed = make_run(tmp_path / "broken")
    assert resumed.train().history == expected.state.history
    for name, weight in expected.model.state_dict().items():
        assert np.array_equal(weight, resumed.model.state_dict()[name]), name
