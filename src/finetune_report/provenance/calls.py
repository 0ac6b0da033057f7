"""What this checkout calls each rule's script with, for commands that do parts of the work again.

The rules are the only place that says so. They are asked in a dry run, which writes the calls where an environment
variable names a file; nothing of it comes from a manifest, which a stranger may have written.
"""

import inspect
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import PROJECT, read_json, write_json

VARIABLE = "FINETUNE_REPORT_CALLS"

Files = dict[str, str | list[str]]


@dataclass(frozen=True)
class Call:
    """A rule with its inputs and outputs by name, as paths relative to the project, and the values of its spec."""

    rule: str
    inputs: Files
    outputs: Files
    spec: dict[str, Any]

    def moved(self, old: str, new: Path) -> "Call":
        """The same on the results in another folder."""

        def place(path: str) -> str:
            return str(new / path.removeprefix(f"{old}/")) if path.startswith(f"{old}/") else path

        def places(files: Files) -> Files:
            return {
                name: place(paths) if isinstance(paths, str) else [place(path) for path in paths]
                for name, paths in files.items()
            }

        return replace(self, inputs=places(self.inputs), outputs=places(self.outputs))

    @property
    def arguments(self) -> dict[str, Any]:
        """What the script's `main` takes."""
        files = {**self.inputs, **self.outputs}
        paths = {
            name: Path(entry) if isinstance(entry, str) else [Path(path) for path in entry]
            for name, entry in files.items()
        }
        return paths | self.spec

    def run(self) -> None:
        """Do the job in this process, as its script does it."""
        script = functions(self.rule)
        main = script.get("main") or script["publish"]
        for path in listed(self.outputs):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        main(**self.arguments)

    @property
    def publishes(self) -> bool:
        """Whether the rule publishes values, for which its script has a function of that name."""
        return "values" in self.outputs and "publish" in functions(self.rule)

    def publish(self) -> None:
        """Publish the values of the rule again from its results as they are."""
        functions(self.rule)["publish"](**self.published)

    @property
    def published(self) -> dict[str, Any]:
        """What the script's `publish` takes."""
        taken = inspect.signature(functions(self.rule)["publish"]).parameters
        return {name: self.arguments[name] for name in taken}


def listed(files: Files) -> list[str]:
    """All paths, one by one."""
    return [path for entry in files.values() for path in ([entry] if isinstance(entry, str) else entry)]


@cache
def functions(rule: str) -> dict[str, Callable[..., None]]:
    """What the script of a rule defines, by name."""
    return runpy.run_path(str(PROJECT / "scripts" / f"{rule}.py"))


def write_calls(calls: list[Call]) -> None:
    """Write the calls of all rules where the environment asks for them."""
    if path := os.environ.get(VARIABLE):
        write_json(Path(path), [asdict(call) for call in calls])


def planned_calls(config: Path, *settings: str) -> list[Call]:
    """The calls of all rules without wildcards, by this checkout's rules; `settings` (key=value) change the config.

    Raises UserError where the config is not valid.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "calls.json"
        changed = ["--config", *settings] if settings else []
        command = [sys.executable, "-m", "snakemake", "--configfile", str(config.resolve()), *changed]
        done = subprocess.run(
            [*command, "--dry-run", "--quiet", "all", "--", "fetch"],
            cwd=PROJECT,
            env=os.environ | {VARIABLE: str(path)},
            capture_output=True,
            text=True,
        )
        if done.returncode or not path.is_file():
            raise UserError(f"{config} cannot be planned:\n{(done.stderr + done.stdout).strip()}")
        return [Call(**call) for call in read_json(path)]
