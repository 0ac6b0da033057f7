"""What lies on the disk as source code and installed packages, looked at without reading it."""

import itertools
import os
import sysconfig
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
FOLDERS = (PROJECT / "scripts", PROJECT / "src")

# Of each file: what changes whenever anybody writes to it, renames it or puts another in its place.
State = dict[str, tuple[int, int, int, int]]


def look() -> State:
    """The state of every source file here, and of the folder that packages are installed in."""
    found = {"packages": state(Path(sysconfig.get_path("purelib")))}
    for folder, below, names in itertools.chain.from_iterable(map(os.walk, FOLDERS)):
        below[:] = [name for name in below if name != "__pycache__"]
        for name in names:
            path = Path(folder, name)
            if path.suffix == ".py":
                found[str(path)] = state(path)
    return found


def state(path: Path) -> tuple[int, int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
