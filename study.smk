# Several experiments, each made by its own rules and in its own folder, and one report on all of them.

import gc
import sys

from snakemake.utils import min_version

from finetune_report.config.reading import read_config
from finetune_report.config.study import complete_study, experiments_of, table_systems
from finetune_report.errors import UserError
from finetune_report.files import PROJECT
from finetune_report.provenance.currency import Currency
from finetune_report.provenance.git import revision
from finetune_report.provenance.layout import answer, question
from finetune_report.provenance.records import examine
from finetune_report.runtime.loaded_code import announce, plan_of, refuse_other_plan
from finetune_report.runtime.locks import begin_batch_job, hold_or_refuse, untrusted_since
from finetune_report.runtime.snakemake_compat import (
    config_files,
    end_timers,
    executes_jobs,
    is_batch_job,
    is_main_process,
    let_records_decide,
    pass_on_to_jobs,
)
from finetune_report.runtime.system_errors import one_message

min_version("9.27")
gc.freeze()

EXECUTES = executes_jobs(workflow)

with one_message():
    if PROJECT != Path(workflow.basedir).resolve():
        raise UserError(
            f"This environment runs the code of {PROJECT}, not that of {workflow.basedir}; run the study there, or here"
        )
    for path in config_files(workflow):  # Snakemake's own reader takes the last of two equal keys
        read_config(path)
    config = complete_study(config)
    CONFIGS = experiments_of(config)
    RESULTS = Path("results") / config["name"]
    PLAN = plan_of({"study": config, "experiments": CONFIGS}, Path(workflow.basedir))
    ASKED = question() if not EXECUTES else None
    # The study's own lock comes first, by which commands know which results a workflow is about.
    if is_main_process(workflow) and not ASKED:
        lock = RESULTS / "lock"
        since = hold_or_refuse(lock, f"The study '{config['name']}'") if EXECUTES else untrusted_since(lock)
        let_records_decide(workflow, Currency(examine(RESULTS, change=EXECUTES, since=since)))
    elif is_batch_job(workflow):
        begin_batch_job()
        refuse_other_plan(PLAN)

LOGS, FIGURES = RESULTS / "logs", RESULTS / "figures"
TABLES, VALUES = RESULTS / "tables", RESULTS / "values"
REVISION = revision(Path(workflow.basedir))
FOLDERS = {name: Path("results") / experiment["name"] for name, experiment in CONFIGS.items()}
SYSTEMS = table_systems(config, CONFIGS)


def of_experiments(file_name):
    """One result of every experiment, in the order of the study."""
    return [folder / file_name for folder in FOLDERS.values()]


def copies(file_name):
    """Where the study keeps its copy of such a result."""
    return [RESULTS / "experiments" / name / file_name for name in CONFIGS]


def files_of(rule_name):
    """All files that a rule makes, as plain paths."""
    return list(map(str, getattr(rules, rule_name).output))


# Each experiment is a module: the rules of its own Snakefile, for its own config, in one workflow with all others.
# Who asks where the study's files lie need not wait for them.
for name, entry in zip(CONFIGS, config["experiments"], strict=True) if not ASKED else ():
    namespace = f"experiment_{name.replace('-', '_')}"
    workflow.module(namespace, snakefile=str(PROJECT / "Snakefile"), config=read_config(Path(entry["config"])))
    workflow.userule(rules=["*"], from_module=namespace, name_modifier=f"{name}_*")(lambda: None)


include: "rules/publishing.smk"
include: "rules/study.smk"


rule all:
    default_target: True
    input:
        [folder / f"write-up.{form}" for folder in [*FOLDERS.values(), RESULTS] for form in ("pdf", "html")],


rule final:
    input:
        [folder / "final.txt" for folder in [*FOLDERS.values(), RESULTS]],
        rules.all.input,


rule fetch:
    input:
        [] if ASKED else [getattr(rules, f"{name}_fetch").input for name in CONFIGS],


# By now every stamp is taken.
if EXECUTES:
    with one_message():
        announce(all_stamps(), PLAN)


onstart:
    pass_on_to_jobs()


onsuccess:
    end_timers()


onerror:
    journals = [str(folder / "journal.log") for folder in [*FOLDERS.values(), RESULTS]]
    print(f"Not finished. The same command goes on from here; what every job said is in {', '.join(journals)}.")


# To a command that asks for the layout, which is all that it wants of this file.
if ASKED:
    answer(ASKED, RESULTS, {name: call(name) for name in [*PUBLISHING, "render_write_up"]}, published_files(), [])
