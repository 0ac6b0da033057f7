"""Run the workflow by Snakemake, with the config checked first: one message where Snakemake would print a traceback."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from finetune_report.cli.check import checked
from finetune_report.config.reading import read_config
from finetune_report.config.study import EXPERIMENTS, experiments_of, is_study
from finetune_report.errors import UserError
from finetune_report.files import PROJECT
from finetune_report.provenance.layout import rules_of
from finetune_report.runtime.locks import results_of_workflow
from finetune_report.runtime.snakemake_compat import planned_jobs, provide_folders, run_snakemake

DRAFT = Path("profiles/draft.yaml")  # read after the experiment's own config
CLUSTER = Path("profiles/slurm")


def report(config: Path, arguments: list[str], target: str = "", draft: bool = False) -> int:
    """Build the write-up, or another `target`, and say where it is."""
    prepared(config)
    if draft and of_study(config):
        raise UserError(
            f"{config} is a study, which is written up when its experiments have all finished; draft one of them: "
            f"finetune-report draft --config {read_config(config)[EXPERIMENTS][0]['config']}"
        )
    beside = [DRAFT] if draft else []
    rich = ["--logger", "rich"] if sys.stdout.isatty() else []  # in a log file, plain lines in place of progress bars
    code = run_snakemake(command_line([config, *beside], target, rich, arguments))
    return code or say_where()


def plan(config: Path, arguments: list[str]) -> int:
    """Say what would run, why, and how long it takes; and what difference the declared comparisons can find."""
    complete = prepared(config)
    code = run_snakemake(command_line([config], "", ["--dry-run"], arguments))
    if code == 0:
        # Takes half a second, which other commands need not wait.
        from finetune_report.cli import duration
        from finetune_report.cli.design import design_lines

        if is_study(complete):
            for name, experiment in experiments_of(complete).items():
                print(f"{name}:", *design_lines(experiment), sep="\n", flush=True)
            return code
        measuring = duration.start(complete, *planned_jobs())
        print(*design_lines(complete), sep="\n", flush=True)
        if measuring is not None:
            measuring.wait()
    return code


def fetch(config: Path, arguments: list[str]) -> int:
    """Bring data and model here."""
    prepared(config)
    code = run_snakemake(command_line([config], "fetch", [], arguments))
    if code == 0:
        print(f"Data and model are here. The next step: finetune-report cluster --config {config}")
    return code


def cluster(config: Path, arguments: list[str]) -> int:
    """Build the write-up, its heavy steps as jobs of Slurm."""
    prepared(config)
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        raise UserError(
            "Snakemake's plugin for Slurm is not installed; `make cluster` installs it, and so does "
            f"{sys.executable} -m pip install -r requirements-slurm.txt"
        )
    os.environ["HF_HUB_OFFLINE"] = "1"  # what jobs need was fetched
    code = run_snakemake(command_line([config], "", ["--workflow-profile", str(CLUSTER)], arguments))
    return code or say_where()


def prepared(config: Path) -> dict[str, Any]:
    """Check a config, and see to it that Snakemake can run here; the config with its defaults."""
    if Path.cwd().resolve() != PROJECT:
        raise UserError(f"The workflow runs in the project's folder, {PROJECT}; go there first (here is {Path.cwd()})")
    found = checked(config)
    provide_folders()
    return found


def command_line(configs: list[Path], target: str, options: list[str], arguments: list[str]) -> list[str]:
    """What Snakemake is called with; the user's `arguments` may begin with targets or options.

    An option that takes a list ends where the next one begins, so no target may follow the config files directly.
    """
    rules = ["--snakefile", str(rules_of({EXPERIMENTS: []}))] if of_study(configs[0]) else []
    return [*filter(None, [target]), *rules, "--configfile", *map(str, configs), *options, "--nolock", *arguments]


def of_study(config: Path) -> bool:
    return config.is_file() and is_study(read_config(config))


def say_where() -> int:
    """Name the write-up of the experiment that has run: the user's arguments may have changed its name."""
    root = results_of_workflow()
    if root is not None and (root / "write-up.pdf").is_file():
        print(f"The write-up: {root / 'write-up.pdf'} and {root / 'write-up.html'}")
    return 0
