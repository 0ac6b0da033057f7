"""The jobs of the small experiment, by what makes them run again."""

from tests.support.projects import Job

SETTINGS = ["baseline", "small-batch", "milder", "large-batch"]
RUNS = {f"finetune[setting={name}, seed=1]" for name in SETTINGS}
RECORD = {"write_manifest", "render_write_up", "all"}  # every stamp and the config stand in the manifest
PLOTS = {
    "plot_curves",
    "plot_settings",
    "plot_differences",
    "plot_expected",
    "plot_confusion",
    "plot_calibration",
    "plot_attention",
    "plot_heads",
}
AGGREGATES = {
    "gather_runs",
    "select_setting",
    "summarise_sweep",
    "compare_settings",
    "correct_selection",
    "compare_on_test",
    "summarise_systems",
    "measure_calibration",
    "keep_ledger",
    "tokenize_texts[split=test]",
    "score_baselines",
    "score_test",
    "measure_heads",
    "describe_data",
    "summarise_curves",
    "publish_baselines",
    "publish_heads",
    "summarise_seeds",
    "score_slices",
    "list_mistakes",
    "measure_agreement",
    "collect_values",
    *PLOTS - {"plot_attention"},
    *RECORD,
}
AFTER_TOKENS = RUNS | AGGREGATES
TOKENS = {"tokenize_texts[split=train]", "tokenize_texts[split=validation]"}
DEMONSTRATION = {"demonstrate_attention", "plot_attention"}
# Nothing that leads to a training, a selection or a scoring of the test split publishes values.
PUBLISHERS = {
    "compare_settings",
    "correct_selection",
    "compare_on_test",
    "summarise_systems",
    "measure_calibration",
    "describe_data",
    "summarise_sweep",
    "summarise_curves",
    "summarise_seeds",
    "publish_baselines",
    "publish_heads",
    "demonstrate_attention",
    "score_slices",
    "list_mistakes",
    "measure_agreement",
    "keep_ledger",
    "collect_values",
}
ALL = {"prepare_data", "prepare_model"} | TOKENS | AFTER_TOKENS | DEMONSTRATION


def names(jobs: list[Job]) -> set[str]:
    """The names of planned jobs, each of which is planned once."""
    assert len({str(job) for job in jobs}) == len(jobs)
    return {str(job) for job in jobs}
