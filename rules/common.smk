# What the other files share: the checked config, the results folder, and how a rule gets its parameters.

from pathlib import Path

from finetune_report.config.comparisons import compared_metric, declared_pairs, in_words
from finetune_report.config.models import ONLY, folder_of, model_of, naming_model, used_models
from finetune_report.config.resources import model_job
from finetune_report.config.schema import complete
from finetune_report.config.settings import excluded_settings, resolved_settings, unfinished_settings
from finetune_report.config.test_systems import (
    SIMPLE,
    declaration,
    declared_systems,
    elsewhere,
    has_test_scores,
    system_pairs,
)
from finetune_report.config.test_systems import in_words as systems_in_words
from finetune_report.data.locations import data_files, model_files, package_version, require_prediction_files
from finetune_report.errors import UserError
from finetune_report.files import PROJECT
from finetune_report.provenance.currency import Currency
from finetune_report.provenance.git import revision
from finetune_report.provenance.layout import answer, question
from finetune_report.provenance.records import examine
from finetune_report.provenance.test_ledger import check_ledger, declare
from finetune_report.runtime.loaded_code import announce, plan_of, refuse_other_plan
from finetune_report.runtime.locks import begin_batch_job, hold_or_refuse, untrusted_since
from finetune_report.runtime.snakemake_compat import (
    end_timers,
    executes_jobs,
    ignore_clocks,
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
ignore_clocks()

with one_message():
    config = complete(config)
    DATA_FILES = data_files(config["data"])
    require_prediction_files(config["systems"])
    RESULTS = Path("results") / config["name"]
    ASKED = question() if not EXECUTES else None
    if is_main_process(workflow) and not ASKED:
        # Snakemake's own lock outlives a kill; the profile turns it off, and this one takes its place.
        lock = RESULTS / "lock"
        since = hold_or_refuse(lock, f"The experiment '{config['name']}'") if EXECUTES else untrusted_since(lock)
        let_records_decide(workflow, Currency(examine(RESULTS, change=EXECUTES, since=since)))
    elif is_batch_job(workflow):
        begin_batch_job()
        refuse_other_plan(plan_of(config, Path(workflow.basedir)))
    TEST_LEDGER = RESULTS / "test-ledger.jsonl"
    LEDGER_PROBLEMS = check_ledger(TEST_LEDGER, RESULTS, change=EXECUTES)
    TESTED = has_test_scores(config)  # else all that is scored is the validation split
    if is_main_process(workflow) and EXECUTES and TESTED:
        declare(TEST_LEDGER, declaration(config))

LOGS = RESULTS / "logs"
SEEDS = config["seeds"]
PLANNED = resolved_settings(config)
with one_message():
    MISSING = unfinished_settings(PLANNED, SEEDS, RESULTS) if config["incomplete"] and not ASKED else []
if ASKED:  # a command that asks for the layout says itself what is missing in the results that it looks at
    MISSING = ASKED["missing"]
SETTINGS = {name: setting for name, setting in PLANNED.items() if name not in MISSING}
# The pretrained models by name. A single one has none; several have a folder each for what is made of them.
SOURCES = used_models(config, PLANNED.values())
MODELS = list(used_models(config, SETTINGS.values()))
MODEL_OF = {name: model_of(setting) for name, setting in SETTINGS.items()} if "models" in config else {}
OF_MODEL, LOGS_OF_MODEL = (folder / folder_of("{model}" if MODEL_OF else ONLY) for folder in (RESULTS, LOGS))
OF_FIRST = RESULTS / folder_of(MODELS[0])  # the baseline's, which is probed
MODEL_FILES = {}
with one_message():
    for name, source in SOURCES.items():
        with naming_model(name):
            MODEL_FILES[name] = model_files(source)
NAMED = [setting["name"] for setting in config["settings"] if setting["name"] in SETTINGS]
EXCLUDED = excluded_settings(config)
REVISION = revision(Path(workflow.basedir))
BASELINE = next(iter(PLANNED))
PAIRS = declared_pairs(config, list(SETTINGS))
COMPARED_BY = {"metric": compared_metric(config), "margin": config["comparisons"]["margin"]}
SYSTEMS, ELSEWHERE = declared_systems(config), elsewhere(config)
READ = [name for name in SYSTEMS if name in ELSEWHERE]  # those whose predictions are read
EQUAL_EPOCHS = config["comparisons"]["epochs"] == "equal"
RUNGS = list(range(1, len(config["halving"]["rungs"]) + 1))
COMPUTE = {key: config[key] for key in ("device", "precision", "threads", "compile")}
MODEL_JOB = model_job(config)
# What a run on all of the training split is made from.
TRAINED_ON = {
    "train": RESULTS / "data/train.parquet",
    "validation": RESULTS / "data/validation.parquet",
    "train_tokens": lambda wildcards: of_run("tokens/train.parquet", wildcards),
    "validation_tokens": lambda wildcards: of_run("tokens/validation.parquet", wildcards),
    "summary": RESULTS / "data/summary.json",
    "model": lambda wildcards: of_run("model.json", wildcards),
}


def if_tested(*names):
    """What there is where there are test labels."""
    return list(names) if TESTED else []


LABELLED = ["train", "validation", *if_tested("test")]
# The test texts, labelled or not.
TEST_TEXTS = [RESULTS / "data/test.parquet"] if config["data"]["test_split"] != "none" else []
READ_PREDICTIONS = [RESULTS / "test/elsewhere.parquet"] if READ else []
# What all systems did on the test split.
SCORED = {
    "predictions": RESULTS / "test/predictions.parquet",
    "others": RESULTS / "test/settings.parquet",
    "baselines": RESULTS / "baselines/test.parquet",
    "elsewhere": READ_PREDICTIONS,
    "test": RESULTS / "data/test.parquet",
    "summary": RESULTS / "data/summary.json",
    "selection": RESULTS / "selection.json",
}
DECISION = RESULTS / "rungs" / "{rung}.json"
RUN = RESULTS / "runs" / "{setting}" / "seed{seed}"
TUNED = RUN / "model"
FIGURES = RESULTS / "figures"
TABLES = RESULTS / "tables"  # what figures draw
VALUES = RESULTS / "values"  # what each rule publishes
PROBED = config["analyses"]["probe"]
HEADS = config["attention"]["sentences"] > 0
PERCENTS = [f"{100 * share:g}" for share in config["analyses"]["learning_curve"]]


include: "publishing.smk"


wildcard_constraints:
    setting="[a-z0-9][a-z0-9-]*",
    model="[a-z0-9][a-z0-9-]*",
    seed="[0-9]+",
    rung="[0-9]+",
    split="train|validation|test",
    percent="[0-9.]+",


def all_calls():
    """The calls of rules of one job each, of the decision at each rung, and of the preparation of each model, in an order
    in which they can be run.
    """
    found = {f"prune_settings/{rung}": call("prune_settings", rung=str(rung)) for rung in RUNGS}
    found |= {f"prepare_model/{name}": call("prepare_model", model=name) for name in MODELS if name != ONLY}
    single = [name for name in PUBLISHING if not any("{" in str(path) for path in getattr(rules, name).output)]
    return found | {name: call(name) for name in [*single, "render_write_up"]}


def all_runs(file_name):
    """The path of one file in the folder of every planned run."""
    return expand(RUN / file_name, setting=SETTINGS, seed=SEEDS)


def of_models(file_name):
    """The path of one file of every pretrained model."""
    return [RESULTS / folder_of(name) / file_name for name in MODELS]


def of_run(file_name, wildcards):
    """The path of one file of the pretrained model that a run trains."""
    return RESULTS / folder_of(model_of(PLANNED[wildcards.setting])) / file_name


def model_in(wildcards):
    """The name of the pretrained model that a job is about."""
    return getattr(wildcards, "model", ONLY)


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
        "train_sample": config["train_sample"],
    }


