# What the other files share: the checked config, the results folder, and how a rule gets its parameters.

import json
from pathlib import Path

from finetune_report.config.resources import model_job
from finetune_report.config.schema import complete
from finetune_report.config.settings import excluded_settings, resolved_settings, unfinished_settings
from finetune_report.data.locations import data_files, model_files, package_version
from finetune_report.errors import UserError
from finetune_report.files import PROJECT, canonical_json
from finetune_report.provenance.currency import Currency
from finetune_report.provenance.git import revision
from finetune_report.provenance.records import examine
from finetune_report.provenance.stamp import stamp as stamp_of
from finetune_report.provenance.test_ledger import check_ledger
from finetune_report.runtime.loaded_code import announce
from finetune_report.runtime.locks import begin_batch_job, hold_or_refuse, untrusted_since
from finetune_report.runtime.snakemake_compat import (
    end_timers,
    executes_jobs,
    is_batch_job,
    is_main_process,
    let_records_decide,
    pass_on_to_jobs,
)
from finetune_report.runtime.system_errors import one_message

with one_message():
    if PROJECT != Path(workflow.basedir).resolve():
        raise UserError(
            f"This environment runs the code of {PROJECT}, not that of {workflow.basedir}; run make report there, or here"
        )

EXECUTES = executes_jobs(workflow)

with one_message():
    config = complete(config)
    DATA_FILES = data_files(config["data"])
    MODEL_FILES = model_files(config["model"])
    RESULTS = Path("results") / config["name"]
    if is_main_process(workflow):
        # Snakemake's own lock outlives a kill; the profile turns it off, and this one takes its place.
        lock = RESULTS / "lock"
        since = hold_or_refuse(lock, f"The experiment '{config['name']}'") if EXECUTES else untrusted_since(lock)
        let_records_decide(Currency(examine(RESULTS, change=EXECUTES, since=since)))
    elif is_batch_job(workflow):
        begin_batch_job()
    TEST_LEDGER = RESULTS / "test-ledger.jsonl"
    LEDGER_PROBLEMS = check_ledger(TEST_LEDGER, RESULTS, change=EXECUTES)

LOGS = RESULTS / "logs"
SEEDS = config["seeds"]
PLANNED = resolved_settings(config)
with one_message():
    MISSING = unfinished_settings(PLANNED, SEEDS, RESULTS) if config["incomplete"] else []
SETTINGS = {name: setting for name, setting in PLANNED.items() if name not in MISSING}
NAMED = [setting["name"] for setting in config["settings"] if setting["name"] in SETTINGS]
EXCLUDED = excluded_settings(config)
REVISION = revision(Path(workflow.basedir))
BASELINE = next(iter(PLANNED))
RUNGS = list(range(1, len(config["halving"]["rungs"]) + 1))
COMPUTE = {key: config[key] for key in ("device", "precision", "threads", "compile")}
MODEL_JOB = model_job(config)
# What a run on all of the training split is made from.
TRAINED_ON = {
    "train": RESULTS / "data/train.parquet",
    "validation": RESULTS / "data/validation.parquet",
    "train_tokens": RESULTS / "tokens/train.parquet",
    "validation_tokens": RESULTS / "tokens/validation.parquet",
    "summary": RESULTS / "data/summary.json",
    "model": RESULTS / "model.json",
}
DECISION = RESULTS / "rungs" / "{rung}.json"
RUN = RESULTS / "runs" / "{setting}" / "seed{seed}"
MODEL = RUN / "model"
FIGURES = RESULTS / "figures"
HEADS = config["attention"]["sentences"] > 0
PERCENTS = [f"{100 * share:g}" for share in config["analyses"]["learning_curve"]]


wildcard_constraints:
    setting="[a-z0-9][a-z0-9-]*",
    seed="[0-9]+",
    rung="[0-9]+",
    split="train|validation|test",
    percent="[0-9.]+",


# On a cluster these run where snakemake does: each takes seconds, and data and model may need the internet.
localrules:
    all,
    final,
    fetch,
    prepare_data,
    prepare_model,
    prune_settings,
    gather_runs,
    select_setting,
    summarise_sweep,
    summarise_seeds,
    count_tokens,
    score_slices,
    list_mistakes,
    measure_agreement,
    demonstrate_attention,
    keep_ledger,
    plot_curves,
    plot_settings,
    plot_expected,
    plot_learning_curve,
    plot_confusion,
    plot_attention,
    plot_heads,
    collect_values,
    write_manifest,
    render_write_up,
    check_final,


def stamp(rule_name):
    """The parameter that makes a rule's results again when code or packages behind its script change."""
    return stamp_of(Path(workflow.basedir) / "scripts" / f"{rule_name}.py")


def all_stamps():
    """The stamp of each script, by name, for the record."""
    return {script.stem: stamp(script.stem) for script in sorted((Path(workflow.basedir) / "scripts").glob("*.py"))}


