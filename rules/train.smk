# One fine-tuning job a setting and seed, then the choice among the settings, by validation results alone.
# With successive halving on, a run first goes from rung to rung, and each rung decides which settings go on: a job of a
# pruned setting ends at once. So the plan is the same whoever is pruned, and every planned run has its results.


rule train_rung:
    input:
        **TRAINED_ON,
        decision=decision_before,
    output:
        result=RESULTS / "rungs/{rung}/{setting}-seed{seed}.json",
    log:
        LOGS / "train_rung/{rung}/{setting}-seed{seed}.log",
    priority: lambda wildcards: length(wildcards.setting)
    threads: config["threads"]
    resources:
        **MODEL_JOB,
    params:
        spec=rung_spec,
        stamp=stamp("train_rung"),
    script:
        "../scripts/train_rung.py"


publishes("train_rung", when=RUNGS, light=False)


rule prune_settings:
    input:
        results=results_at,
        before=decision_before,
    output:
        decision=DECISION,
    log:
        LOGS / "prune_settings/{rung}.log",
    localrule: True
    params:
        spec=prune_spec,
        stamp=stamp("prune_settings"),
    script:
        "../scripts/prune_settings.py"


publishes("prune_settings", when=RUNGS)


rule finetune:
    input:
        **TRAINED_ON,
        decision=decisions(RUNGS[-1:]),
    output:
        history=RUN / "history.csv",
        metrics=RUN / "metrics.json",
        timing=RUN / "timing.json",
        tuned=directory(RUN / "model"),
        predictions=RUN / "predictions.parquet",
        epochs=RUN / "epochs.parquet",
    log:
        LOGS / "finetune/{setting}-seed{seed}.log",
    priority: lambda wildcards: length(wildcards.setting)
    threads: config["threads"]
    resources:
        **MODEL_JOB,
    params:
        spec=run_spec,
        stamp=stamp("finetune"),
    script:
        "../scripts/finetune.py"


publishes("finetune", light=False)


# Many steps read the results of all runs; each run's own file is opened here, and where values name it as their source.
rule gather_runs:
    input:
        metrics=all_runs("metrics.json"),
    output:
        runs=RESULTS / "runs.json",
        table=RESULTS / "runs.csv",
    log:
        LOGS / "gather_runs.log",
    localrule: True
    params:
        stamp=stamp("gather_runs"),
    script:
        "../scripts/gather_runs.py"


publishes("gather_runs")


rule select_setting:
    input:
        runs=RESULTS / "runs.json",
    output:
        selection=RESULTS / "selection.json",
    log:
        LOGS / "select_setting.log",
    localrule: True
    params:
        spec=spec(settings=list(SETTINGS), missing=MISSING, seeds=SEEDS, metric=config["selection_metric"]),
        stamp=stamp("select_setting"),
    script:
        "../scripts/select_setting.py"


publishes("select_setting")


rule summarise_sweep:
    input:
        runs=RESULTS / "runs.json",
        rungs=decisions(RUNGS),
    output:
        sweep=RESULTS / "sweep.json",
        settings_table=TABLES / "hyperparam.csv",
        expected_table=TABLES / "expected.csv",
        values=VALUES / "summarise_sweep.json",
    log:
        LOGS / "summarise_sweep.log",
    localrule: True
    params:
        spec=spec(
            name=config["name"],
            settings=list(SETTINGS),
            named=NAMED,
            seeds=SEEDS,
            missing=MISSING,
            excluded=EXCLUDED,
            metric=config["selection_metric"],
        ),
        stamp=stamp("summarise_sweep"),
    script:
        "../scripts/summarise_sweep.py"


publishes("summarise_sweep")
