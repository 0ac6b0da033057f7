"""Opens files below a folder that may be a stranger's: regular files alone, by no link and by no way out of it."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path, PurePosixPath

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
LARGEST = 2**37  # bytes (128 GiB); a file of holes could keep a reader busy for days
BLOCK = 2**20


class NotRegular(OSError):
    """Something else than a regular file below the folder; `strerror` says what."""

    def __init__(self, what: str) -> None:
        super().__init__(0, what)


@contextmanager
def opened(root: Path, name: str) -> Iterator[BufferedReader]:
    """A regular file at the relative path `name` below `root`, to read.

    Each folder on the way is opened in the one before, so that no link is followed even if one is put there meanwhile.
    Raises NotRegular on anything but a regular file that is reached through folders alone, and OSError as `open` does.
    """
    *folders, last = steps(name)
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            require(stat.S_IFDIR, os.stat(folder, dir_fd=place, follow_symlinks=False))
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
            os.close(place)
            place = below
        # Looked at before it is opened, since to open a device has effects; and after, since it may have changed.
        require(stat.S_IFREG, os.stat(last, dir_fd=place, follow_symlinks=False))
        number = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    finally:
        os.close(place)
    with os.fdopen(number, "rb") as stream:
        found = os.fstat(number)
        require(stat.S_IFREG, found)
        if found.st_size > LARGEST:
            raise NotRegular(f"{found.st_size} bytes are more than a result has")
        yield stream


def steps(name: str) -> tuple[str, ...]:
    """The parts of a relative path. Raises NotRegular on one that is absolute, leads up or is no path."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
        raise NotRegular("it is no path below the folder")
    return path.parts


def require(kind: int, found: os.stat_result) -> None:
    if stat.S_IFMT(found.st_mode) != kind:
        raise NotRegular(f"it is {KINDS.get(stat.S_IFMT(found.st_mode), 'a regular file')}")


def digest(root: Path, name: str, copy: Path | None = None) -> str:
    """The SHA-256 of a regular file below `root`, of the very bytes that are written to `copy` where it is given."""
    found = hashlib.sha256()
    with opened(root, name) as stream:
        if copy is None:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        copy.parent.mkdir(parents=True, exist_ok=True)
        if os.fstat(stream.fileno()).st_size > shutil.disk_usage(copy.parent).free // 2:
            raise NotRegular("it is larger than half of the free space for temporary files")
        with copy.open("wb") as written:
            while block := stream.read(BLOCK):
                found.update(block)
                written.write(block)
    return found.hexdigest()


def read(root: Path, name: str, limit: int) -> bytes:
    """The bytes of a regular file below `root`. Raises NotRegular where they are more than `limit`."""
    with opened(root, name) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise NotRegular(f"it has more than {limit} bytes")
    return content


def below(root: Path, folder: str) -> list[str]:
    """Everything but folders at and below a folder, by its path relative to `root`; links are named, not followed.

    Raises NotRegular where the folder, or one above it, is a link or none.
    """
    parts = steps(folder)
    for count in range(1, len(parts) + 1):
        require(stat.S_IFDIR, root.joinpath(*parts[:count]).lstat())
    found = []
    for place, folders, files in os.walk(root / folder, followlinks=False):
        paths = [Path(place, name) for name in [*files, *folders]]
        found += [path.relative_to(root).as_posix() for path in paths if path.is_symlink() or not path.is_dir()]
    return sorted(found)
