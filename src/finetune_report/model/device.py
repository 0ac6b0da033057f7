"""Where and how a model computes: device, precision, threads, kernels, and the switches that make it repeatable."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.processor import processor, processor_flags

import torch


@dataclass(frozen=True)
class Compute:
    """A resolved choice: `device` is "cpu" or "cuda", `precision` is "bf16" or "fp32".

    `compiled` says whether training steps go through `torch.compile`.
    """

    device: str
    precision: str
    threads: int
    compiled: bool = False

    def autocast(self) -> torch.autocast:
        """A context in which matrix products run in the chosen precision."""
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")


def resolve(device: str, precision: str, threads: int, compile: bool = False) -> Compute:
    """What a config's `auto` means on this machine.

    Raises UserError where the config asks for a GPU and there is none, or to compile and what that takes is not there.
    """
    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise UserError("device: the config says cuda, but PyTorch finds no GPU here; set cpu or auto")
    device = "cuda" if device == "cuda" or (device == "auto" and has_gpu) else "cpu"
    if precision == "auto":
        precision = "bf16" if has_native_bf16(device) else "fp32"
    if compile and (lacking := lacks_to_compile(device)):
        raise UserError(f"compile: {lacking}; install it, or set compile: false")
    return Compute(device, precision, threads, compile)


def hardware(compute: Compute) -> str:
    """The processor or GPU by its name, and the precision: on these the last bits of results depend."""
    name = torch.cuda.get_device_name() if compute.device == "cuda" else processor()
    return f"{name}, {compute.precision}"


def configure_process(compute: Compute) -> None:
    """Set what PyTorch keeps for the whole process: threads, and the switches that make results repeatable."""
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # without it cuBLAS may sum in another order each time
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # costs an eighth of the time, and we read none
    # Every number of tokens has kernels of its own; oneDNN keeps 1,024 and would build the others again and again.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8192")
    torch.set_num_threads(compute.threads)
    torch.set_flush_denormal(True)


def lacks_to_compile(device: str) -> str:
    """What `torch.compile` needs and does not find, in words, or nothing; PyTorch looks in the first step only."""
    # All private; seen in torch 2.13.0. It takes a second, so only where somebody wants to compile.
    from torch._inductor.cpp_builder import _get_python_include_dirs, get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler
    from torch.utils._triton import has_triton

    if device == "cuda" and not has_triton():
        return "on a GPU torch.compile needs Triton and a GPU that Triton knows, and finds none"
    try:
        if device == "cpu":
            get_cpp_compiler()
    except InvalidCxxCompiler:
        return "on a CPU torch.compile needs a C++ compiler, and finds neither g++ nor one that CXX names"
    with warnings.catch_warnings(action="ignore"):
        headers = [Path(folder) / "Python.h" for folder in _get_python_include_dirs()]
    if not any(header.exists() for header in headers):
        return f"torch.compile needs Python's header files, and finds no {headers[0]}"
    return ""


def has_native_bf16(device: str) -> bool:
    """Whether the device multiplies bfloat16 itself; elsewhere it is emulated and slower than fp32."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & processor_flags())
