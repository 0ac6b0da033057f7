# What the runs show beyond accuracy: over seeds, by slices, mistake by mistake, side by side, and with fewer examples.
# The config's section `analyses` can switch off all but the first two.


rule count_tokens:
    input:
        train=RESULTS / "tokens/train.parquet",
        validation=RESULTS / "tokens/validation.parquet",
        test=RESULTS / "tokens/test.parquet",
    output:
        counts=RESULTS / "tokens/counts.json",
    log:
        LOGS / "count_tokens.log",
    params:
        spec=spec(max_length=config["max_length"]),
        stamp=stamp("count_tokens"),
    script:
        "../scripts/count_tokens.py"


rule summarise_seeds:
    input:
        runs=RESULTS / "runs.json",
        test_metrics=RESULTS / "test/metrics.json",
        selection=RESULTS / "selection.json",
    output:
        seeds=RESULTS / "seeds.json",
    log:
        LOGS / "summarise_seeds.log",
    params:
        spec=spec(settings=list(SETTINGS)),
        stamp=stamp("summarise_seeds"),
    script:
        "../scripts/summarise_seeds.py"


rule score_slices:
    input:
        test=RESULTS / "data/test.parquet",
        predictions=RESULTS / "test/predictions.parquet",
        baselines=RESULTS / "baselines/test.parquet",
    output:
        slices=RESULTS / "slices.json",
    log:
        LOGS / "score_slices.log",
    params:
        spec=spec(columns=[str(name) for name in config["data"]["slices"]]),
        stamp=stamp("score_slices"),
    script:
        "../scripts/score_slices.py"


rule list_mistakes:
    input:
        test=RESULTS / "data/test.parquet",
        predictions=RESULTS / "test/predictions.parquet",
        summary=RESULTS / "data/summary.json",
    output:
        mistakes=RESULTS / "mistakes.json",
    log:
        LOGS / "list_mistakes.log",
    params:
        spec=spec(count=config["analyses"]["mistakes"]),
        stamp=stamp("list_mistakes"),
    script:
        "../scripts/list_mistakes.py"


rule measure_agreement:
    input:
        predictions=all_runs("predictions.parquet"),
        baselines=RESULTS / "baselines/validation.parquet",
        selection=RESULTS / "selection.json",
        summary=RESULTS / "data/summary.json",
    output:
        agreement=RESULTS / "agreement.json",
    log:
        LOGS / "measure_agreement.log",
    params:
        spec=spec(settings=list(SETTINGS)),
        stamp=stamp("measure_agreement"),
    script:
        "../scripts/measure_agreement.py"


rule train_fraction:
    input:
        selection=RESULTS / "selection.json",
        train=RESULTS / "data/train.parquet",
        validation=RESULTS / "data/validation.parquet",
        train_tokens=RESULTS / "tokens/train.parquet",
        validation_tokens=RESULTS / "tokens/validation.parquet",
        summary=RESULTS / "data/summary.json",
        model=RESULTS / "model.json",
    output:
        metrics=RESULTS / "learning-curve/{percent}/seed{seed}.json",
    log:
        LOGS / "train_fraction/{percent}-seed{seed}.log",
    threads: config["threads"]
    resources:
        **MODEL_JOB,
    params:
        spec=lambda wildcards: fraction_spec(wildcards.percent, int(wildcards.seed)),
        stamp=stamp("train_fraction"),
    script:
        "../scripts/train_fraction.py"


rule plot_learning_curve:
    input:
        fractions=expand(RESULTS / "learning-curve/{percent}/seed{seed}.json", percent=PERCENTS, seed=SEEDS),
        runs=RESULTS / "runs.json",
        selection=RESULTS / "selection.json",
        summary=RESULTS / "data/summary.json",
    output:
        **figure("learning-curve"),
        curve=RESULTS / "learning-curve/curve.json",
    log:
        LOGS / "plot_learning_curve.log",
    params:
        stamp=stamp("plot_learning_curve"),
    script:
        "../scripts/plot_learning_curve.py"


# What collect_values reads of them, by name; of one that is switched off, nothing. Plain paths, as outputs_of explains.
ANALYSES = {
    "seed_summary": str(rules.summarise_seeds.output.seeds),
    "slices": [str(rules.score_slices.output.slices)] if config["analyses"]["slices"] else [],
    "mistakes": [str(rules.list_mistakes.output.mistakes)] if config["analyses"]["mistakes"] else [],
    "agreement": [str(rules.measure_agreement.output.agreement)] if config["analyses"]["agreement"] else [],
    "curve": [str(rules.plot_learning_curve.output.curve)] if PERCENTS else [],
}
ANALYSED_BY = [
    rule_name
    for rule_name, wanted in {
        "score_slices": config["analyses"]["slices"],
        "list_mistakes": config["analyses"]["mistakes"],
        "measure_agreement": config["analyses"]["agreement"],
    }.items()
    if wanted
]
