"""Where and how a model computes: device, precision, threads, and the switches that make it repeatable."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from lib.errors import UserError


@dataclass(frozen=True)
class Compute:
    """A resolved choice: `device` is "cpu" or "cuda", `precision` is "bf16" or "fp32"."""

    device: str
    precision: str
    threads: int

    def autocast(self) -> torch.autocast:
        """A context in which matrix products run in the chosen precision."""
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")


def resolve_compute(device: str, precision: str, threads: int) -> Compute:
    """Resolve `auto`, set the number of threads and make PyTorch deterministic for this process.

    Raises UserError where the config asks for a GPU and there is none.
    """
    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise UserError("device: the config says cuda, but PyTorch finds no GPU here; say cpu or auto")
    device = "cuda" if device == "cuda" or (device == "auto" and has_gpu) else "cpu"
    if precision == "auto":
        precision = "bf16" if has_native_bf16(device) else "fp32"
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # without it cuBLAS may sum in another order each time
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # costs an eighth of the time, and we read none
    # Every number of tokens has kernels of its own; oneDNN keeps 1,024 and would build the others again and again.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8192")
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    return Compute(device, precision, threads)


def has_native_bf16(device: str) -> bool:
    """Whether the device multiplies bfloat16 itself; elsewhere it is emulated and slower than fp32."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    info = Path("/proc/cpuinfo")
    return info.exists() and bool({"avx512_bf16", "amx_bf16", "bf16"} & set(info.read_text().split()))
