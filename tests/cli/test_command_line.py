"""The one command: what its help prints runs, what the docs name exists, and exit codes are the same everywhere."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report import WORKFLOW
from finetune_report.cli import workflow
from finetune_report.cli.__main__ import app
from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from finetune_report.runtime import snakemake_compat
from tests.support.commands import command
from tests.support.messages import refuses

import pytest
import typer
from typer.testing import CliRunner

GROUP: Any = typer.main.get_command(app)
NAMES = list(GROUP.commands)
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = [path for folder in ("src", "rules", "config", "profiles") for path in (ROOT / folder).rglob("*.*")]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
CALL = re.compile(r"finetune-report ((?!\.)[a-z]+\b[^`\n#|]*)")


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "finetune_report.cli", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True)


def parsed(line: str) -> None:
    """Read a command line as the command does, without doing it; raises on a mistake."""
    name, *arguments = shlex.split(line)
    GROUP.commands[name].make_context(name, arguments)


def calls(text: str) -> list[str]:
    """The commands that a text quotes in code."""
    quoted = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^(?:    |  |)(\S*finetune-report .+)$", text, re.MULTILINE)
    return [found[1].strip() for line in quoted for found in CALL.finditer(line)]


def test_every_command_is_in_the_table_of_commands() -> None:
    table = (ROOT / "docs/commands.md").read_text()
    assert re.findall(r"^\| `finetune-report (\w+)", table, re.MULTILINE) == NAMES


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_documented_command_exists(path: Path) -> None:
    text = path.read_text()
    for line in calls(text):
        assert line.split()[0] in NAMES, line
        if " " in line:  # the name alone is a mention
            parsed(line)
    fenced = "\n".join(re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL))
    for target in re.findall(r"`make ([a-z-]+)", text) + re.findall(r"^make ([a-z-]+)", fenced, re.MULTILINE):
        assert target in TARGETS


def test_the_docs_quote_many_commands() -> None:
    """So that a change of their form does not empty the test above."""
    assert len([line for path in DOCUMENTS for line in calls(path.read_text())]) > 30


def test_messages_name_commands_that_exist() -> None:
    texts = [path.read_text() for path in SOURCES if path.suffix in (".py", ".smk", ".yaml")] + [
        (ROOT / name).read_text() for name in ("Snakefile", "config.yaml", "Makefile")
    ]
    named = {name for text in texts for name in re.findall(r"\bfinetune-report ([a-z]+)", text)}
    made = {name for text in texts for name in re.findall(r"(?:run|by|`)\s*make ([a-z-]+)", text)}
    assert named <= set(NAMES)
    assert made <= TARGETS


def test_make_hands_every_command_on() -> None:
    assert {"report", *NAMES} - {"run"} <= TARGETS


@pytest.mark.parametrize("name", NAMES)
def test_help_prints_an_example_that_holds(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], prog_name="finetune-report", terminal_width=300)
    assert result.exit_code == 0
    [example] = re.findall(r"^Example: finetune-report (.*)$", result.output, re.MULTILINE)
    assert example.startswith(name)
    parsed(example)


def test_help_prints_a_command_that_runs() -> None:
    """Whether or not the environment is active."""
    usage = re.match(r"Usage: (.+) why ", process("why", "--help").stdout)
    assert usage is not None
    done = subprocess.run(f"{usage[1]} why --help", shell=True, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[1:3]) == (
        0,
        ["", "  Trace a value to its file, run, code and data."],
    )


def test_a_command_imports_nothing_heavy_before_it_works() -> None:
    """`why` starts in under half a second on an idle machine; what counts is what it imports."""
    look = "import sys, finetune_report.cli.__main__, finetune_report.cli.why; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    heavy = {"torch", "transformers", "pandas", "numpy", "snakemake", "scipy", "sklearn", "rich"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check",), 0, ""),
        (("check", "-c", "nothing.yaml"), 2, "nothing.yaml is not there"),
        (("run", "-c", "nothing.yaml"), 2, "nothing.yaml is not there"),
        (("why",), 2, "Missing argument"),
        (("whyy",), 2, "No such command"),
        (("verify", "nothing.pdf"), 2, "nothing.pdf"),
        (("diff", "nothing", "nowhere"), 2, "nothing"),
        (("mutate", "--results", "nothing"), 2, "nothing"),
        (("replay", "--setting", "nothing"), 2, "nothing"),
        (("new", "My Topic"), 2, "lower-case"),
    ],
)
def test_exit_codes_and_one_message(arguments: tuple[str, ...], code: int, said: str) -> None:
    done = command(arguments[0], ROOT, *arguments[1:])
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_process_ends_with_that_code_and_message() -> None:
    done = process("check", "-c", "nothing.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("nothing.yaml is not there")
    assert len(done.stderr.splitlines()) == 1


def test_the_workflow_runs_in_its_own_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(f"runs in the project's folder, {ROOT}")):
        workflow.plan(ROOT / "config.yaml", [])


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        (["run"], ["--configfile", "config.yaml", "--nolock"]),
        (["final", "--", "--cores", "2"], ["final", "--configfile", "config.yaml", "--nolock", "--cores", "2"]),
        (["draft"], ["--configfile", "config.yaml", "profiles/draft.yaml", "--nolock"]),
        (["plan", "--", "a/b"], ["--configfile", "config.yaml", "--dry-run", "--nolock", "a/b"]),
        (["fetch", "-c", "my config.yaml"], ["fetch", "--configfile", "my config.yaml", "--nolock"]),
    ],
)
def test_what_snakemake_is_called_with(
    arguments: list[str], called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr(workflow, "prepared", lambda config: None)
    monkeypatch.setattr(workflow, "run_snakemake", lambda found: given.append(found) or 1)
    result = CliRunner().invoke(app, arguments)
    assert (given, result.exit_code) == ([called], 1)


def test_a_run_names_the_write_up_of_what_has_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever name the arguments gave the experiment; nothing after a dry run, which holds no lock."""
    monkeypatch.chdir(tmp_path)
    for name in ("try", "other"):
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / "results" / name / "write-up.pdf").touch()
    monkeypatch.setattr(workflow, "prepared", lambda config: None)
    monkeypatch.delenv(WORKFLOW, raising=False)
    monkeypatch.setattr(workflow, "run_snakemake", lambda line: 0)
    assert workflow.report(Path("config.yaml"), ["--dry-run"]) == 0
    assert capsys.readouterr().out == ""

    def lock(line: list[str]) -> int:
        monkeypatch.setenv(WORKFLOW, json.dumps(["41 on node since now", "results/other/lock"]))
        return 0

    monkeypatch.setattr(workflow, "run_snakemake", lock)
    assert workflow.report(Path("config.yaml"), ["--config", "name=other"]) == 0
    assert capsys.readouterr().out == "The write-up: results/other/write-up.pdf and results/other/write-up.html\n"


