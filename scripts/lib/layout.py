"""Where every rule's files lie in a results folder, and what the rules that need no model are called with.

All of it follows from the config. So a command that looks at results of others can name each file by itself, and need
not believe a path that stands in a manifest. That the workflow's rules say the same is tested (test_layout.py).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lib.config import excluded_settings, resolved_settings
from lib.files import canonical_json

Json = dict[str, Any]
Names = str | list[str]  # of files, relative to the results folder, or of sources, relative to the checkout

SPLITS = ("train", "validation", "test")
KINDS = ("png", "svg", "csv")
TEMPLATES = {
    "typst_template": "report/template.typ",
    "html_template": "report/template.html",
    "css": "report/style.css",
}
RUN_FILES = {"history": "history.csv", "metrics": "metrics.json", "timing": "timing.json"}
RUN_FILES |= {"predictions": "predictions.parquet"}
UNNAMED = {
    "write_manifest",
    "render_write_up",
    "check_final",
}  # rules after the manifest, which cannot name their files


@dataclass(frozen=True)
class Call:
    """What a rule is called with: results and sources by name, the results that it makes, its part of the config."""

    inputs: dict[str, Names]
    outputs: dict[str, str]
    spec: Json
    sources: dict[str, Names]


def call(
    inputs: dict[str, Names], outputs: dict[str, str], sources: dict[str, Names] | None = None, **spec: Any
) -> Call:
    # As it reaches a script, by way of a parameter: in this order its keys are written into results.
    return Call(inputs, outputs, json.loads(canonical_json(spec)), sources or {})


@dataclass(frozen=True)
class Layout:
    """The files of one experiment; `config` is complete, `missing` are the settings whose runs a draft leaves out."""

    config: Json
    missing: tuple[str, ...] = ()

    @cached_property
    def settings(self) -> list[str]:
        return [name for name in resolved_settings(self.config) if name not in self.missing]

    @property
    def seeds(self) -> list[int]:
        return list(self.config["seeds"])

    @property
    def named(self) -> list[str]:
        """The settings that the config lists one by one, not as a sweep."""
        return [row["name"] for row in self.config["settings"] if row["name"] in self.settings]

    @property
    def rungs(self) -> list[int]:
        return list(range(1, len(self.config["halving"]["rungs"]) + 1))

    @property
    def percents(self) -> list[str]:
        return [f"{100 * share:g}" for share in self.config["analyses"]["learning_curve"]]

    @property
    def heads(self) -> bool:
        return bool(self.config["attention"]["sentences"] > 0)

    def runs(self, file: str) -> list[str]:
        """One file of every run, in the order of the config."""
        return [f"{self.run(setting, seed)}/{file}" for setting in self.settings for seed in self.seeds]

    def run(self, setting: str, seed: int) -> str:
        return f"runs/{setting}/seed{seed}"

    @property
    def models(self) -> list[str]:
        """The folders of models; what lies in them depends on the model's kind."""
        return self.runs("model")

    @property
    def fractions(self) -> list[str]:
        return [f"learning-curve/{percent}/seed{seed}.json" for percent in self.percents for seed in self.seeds]

    @property
    def rung_results(self) -> dict[int, list[str]]:
        every = [(setting, seed) for setting in self.settings for seed in self.seeds]
        return {rung: [f"rungs/{rung}/{name}-seed{seed}.json" for name, seed in every] for rung in self.rungs}

    def decisions(self, rungs: list[int]) -> list[str]:
        return [f"rungs/{rung}.json" for rung in rungs]

    @property
    def sources(self) -> list[str]:
        """What the report is rendered with, of the checkout; the same names stand in its manifest."""
        return list(listed(self.calls["render_write_up"].sources))

    @cached_property
    def named_files(self) -> list[str]:
        """Every file that a manifest has to name, but for those in the folders of models."""
        made = [name for rule, made in self.calls.items() if rule not in UNNAMED for name in made.outputs.values()]
        timings = self.config["report"]["timings"]
        return sorted(name for name in [*made, *self.of_models] if timings or not name.endswith("/timing.json"))

    @property
    def of_models(self) -> list[str]:
        """The results of the rules that need the model."""
        tokens = [f"tokens/{split}.parquet" for split in SPLITS]
        trained = [name for file in RUN_FILES.values() for name in self.runs(file)]
        rungs = [name for results in self.rung_results.values() for name in results]
        heads = ["attention/heads.csv", "attention/heads.json"] if self.heads else []
        data = [*(f"data/{split}.parquet" for split in SPLITS), "data/summary.json", "model.json"]
        return [
            *data,
            *tokens,
            *trained,
            *rungs,
            *self.fractions,
            *SCORED.values(),
            *heads,
            *BASELINES.values(),
            *DEMONSTRATED.values(),
        ]

    @cached_property
    def calls(self) -> dict[str, Call]:
        """The rules that need no model, in an order in which they can be run."""
        return {**self.decided, **self.gathered, **self.analysed, **self.drawn, **self.written}

    @property
    def decided(self) -> dict[str, Call]:
        """The decision at each rung, as `prune_settings/<rung>`."""
        halving, metric = self.config["halving"], self.config["selection_metric"]
        return {
            f"prune_settings/{rung}": call(
                {"results": self.rung_results[rung], "before": self.decisions([rung - 1] if rung > 1 else [])},
                {"decision": f"rungs/{rung}.json"},
                rung=rung,
                epochs=halving["rungs"][rung - 1],
                keep=halving["keep"],
                metric=metric,
            )
            for rung in self.rungs
        }

    @property
    def gathered(self) -> dict[str, Call]:
        config, missing, metric = self.config, list(self.missing), self.config["selection_metric"]
        runs: dict[str, Names] = {"runs": "runs.json"}
        return {
            "gather_runs": call({"metrics": self.runs("metrics.json")}, {"runs": "runs.json", "table": "runs.csv"}),
            "select_setting": call(
                runs,
                {"selection": "selection.json"},
                settings=self.settings,
                missing=missing,
                seeds=self.seeds,
                metric=metric,
            ),
            "summarise_sweep": call(
                runs,
                {"sweep": "sweep.json"},
                name=config["name"],
                settings=self.settings,
                named=self.named,
                seeds=self.seeds,
                missing=missing,
                excluded=excluded_settings(config),
                metric=metric,
            ),
            "compare_settings": call(
                {
                    "predictions": self.runs("predictions.parquet"),
                    "summary": "data/summary.json",
                    "selection": "selection.json",
                },
                {"comparisons": "comparisons.json"},
                settings=self.settings,
                named=self.named,
            ),
            "keep_ledger": call(
                {
                    "summary": "data/summary.json",
                    "runs": "runs.json",
                    "predictions": self.runs("predictions.parquet"),
                    "scorings": "test/scorings.json",
                    "baselines": "baselines.json",
                },
                {"ledger": "ledger.json"},
            ),
        }

    @property
    def analysed(self) -> dict[str, Call]:
        analyses = self.config["analyses"]
        test: dict[str, Names] = {"test": "data/test.parquet", "predictions": "test/predictions.parquet"}
        found = {
            "count_tokens": call(
                {split: f"tokens/{split}.parquet" for split in SPLITS},
                {"counts": "tokens/counts.json"},
                max_length=self.config["max_length"],
            ),
            "summarise_seeds": call(
                {"runs": "runs.json", "test_metrics": "test/metrics.json", "selection": "selection.json"},
                {"seeds": "seeds.json"},
                settings=self.settings,
            ),
        }
        if analyses["slices"]:
            found["score_slices"] = call(
                test | {"baselines": "baselines/test.parquet"},
                {"slices": "slices.json"},
                columns=[str(name) for name in self.config["data"]["slices"]],
            )
        if analyses["mistakes"]:
            found["list_mistakes"] = call(
                test | {"summary": "data/summary.json"}, {"mistakes": "mistakes.json"}, count=analyses["mistakes"]
            )
        if analyses["agreement"]:
            found["measure_agreement"] = call(
                {
                    "predictions": self.runs("predictions.parquet"),
                    "baselines": "baselines/validation.parquet",
                    "selection": "selection.json",
                    "summary": "data/summary.json",
                },
                {"agreement": "agreement.json"},
                settings=self.settings,
            )
        return found

    @property
    def drawn(self) -> dict[str, Call]:
        baseline = self.settings[0]
        of_baseline = [self.run(baseline, seed) for seed in self.seeds]
        found = {
            "plot_curves": call(
                {name: [f"{run}/{RUN_FILES[file]}" for run in of_baseline] for name, file in CURVES.items()},
                figure("graph", "graph_") | figure("loss", "loss_"),
            ),
            "plot_settings": call(
                {"histories": self.runs("history.csv"), "runs": "runs.json", "selection": "selection.json"},
                figure("hyperparam") | {"curves_csv": "figures/hyperparam-curves.csv"},
                settings=self.settings,
            ),
            "plot_expected": call({"sweep": "sweep.json"}, figure("expected")),
            "plot_confusion": call({"metrics": "test/metrics.json"}, figure("confusion")),
            "plot_attention": call(
                dict(DEMONSTRATED), figure("attention-sweep", "sweep_") | figure("attention-error", "error_")
            ),
        }
        if self.heads:
            found["plot_heads"] = call({"heads": "attention/heads.csv"}, figure("heads"))
        if self.percents:
            found["plot_learning_curve"] = call(
                {
                    "fractions": self.fractions,
                    "runs": "runs.json",
                    "selection": "selection.json",
                    "summary": "data/summary.json",
                },
                figure("learning-curve") | {"curve": "learning-curve/curve.json"},
            )
        return found

    @property
    def written(self) -> dict[str, Call]:
        """`render_write_up` lacks its revision: that is the document's to say."""
        config, report, analyses = self.config, self.config["report"], self.config["analyses"]
        collected: dict[str, Names] = {
            "seed_summary": "seeds.json",
            "slices": ["slices.json"] if analyses["slices"] else [],
            "mistakes": ["mistakes.json"] if analyses["mistakes"] else [],
            "agreement": ["agreement.json"] if analyses["agreement"] else [],
            "curve": ["learning-curve/curve.json"] if self.percents else [],
            "summary": "data/summary.json",
            "model": "model.json",
            "metrics": self.runs("metrics.json"),
            "timings": self.runs("timing.json") if report["timings"] else [],
            "selection": "selection.json",
            "sweep": "sweep.json",
            "ledger": "ledger.json",
            "test_metrics": "test/metrics.json",
            "tokens": "tokens/counts.json",
            "baselines": "baselines.json",
            "attention": "attention/attention.json",
            "heads": ["attention/heads.json"] if self.heads else [],
            "rungs": self.decisions(self.rungs),
        }
        rendered: dict[str, Names] = {
            "values": "values.json",
            "manifest": "manifest.json",
            "selection": "selection.json",
            "summary": "data/summary.json",
            "ledger": "ledger.json",
            "comparisons": "comparisons.json",
            "histories": self.runs("history.csv"),
            "figures": [name for drawn in self.drawn.values() for name in drawn.outputs.values()],
            "tables": [
                "attention/sweep.csv",
                "attention/error.csv",
                *(["attention/heads.csv"] if self.heads else []),
                *([*self.fractions, "runs.json"] if self.percents else []),
            ],
        }
        bibliography = [report["bibliography"]] if report["bibliography"] else []
        return {
            "collect_values": call(
                collected,
                {"values": "values.json", "reference": "reference.json"},
                settings=self.settings,
                seeds=self.seeds,
                root=f"results/{config['name']}",
                references=config["reference"],
            ),
            "render_write_up": call(
                rendered,
                dict(WRITE_UP),
                {"write_up": report["write_up"], "bibliography": bibliography, **TEMPLATES},
                settings=self.settings,
                failed_runs=config["failed_runs"],
                pdf_engine=report["pdf_engine"],
            ),
        }


