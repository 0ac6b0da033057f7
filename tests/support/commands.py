"""The commands, called in this process."""

import contextlib
import logging
import subprocess
from pathlib import Path

from finetune_report.cli.__main__ import app

from typer.testing import CliRunner


def command(name: str, checkout: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Call a command in a checkout: in this process, so that it starts at once and the rules are asked once."""
    line = [name, *map(str, arguments)]
    with contextlib.chdir(checkout):
        done = CliRunner().invoke(app, line)
    logging.disable(logging.NOTSET)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(line, done.exit_code, done.stdout, done.stderr)


def verify(root: Path, file: Path | str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Verify a file, of some results where it is only a name, in the checkout that these lie in."""
    checkout = root.parents[1]
    return command(
        "verify", checkout, file if isinstance(file, Path) else root.relative_to(checkout) / file, *arguments
    )
