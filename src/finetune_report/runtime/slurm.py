"""What the locks ask of Slurm, where there is one."""

import shutil
import subprocess


def is_here() -> bool:
    return shutil.which("scancel") is not None


def cancel(job: str) -> None:
    """Tell a job to end."""
    subprocess.run(["scancel", job], check=False)


def in_queue(job: str) -> bool:
    """Whether a job waits or runs by what Slurm says; one that it does not know any more has ended."""
    listed = subprocess.run(["squeue", "--noheader", "--jobs", job], capture_output=True, text=True)
    return listed.returncode == 0 and bool(listed.stdout.strip())