CURVES = {"histories": "history", "metrics": "metrics"}
SCORED = {
    "metrics": "test/metrics.json",
    "predictions": "test/predictions.parquet",
    "scorings": "test/scorings.json",
}
BASELINES = {
    "baselines": "baselines.json",
    "validation_predictions": "baselines/validation.parquet",
    "test_predictions": "baselines/test.parquet",
}
DEMONSTRATED = {
    "attention": "attention/attention.json",
    "sweep": "attention/sweep.csv",
    "error": "attention/error.csv",
}
WRITE_UP = {
    "markdown": "write-up.md",
    "pdf": "write-up.pdf",
    "html": "write-up.html",
    "checks": "checks.json",
    "carried": "write-up.json",
}


def figure(stem: str, prefix: str = "") -> dict[str, str]:
    """The outputs of one figure, as the rule names them."""
    return {f"{prefix}{kind}": f"figures/{stem}.{kind}" for kind in KINDS}


def listed(names: Mapping[str, Names]) -> Iterator[str]:
    """All names, one by one."""
    for entry in names.values():
        yield from [entry] if isinstance(entry, str) else entry


def placed(root: Path, names: Mapping[str, Names]) -> dict[str, Any]:
    """The same names as paths below `root`, as a script's `main` takes them."""
    return {
        name: root / entry if isinstance(entry, str) else [root / each for each in entry]
        for name, entry in names.items()
    }
