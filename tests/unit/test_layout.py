"""The layout and the workflow's rules say the same: every input by name, every output, every part of the config."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.files import PROJECT as ROOT
from finetune_report.provenance.layout import Layout

import pytest
import yaml

# A workflow around ours that writes down how Snakemake reads each rule without wildcards.
PROBE = """
include: "Snakefile"

def named(files):
    return {name: str(found) if isinstance(found, str) else list(map(str, found)) for name, found in files.items()}

with open("probe.json", "w") as stream:
    found = {}
    for rule in workflow.rules:
        if not rule.has_wildcards() and dict(rule.output.items()):
            spec = json.loads(dict(rule.params.items()).get("spec", "{}"))
            found[rule.name] = {"inputs": named(rule.input), "outputs": named(rule.output), "spec": spec}
    json.dump(found, stream)
"""

CONFIGS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "all of it": {
        "seeds": [1, 2],
        "halving": {"rungs": [1, 3]},
        "analyses": {"learning_curve": [0.25, 0.5]},
        "sweep": [{"name": "grid", "method": "grid", "over": {"epochs": {"values": [4, 5]}}}],
        "reference": [{"name": "test", "value": "winner.test.accuracy", "reported": 0.9}],
    },
    "little of it": {
        "analyses": {"slices": False, "mistakes": 0, "agreement": False},
        "attention": {"sentences": 0},
        "report": {"bibliography": None, "timings": False},
    },
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("rules", "scripts", "src", "config", "report", "profiles"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "probe.smk").write_text(PROBE)
    return folder


@pytest.mark.parametrize("case", CONFIGS)
def test_the_rules_are_called_as_the_layout_says(checkout: Path, case: str) -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | CONFIGS[case]
    (checkout / "try.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", "probe.smk", "--configfile", "try.yaml", "--dry-run"]
    surroundings = os.environ | {"PYTHONPATH": "src"}
    done = subprocess.run(command, cwd=checkout, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rules = json.loads((checkout / "probe.json").read_text())
    layout = Layout(complete(config))
    prefix = "results/reviews/"
    for name, call in layout.calls.items():
        rule = rules.get(name)
        if rule is None:
            assert name.startswith("prune_settings/")
            continue
        place = {key: below(entry, prefix) for key, entry in rule["inputs"].items()}
        assert place == call.inputs | call.sources, name
        assert {key: below(entry, prefix) for key, entry in rule["outputs"].items()} == call.outputs, name
        revision = {"commit", "commit_time", "dirty"} if name == "render_write_up" else set()
        assert {key: entry for key, entry in rule["spec"].items() if key not in revision} == call.spec, name
    manifest = rules["write_manifest"]["inputs"]
    assert below(manifest["models"], prefix) == layout.models
    named = [name for name in below(manifest["results"], prefix) if config_timings(config) or "timing" not in name]
    assert sorted(named) == layout.named_files


def config_timings(config: dict[str, Any]) -> bool:
    return bool(complete(config)["report"]["timings"])


def below(names: Any, prefix: str) -> Any:
    return names.removeprefix(prefix) if isinstance(names, str) else [name.removeprefix(prefix) for name in names]
