# What the runs show beyond accuracy: over seeds, compared, by slices, mistake by mistake, side by side, and with fewer
# examples. The config's section `analyses` can switch off all from the slices on.


rule describe_data:
    input:
        summary=RESULTS / "data/summary.json",
        model=of_models("model.json"),
        train=of_models("tokens/train.parquet"),
        validation=of_models("tokens/validation.parquet"),
        test=of_models("tokens/test.parquet"),
    output:
        description=RESULTS / "data/description.json",
        values=VALUES / "describe_data.json",
    log:
        LOGS / "describe_data.log",
    localrule: True
    params:
        spec=spec(models=MODELS, max_length=config["max_length"]),
        stamp=stamp("describe_data"),
    script:
        "../scripts/describe_data.py"


publishes("describe_data")


rule summarise_curves:
    input:
        histories=all_runs("history.csv"),
        selection=RESULTS / "selection.json",
    output:
        curves=RESULTS / "curves.csv",
        accuracy_table=TABLES / "graph.csv",
        loss_table=TABLES / "loss.csv",
        validation_table=TABLES / "hyperparam-curves.csv",
        overfitting=RESULTS / "overfitting.json",
        values=VALUES / "summarise_curves.json",
    log:
        LOGS / "summarise_curves.log",
    localrule: True
    params:
        spec=spec(baseline=BASELINE),
        stamp=stamp("summarise_curves"),
    script:
        "../scripts/summarise_curves.py"


publishes("summarise_curves")


rule summarise_seeds:
    input:
        metrics=all_runs("metrics.json"),
        timings=all_runs("timing.json") if config["report"]["timings"] else [],
        predictions=all_runs("predictions.parquet"),
        validation=RESULTS / "data/validation.parquet",
        test_metrics=RESULTS / "test/metrics.json",
        test_predictions=RESULTS / "test/predictions.parquet",
        test=RESULTS / "data/test.parquet",
        selection=RESULTS / "selection.json",
    output:
        seeds=RESULTS / "seeds.json",
        confusion_table=TABLES / "confusion.csv",
        values=VALUES / "summarise_seeds.json",
    log:
        LOGS / "summarise_seeds.log",
    localrule: True
    params:
        spec=spec(settings=list(SETTINGS)),
        stamp=stamp("summarise_seeds"),
    script:
        "../scripts/summarise_seeds.py"


publishes("summarise_seeds")


rule compare_settings:
    input:
        predictions=all_runs("predictions.parquet"),
        epochs=all_runs("epochs.parquet") if EQUAL_EPOCHS else [],
        validation=RESULTS / "data/validation.parquet",
        summary=RESULTS / "data/summary.json",
        selection=RESULTS / "selection.json",
    output:
        comparisons=RESULTS / "comparisons.json",
        table=TABLES / "differences.csv",
        values=VALUES / "compare_settings.json",
    log:
        LOGS / "compare_settings.log",
    params:
        spec=spec(settings=list(SETTINGS), named=NAMED, pairs=PAIRS, declared_as=in_words(config), **COMPARED_BY),
        stamp=stamp("compare_settings"),
    script:
        "../scripts/compare_settings.py"


publishes("compare_settings")


rule correct_selection:
    input:
        epochs=all_runs("epochs.parquet"),
        validation=RESULTS / "data/validation.parquet",
        selection=RESULTS / "selection.json",
    output:
        corrected=RESULTS / "corrected.json",
        values=VALUES / "correct_selection.json",
    log:
        LOGS / "correct_selection.log",
    params:
        spec=spec(settings=list(SETTINGS)),
        stamp=stamp("correct_selection"),
    script:
        "../scripts/correct_selection.py"


publishes("correct_selection")


rule compare_on_test:
    input:
        **SCORED,
    output:
        comparisons=RESULTS / "test/comparisons.json",
        values=VALUES / "compare_on_test.json",
    log:
        LOGS / "compare_on_test.log",
    localrule: True
    params:
        spec=spec(pairs=system_pairs(config, SYSTEMS), declared_as=systems_in_words(config), **COMPARED_BY),
        stamp=stamp("compare_on_test"),
    script:
        "../scripts/compare_on_test.py"


publishes("compare_on_test")


rule summarise_systems:
    input:
        **SCORED,
    output:
        systems=RESULTS / "test/systems.json",
        values=VALUES / "summarise_systems.json",
    log:
        LOGS / "summarise_systems.log",
    localrule: True
    params:
        spec=spec(
            declared=SYSTEMS,
            notes={name: ELSEWHERE[name]["note"] for name in READ if "note" in ELSEWHERE[name]},
        ),
        stamp=stamp("summarise_systems"),
    script:
        "../scripts/summarise_systems.py"


publishes("summarise_systems")


