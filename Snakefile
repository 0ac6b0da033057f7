# From a data set, a pretrained model and a list of settings to a finished write-up.
# The rule files follow the flow of the data; every rule runs the script of its own name in scripts/.

import gc
import sys

from snakemake.utils import min_version

from finetune_report.config.reading import read_config
from finetune_report.runtime.snakemake_compat import config_files, planned_jobs
from finetune_report.runtime.system_errors import one_message

min_version("9.27")

# What is imported stays; Python's collector, which would look through it again and again, has nothing to find there.
gc.freeze()

# Snakemake's own reader takes the last of two equal keys, and runs the Python in a file that asks for it.
with one_message():
    for path in config_files(workflow) or [Path("config.yaml")]:
        read_config(path)

# An experiment is one config file: one given on the command line replaces this one, it does not merge into it.
if not config_files(workflow):

    configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/prepare.smk"
include: "rules/train.smk"
include: "rules/score.smk"
include: "rules/analysis.smk"
include: "rules/attention.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        RESULTS / "write-up.pdf",
        RESULTS / "write-up.html",


rule final:
    input:
        rules.all.input,
        RESULTS / "final.txt",


# What needs the internet, for machines whose jobs have none.
rule fetch:
    input:
        RESULTS / "data/summary.json",
        of_models("model.json"),


# By now every stamp is taken.
if EXECUTES:
    with one_message():
        announce(all_stamps(), plan_of(config, Path(workflow.basedir)))


onstart:
    pass_on_to_jobs()
    if sys.stdout.isatty():  # in the background, since it takes some seconds
        from finetune_report.cli import duration

        duration.start(config, *planned_jobs())


onsuccess:
    end_timers()


onerror:
    print(f"Not finished. The same command goes on from here; what every job said is in {RESULTS / 'journal.log'}.")
    if not config["incomplete"] and any(Path(path).is_file() for path in all_runs("metrics.json")):
        print("finetune-report draft writes up what has finished.")
