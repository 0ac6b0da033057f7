# Data and model, brought into the one form that everything after works on.


rule prepare_data:
    input:
        sources=DATA_FILES.values(),
    output:
        train=RESULTS / "data/train.parquet",
        validation=RESULTS / "data/validation.parquet",
        test=RESULTS / "data/test.parquet",
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
        sources=lambda wildcards: MODEL_FILES[model_in(wildcards)],
    output:
        model=OF_MODEL / "model.json",
    log:
        LOGS_OF_MODEL / "prepare_model.log",
    localrule: True
    params:
        spec=lambda wildcards: spec(source=SOURCES[model_in(wildcards)], name=model_in(wildcards)),
        package=lambda wildcards: package_version(SOURCES[model_in(wildcards)]),
        stamp=stamp("prepare_model"),
    script:
        "../scripts/prepare_model.py"


publishes("prepare_model", light=False)


# The test texts wait for the selection: nothing that leads to it can have read them.
rule tokenize_texts:
    input:
        data=RESULTS / "data/{split}.parquet",
        model=OF_MODEL / "model.json",
        selection=lambda wildcards: [RESULTS / "selection.json"] if wildcards.split == "test" else [],
    output:
        tokens=OF_MODEL / "tokens/{split}.parquet",
    log:
        LOGS_OF_MODEL / "tokenize_texts/{split}.log",
    params:
        spec=lambda wildcards: spec(max_length=config["max_length"], name=model_in(wildcards)),
        stamp=stamp("tokenize_texts"),
    script:
        "../scripts/tokenize_texts.py"


publishes("tokenize_texts", light=False)
