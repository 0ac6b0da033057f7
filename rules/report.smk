# From results to the write-up: values, what made them, and the text that cites them.


rule keep_ledger:
    input:
        summary=RESULTS / "data/summary.json",
        runs=RESULTS / "runs.json",
        predictions=all_runs("predictions.parquet"),
        scorings=RESULTS / ("test/scorings.json" if TESTED else "scorings.json"),
        baselines=RESULTS / "baselines.json",
    output:
        ledger=RESULTS / "ledger.json",
        values=VALUES / "keep_ledger.json",
    log:
        LOGS / "keep_ledger.log",
    localrule: True
    params:
        stamp=stamp("keep_ledger"),
    script:
        "../scripts/keep_ledger.py"


publishes("keep_ledger")


# After all rules that publish.
rule collect_values:
    input:
        published=published_values(),
        sources=value_sources(),
    output:
        values=RESULTS / "values.json",
        reference=RESULTS / "reference.json",
    log:
        LOGS / "collect_values.log",
    localrule: True
    params:
        spec=spec(references=config["reference"]),
        stamp=stamp("collect_values"),
    script:
        "../scripts/collect_values.py"


publishes("collect_values")


rule render_write_up:
    input:
        write_up=config["report"]["write_up"],
        values=RESULTS / "values.json",
        manifest=RESULTS / "manifest.json",
        selection=RESULTS / "selection.json",
        summary=RESULTS / "data/summary.json",
        ledger=RESULTS / "ledger.json",
        curves=RESULTS / "curves.csv",
        figures=published_figures(),
        tables=drawn_tables(),
        bibliography=[config["report"]["bibliography"]] if config["report"]["bibliography"] else [],
        typst_template="report/template.typ",
        html_template="report/template.html",
        css="report/style.css",
    output:
        **{form: RESULTS / f"write-up.{form}" for form in config["report"]["further_forms"]},
        markdown=RESULTS / "write-up.md",
        pdf=report(RESULTS / "write-up.pdf", category="Write-up"),
        html=RESULTS / "write-up.html",
        checks=RESULTS / "checks.json",
        carried=RESULTS / "write-up.json",
    log:
        LOGS / "render_write_up.log",
    localrule: True
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
        results=published_files(),
    output:
        manifest=RESULTS / "manifest.json",
    log:
        LOGS / "write_manifest.log",
    localrule: True
    params:
        spec=spec(
            config=config,
            stamps=all_stamps(),
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
    localrule: True
    params:
        stamp=stamp("check_final"),
    script:
        "../scripts/check_final.py"


# To a command that asks for the layout, which is all that it wants of this file.
if ASKED:
    answer(ASKED, RESULTS, all_calls(), published_files(), all_runs("model"))
