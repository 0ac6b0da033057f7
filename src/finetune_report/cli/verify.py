"""Verify a report against its results, with the code, the config and the write-up of this checkout.

Nothing that the document or its results bring along is executed. It is verified level by level, each only if the one
before holds. The first three take seconds and are the default; --level predictions or training goes on.

  bytes        every result is as the document records it; config, commit, each rule's code and packages are as here
  text         the values are collected again from their files, and the document is rendered again, byte for byte
  metrics      validation and test metrics, selection, comparisons, intervals, analyses and figures are computed again
               from predictions, labels and histories
  predictions  data and tokens are made again from this checkout's data and model, and the stored weights score them:
               bit for bit on the same machine, elsewhere within 1e-4 of a probability (bf16: 3e-2); minutes
  training     one run, drawn by the commit, is trained again and compared bit by bit; as long as that run took

What a level does not cover is taken on trust: up to metrics the predictions themselves, up to predictions the weights,
and of training all runs but the one drawn; always the times taken and the description of the machine.

Of a study, its own results are verified first: they must be what its experiments' results here give. Then each
experiment is verified by its manifest, at every level asked for.
Says what differs, what is missing and what cannot be read; exits with 1 unless everything holds at every level.
"""

import tempfile
import time
from pathlib import Path

from finetune_report.cli.builds import Build, config_of, own_config, own_layout
from finetune_report.cli.levels import (
    Document,
    check_bytes,
    check_metrics,
    check_predictions,
    check_text,
    check_training,
)
from finetune_report.config.study import is_study
from finetune_report.errors import UserError
from finetune_report.provenance.manifests import carried_manifest
from finetune_report.terminal import say

LEVELS = {
    "bytes": check_bytes,
    "text": check_text,
    "metrics": check_metrics,
    "predictions": check_predictions,
    "training": check_training,
}
OF_STUDIES = ("bytes", "text", "metrics")  # the levels of a study itself, in which nothing is trained or scored
COVERED = {
    "bytes": "files, config, commit and code are as recorded",
    "text": "values and document follow from the results",
    "metrics": "metrics, selection, comparisons and figures follow from predictions and labels",
    "predictions": "predictions follow from data and weights",
    "training": "the weights of one run follow from training",
}


def main(file: Path, config: Path | None, results: Path | None, level: str) -> int:
    document = opened(file, config, results)
    manifest = document.manifest
    say(f"{file}: experiment {manifest['experiment']}, commit {manifest['commit'] or 'none'}")
    asked = list(LEVELS)[: list(LEVELS).index(level) + 1]
    of_study = is_study(document.build.layout.config)
    holds = verified(document, [level for level in asked if not of_study or level in OF_STUDIES])
    if of_study:
        holds = verified_experiments(document, asked) and holds
    return 0 if holds else 1


def verified_experiments(document: Document, asked: list[str]) -> bool:
    """Verify the results of each experiment of a study, by their manifest and the config that the study names."""
    holds = True
    for entry in document.build.layout.config["experiments"]:
        path = Path(entry["config"])
        manifest = Path("results") / str(own_config(path)["name"]) / "manifest.json"
        say(f"{manifest}: the experiment '{entry['name']}' of the study")
        try:
            holds = verified(opened(manifest, path, None), asked) and holds
        except UserError as error:
            say(f"  {error}", "NOT verified")
            holds = False
    return holds


def opened(file: Path, config: Path | None, results: Path | None) -> Document:
    """The document with the build of this checkout that it must come from. Raises UserError where there is none."""
    manifest = carried_manifest(file)
    experiment = manifest["experiment"]
    config = config or config_of(experiment)
    own = own_config(config)
    if own["name"] != experiment:
        raise UserError(f"{file} is of the experiment '{experiment}', but {config} describes '{own['name']}'")
    root = results or Path("results") / experiment
    return Document(file, Build(root, manifest, own_layout(own, root, manifest)), config)


def verified(document: Document, asked: list[str]) -> bool:
    """Verify level by level and say what comes out; ends at the first that does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        for level in asked:
            started = time.monotonic()
            problems = list(LEVELS[level](document, Path(folder)))
            say(*(f"  {problem}" for problem in problems))
            seconds = f"({time.monotonic() - started:.1f} s)"
            if problems:
                later = asked[asked.index(level) + 1 :]
                say(f"{level:11}  NOT verified, {len(problems)} against it {seconds}")
                say("NOT verified" + (f"; not tried: {', '.join(later)}" if later else ""))
                return False
            say(f"{level:11}  verified: {COVERED[level]} {seconds}")
    taken = [f"{level} ({COVERED[level]})" for level in LEVELS if level not in asked]
    say(f"{len(document.manifest['files'])} files named: verified up to {asked[-1]}")
    if taken:
        say(f"Taken on trust: {'; '.join(taken)}")
    return True
