"""What the processor is called, and what it can do, as Linux says."""

import platform
from pathlib import Path

INFO = Path("/proc/cpuinfo")


def processor() -> str:
    names = [line.partition(":")[2].strip() for line in told().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def processor_flags() -> set[str]:
    """The names of the instruction sets that it knows, among other words; empty where the system does not tell."""
    return set(told().split())


def told() -> str:
    return INFO.read_text(encoding="utf-8") if INFO.exists() else ""
