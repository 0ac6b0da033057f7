"""A job whose code, text or checkout changes while it runs ends with right results or with a clear refusal."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.files import PROJECT
from finetune_report.provenance.stamp import fresh_stamp
from finetune_report.runtime import loaded_code, locks
from tests.support import projects
from tests.support.messages import Parts

import pytest

STEP = """
import time
from pathlib import Path
from finetune_report.near import VALUE
from finetune_report.runtime.job import run

def main(out, text, commit="", dirty=True):
    Path("started").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    from finetune_report.late import OTHER
    out.write_text(f"{VALUE} {OTHER} {text.read_text()}")

if __name__ == "__main__":
    run(main)
"""
# What Snakemake puts before a script; {first} stands for what happens before anything is loaded.
PREAMBLE = """
import json
from pathlib import Path
from types import SimpleNamespace
class Files(list):
    def __init__(self, named): super().__init__(named.values()); self.items = named.items
snakemake = SimpleNamespace(rule="step", wildcards=[], log=["results/small/logs/step.log"], resources={{}},
    input=Files({{"text": "text.md"}}), output=Files({{"out": "results/small/out.txt"}}), params={params!r})
snakemake.params = type("Params", (dict,), {{"stamp": snakemake.params["stamp"]}})(snakemake.params)
__real_file__ = __file__; __file__ = {script!r}
{first}
"""
OUT = Path("results/small/out.txt")
RECORD = Path("results/small/records/out.txt.json")


@dataclass
class Job:
    """A script of three modules in a folder of its own, and the process that runs it."""

    root: Path
    first: str = ""
    spec: str = "{}"
    stamp: str = ""

    def start(self) -> subprocess.Popen[str]:
        script = self.root / "scripts" / "step.py"
        params = {"stamp": self.stamp or fresh_stamp(script), "spec": self.spec}
        copy = self.root / "executed.py"
        copy.write_text(PREAMBLE.format(params=params, script=str(script), first=self.first) + script.read_text())
        surroundings = os.environ | {"PYTHONPATH": str(self.root / "src"), locks.WORKFLOW: "", loaded_code.PLANNED: ""}
        command = [sys.executable, str(copy)]
        return subprocess.Popen(command, cwd=self.root, env=surroundings, stderr=subprocess.PIPE, text=True)

    def run(self, meanwhile: Callable[[], object]) -> tuple[int, str]:
        """Run it, with something happening once it has begun; its status and what it said."""
        process = self.start()
        while not (self.root / "started").exists() and process.poll() is None:
            time.sleep(0.01)
        meanwhile()
        (self.root / "go").touch()
        assert process.stderr is not None
        said = process.stderr.read()
        return process.wait(), said

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    package = tmp_path / "src" / "finetune_report"
    shutil.copytree(PROJECT / "src" / "finetune_report", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "near.py").write_text('VALUE = "near"\n')
    (package / "late.py").write_text('OTHER = "late"\n')
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "step.py").write_text(STEP)
    (tmp_path / "text.md").write_text("text")
    return Job(tmp_path)


def is_kept(job: Job) -> bool:
    return (job.root / RECORD).exists()


def test_an_undisturbed_job_is_kept(job: Job) -> None:
    assert job.run(lambda: None) == (0, "")
    assert (job.root / OUT).read_text() == "near late text"
    assert is_kept(job)


@pytest.mark.parametrize(
    "file",
    [
        "scripts/step.py",
        "src/finetune_report/near.py",
        "src/finetune_report/late.py",
        "src/finetune_report/runtime/job.py",
    ],
)
def test_a_comment_or_a_touch_refuses_nothing(job: Job, file: str) -> None:
    path = job.root / file
    assert job.run(lambda: path.write_text(path.read_text() + "\n# Why it is so.\n")) == (0, "")
    assert is_kept(job)


@pytest.mark.parametrize("file", ["scripts/step.py", "src/finetune_report/near.py", "src/finetune_report/late.py"])
def test_code_that_changes_during_the_job_refuses_it(job: Job, file: str) -> None:
    status, said = job.run(lambda: job.edit(file, "near" if "late" not in file else "late", "other"))
    assert status == 1
    assert said.startswith("step: The code of this job is not what it was planned with: code:")
    assert "run the same command again" in said
    assert "Traceback" not in said
    assert not is_kept(job)


def test_code_that_was_swapped_only_while_it_was_imported_refuses_the_job(job: Job) -> None:
    """As the module is loaded it puts back what was there before."""
    late = job.root / "src" / "finetune_report" / "late.py"
    back = f"from pathlib import Path; Path({str(late)!r}).write_text({late.read_text()!r})\nOTHER = 'swapped'\n"
    status, said = job.run(lambda: late.write_text(back))
    assert status == 1
    assert "not what it was planned with" in said
    assert not is_kept(job)


def test_code_that_was_swapped_while_the_job_was_loading_refuses_it(job: Job) -> None:
    near = job.root / "src" / "finetune_report" / "near.py"
    job.first = (
        f"near = Path({str(near)!r}); before = near.read_text(); near.write_text('VALUE = \"swapped\"\\n')\n"
        "import finetune_report.near; near.write_text(before)"
    )
    status, said = job.run(lambda: None)
    assert status == 1
    Parts(f"step: {near} changed", "Nothing of it is kept", "run the same command again").check(said)
    assert not is_kept(job)


def test_code_that_changed_before_the_job_began_refuses_it(job: Job) -> None:
    job.stamp = fresh_stamp(job.root / "scripts" / "step.py")
    job.edit("src/finetune_report/near.py", "near", "other")
    status, said = job.run(lambda: None)
    assert status == 1
    assert f"{job.stamp.split()[0]} was planned" in said
    assert not (job.root / OUT).exists()


def test_an_input_that_changes_while_it_is_read_refuses_the_job(job: Job) -> None:
    status, said = job.run(lambda: (job.root / "text.md").write_text("other"))
    assert status == 1
    assert said.startswith("step: text.md changed while this job was reading it.")
    assert not is_kept(job)


def test_another_commit_refuses_a_job_that_records_one(tmp_path: Path) -> None:
    projects.git(tmp_path, "init", "--quiet")
    commit = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "--allow-empty", "-m"]
    projects.git(tmp_path, *commit, "One")
    one = projects.git(tmp_path, "rev-parse", "HEAD").strip()
    loaded_code.refuse_other_commit(one, False, tmp_path)
    (tmp_path / "new.txt").write_text("")
    loaded_code.refuse_other_commit(one, True, tmp_path)
    with pytest.raises(UserError, match=r"was clean at .* and now it has changes"):
        loaded_code.refuse_other_commit(one, False, tmp_path)
    projects.git(tmp_path, "add", "--all")
    projects.git(tmp_path, *commit, "Two")
    with pytest.raises(UserError, match="and now it is at "):
        loaded_code.refuse_other_commit(one, False, tmp_path)
    loaded_code.refuse_other_commit("", False, tmp_path)


def test_a_workflow_whose_code_changed_while_it_started_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(loaded_code.PLANNED, "")
    monkeypatch.setenv(loaded_code.STAMPS, "")
    monkeypatch.setenv(loaded_code.PLAN, "")
    loaded_code.announce({"step": "code:1"}, "plan")
    assert os.environ[loaded_code.PLANNED]
    assert loaded_code.planned_stamp("step", "code:2") == "code:1"
    assert loaded_code.planned_stamp("other", "code:2") == "code:2"
    monkeypatch.setattr(loaded_code, "look", dict)
    with pytest.raises(UserError, match="changed while the workflow was starting"):
        loaded_code.announce({}, "")


def test_a_job_of_a_cluster_refuses_another_config_and_other_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "Snakefile").write_text("a")
    (tmp_path / "rules" / "b.smk").write_text("b")
    planned = loaded_code.plan_of({"rate": 0.1}, tmp_path)
    loaded_code.refuse_other_plan(planned)
    monkeypatch.setenv(loaded_code.PLAN, planned)
    loaded_code.refuse_other_plan(loaded_code.plan_of({"rate": 0.1}, tmp_path))
    with pytest.raises(UserError, match="The config or the rules changed after this job was planned"):
        loaded_code.refuse_other_plan(loaded_code.plan_of({"rate": 0.2}, tmp_path))
    (tmp_path / "rules" / "b.smk").write_text("c")
    with pytest.raises(UserError, match="run the same command again"):
        loaded_code.refuse_other_plan(loaded_code.plan_of({"rate": 0.1}, tmp_path))


def test_a_job_that_reads_the_rules_again_keeps_to_the_stamp_of_the_plan(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(loaded_code.STAMPS, '{"step": "code:0 torch==1"}')
    status, said = job.run(lambda: None)
    assert status == 1
    assert "code:0 was planned" in said
