# Data and model, brought into the one form that everything after works on.


rule prepare_data:
    input:
        sources=DATA_FILES.values(),
    output:
        train=RESULTS / "data/train.parquet",
        validation=RESULTS / "data/validation.parquet",
        test=TEST_TEXTS,
        summary=RESULTS / "data/summary.json",
    log:
        LOGS / "prepare_data.log",
    localrule: True
    params:
        spec=spec(data=config["data"]),
        stamp=stamp("prepare_data"),
    script:
        "../scripts/prepare_data.py"


publishes("prepare_data", light=False)


rule prepare_model:
    input:
        sources=MODEL_FILES,
    output:
        model=RESULTS / "model.json",
    log:
        LOGS / "prepare_model.log",
    localrule: True
    params:
        spec=spec(source=config["model"]),
        package=package_version(config["model"]),
        stamp=stamp("prepare_model"),
    script:
        "../scripts/prepare_model.py"


publishes("prepare_model", light=False)


# The test texts wait for the selection: nothing that leads to it can have read them.
rule tokenize_texts:
    input:
        data=RESULTS / "data/{split}.parquet",
        model=RESULTS / "model.json",
        selection=lambda wildcards: [RESULTS / "selection.json"] if wildcards.split == "test" else [],
    output:
        tokens=RESULTS / "tokens/{split}.parquet",
    log:
        LOGS / "tokenize_texts/{split}.log",
    params:
        spec=spec(max_length=config["max_length"]),
        stamp=stamp("tokenize_texts"),
    script:
        "../scripts/tokenize_texts.py"


publishes("tokenize_texts", light=False)