rule score_slices:
    input:
        test=RESULTS / "data/test.parquet",
        predictions=RESULTS / "test/predictions.parquet",
        baselines=RESULTS / "baselines/test.parquet",
        elsewhere=READ_PREDICTIONS,
    output:
        slices=RESULTS / "slices.json",
        values=VALUES / "score_slices.json",
    log:
        LOGS / "score_slices.log",
    localrule: True
    params:
        spec=spec(columns=[str(name) for name in config["data"]["slices"]]),
        stamp=stamp("score_slices"),
    script:
        "../scripts/score_slices.py"


publishes("score_slices", when=config["analyses"]["slices"])


rule list_mistakes:
    input:
        **SCORED,
    output:
        mistakes=RESULTS / "mistakes.json",
        values=VALUES / "list_mistakes.json",
    log:
        LOGS / "list_mistakes.log",
    localrule: True
    params:
        spec=spec(count=config["analyses"]["mistakes"]),
        stamp=stamp("list_mistakes"),
    script:
        "../scripts/list_mistakes.py"


publishes("list_mistakes", when=config["analyses"]["mistakes"])


rule audit_labels:
    input:
        train=RESULTS / "data/train.parquet",
        baselines=RESULTS / "baselines.json",
        summary=RESULTS / "data/summary.json",
    output:
        audit=RESULTS / "label-audit.json",
        values=VALUES / "audit_labels.json",
    log:
        LOGS / "audit_labels.log",
    params:
        spec=spec(count=config["analyses"]["label_audit"]),
        stamp=stamp("audit_labels"),
    script:
        "../scripts/audit_labels.py"


publishes("audit_labels", when=config["analyses"]["label_audit"], light=False)


rule measure_agreement:
    input:
        **{name: path for name, path in SCORED.items() if name != "predictions"},
        predictions=all_runs("predictions.parquet"),
        simple=RESULTS / "baselines/validation.parquet",
        tested=[RESULTS / "test/predictions.parquet"],
    output:
        agreement=RESULTS / "agreement.json",
        values=VALUES / "measure_agreement.json",
    log:
        LOGS / "measure_agreement.log",
    localrule: True
    params:
        spec=spec(settings=list(SETTINGS)),
        stamp=stamp("measure_agreement"),
    script:
        "../scripts/measure_agreement.py"


publishes("measure_agreement", when=config["analyses"]["agreement"])


rule measure_calibration:
    input:
        predictions=RESULTS / "test/predictions.parquet",
        test=RESULTS / "data/test.parquet",
        summary=RESULTS / "data/summary.json",
    output:
        calibration=RESULTS / "calibration.json",
        table=TABLES / "calibration.csv",
        values=VALUES / "measure_calibration.json",
    log:
        LOGS / "measure_calibration.log",
    localrule: True
    params:
        stamp=stamp("measure_calibration"),
    script:
        "../scripts/measure_calibration.py"


publishes("measure_calibration", when=config["analyses"]["calibration"])


rule plot_calibration:
    input:
        table=TABLES / "calibration.csv",
    output:
        **figure("calibration"),
    log:
        LOGS / "plot_calibration.log",
    localrule: True
    params:
        stamp=stamp("plot_calibration"),
    script:
        "../scripts/plot_calibration.py"


publishes("plot_calibration", when=config["analyses"]["calibration"])


rule train_fraction:
    input:
        selection=RESULTS / "selection.json",
        train=RESULTS / "data/train.parquet",
        validation=RESULTS / "data/validation.parquet",
        train_tokens=of_models("tokens/train.parquet"),
        validation_tokens=of_models("tokens/validation.parquet"),
        summary=RESULTS / "data/summary.json",
        model=of_models("model.json"),
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


publishes("train_fraction", when=PERCENTS, light=False)


rule summarise_learning_curve:
    input:
        fractions=expand(RESULTS / "learning-curve/{percent}/seed{seed}.json", percent=PERCENTS, seed=SEEDS),
        runs=RESULTS / "runs.json",
        selection=RESULTS / "selection.json",
        summary=RESULTS / "data/summary.json",
    output:
        curve=RESULTS / "learning-curve/curve.json",
        table=TABLES / "learning-curve.csv",
        values=VALUES / "summarise_learning_curve.json",
    log:
        LOGS / "summarise_learning_curve.log",
    localrule: True
    params:
        stamp=stamp("summarise_learning_curve"),
    script:
        "../scripts/summarise_learning_curve.py"


publishes("summarise_learning_curve", when=PERCENTS)


rule plot_learning_curve:
    input:
        table=TABLES / "learning-curve.csv",
        curve=RESULTS / "learning-curve/curve.json",
    output:
        **figure("learning-curve"),
    log:
        LOGS / "plot_learning_curve.log",
    localrule: True
    params:
        stamp=stamp("plot_learning_curve"),
    script:
        "../scripts/plot_learning_curve.py"


publishes("plot_learning_curve", when=PERCENTS)
