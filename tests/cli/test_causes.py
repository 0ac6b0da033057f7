"""Why two builds differ: by what is on record of every job, in builds of the same rules and of others."""

import copy
from pathlib import Path
from typing import Any

from finetune_report.cli.causes import REMADE, Causes
from finetune_report.files import read_json

import pytest

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(made: Path) -> Manifest:
    return read_json(made / "write-up.json")


def remade(manifest: Manifest, rules: set[str], **params: Any) -> Manifest:
    """The same build after its jobs of some rules were called with other parameters: all that follows was redone."""
    found = copy.deepcopy(manifest)
    changed: set[str] = set()
    for name, call in found["calls"].items():
        if name.partition("/")[0] in rules:
            call["params"] |= params
            changed |= {*call["outputs"]}
    return follow(found, changed)


def follow(manifest: Manifest, changed: set[str]) -> Manifest:
    """Have all files that follow from the `changed` ones hold something else."""
    while True:
        more = {
            output
            for call in manifest["calls"].values()
            for output in call["outputs"]
            if any(path in changed for hashes in call["inputs"].values() for path in hashes)
        }
        if more <= changed:
            break
        changed |= more
    for call in manifest["calls"].values():
        for hashes in call["inputs"].values():
            hashes |= {path: "f" * 64 for path in hashes if path in changed}
    files = manifest["files"]
    files |= {name: "f" * 64 for name in files if any(f"{name}/".startswith(f"{path}/") for path in changed)}
    return manifest


def rules_of(manifest: Manifest) -> list[str]:
    return sorted({name.partition("/")[0] for name in manifest["calls"]})


def test_the_code_of_every_rule_is_the_cause_of_all_that_follows_and_of_nothing_else(manifest: Manifest) -> None:
    assert len(rules_of(manifest)) > 20
    for rule in rules_of(manifest):
        changed = remade(manifest, {rule}, stamp="code:0123456789abcdef")
        changed["code"] = changed["code"] | {rule: "code:0123456789abcdef"}
        found = Causes(manifest, changed)
        assert [cause.what for cause in found.listed() if cause.kind == "code"] == [rule]
        reached = [name for name in manifest["files"] if changed["files"][name] != manifest["files"][name]]
        assert reached, rule
        for name in manifest["files"]:
            kinds = {(cause.kind, cause.what) for cause in found.of_file(name) if cause.kind != "package"}
            assert kinds - {("clock", "measured again")} == ({("code", rule)} if name in reached else set()), name


@pytest.mark.parametrize("rule", ["plot_curves", "plot_settings", "plot_expected", "plot_confusion", "plot_attention"])
def test_a_figure_that_is_drawn_by_other_code_says_so(manifest: Manifest, rule: str) -> None:
    changed = remade(manifest, {rule}, stamp="code:0123456789abcdef")
    drawn = [name for name in manifest["calls"][rule]["outputs"] if name.endswith(".png")]
    assert drawn
    assert f"code {rule}" in Causes(manifest, changed).of_figure(drawn)


@pytest.mark.parametrize("rule", ["collect_values", "summarise_seeds"])
def test_the_code_that_published_a_value_is_a_cause(manifest: Manifest, rule: str) -> None:
    changed = remade(manifest, {rule}, stamp="code:0123456789abcdef")
    assert f"code {rule}" in Causes(manifest, changed).of_value(["test/metrics.json"])
    assert "code" not in Causes(manifest, manifest).of_value(["test/metrics.json"])


def test_what_is_printed_otherwise_is_due_to_the_report(manifest: Manifest) -> None:
    changed = copy.deepcopy(manifest)
    changed["code"]["render_write_up"] = "code:0123456789abcdef"
    changed["inputs"]["write-up.md"] = "0" * 64
    found = Causes(manifest, changed).of_text()
    assert "code render_write_up" in found
    assert "source write-up.md" in found
    assert Causes(manifest, manifest).of_text() == REMADE


def test_a_setting_of_the_config_reaches_its_runs_alone(manifest: Manifest) -> None:
    changed = copy.deepcopy(manifest)
    changed["config"]["settings"][0]["epochs"] = 9
    for seed in (1, 2):
        call = changed["calls"][f"finetune/base/{seed}"]
        call["params"]["spec"]["plan"]["hyperparameters"]["epochs"] = 9
    follow(changed, {name for seed in (1, 2) for name in changed["calls"][f"finetune/base/{seed}"]["outputs"]})
    found = Causes(manifest, changed)
    assert found.of_value(["runs/base/seed1/metrics.json"]) == "config settings.base.epochs"
    assert found.of_value(["test/metrics.json"]) == "config settings.base.epochs"
    assert found.of_value(["runs/other/seed1/metrics.json"]) == REMADE
    assert found.of_value(["baselines.json"]) == REMADE


def test_data_are_a_source(manifest: Manifest) -> None:
    old, changed = copy.deepcopy(manifest), copy.deepcopy(manifest)
    for side, digest in ((old, "1" * 64), (changed, "2" * 64)):
        side["calls"]["prepare_data"]["inputs"] = {"sources": {"data/train.csv": digest}}
    follow(changed, {*changed["calls"]["prepare_data"]["outputs"]})
    found = Causes(old, changed)
    assert found.of_value(["baselines.json"]) == "source data/train.csv"
    assert ("source", "data/train.csv") in [(cause.kind, cause.what) for cause in found.listed()]


def test_builds_of_other_rules_and_seeds_are_compared(manifest: Manifest) -> None:
    old = copy.deepcopy(manifest)
    for name in ("finetune/base/2", "finetune/other/2", "score_slices"):
        for output in old["calls"].pop(name)["outputs"]:
            old["files"] = {file: digest for file, digest in old["files"].items() if not file.startswith(output)}
    for call in old["calls"].values():
        for hashes in call["inputs"].values():
            for path in [path for path in hashes if "seed2" in path or path == "slices.json"]:
                del hashes[path]
    follow(old, {"test/metrics.json", "test/predictions.parquet"})
    found = Causes(old, manifest)
    assert found.of_value(["slices.json"]) == "job score_slices"
    assert "job finetune/base/2" in found.of_value(["test/metrics.json"])


def test_where_nothing_differs_but_the_machine_that_is_the_cause(manifest: Manifest) -> None:
    changed = follow(copy.deepcopy(manifest), {"runs/base/seed1/metrics.json"})
    assert Causes(manifest, changed).of_value(["runs/base/seed1/metrics.json"]) == REMADE
    changed["machine"] = manifest["machine"] | {"processor": "another"}
    assert Causes(manifest, changed).of_value(["runs/base/seed1/metrics.json"]) == "machine processor"


def test_a_manifest_without_calls_tells_what_it_can(manifest: Manifest) -> None:
    old = {name: entry for name, entry in manifest.items() if name != "calls"}
    changed = manifest | {"config": manifest["config"] | {"max_length": 9}}
    assert ("config", "max_length") in [(cause.kind, cause.what) for cause in Causes(old, changed).listed()]
