# From results to the write-up: comparisons, values, what made them, and the text that cites them.


rule compare_settings:
    input:
        predictions=all_runs("predictions.parquet"),
        summary=RESULTS / "data/summary.json",
        selection=RESULTS / "selection.json",
    output:
        comparisons=RESULTS / "comparisons.json",
    log:
        LOGS / "compare_settings.log",
    params:
        spec=spec(settings=list(SETTINGS), named=[setting["name"] for setting in config["settings"]]),
        stamp=stamp("compare_settings"),
    script:
        "../scripts/compare_settings.py"


rule collect_values:
    input:
        summary=RESULTS / "data/summary.json",
        model=RESULTS / "model.json",
        metrics=all_runs("metrics.json"),
        timings=all_runs("timing.json") if config["report"]["timings"] else [],
        selection=RESULTS / "selection.json",
        test_metrics=RESULTS / "test/metrics.json",
        test_predictions=RESULTS / "test/predictions.parquet",
        test=RESULTS / "data/test.parquet",
        baselines=RESULTS / "baselines.json",
        attention=RESULTS / "attention/attention.json",
        heads=RESULTS / "attention/heads.json",
    output:
        values=RESULTS / "values.json",
    log:
        LOGS / "collect_values.log",
    params:
        spec=spec(name=config["name"], settings=list(SETTINGS), seeds=SEEDS, root=str(RESULTS)),
        stamp=stamp("collect_values"),
    script:
        "../scripts/collect_values.py"


rule write_manifest:
    input:
        results=outputs_of(
            "prepare_data",
            "prepare_model",
            "tokenize_texts",
            "finetune",
            "select_setting",
            "score_test",
            "score_baselines",
            "demonstrate_attention",
            "measure_heads",
            "compare_settings",
            "collect_values",
            *FIGURES_BY,
        ),
    output:
        manifest=RESULTS / "manifest.json",
    log:
        LOGS / "write_manifest.log",
    params:
        spec=spec(config=config, stamps=all_stamps(), root=str(RESULTS), **REVISION),
        stamp=stamp("write_manifest"),
    script:
        "../scripts/write_manifest.py"


rule render_write_up:
    input:
        write_up=config["report"]["write_up"],
        values=RESULTS / "values.json",
        manifest=RESULTS / "manifest.json",
        selection=RESULTS / "selection.json",
        summary=RESULTS / "data/summary.json",
        comparisons=RESULTS / "comparisons.json",
        histories=all_runs("history.csv"),
        figures=outputs_of(*FIGURES_BY),
        bibliography=[config["report"]["bibliography"]] if config["report"]["bibliography"] else [],
        typst_template="report/template.typ",
        html_template="report/template.html",
        css="report/style.css",
    output:
        markdown=RESULTS / "write-up.md",
        pdf=report(RESULTS / "write-up.pdf", category="Write-up"),
        html=RESULTS / "write-up.html",
        checks=RESULTS / "checks.json",
    log:
        LOGS / "render_write_up.log",
    params:
        spec=spec(settings=list(SETTINGS), pdf_engine=config["report"]["pdf_engine"], **REVISION),
        stamp=stamp("render_write_up"),
    script:
        "../scripts/render_write_up.py"


rule check_final:
    input:
        checks=RESULTS / "checks.json",
        pdf=RESULTS / "write-up.pdf",
        html=RESULTS / "write-up.html",
    output:
        final=RESULTS / "final.txt",
    log:
        LOGS / "check_final.log",
    params:
        stamp=stamp("check_final"),
    script:
        "../scripts/check_final.py"