def fraction_spec(percent, seed):
    """What training on a part of the training split needs of the config."""
    how = plan(seed, f"fraction-{percent}") | {"train_sample": 0}  # of its training scores nobody reads
    return spec(percent=float(percent), seed=seed, settings=SETTINGS, models=MODELS, plan=how)


def files_of(rule_name):
    """All files that a rule makes, as plain paths, but not the folders of models (all_models has them).

    An input that is another rule's `output` makes Snakemake hash the whole list of inputs once for each of them: with
    all runs in it, planning takes time by the square of their number.
    """
    splits = ["train", "validation", "test"] if TEST_TEXTS else ["train", "validation"]
    every = {"setting": SETTINGS, "seed": SEEDS, "split": splits, "rung": RUNGS, "percent": PERCENTS, "model": MODELS}
    patterns = [str(path) for path in getattr(rules, rule_name).output if str(path) != str(TUNED)]
    return [path for pattern in patterns for path in expand(pattern, **every)]


def decisions(rungs):
    """The files that say who was pruned at these rungs; the last one knows of all before."""
    return expand(DECISION, rung=rungs)


def decision_before(wildcards):
    """The decision of the rung before, where there is one."""
    return decisions(RUNGS[: int(wildcards.rung) - 1][-1:])


def results_at(wildcards):
    """The result of every run at a rung; for a draft, of the settings of which it is known."""
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
    """How long a run of a setting takes compared with the others, roughly: a step costs as much as ten further sentences.

    Long runs start first, so that no core waits for a long one at the end (docs/performance.md).
    """
    return PLANNED[setting]["epochs"] * (1 + 10 / PLANNED[setting]["batch_size"])
