# One fine-tuning job a setting and seed, then the choice among the settings, by validation results alone.


rule finetune:
    input:
        train=RESULTS / "data/train.parquet",
        validation=RESULTS / "data/validation.parquet",
        train_tokens=RESULTS / "tokens/train.parquet",
        validation_tokens=RESULTS / "tokens/validation.parquet",
        summary=RESULTS / "data/summary.json",
        model=RESULTS / "model.json",
    output:
        history=RUN / "history.csv",
        metrics=RUN / "metrics.json",
        timing=RUN / "timing.json",
        tuned=directory(RUN / "model"),
        predictions=RUN / "predictions.parquet",
    log:
        LOGS / "finetune/{setting}-seed{seed}.log",
    priority: lambda wildcards: length(wildcards.setting)
    threads: config["threads"]
    resources:
        **MODEL_JOB,
    params:
        spec=lambda wildcards: run_spec(wildcards.setting, int(wildcards.seed)),
        stamp=stamp("finetune"),
    script:
        "../scripts/finetune.py"


rule select_setting:
    input:
        metrics=all_runs("metrics.json"),
    output:
        selection=RESULTS / "selection.json",
    log:
        LOGS / "select_setting.log",
    params:
        spec=spec(settings=list(SETTINGS), missing=MISSING, seeds=SEEDS, metric=config["selection_metric"]),
        stamp=stamp("select_setting"),
    script:
        "../scripts/select_setting.py"


rule summarise_sweep:
    input:
        metrics=all_runs("metrics.json"),
    output:
        sweep=RESULTS / "sweep.json",
    log:
        LOGS / "summarise_sweep.log",
    params:
        spec=spec(
            name=config["name"],
            settings=list(SETTINGS),
            seeds=SEEDS,
            missing=MISSING,
            excluded=EXCLUDED,
            metric=config["selection_metric"],
        ),
        stamp=stamp("summarise_sweep"),
    script:
        "../scripts/summarise_sweep.py"
