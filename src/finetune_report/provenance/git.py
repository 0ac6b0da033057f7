"""What version control says of the code that runs."""

import subprocess
from pathlib import Path
from typing import Any


def revision(folder: Path) -> dict[str, Any]:
    """The `commit` of a checkout, its `commit_time` in seconds since 1970, and whether the tree is `dirty`.

    The tree is dirty where a tracked file differs from the commit, or there is a file that git neither tracks nor
    ignores. Without git, or outside a checkout, the commit is empty and the time 0.
    """
    head = git(folder, "log", "-1", "--format=%H %ct")
    if not head:
        return {"commit": "", "commit_time": 0, "dirty": True}
    commit, time = head.split()
    return {"commit": commit, "commit_time": int(time), "dirty": bool(git(folder, "status", "--porcelain"))}


def commit_time(folder: Path, commit: str) -> int | None:
    """The time of a commit of a checkout, in seconds since 1970; None where it has no such commit."""
    found = git(folder, "log", "-1", "--format=%ct", "--end-of-options", commit)
    return int(found) if found else None


def changed_since(folder: Path, commit: str, paths: list[str]) -> list[str]:
    """Those of some files of a checkout that differ from what a commit has, or that it has not."""
    plain = ("--no-ext-diff", "--no-textconv", "--name-only", "-z")
    return [
        path
        for path in paths
        if git(folder, "diff", *plain, commit, "--", path) or not git(folder, "ls-tree", commit, "--", path)
    ]


def git(folder: Path, *arguments: str) -> str:
    """What git prints, or nothing where it fails or is not installed."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