def test_snakemake_reads_its_arguments_so() -> None:
    """Targets come first, or after an option that takes no list: one that does would swallow them."""
    from snakemake.cli import get_argument_parser

    lines = {
        ("final",): workflow.command_line([Path("a b.yaml"), Path("c.yaml")], "final", [], ["--config", "x=1"]),
        ("x/y",): workflow.command_line([Path("a b.yaml"), Path("c.yaml")], "", ["--logger", "rich"], ["x/y"]),
    }
    for targets, line in lines.items():
        read = get_argument_parser().parse_args(line)
        assert read.configfile == [Path("a b.yaml"), Path("c.yaml")]
        assert tuple(read.targets) == targets


def test_a_home_that_cannot_be_written_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_text("no folder")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    snakemake_compat.provide_folders()
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / ".snakemake/cache")
    snakemake_compat.provide_folders()
    assert (tmp_path / ".snakemake/cache/snakemake").is_dir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    snakemake_compat.provide_folders()
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / "own")


def test_a_project_of_somebody_else_is_refused_in_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    closed = tmp_path / ".snakemake/log"
    closed.mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).resolve() != closed)  # root may write anywhere
    with refuses(str(closed), "permission", "a copy of the project"):
        snakemake_compat.provide_folders()


def test_the_shell_completes_commands_and_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "results/try").mkdir(parents=True)
    (tmp_path / "results/try/values.json").write_text('{"winner.name": {}, "data.rows": {}}')
    (tmp_path / "config.yaml").write_text("name: try\n")
    asked = {"_FINETUNE_REPORT_COMPLETE": "complete_bash"}
    cases = {("finetune-report ver", "1"): "verify", ("finetune-report why win", "2"): "winner.name"}
    for (words, place), completed in cases.items():
        line = [sys.executable, "-m", "finetune_report.cli"]
        surroundings = os.environ | asked | {"COMP_WORDS": words, "COMP_CWORD": place}
        done = subprocess.run(line, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
        assert done.stdout.split() == [completed], done.stderr


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize(
    ("given", "called"),
    [
        (["report"], ["run", "--config", "config.yaml", "--"]),
        (["report", "CONFIG=my 'own' \"config\".yaml"], ["run", "--config", "my 'own' \"config\".yaml", "--"]),
        (["final", "ARGS=--cores 2"], ["final", "--config", "config.yaml", "--", "--cores", "2"]),
        (["new", "NAME=tickets", "DATA=my data.csv"], ["new", "tickets", "--data", "my data.csv"]),
        (["new", "NAME=tickets"], ["new", "tickets"]),
        (["why", "KEY=runs.$HOME.it's"], ["why", "runs.$HOME.it's", "--config", "config.yaml"]),
        (["verify", "FILE=a b.pdf", "ARGS=--level bytes"], ["verify", "a b.pdf", "--level", "bytes"]),
        (["predict", "DATA=my texts.csv"], ["predict", "my texts.csv", "--config", "config.yaml"]),
        (["diff", "A=a b", "B=c"], ["diff", "a b", "c"]),
    ],
)
def test_make_hands_names_on_as_they_are(given: list[str], called: list[str], tmp_path: Path) -> None:
    """In a checkout whose path has a space and a quote."""
    root = tmp_path / "it's here"
    (root / ".venv/bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    python = root / ".venv/bin/python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    (root / ".venv/ready").touch()
    # make takes `$$` for a dollar sign, on its command line too.
    line = ["make", *(word.replace("$", "$$") for word in given)]
    # `make test` hands its own flags to what it starts.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["-m", "finetune_report.cli", *called], done.stderr
