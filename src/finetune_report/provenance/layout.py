"""Where every rule's files lie in a results folder, and what the light rules, which need no model, are called with.

The rules of this checkout say it, for a config of this checkout: they are asked in a dry run of Snakemake. So a command
that looks at results of others can name each file by itself, and need not believe a path that stands in a manifest.
"""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune_report.config.models import folder_of, model_of, used_models
from finetune_report.config.settings import resolved_settings
from finetune_report.config.study import is_study
from finetune_report.config.test_systems import has_test_scores
from finetune_report.errors import UserError
from finetune_report.files import PROJECT, canonical_json, read_json, write_json, write_text
from finetune_report.provenance.rule_scripts import main_of, publish_of

ASKED = "FINETUNE_REPORT_LAYOUT"  # the environment variable by which the rules are asked
SPLITS = ("train", "validation", "test")

Json = dict[str, Any]
Names = str | list[str]  # of files, relative to the results folder, or of sources, relative to the checkout


@dataclass(frozen=True)
class Call:
    """What a rule is called with: results and sources by name, what it makes, and its part of the config.

    A light one takes moments and needs no model.
    """

    rule: str
    inputs: dict[str, Names]
    outputs: dict[str, Names]
    spec: Json
    sources: dict[str, Names]
    light: bool

    def arguments(self, root: Path) -> Json:
        """What the script's `main` takes, for the results in the folder `root`."""
        files = placed(root, self.inputs) | placed(Path(), self.sources) | placed(root, self.outputs)
        return files | self.spec

    def run(self, root: Path) -> None:
        """Do the job in this process, as its script does it."""
        for name in listed(self.outputs):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
        main_of(self.rule)(**self.arguments(root))

    def published(self, root: Path) -> Json:
        """What the function takes that publishes the values of the rule."""
        given = self.arguments(root)
        return {name: given[name] for name in inspect.signature(publish_of(self.rule)).parameters}

    def publish(self, root: Path) -> None:
        """Publish the values of the rule again, from its results as they are."""
        publish_of(self.rule)(**self.published(root))


@dataclass(frozen=True)
class Layout:
    """The files of one experiment; `config` is complete, `missing` are the settings whose runs a draft leaves out.

    `calls` are those of the rules of a single job, of the decision at each rung (`prune_settings/<rung>`) and of the
    preparation of each of several models (`prepare_model/<name>`), in an order in which they can be run. `models` are
    the folders of models; what lies in them depends on the model's kind.
    `named_files` are all files that a manifest has to name, but for those in these folders.
    """

    config: Json
    missing: tuple[str, ...]
    calls: dict[str, Call]
    models: list[str]
    named_files: list[str]

    @cached_property
    def settings(self) -> list[str]:
        return [name for name in resolved_settings(self.config) if name not in self.missing]

    @property
    def seeds(self) -> list[int]:
        return list(self.config["seeds"])

    @property
    def light(self) -> dict[str, Call]:
        return {name: call for name, call in self.calls.items() if call.light}

    def run(self, setting: str, seed: int) -> str:
        """The folder of a run."""
        return f"runs/{setting}/seed{seed}"

    @cached_property
    def pretrained(self) -> dict[str, Json]:
        """The pretrained models by name, as the config describes them."""
        settings = resolved_settings(self.config)
        return used_models(self.config, (settings[name] for name in self.settings))

    def of_model(self, setting: str) -> Path:
        """The folder of what is made of the pretrained model that a setting trains."""
        return Path(folder_of(model_of(resolved_settings(self.config)[setting])))

    @property
    def rungs(self) -> list[int]:
        return list(range(1, len(self.config["halving"]["rungs"]) + 1))

    @property
    def rung_results(self) -> dict[int, list[str]]:
        """The result of every run at each rung."""
        every = [(setting, seed) for setting in self.settings for seed in self.seeds]
        return {rung: [f"rungs/{rung}/{name}-seed{seed}.json" for name, seed in every] for rung in self.rungs}

    @property
    def splits(self) -> list[str]:
        """The splits that there are, a test split without labels among them."""
        return [split for split in SPLITS if split != "test" or self.config["data"]["test_split"] != "none"]

    @property
    def labelled_splits(self) -> list[str]:
        return [split for split in self.splits if split != "test" or has_test_scores(self.config)]

    def decisions(self, rungs: list[int]) -> list[str]:
        return [f"rungs/{rung}.json" for rung in rungs]

    @property
    def sources(self) -> list[str]:
        """What the report is rendered with, of the checkout; the same names stand in its manifest."""
        return list(listed(self.calls["render_write_up"].sources))

    @property
    def publishers(self) -> list[Call]:
        """The rules whose values are collected."""
        collected = set(listed(self.calls["collect_values"].inputs))
        return [call for call in self.calls.values() if call.outputs.get("values") in collected]


