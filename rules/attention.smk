# Attention that copies and averages: made by hand, then looked for in the heads of the tuned model.


rule demonstrate_attention:
    output:
        attention=RESULTS / "attention/attention.json",
        sweep=RESULTS / "attention/sweep.csv",
        error=RESULTS / "attention/error.csv",
        values=VALUES / "demonstrate_attention.json",
    log:
        LOGS / "demonstrate_attention.log",
    localrule: True
    params:
        spec=spec(**{key: config["attention"][key] for key in ("seed", "keys", "dimension")}),
        stamp=stamp("demonstrate_attention"),
    script:
        "../scripts/demonstrate_attention.py"


publishes("demonstrate_attention", light=False)


rule measure_heads:
    input:
        selection=RESULTS / "selection.json",
        tuned=all_models(),
        validation_tokens=of_models("tokens/validation.parquet"),
    output:
        heads=RESULTS / "attention/heads.csv",
        summary=RESULTS / "attention/heads.json",
    log:
        LOGS / "measure_heads.log",
    threads: config["threads"]
    resources:
        **MODEL_JOB,
    params:
        spec=spec(
            models=MODELS, model_of=MODEL_OF, sentences=config["attention"]["sentences"], threads=config["threads"]
        ),
        stamp=stamp("measure_heads"),
    script:
        "../scripts/measure_heads.py"


publishes("measure_heads", when=HEADS, light=False)


# Apart from the measurement, which takes a model.
rule publish_heads:
    input:
        summary=RESULTS / "attention/heads.json",
    output:
        values=VALUES / "publish_heads.json",
    log:
        LOGS / "publish_heads.log",
    localrule: True
    params:
        stamp=stamp("publish_heads"),
    script:
        "../scripts/publish_heads.py"


publishes("publish_heads", when=HEADS)
