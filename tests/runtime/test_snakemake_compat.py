"""Everything of Snakemake's inside that is reached into is still there, and is reached into from one file."""

import inspect
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from finetune_report.files import PROJECT as ROOT
from finetune_report.files import SNAKEMAKES
from finetune_report.runtime import snakemake_compat

import pytest
import snakemake.cli
from snakemake import io, workflow
from snakemake.dag import DAG
from snakemake.persistence import PersistenceBase
from snakemake.scheduling import job_scheduler
from snakemake.settings.types import ConfigSettings, MaxJobsPerTimespan

INSIDE = re.compile(
    r"^\s*(?:import snakemake|from snakemake\b(?!\.utils import min_version))"  # its modules
    r"|__main__\"\]|\.snakemake(?:/metadata|_timestamp)"
    r"|workflow\.(?!basedir\b|smk\b)\w+",  # its objects, in rule files
    re.MULTILINE,
)


def test_one_file_alone_reaches_into_snakemake() -> None:
    files = [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk"), *(ROOT / "scripts").glob("*.py")]
    files += [path for path in (ROOT / "src").rglob("*.py") if path != Path(snakemake_compat.__file__)]
    found = {}
    for path in files:
        text = path.read_text(encoding="utf-8")
        rules = path.suffix != ".py"
        hits = [hit for hit in INSIDE.findall(text) if rules or not hit.startswith("workflow.")]
        if hits:
            found[path.relative_to(ROOT).as_posix()] = hits
    assert found == {"src/finetune_report/files.py": [".snakemake_timestamp"]}  # a name that hashing leaves out


def test_what_the_rule_files_ask_of_a_workflow_is_there() -> None:
    for name in ("is_main_process", "remote_exec", "dryrun"):
        assert isinstance(getattr(workflow.Workflow, name), property), name
    assert {"config_settings", "output_settings"} <= set(workflow.Workflow.__annotations__)
    assert ConfigSettings(configfiles=[]).configfiles == []


def test_a_folder_is_marked_by_the_name_that_hashing_leaves_out() -> None:
    assert SNAKEMAKES in Path(str(io.__file__)).read_text()


def test_what_decides_what_is_made_again_is_asked_as_it_was() -> None:
    """`let_records_decide` puts its own functions in the place of these."""
    for name, parameters in {
        "has_metadata": ["self", "job"],
        "has_outdated_metadata": ["self", "job"],
        "params_changed": ["self", "job", "file"],
        "input_changed": ["self", "job", "file"],
        "code_changed": ["self", "job", "file"],
        "software_stack_changed": ["self", "job", "file"],
        "input_checksums": ["self", "job", "input_path"],
        "incomplete": ["self", "job"],
        "metadata": ["self", "target"],
    }.items():
        assert list(inspect.signature(getattr(PersistenceBase, name)).parameters) == parameters, name


def test_times_are_compared_where_they_were() -> None:
    """`ignore_clocks` puts a function that does nothing in the place of this one."""
    assert list(inspect.signature(DAG.check_output_mtime).parameters) == ["self", "job", "expanded_output"]


def test_no_timer_is_waited_for() -> None:
    fired: list[bool] = []
    timer = threading.Timer(60, fired.append, [True])
    timer.start()
    snakemake_compat.end_timers()
    timer.join(5)
    assert not timer.is_alive()
    assert fired == []


def test_the_timer_is_still_needed() -> None:
    """Where a profile can switch it off, or set it to less than a second, `end_timers` should go."""
    assert "threading.Timer(" in Path(str(job_scheduler.__file__)).read_text()
    assert MaxJobsPerTimespan.parse_choice("100/1s").timespan == 1
    assert MaxJobsPerTimespan.parse_choice("100/10ms").timespan == 600  # read as ten minutes
    assert MaxJobsPerTimespan.parse_choice("100/0s").timespan == 0  # with which it never rests


def test_a_request_to_end_reaches_the_jobs(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "from finetune_report.runtime import snakemake_compat as compat\n"
        "compat.PATIENCE = 0\n"
        "signal.signal(signal.SIGTERM, lambda number, frame: print('asked', flush=True))\n"
        "compat.pass_on_to_jobs()\n"
        "job = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('ready', flush=True)\n"
        "print(job.wait())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert said == f"asked\n{-signal.SIGTERM}\n"


def test_its_exit_codes_come_back(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for code, expected in ((None, 0), (0, 0), (1, 1), (2, 2), ("a message", 1)):
        monkeypatch.setattr(snakemake.cli, "main", lambda arguments, code=code: sys.exit(code))
        assert snakemake_compat.run_snakemake([]) == expected
    assert capsys.readouterr().err == "a message\n"
