# The figures, each as PNG and SVG, with the table that it draws next to it.


rule plot_curves:
    input:
        graph_table=TABLES / "graph.csv",
        loss_table=TABLES / "loss.csv",
    output:
        **figure("graph", "graph_"),
        **figure("loss", "loss_"),
    log:
        LOGS / "plot_curves.log",
    localrule: True
    params:
        stamp=stamp("plot_curves"),
    script:
        "../scripts/plot_curves.py"


publishes("plot_curves")


rule plot_settings:
    input:
        table=TABLES / "hyperparam.csv",
        curves_table=TABLES / "hyperparam-curves.csv",
        selection=RESULTS / "selection.json",
    output:
        **figure("hyperparam"),
        curves_csv=FIGURES / "hyperparam-curves.csv",
    log:
        LOGS / "plot_settings.log",
    localrule: True
    params:
        spec=spec(settings=list(SETTINGS)),
        stamp=stamp("plot_settings"),
    script:
        "../scripts/plot_settings.py"


publishes("plot_settings")


rule plot_differences:
    input:
        table=TABLES / "differences.csv",
    output:
        **figure("differences"),
    log:
        LOGS / "plot_differences.log",
    localrule: True
    params:
        spec=spec(**COMPARED_BY),
        stamp=stamp("plot_differences"),
    script:
        "../scripts/plot_differences.py"


publishes("plot_differences", when=PAIRS)


rule plot_expected:
    input:
        table=TABLES / "expected.csv",
    output:
        **figure("expected"),
    log:
        LOGS / "plot_expected.log",
    localrule: True
    params:
        spec=spec(metric=config["selection_metric"]),
        stamp=stamp("plot_expected"),
    script:
        "../scripts/plot_expected.py"


publishes("plot_expected")


rule plot_confusion:
    input:
        table=TABLES / "confusion.csv",
    output:
        **figure("confusion"),
    log:
        LOGS / "plot_confusion.log",
    localrule: True
    params:
        stamp=stamp("plot_confusion"),
    script:
        "../scripts/plot_confusion.py"


publishes("plot_confusion", when=TESTED)


rule plot_attention:
    input:
        attention=RESULTS / "attention/attention.json",
        sweep_table=RESULTS / "attention/sweep.csv",
        error_table=RESULTS / "attention/error.csv",
    output:
        **figure("attention-sweep", "sweep_"),
        **figure("attention-error", "error_"),
    log:
        LOGS / "plot_attention.log",
    localrule: True
    params:
        stamp=stamp("plot_attention"),
    script:
        "../scripts/plot_attention.py"


publishes("plot_attention")


rule plot_heads:
    input:
        table=RESULTS / "attention/heads.csv",
    output:
        **figure("heads"),
    log:
        LOGS / "plot_heads.log",
    localrule: True
    params:
        stamp=stamp("plot_heads"),
    script:
        "../scripts/plot_heads.py"


publishes("plot_heads", when=HEADS)
