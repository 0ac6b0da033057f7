"""What a job that trains or scores a model asks for, of this machine or of a cluster's scheduler."""

from pathlib import Path
from typing import Any

WHOLE_GPU = 100  # shares; profiles/default/config.yaml says that this machine's GPU has as many


def model_job(config: dict[str, Any], gpu_device: Path = Path("/dev/nvidia0")) -> dict[str, int]:
    """The resources of one job by Snakemake's names: minutes, MB, GPUs of a cluster, shares of this machine's GPU.

    What the config leaves out is left to the profile. Shares are asked for where the job will take a GPU: a limit on
    them must not hold up runs on processors.
    """
    asked = config["resources"]
    named = {"runtime": asked["minutes"], "mem_mb": asked["memory"], "gpu": asked["gpus"]}
    resources = {name: amount for name, amount in named.items() if amount}
    if config["device"] == "cuda" or (config["device"] == "auto" and gpu_device.exists()):
        resources["gpu_share"] = WHOLE_GPU // asked["runs_per_gpu"]
    return resources
