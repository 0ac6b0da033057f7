"""What a training job asks for: what the config says, and a share of a GPU only where there is one to share."""

from pathlib import Path
from typing import Any

from finetune_report.config.reading import read_config
from finetune_report.config.resources import model_job
from finetune_report.config.schema import complete
from finetune_report.files import PROJECT as ROOT

import pytest


def asked(gpu: Path, **changes: Any) -> dict[str, int]:
    return model_job(complete(read_config(ROOT / "config.yaml") | changes), gpu)


@pytest.fixture
def gpu(tmp_path: Path) -> Path:
    device = tmp_path / "nvidia0"
    device.touch()
    return device


def test_what_the_config_leaves_out_is_left_to_the_profile(tmp_path: Path) -> None:
    assert asked(tmp_path / "none") == {}


def test_the_config_decides_time_memory_and_gpus(tmp_path: Path) -> None:
    resources = {"minutes": 30, "memory": 6000, "gpus": 1}
    assert asked(tmp_path / "none", resources=resources) == {"runtime": 30, "mem_mb": 6000, "gpu": 1}


def test_runs_share_a_gpu_that_is_there(gpu: Path) -> None:
    assert asked(gpu) == {"gpu_share": 100}
    assert asked(gpu, resources={"runs_per_gpu": 3}) == {"gpu_share": 33}


def test_runs_on_processors_wait_for_no_gpu(gpu: Path, tmp_path: Path) -> None:
    assert asked(gpu, device="cpu") == {}
    assert asked(tmp_path / "none", device="cuda") == {"gpu_share": 100}
