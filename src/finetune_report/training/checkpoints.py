"""Checkpoints of a training run: written whole or not at all, and checked before use.

They lie outside the outputs that Snakemake knows, since it deletes those when a job dies. The folder's name carries a
key made of everything that decides the run, so that a changed setting, data set or code never resumes from old weights.
A checkpoint's file name carries the hash of its bytes; one that does not fit is passed over for the one before it.
"""

import logging
import math
import os
import re
import shutil
from pathlib import Path
from typing import Any

from finetune_report.files import sha256

import torch

KEPT = 2  # the last, and one to fall back on
NAME = re.compile(r"step(\d+)-([0-9a-f]{64})\.pt")


class Checkpoints:
    """The checkpoints of one run, in `<run>-<key>` beside those of other runs."""

    def __init__(self, run: Path, key: str) -> None:
        self.folder = run.with_name(f"{run.name}-{key[:16]}")
        self.folder.mkdir(parents=True, exist_ok=True)

    def save(self, step: int, state: dict[str, Any], last_step: float = math.inf) -> None:
        """Write the state after `step` optimizer steps, then drop all but the last checkpoints up to `last_step`."""
        part = self.folder / "part"
        try:
            with part.open("wb") as stream:
                torch.save(state, stream)
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            part.unlink(missing_ok=True)  # on a full disk it takes the place of what may help
            raise
        part.replace(self.folder / f"step{step:09d}-{sha256(part)}.pt")
        for old in self.newest_first(last_step)[KEPT:]:
            old.unlink()

    def load(self, device: str, last_step: float = math.inf) -> dict[str, Any] | None:
        """The state of the newest checkpoint up to `last_step` whose bytes are whole, or None where there is none."""
        for path in self.newest_first(last_step):
            match = NAME.fullmatch(path.name)
            if match and sha256(path) == match[2]:
                return torch.load(path, map_location=device, weights_only=True)
            logging.warning("%s is damaged and not used; going on from the checkpoint before it", path)
            path.unlink()
        return None

    def newest_first(self, last_step: float) -> list[Path]:
        names = [match for path in self.folder.iterdir() if (match := NAME.fullmatch(path.name))]
        return sorted((self.folder / match[0] for match in names if int(match[1]) <= last_step), reverse=True)

    def remove_others(self) -> None:
        """Remove what earlier settings, data or code left of this run."""
        run = self.folder.name.rpartition("-")[0]
        for folder in self.folder.parent.iterdir():
            if folder != self.folder and folder.name.rpartition("-")[0] == run:
                shutil.rmtree(folder)
