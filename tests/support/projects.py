"""A small experiment in a project of its own: a clean checkout, a random model, a few of the shipped sentences.

Nothing of it is made up twice: the code is the checkout's, the config is the shipped one with smaller numbers. With
`report.timings` off, a repeated experiment gives the same bytes.
"""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.plans import plan

import yaml

ROOT = Path(__file__).resolve().parents[2]
NAME = "tiny"
ROWS = {"train": 5, "validation": 2, "test": 2}  # of each phenomenon and class
EPOCHS = 2
RATE = 10  # times the shipped learning rates: few steps must move a random model
HOSTILE = "<script>alert(1)</script>"  # a phenomenon's name, which must not become part of the page
TOKEN = "hf_PlantedTokenThatMustNotShow"  # in the environment of the first run
JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):$")
FACT = re.compile(r"^    (wildcards|reason): (.*)$")

# Python reads a module of this name before anything else; a hook sees what is imported and connected to.
OFFLINE = """
import os, sys

def refuse(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        raise OSError("the tests run offline")
    if event == "import" and arguments[0].partition(".")[0] in os.environ.get("FORBIDDEN", "").split():
        print(f"{arguments[0]} was imported", file=sys.stderr, flush=True)
        os._exit(99)

sys.addaudithook(refuse)
"""


@dataclass(frozen=True)
class Job:
    """One job of a dry run."""

    rule: str
    wildcards: str
    reason: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.rule}[{self.wildcards}]" if self.wildcards else self.rule


@dataclass(frozen=True)
class Project:
    """A checkout of the project below `root`, and the results of its small experiment."""

    root: Path

    @property
    def results(self) -> Path:
        return self.root / "results" / NAME

    def read_config(self) -> dict[str, Any]:
        return yaml.safe_load((self.root / f"{NAME}.yaml").read_text(encoding="utf-8"))

    def write_config(self, config: dict[str, Any]) -> None:
        (self.root / f"{NAME}.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the first `old` in a file, which must be there."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """No network, and the code of this project."""
        hook = self.root.parent / "offline"
        hook.mkdir(exist_ok=True)
        (hook / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
        search = [str(hook), str(self.root / "src"), more.get("PYTHONPATH", "")]
        return os.environ | more | {"PYTHONPATH": os.pathsep.join(search)}

    def snakemake(self, *arguments: str, timeout: float = 900, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the real program on the small experiment, to its end; `more` goes into its environment."""
        command, environment = self.command(*arguments), self.environment(**more)
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=timeout)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--configfile", f"{NAME}.yaml", *arguments]

    @property
    def output(self) -> Path:
        """What `start` has printed."""
        return self.root.with_name(f"{self.root.name}-output.txt")

    @property
    def journal(self) -> Path:
        return self.results / "journal.log"

    def start(self, *arguments: str, cores: int = 1) -> subprocess.Popen[str]:
        """Start the real program in a process group of its own; it ends by itself, or by `kill`."""
        with self.output.open("a", encoding="utf-8") as output:
            return subprocess.Popen(
                self.command("--cores", str(cores), *arguments),
                cwd=self.root,
                env=self.environment(),
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )

    def plan(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """What the program says where it starts no job: of a dry run, of a mistake in the config."""
        return plan(self.root, ["--configfile", f"{NAME}.yaml", *arguments], self.environment(**more))

    def planned(self, *arguments: str, **more: str) -> list[Job]:
        """The jobs that a dry run would do, with Snakemake's reasons."""
        done = self.plan("--dry-run", "--quiet", "host", *arguments, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return parsed(done.stdout)


def kill(process: subprocess.Popen[str], group: bool, number: int = signal.SIGKILL) -> None:
    """Send a signal to the process group of a started workflow, or to the workflow's own process alone."""
    (os.killpg if group else os.kill)(process.pid, number)


def parsed(output: str) -> list[Job]:
    """The jobs in the output of a dry run, checked against the number that it announces."""
    jobs: list[dict[str, str]] = []
    for line in output.splitlines():
        if head := JOB.match(line):
            jobs.append({"rule": head[1]})
        elif jobs and (fact := FACT.match(line)):
            jobs[-1].setdefault(fact[1], fact[2])
    total = re.search(r"^total\s+(\d+)$", output, re.MULTILINE)
    assert len(jobs) == (int(total[1]) if total else 0)
    return [Job(job["rule"], job.get("wildcards", ""), job.get("reason", "")) for job in jobs]


def make_project(root: Path) -> Project:
    """A clean checkout of the working tree below `root`, with the small experiment committed to it."""
    from tests.support.models import save_classifier  # which imports PyTorch, and not every test needs a project

    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    project = Project(root)
    texts = write_sentences(root / "data" / NAME)
    words = sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]", text.lower())})
    save_classifier(root / "models" / NAME, words)
    project.write_config(shrunk(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))))
    git(root, "init", "--quiet")
    commit(root)
    return project


def copied(project: Project, root: Path) -> Project:
    """A copy, times of change included, in which a test may do as it likes."""
    shutil.copytree(project.root, root, symlinks=True)
    return Project(root)


def commit(folder: Path) -> None:
    """Commit all there is."""
    git(folder, "add", "--all")
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    git(folder, *author, "commit", "--quiet", "--allow-empty", "-m", "A small one")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout


def shrunk(config: dict[str, Any]) -> dict[str, Any]:
    """The shipped config for a few sentences and a small model; what is not changed here is as shipped."""
    settings = [
        setting | {"epochs": EPOCHS, "learning_rate": setting["learning_rate"] * RATE} for setting in config["settings"]
    ]
    return config | {
        "name": NAME,
        "data": config["data"] | {"path": f"data/{NAME}"},
        "model": {"path": f"models/{NAME}"},
        "settings": settings,
        "device": "cpu",
        "failed_runs": "report",  # a random model learns little
        "precision": "fp32",  # so that predictions can be made again elsewhere
        "attention": config.get("attention", {}) | {"sentences": 5},
        "report": config.get("report", {}) | {"timings": False},
    }


def write_sentences(folder: Path) -> list[str]:
    """Some of the shipped sentences of every phenomenon and class, as CSV; returns those for training."""
    folder.mkdir(parents=True)
    texts = {}
    for split, most in ROWS.items():
        with (ROOT / "data" / "reviews" / f"{split}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        taken: defaultdict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        for row in rows:
            taken[row["phenomenon"], row["label"]].append(row)
        chosen = [row for group in taken.values() for row in group[:most]]
        for row in chosen:
            row["phenomenon"] = HOSTILE if row["phenomenon"] == "mixed" else row["phenomenon"]
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, chosen[0].keys())
            writer.writeheader()
            writer.writerows(chosen)
        texts[split] = [row["text"] for row in chosen]
    return texts["train"]
