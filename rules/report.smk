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
        spec=spec(settings=list(SETTINGS), named=NAMED),
        stamp=stamp("compare_settings"),
    script:
        "../scripts/compare_settings.py"


rule keep_ledger:
    input:
        summary=RESULTS / "data/summary.json",
        runs=RESULTS / "runs.json",
        predictions=all_runs("predictions.parquet"),
        scorings=RESULTS / "test/scorings.json",
        baselines=RESULTS / "baselines.json",
    output:
        ledger=RESULTS / "ledger.json",
    log:
        LOGS / "keep_ledger.log",
    params:
        stamp=stamp("keep_ledger"),
    script:
        "../scripts/keep_ledger.py"


rule collect_values:
    input:
        **ANALYSES,
        summary=RESULTS / "data/summary.json",
        model=RESULTS / "model.json",
        metrics=all_runs("metrics.json"),
        timings=all_runs("timing.json") if config["report"]["timings"] else [],
        selection=RESULTS / "selection.json",
        sweep=RESULTS / "sweep.json",
        ledger=RESULTS / "ledger.json",
        test_metrics=RESULTS / "test/metrics.json",
        tokens=RESULTS / "tokens/counts.json",
        baselines=RESULTS / "baselines.json",
        attention=RESULTS / "attention/attention.json",
        heads=[str(rules.measure_heads.output.summary)] if HEADS else [],
        rungs=decisions(RUNGS),
    output:
        values=RESULTS / "values.json",
        reference=RESULTS / "reference.json",
    log:
        LOGS / "collect_values.log",
    params:
        spec=spec(settings=list(SETTINGS), seeds=SEEDS, root=str(RESULTS), references=config["reference"]),
        stamp=stamp("collect_values"),
    script:
        "../scripts/collect_values.py"


rule render_write_up:
    input:
        write_up=config["report"]["write_up"],
        values=RESULTS / "values.json",
        manifest=RESULTS / "manifest.json",
        selection=RESULTS / "selection.json",
        summary=RESULTS / "data/summary.json",
        ledger=RESULTS / "ledger.json",
        comparisons=RESULTS / "comparisons.json",
        histories=all_runs("history.csv"),
        figures=outputs_of(*FIGURES_BY),
        tables=[
            str(rules.demonstrate_attention.output.sweep),
            str(rules.demonstrate_attention.output.error),
            *([str(rules.measure_heads.output.heads)] if HEADS else []),
            *([*rules.plot_learning_curve.input.fractions, str(RESULTS / "runs.json")] if PERCENTS else []),
        ],
        bibliography=[config["report"]["bibliography"]] if config["report"]["bibliography"] else [],
        typst_template="report/template.typ",
        html_template="report/template.html",
        css="report/style.css",
    output:
        markdown=RESULTS / "write-up.md",
        pdf=report(RESULTS / "write-up.pdf", category="Write-up"),
        html=RESULTS / "write-up.html",
        checks=RESULTS / "checks.json",
        carried=RESULTS / "write-up.json",
    log:
        LOGS / "render_write_up.log",
    params:
        spec=spec(
            settings=list(SETTINGS),
            failed_runs=config["failed_runs"],
            pdf_engine=config["report"]["pdf_engine"],
            **REVISION,
        ),
        stamp=stamp("render_write_up"),
    script:
        "../scripts/render_write_up.py"


# After the write-up's rule, whose call it records, though it comes before it in time.
rule write_manifest:
    input:
        models=all_models(),
        ledger=RESULTS / "ledger.json",
        results=outputs_of(
            "prepare_data",
            "prepare_model",
            "tokenize_texts",
            "count_tokens",
            *(["train_rung", "prune_settings"] if RUNGS else []),
            "finetune",
            "gather_runs",
            "select_setting",
            "summarise_sweep",
            "summarise_seeds",
            "score_test",
            "score_baselines",
            "demonstrate_attention",
            *(["measure_heads"] if HEADS else []),
            "compare_settings",
            "keep_ledger",
            "collect_values",
            *ANALYSED_BY,
            *FIGURES_BY,
        )
        + (list(rules.plot_learning_curve.input.fractions) if PERCENTS else []),
    output:
        manifest=RESULTS / "manifest.json",
    log:
        LOGS / "write_manifest.log",
    params:
        spec=spec(
            config=config,
            stamps=all_stamps(),
            calls={name: call(name) for name in ("collect_values", "render_write_up")},
            root=str(RESULTS),
            **REVISION,
        ),
        stamp=stamp("write_manifest"),
    script:
        "../scripts/write_manifest.py"


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
