# What a study makes of its experiments' results.


rule gather_experiments:
    input:
        values_of=of_experiments("values.json"),
        manifests_of=of_experiments("manifest.json"),
        systems_of=of_experiments("test/systems.json"),
        comparisons_of=of_experiments("test/comparisons.json"),
        selections_of=of_experiments("selection.json"),
        summaries_of=of_experiments("data/summary.json"),
        ledgers_of=of_experiments("ledger.json"),
        curves_of=of_experiments("curves.csv"),
    output:
        copies=[*copies("values.json"), *copies("manifest.json"), *copies("systems.json"), *copies("comparisons.json")],
        selection=RESULTS / "selection.json",
        summary=RESULTS / "summary.json",
        ledger=RESULTS / "ledger.json",
        curves=RESULTS / "curves.csv",
        values=VALUES / "gather_experiments.json",
    log:
        LOGS / "gather_experiments.log",
    localrule: True
    params:
        spec=spec(names=list(CONFIGS)),
        stamp=stamp("gather_experiments"),
    script:
        "../scripts/gather_experiments.py"


publishes("gather_experiments")


rule compare_experiments:
    input:
        systems_of=copies("systems.json"),
        comparisons_of=copies("comparisons.json"),
        values_of=copies("values.json"),
    output:
        study=RESULTS / "study.json",
        table=TABLES / "ranks.csv",
        values=VALUES / "compare_experiments.json",
    log:
        LOGS / "compare_experiments.log",
    localrule: True
    params:
        spec=spec(names=list(CONFIGS), systems=SYSTEMS),
        stamp=stamp("compare_experiments"),
    script:
        "../scripts/compare_experiments.py"


publishes("compare_experiments")


rule plot_ranks:
    input:
        table=TABLES / "ranks.csv",
    output:
        **figure("ranks"),
    log:
        LOGS / "plot_ranks.log",
    localrule: True
    params:
        stamp=stamp("plot_ranks"),
    script:
        "../scripts/plot_ranks.py"


publishes("plot_ranks")


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
        spec=spec(references=[]),
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
        summary=RESULTS / "summary.json",
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
            settings=SYSTEMS,
            experiments=list(CONFIGS),
            failed_runs="refuse" if any(made["failed_runs"] == "refuse" for made in CONFIGS.values()) else "report",
            pdf_engine=config["report"]["pdf_engine"],
            **REVISION,
        ),
        stamp=stamp("render_write_up"),
    script:
        "../scripts/render_write_up.py"


rule write_manifest:
    input:
        models=[],
        ledger=RESULTS / "ledger.json",
        results=published_files(),
    output:
        manifest=RESULTS / "manifest.json",
    log:
        LOGS / "write_manifest.log",
    localrule: True
    params:
        spec=spec(config=config, stamps=all_stamps(), root=str(RESULTS), **REVISION),
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
