# The figures, each as PNG and SVG with the data that it plots beside it.


rule plot_curves:
    input:
        histories=expand(RUN / "history.csv", setting=BASELINE, seed=SEEDS),
        metrics=expand(RUN / "metrics.json", setting=BASELINE, seed=SEEDS),
    output:
        **figure("graph", "graph_"),
        **figure("loss", "loss_"),
    log:
        LOGS / "plot_curves.log",
    params:
        stamp=stamp("plot_curves"),
    script:
        "../scripts/plot_curves.py"


rule plot_settings:
    input:
        histories=all_runs("history.csv"),
        runs=RESULTS / "runs.json",
        selection=RESULTS / "selection.json",
    output:
        **figure("hyperparam"),
        curves_csv=FIGURES / "hyperparam-curves.csv",
    log:
        LOGS / "plot_settings.log",
    params:
        spec=spec(settings=list(SETTINGS)),
        stamp=stamp("plot_settings"),
    script:
        "../scripts/plot_settings.py"


rule plot_expected:
    input:
        sweep=RESULTS / "sweep.json",
    output:
        **figure("expected"),
    log:
        LOGS / "plot_expected.log",
    params:
        stamp=stamp("plot_expected"),
    script:
        "../scripts/plot_expected.py"


rule plot_confusion:
    input:
        metrics=RESULTS / "test/metrics.json",
    output:
        **figure("confusion"),
    log:
        LOGS / "plot_confusion.log",
    params:
        stamp=stamp("plot_confusion"),
    script:
        "../scripts/plot_confusion.py"


rule plot_attention:
    input:
        attention=RESULTS / "attention/attention.json",
        sweep=RESULTS / "attention/sweep.csv",
        error=RESULTS / "attention/error.csv",
    output:
        **figure("attention-sweep", "sweep_"),
        **figure("attention-error", "error_"),
    log:
        LOGS / "plot_attention.log",
    params:
        stamp=stamp("plot_attention"),
    script:
        "../scripts/plot_attention.py"


rule plot_heads:
    input:
        heads=RESULTS / "attention/heads.csv",
    output:
        **figure("heads"),
    log:
        LOGS / "plot_heads.log",
    params:
        stamp=stamp("plot_heads"),
    script:
        "../scripts/plot_heads.py"


FIGURES_BY = [
    "plot_curves",
    "plot_settings",
    "plot_expected",
    "plot_confusion",
    "plot_attention",
    *(["plot_heads"] if HEADS else []),
    *(["plot_learning_curve"] if PERCENTS else []),
]