def spec(**values):
    """The parameter that carries config values to a script: one canonical text, since Snakemake compares without names."""
    return canonical_json(values)


def call(rule_name):
    """What a script is called with: inputs by name, relative to where Snakemake runs, and its spec."""
    called = getattr(rules, rule_name)
    named = {name: paths if isinstance(paths, str) else list(paths) for name, paths in called.input.items()}
    return {"inputs": named, "spec": json.loads(called.params.spec)}


def all_runs(file_name):
    """The path of one file in the folder of every planned run."""
    return expand(RUN / file_name, setting=SETTINGS, seed=SEEDS)


def all_models():
    """The folder of every planned run's model.

    Snakemake takes a folder for changed when it was touched, since it hashes files alone. `ancient` leaves these folders
    out of that; a run that is trained again still counts, by its metrics in the selection.
    """
    return ancient(all_runs("model"))


def streams(seed):
    """The seed of each use of chance in the runs of one seed."""
    return {use: seed if use in config["seeds_vary"] else SEEDS[0] for use in ("weights", "order", "dropout")}


def plan(seed, name):
    """How runs of a seed are trained, but for their hyperparameters; `name` is that of the checkpoints."""
    return {
        "streams": streams(seed),
        "selection_metric": config["selection_metric"],
        "on_divergence": config["on_divergence"],
        "compute": COMPUTE,
        "checkpoint_path": str(RESULTS / "checkpoints" / f"{name}-seed{seed}"),
    }


def fraction_spec(percent, seed):
    """What training on a part of the training split needs of the config."""
    return spec(percent=float(percent), seed=seed, settings=SETTINGS, plan=plan(seed, f"fraction-{percent}"))


def outputs_of(*rule_names):
    """All files that rules make, as plain paths, but not the folders of models (all_models has them).

    An input that is another rule's `output` makes Snakemake hash the whole list of inputs once for each of them: with
    all runs in it, planning takes time by the square of their number.
    """
    patterns = [str(path) for name in rule_names for path in getattr(rules, name).output]
    splits = ["train", "validation", "test"]
    files = [pattern for pattern in patterns if pattern != str(MODEL)]
    every = {"setting": SETTINGS, "seed": SEEDS, "split": splits, "rung": RUNGS}
    return [path for pattern in files for path in expand(pattern, **every)]


def decisions(rungs):
    """The files that say who was pruned at these rungs; the last one knows of all before."""
    return expand(DECISION, rung=rungs)


def decision_before(wildcards):
    """The decision of the rung before, where there is one."""
    return decisions(RUNGS[: int(wildcards.rung) - 1][-1:])


def results_at(wildcards):
    """What every run came to at a rung; for a draft, of the settings of which it is known."""
    pattern = RESULTS / "rungs" / wildcards.rung / "{setting}-seed{seed}.json"
    of_setting = [expand(pattern, setting=name, seed=SEEDS) for name in PLANNED]
    known = [paths for paths in of_setting if not config["incomplete"] or all(Path(path).is_file() for path in paths)]
    return [path for paths in known for path in paths]


def run_values(setting, seed):
    """What a training run needs of the config."""
    of_setting = plan(seed, setting) | {"hyperparameters": PLANNED[setting]}
    return {"setting": setting, "seed": seed, "plan": of_setting}


def run_spec(wildcards):
    return spec(**run_values(wildcards.setting, int(wildcards.seed)))


def rung_spec(wildcards):
    """What training up to a rung needs: the run, checkpoints included, is finetune's."""
    run = run_values(wildcards.setting, int(wildcards.seed))
    return spec(run_stamp=stamp("finetune"), **rung_values(int(wildcards.rung)), **run)


def prune_spec(wildcards):
    keep, metric = config["halving"]["keep"], config["selection_metric"]
    return spec(keep=keep, metric=metric, **rung_values(int(wildcards.rung)))


def rung_values(rung):
    """A rung, which counts from 1, and the epochs before it."""
    return {"rung": rung, "epochs": config["halving"]["rungs"][rung - 1]}


def length(setting):
    """How long a run of a setting takes beside the others, roughly: a step costs as much as ten further sentences.

    Long runs start first, so that no core waits for a long one at the end (docs/performance.md).
    """
    return PLANNED[setting]["epochs"] * (1 + 10 / PLANNED[setting]["batch_size"])


def figure(stem, prefix=""):
    """The outputs of one figure: PNG and SVG, and the data that it plots; the caption is for `snakemake --report`."""
    caption = f"../report/captions/{stem}.rst"
    return {
        f"{prefix}png": report(FIGURES / f"{stem}.png", caption=caption, category="Figures", labels={"figure": stem}),
        f"{prefix}svg": FIGURES / f"{stem}.svg",
        f"{prefix}csv": report(FIGURES / f"{stem}.csv", caption=caption, category="Data", labels={"figure": stem}),
    }
