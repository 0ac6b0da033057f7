"""Verify a report against its results, with the code, the config and the write-up of this checkout.

Nothing that the document or its results bring along is executed. Verifies by levels, each only if the one before holds:

  bytes   every result is as the document records it; config, commit, every rule's code and packages are as here
  text    the values are collected again from their files, and the document is rendered again, byte for byte

Says what differs, what is missing and what cannot be read; exits with 1 unless everything holds at every level.
"""

import tempfile
import time
from pathlib import Path

from finetune_report.cli.builds import Build, config_of, own_config, own_layout
from finetune_report.cli.levels import Document, check_bytes, check_text
from finetune_report.errors import UserError
from finetune_report.provenance.manifests import carried_manifest
from finetune_report.terminal import say

LEVELS = {"bytes": check_bytes, "text": check_text}


def main(file: Path, config: Path | None, results: Path | None, level: str) -> int:
    document = opened(file, config, results)
    manifest = document.manifest
    say(f"{file}: experiment {manifest['experiment']}, commit {manifest['commit'] or 'none'}")
    asked = list(LEVELS)[: list(LEVELS).index(level) + 1]
    return 0 if verified(document, asked) else 1


def opened(file: Path, config: Path | None, results: Path | None) -> Document:
    """The document with the build of this checkout that it must come from. Raises UserError where there is none."""
    manifest = carried_manifest(file)
    experiment = manifest["experiment"]
    own = own_config(config or config_of(experiment))
    if own["name"] != experiment:
        raise UserError(f"{file} is of the experiment '{experiment}', but {config} describes '{own['name']}'")
    root = results or Path("results") / experiment
    return Document(file, Build(root, manifest, own_layout(own, root, manifest)))


def verified(document: Document, asked: list[str]) -> bool:
    """Verify level by level and say what comes out; ends at the first that does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        for level in asked:
            started = time.monotonic()
            problems = list(LEVELS[level](document, Path(folder)))
            say(*(f"  {problem}" for problem in problems))
            verdict = f"NOT verified, {len(problems)} against it" if problems else "verified"
            say(f"{level:8} {verdict} ({time.monotonic() - started:.1f} s)")
            if problems:
                later = asked[asked.index(level) + 1 :]
                say("NOT verified" + (f"; not tried: {', '.join(later)}" if later else ""))
                return False
    say(f"{len(document.manifest['files'])} files named: verified ({', '.join(asked)})")
    return True