def listed(names: dict[str, Names]) -> Iterator[str]:
    """All names, one by one."""
    for entry in names.values():
        yield from [entry] if isinstance(entry, str) else entry


def placed(root: Path, names: dict[str, Names]) -> Json:
    """The same names as paths below `root`, as a script's `main` takes them."""
    return {
        name: root / entry if isinstance(entry, str) else [root / each for each in entry]
        for name, entry in names.items()
    }


def layout_of(config: Json, missing: Sequence[str] = ()) -> Layout:
    """The layout of an experiment by the rules of this checkout, for a complete config.

    Raises UserError where the rules refuse the config.
    """
    return asked(canonical_json(config), tuple(missing))


@cache
def asked(config: str, missing: tuple[str, ...]) -> Layout:
    """The layout for a config as JSON; the rules are asked once a process."""
    with TemporaryDirectory() as name:
        folder, given = Path(name), json.loads(config)
        write_text(folder / "config.json", config)
        question = {"answer": str(folder / "layout.json"), "missing": missing}
        options = ["--snakefile", str(rules_of(given)), "--configfile", str(folder / "config.json")]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *options, "--dry-run", "--quiet", "all", "--", "fetch"],
            env=os.environ | {ASKED: canonical_json(question)},
            capture_output=True,
            text=True,
        )
        if done.returncode or not (folder / "layout.json").is_file():
            said = (done.stderr + done.stdout).strip()
            raise UserError(f"the rules cannot be asked where the files of {given['name']} lie:\n{said}")
        answer = read_json(folder / "layout.json")
    timings = given["report"].get("timings", True)
    files = sorted(name for name in answer["files"] if timings or not name.endswith("/timing.json"))
    calls = {name: Call(**call) for name, call in answer["calls"].items()}
    return Layout(given, missing, calls, answer["models"], files)


def rules_of(config: Json) -> Path:
    """The file with the rules for a config: of a study, or of an experiment."""
    return PROJECT / ("study.smk" if is_study(config) else "Snakefile")


def question() -> Json | None:
    """What a command asks the rules, or None where they are run."""
    return json.loads(os.environ[ASKED]) if ASKED in os.environ else None


def answer(question: Json, results: Path, calls: dict[str, Json], files: list[str], models: list[str]) -> None:
    """Answer a command that asks; paths among the results are named relative to them.

    A call has `inputs` and `outputs` by name, a `spec`, and whether it is `light`.
    """

    def below(names: Names) -> Any:
        return names.removeprefix(f"{results}/") if isinstance(names, str) else list(map(below, names))

    def is_result(names: Names) -> bool:
        return all(name.startswith(f"{results}/") for name in listed({"": names}))

    found = {}
    for name, call in calls.items():
        inputs, outputs = call["inputs"], call["outputs"]
        found[name] = {
            "rule": name.partition("/")[0],
            "inputs": {key: below(names) for key, names in inputs.items() if is_result(names)},
            "outputs": {key: below(names) for key, names in outputs.items()},
            "spec": call["spec"],
            "light": call["light"],
            "sources": {key: names for key, names in inputs.items() if not is_result(names)},
        }
    write_json(Path(question["answer"]), {"calls": found, "files": below(files), "models": below(models)})
