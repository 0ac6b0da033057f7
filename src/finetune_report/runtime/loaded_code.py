"""A job runs the code that it was planned with, from its start to its end, or ends with a message.

Its stamp comes from the process that planned it. Files may be edited meanwhile, or another commit checked out, and what
was there before may be put back; so a job asks for the state of the files before it loaded them, not for their content
alone. A change that leaves the stamp as it is, such as a comment, is none.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import finetune_report
from finetune_report.errors import UserError
from finetune_report.files import fingerprint, sha256
from finetune_report.provenance.git import revision
from finetune_report.provenance.stamp import closure, fresh_stamp
from finetune_report.runtime.source_files import State, look

# In the environment of a workflow's jobs: the state of the code that planned them, each rule's stamp, and the plan.
PLANNED, STAMPS, PLAN = "FINETUNE_REPORT_CODE", "FINETUNE_REPORT_STAMPS", "FINETUNE_REPORT_PLAN"
ANNOUNCED: list[str] = []  # the plans of this process: a study has its own and that of each experiment
AGAIN = "\n  Nothing of it is kept; run the same command again, which works with the code as it is by then."


def announce(stamps: Mapping[str, str], plan: str) -> None:
    """Let the jobs of this process know what they are planned with: stamps by rule, and what `plan_of` gave.

    Raises UserError where the code has changed since it was loaded.
    """
    if look() != finetune_report.LOOKED_AT:
        raise UserError("The code changed while the workflow was starting; run the same command again.")
    ANNOUNCED.append(plan)
    state = {PLANNED: digest(finetune_report.LOOKED_AT), STAMPS: json.dumps(stamps), PLAN: " ".join(ANNOUNCED)}
    os.environ |= state


def plan_of(config: Any, folder: Path) -> str:
    """A fingerprint of the config and of the rules in `folder`, which a job of a cluster reads again."""
    files = [folder / "Snakefile", *sorted(folder.glob("*.smk")), *sorted(folder.glob("rules/*.smk"))]
    rules = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
    return fingerprint({"config": config, "rules": rules})


def refuse_other_plan(plan: str) -> None:
    """Raises UserError where config or rules are not those that this process, a job of a cluster, was planned with."""
    if plan not in os.environ.get(PLAN, plan).split():
        raise UserError(f"The config or the rules changed after this job was planned.{AGAIN}")


def planned_stamp(rule: str, own: str) -> str:
    """The stamp that a job of `rule` was planned with; `own` where nobody says so."""
    return json.loads(os.environ.get(STAMPS) or "{}").get(rule, own)


def digest(state: State) -> str:
    return hashlib.sha256(repr(sorted(state.items())).encode()).hexdigest()


class LoadedCode(MetaPathFinder):
    """The code behind a job. What is imported only later is compared when it is."""

    def __init__(self, script: Path, executed: Path, stamp: str) -> None:
        """`executed` is Snakemake's copy of `script`; `stamp` is that of the plan.

        Raises UserError where something else was loaded than what was planned.
        """
        self.script, self.stamp, self.seen = script, stamp, look()
        before = finetune_report.LOOKED_AT
        loaded = [str(path) for path in closure(script)] if self.seen != before else []
        changed = [path for path in loaded if path != str(script) and before.get(path) != self.seen.get(path)]
        copied = script.read_text(encoding="utf-8").strip() in executed.read_text(encoding="utf-8")
        if changed or not copied:
            raise UserError(f"{Path(changed[0]) if changed else script} changed while this job was starting.{AGAIN}")
        if digest(before) != os.environ.get(PLANNED):
            self.compare()

    def check(self) -> None:
        """Raises UserError where the code is no longer what was planned."""
        now = look()
        if now != self.seen:
            self.compare()
            self.seen = now

    def compare(self) -> None:
        now = fresh_stamp(self.script)
        if now != self.stamp:
            before, today = self.stamp.split(), now.split()
            other = [f"{old} was planned" for old in before if old not in today]
            other += [f"{new} is there" for new in today if new not in before]
            raise UserError(f"The code of this job is not what it was planned with: {', '.join(other)}.{AGAIN}")

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Called for every import after the job has begun; finds nothing itself."""
        if name.startswith("finetune_report."):
            self.check()
        return None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Compare at every import inside, and at the end. Raises UserError as `check` does."""
        sys.meta_path.insert(0, self)
        try:
            yield
            self.check()
        finally:
            sys.meta_path.remove(self)


def refuse_other_commit(commit: str, dirty: bool, folder: Path) -> None:
    """Raises UserError where a clean checkout is no longer at the `commit` that is about to be recorded.

    What is recorded of one with changes says nothing exact, so that work may go on in it.
    """
    now = revision(folder)
    if commit and not dirty and (now["commit"], now["dirty"]) != (commit, False):
        state = "it has changes" if now["commit"] == commit else f"it is at {now['commit'][:12]}"
        raise UserError(
            f"The checkout was clean at {commit[:12]} when the workflow started, and now {state}, so that it cannot be "
            "said which code and text this report comes from.\n  Run the same command again."
        )
