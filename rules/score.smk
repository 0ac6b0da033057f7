# What the systems that the config declares do on the test split: the selected setting and others, and simple methods.


rule score_test:
    input:
        selection=RESULTS / "selection.json",
        test=RESULTS / "data/test.parquet",
        test_tokens=of_models("tokens/test.parquet"),
        summary=RESULTS / "data/summary.json",
        tuned=all_models(),
        elsewhere=READ_PREDICTIONS,
    output:
        metrics=RESULTS / "test/metrics.json",
        predictions=RESULTS / "test/predictions.parquet",
        others=RESULTS / "test/settings.parquet",
        scorings=RESULTS / "test/scorings.json",
    log:
        LOGS / "score_test.log",
    threads: config["threads"]
    resources:
        **MODEL_JOB,
    params:
        # Only training is ever compiled; scoring need not find a compiler.
        spec=spec(
            settings=[name for name in SYSTEMS if name in SETTINGS],
            models=MODELS,
            model_of=MODEL_OF,
            declaration=declaration(config),
            compute=COMPUTE | {"compile": False},
            ledger=str(TEST_LEDGER),
            problems=LEDGER_PROBLEMS,
            dated=config["report"]["timings"],
        ),
        stamp=stamp("score_test"),
    script:
        "../scripts/score_test.py"


publishes("score_test", light=False)


rule score_baselines:
    input:
        train=RESULTS / "data/train.parquet",
        validation=RESULTS / "data/validation.parquet",
        test=RESULTS / "data/test.parquet",
        selection=RESULTS / "selection.json",
        tokens=expand(OF_FIRST / "tokens/{split}.parquet", split=["train", "validation", "test"]) if PROBED else [],
        model=[OF_FIRST / "model.json"] if PROBED else [],
    output:
        baselines=RESULTS / "baselines.json",
        validation_predictions=RESULTS / "baselines/validation.parquet",
        test_predictions=RESULTS / "baselines/test.parquet",
    log:
        LOGS / "score_baselines.log",
    threads: config["threads"] if PROBED else 1
    resources:
        **(MODEL_JOB if PROBED else {}),
    params:
        spec=spec(
            compute=COMPUTE | {"compile": False}, tested=[name for name in SYSTEMS if name in SIMPLE], probed=MODELS[0]
        ),
        stamp=stamp("score_baselines"),
    script:
        "../scripts/score_baselines.py"


publishes("score_baselines", light=False)


# Before anything is trained, so that a mistake in a file shows at once.
rule read_predictions:
    input:
        files=[ELSEWHERE[name]["predictions"] for name in READ],
        test=RESULTS / "data/test.parquet",
        summary=RESULTS / "data/summary.json",
    output:
        elsewhere=RESULTS / "test/elsewhere.parquet",
    log:
        LOGS / "read_predictions.log",
    localrule: True
    params:
        spec=spec(names=READ, label_map=config["data"]["label_map"]),
        stamp=stamp("read_predictions"),
    script:
        "../scripts/read_predictions.py"


publishes("read_predictions", when=READ, light=False)


# Apart from fitting, which takes its time on large data.
rule publish_baselines:
    input:
        baselines=RESULTS / "baselines.json",
    output:
        values=VALUES / "publish_baselines.json",
    log:
        LOGS / "publish_baselines.log",
    localrule: True
    params:
        stamp=stamp("publish_baselines"),
    script:
        "../scripts/publish_baselines.py"


publishes("publish_baselines")
