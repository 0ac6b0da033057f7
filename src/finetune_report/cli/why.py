"""Trace a value of the write-up: from the printed text over every file and rule to the runs, their config and data.

Reads a finished build. Ends with the commands that make the value's file, and the runs behind it, again.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Finished, open_results, own_config
from finetune_report.config.comparisons import EXPLORATORY
from finetune_report.config.study import is_study
from finetune_report.errors import UserError
from finetune_report.files import read_json
from finetune_report.json_pointer import at
from finetune_report.provenance.lineage import Job, Lineage, flat
from finetune_report.report.derived import derived, keys_in, operands
from finetune_report.report.keys import join, parts_of, split
from finetune_report.report.results import Evidence
from finetune_report.report.values import Value, read_values, supported_digits
from finetune_report.terminal import say

SHOWN = 4  # files that are named of many alike
WIDE = 160  # characters of a rule's part of the config
RUNS = 12  # runs that are described of many
TRAINS = ("finetune", "train_rung")  # rules that train one setting
SCORED = {"score_test", "measure_heads", "train_fraction"}  # rules that read the models of the selected setting alone


def main(key: str, config: Path, results: Path | None) -> int:
    own = own_config(config)
    build = open_results(own["name"], config, results)
    say(*(study_explanation(build, key, config, own) if is_study(own) else explanation(build, key, config)))
    return 0


def study_explanation(build: Finished, key: str, config: Path, study: dict[str, Any]) -> list[str]:
    """How the study came to a value, and then the whole way of its experiment's, where it is of one.

    Raises UserError as `explanation` does.
    """
    checks, values = read_json(build.root / "checks.json"), read_values(build.root / "values.json")
    value, lineage = value_of(build, key, values), Lineage(build.manifest.get("calls", {}))
    files = list(dict.fromkeys(source for source, _ in value.origins))
    lines = [
        key,
        *printed_lines(value, [row for row in checks["values"] if row["key"] == key]),
        *origin_lines(build, value, values),
        "",
        *Tree(lineage, set()).lines(files),
        "",
        *build_lines(build),
        "",
        *again_lines(build, value, [], config),
    ]
    for name, own_key in keys_of_experiments(build, key, values):
        path = Path(next(entry["config"] for entry in study["experiments"] if entry["name"] == name))
        experiment = open_results(own_config(path)["name"], path)
        kept, now = build.root / f"experiments/{name}/values.json", experiment.root / "values.json"
        since = "" if kept.read_bytes() == now.read_bytes() else "; it was run again since, and may have another value"
        lines += ["", f"In the experiment '{name}', {experiment.root}{since}:", ""]
        lines += explanation(experiment, own_key, path)
    return lines


def keys_of_experiments(build: Finished, key: str, values: dict[str, Value]) -> list[tuple[str, str]]:
    """The experiments whose values a value of a study is, or is made of, each with the value's key there."""
    names = [str(entry["name"]) for entry in build.manifest["config"]["experiments"]]
    match parts_of(key):
        case (name, *rest) if name in names:
            return [(name, join(*rest))]
        case ("study", system, name, what) if name in names:
            stem = join("test", system, str(values[join("experiments", name, "metric")].value))
            return [(name, stem)] if what == "score" else [(name, f"{stem}.sd")] if what == "sd" else []
        case ("study", system, "average_score" | "average_rank"):
            every = [join("study", system, name, "score") for name in names]
            return [pair for each in every if each in values for pair in keys_of_experiments(build, each, values)]
    return []


def explanation(build: Finished, key: str, config: Path) -> list[str]:
    """The whole way, line by line. Raises UserError with the nearest keys where there is no such value."""
    checks = read_json(build.root / "checks.json")
    values = read_values(build.root / "values.json")
    value, lineage = value_of(build, key, values), Lineage(build.manifest.get("calls", {}))
    files = list(dict.fromkeys(source for source, _ in value.origins))
    settings = settings_behind(build, lineage, value, files)
    runs = runs_behind(build, lineage, files, settings)
    shared = {job.name for job in lineage.jobs.values() if job.shared}
    return [
        key,
        *printed_lines(value, [row for row in checks["values"] if row["key"] == key]),
        *origin_lines(build, value, values),
        "",
        *Tree(lineage, settings).lines(files),
        "",
        *run_lines(build, runs, shared),
        *data_lines(build, lineage),
        *build_lines(build),
        "",
        *again_lines(build, value, runs, config),
    ]


def value_of(build: Finished, key: str, values: dict[str, Value]) -> Value:
    """A value by its key. Raises UserError with the nearest keys where there is none."""
    made = operands(key)
    if made and {made[1], made[2]} <= values.keys():
        return derived(*made, Evidence(values, [], [], read_json(build.root / "selection.json"), {}))
    if key not in values:
        without = Evidence(values, [], [], {}, {}).without_test(key)
        if without:
            raise UserError(f"there is no value '{key}' in {build.root}{without}")
        near = [*(name for name in values if key in name), *difflib.get_close_matches(key, values, n=8, cutoff=0.4)]
        listed = "".join(f"\n  {name}" for name in list(dict.fromkeys(near or values))[:8])
        raise UserError(f"there is no value '{key}' in {build.root}. The nearest are:{listed}")
    return values[key]


def printed_lines(value: Value, rows: list[dict[str, Any]]) -> list[str]:
    lines = ["  not printed in the write-up"] if not rows else []
    for row in rows:
        lines.append(f"  printed as  {row['printed'].replace('^', '')}   (line {row['line']} of the write-up)")
    lines.append(f"  in full     {value.full}   ({value.kind})")
    if value.interval:
        low, high = value.interval
        lines.append(f"  interval    {low:.6g} to {high:.6g}")
        lines.append(f"  rounding    its interval supports {supported_digits(value.interval)} decimals")
    return lines


def origin_lines(build: Finished, value: Value, values: dict[str, Value]) -> list[str]:
    """What it was made of: each file, the place in it, and the number there; how a p or interval is corrected."""
    how = "one entry of a result file"
    if operands(value.key):
        how = f"the {value.aggregate} of two values{', whose interval is published' if value.interval else ''}"
    elif value.aggregate:
        how = f"the {value.aggregate} of {len(value.origins)} numbers"
    how += corrected(value, values)
    lines = [f"  made as     {how}"]
    for source, pointer in value.origins:
        found = at(read_json(build.root / source), pointer)
        shown = f"  = {found}" if isinstance(found, int | float | str) else ""
        lines.append(f"    {source}  {pointer}{shown}")
    return lines


def corrected(value: Value, values: dict[str, Value]) -> str:
    """How the p or the interval of a comparison is corrected, in words; nothing for another value."""
    match parts_of(value.key):
        case ("comparison", *below, a, b, "p" | "difference") if len(below) < 2:
            stem = join("comparison", *below, a, b)
        case _:
            return ""
    if str(values[f"{stem}.outcome"].value) == EXPLORATORY:
        return ", exploratory and not corrected"
    family = join("family", *below)
    return f", simultaneous over {values[f'{family}.comparisons'].value} declared comparisons (max-|T|)"


def settings_behind(build: Finished, lineage: Lineage, value: Value, files: list[str]) -> set[str]:
    """The settings that a value is about: those in its key, the selected one where test results lead to it, or all."""
    selection = read_json(build.root / "selection.json")
    every = {row["setting"] for row in selection["settings"]}
    named = every & {part for key in keys_in(value.key) for part in split(key)}
    rules = {job.rule for job in jobs_behind(lineage, files)}
    if named or (not rules & SCORED and all(split(key)[0] != "winner" for key in keys_in(value.key))):
        return named or every
    return {selection["winner"]}


def jobs_behind(lineage: Lineage, files: list[str]) -> list[Job]:
    """The jobs that lead to some files, the nearest first."""
    makers = [job for job in map(lineage.maker, files) if job]
    found = {job.name: job for maker in makers for job in [maker, *lineage.upstream(maker)]}
    return list(found.values())


def runs_behind(build: Finished, lineage: Lineage, files: list[str], settings: set[str]) -> list[dict[str, Any]]:
    """The metrics of every run of these settings that leads to some files."""
    names = [job.name.split("/")[1:] for job in jobs_behind(lineage, files) if job.rule == "finetune"]
    return [
        read_json(build.root / f"runs/{setting}/seed{seed}/metrics.json")
        for setting, seed in names
        if setting in settings
    ]


def pretrained(job: Job) -> str:
    """Which of several pretrained models a job is about; nothing where there is one, and for a job on all of them."""
    spec = dict(flat(job.spec))
    keys = {"prepare_model": "name", "tokenize_texts": "name"} | dict.fromkeys(TRAINS, "plan.hyperparameters.model")
    return str(spec.get(keys[job.rule], "")) if job.rule in keys else ""


class Tree:
    """The files and jobs that lead to a value, each rule told once, of several pretrained models once for each.

    `settings` are those whose models were scored.
    """

    def __init__(self, lineage: Lineage, settings: set[str]) -> None:
        self.lineage, self.settings = lineage, settings
        runs = [job for job in lineage.jobs.values() if job.rule == "finetune"]
        self.models = {pretrained(job) for job in runs if job.name.split("/")[1] in settings}
        self.told: set[tuple[str, str]] = set()

    def lines(self, files: list[str]) -> list[str]:
        return [line for names, job in self.grouped(files) for line in self.branch(names, job, "", "")]

    def branch(self, names: list[str], job: Job | None, first: str, rest: str) -> Iterator[str]:
        """What files of one rule come from; `first` stands before the first line, `rest` before the others."""
        if job is None:
            made = all(name.startswith("results/") for name in names)  # of a study, by its experiments
            what = "results of the study's experiments" if made else "a source, which no rule makes"
            yield f"{first}{listed(names)}   ({what})"
            return
        branch = job.rule, pretrained(job)
        known = branch in self.told
        yield f"{first}{listed(names)} ← {job.rule}{', as above' if known else ''}"
        if known:
            return
        self.told.add(branch)
        yield f"{rest}    {job.params.get('stamp', 'no stamp')}"
        spec = ", ".join(f"{name} {entry}" for name, entry in flat(job.spec) if name)
        if spec:
            yield f"{rest}    {spec if len(spec) <= WIDE else spec[:WIDE] + '...'}"
        below = self.grouped(list(job.read), only_scored=job.rule in SCORED)
        for place, (files, maker) in enumerate(below, start=1):
            twig, trunk = ("└─ ", "   ") if place == len(below) else ("├─ ", "│  ")
            yield from self.branch(files, maker, rest + twig, rest + trunk)

    def grouped(self, files: list[str], only_scored: bool = False) -> list[tuple[list[str], Job | None]]:
        """Files by the rule that made them, and the pretrained model that it was about, with one of its jobs."""
        found: dict[tuple[str, str], tuple[list[str], Job | None]] = {}
        for name in files:
            job = self.lineage.maker(name)
            if only_scored and job and self.is_of_another(job):
                continue
            found.setdefault((job.rule, pretrained(job)) if job else ("", ""), ([], job))[0].append(name)
        return list(found.values())

    def is_of_another(self, job: Job) -> bool:
        """Whether a job is about a setting, or a pretrained model, that was not scored."""
        if job.rule == "finetune":
            return job.name.split("/")[1] not in self.settings
        return job.rule in ("prepare_model", "tokenize_texts") and pretrained(job) not in self.models


def listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def run_lines(build: Finished, runs: list[dict[str, Any]], shared: set[str]) -> list[str]:
    """The runs behind a value: what they were trained with; `shared` are the jobs whose results come from a cache."""
    lines = []
    for run in runs[:RUNS]:
        settings = ", ".join(f"{name} {entry}" for name, entry in run["hyperparameters"].items())
        lines.append(f"  run         {build.root / 'runs' / run['setting'] / ('seed' + str(run['seed']))}")
        lines.append(f"  setting     {run['setting']}, seed {run['seed']}: {settings}")
        facts = f"best epoch {run['best_epoch']}, {run['device']} in {run['precision']}, {run['threads']} threads"
        taken = ", taken from a shared cache" if f"finetune/{run['setting']}/{run['seed']}" in shared else ""
        lines.append(f"              {run['status']}, {facts}{taken}")
    return lines + ([f"  runs        {len(runs) - RUNS} more"] if len(runs) > RUNS else [])


def data_lines(build: Finished, lineage: Lineage) -> list[str]:
    """The splits by their fingerprints, and the files that they come from by their hashes."""
    splits = read_json(build.root / "data/summary.json")["splits"]
    lines = [f"  data        {split}: {facts.get('fingerprint', 'unknown')}" for split, facts in splits.items()]
    job = lineage.jobs.get("prepare_data")
    return lines + [f"  source      {name}: {digest}" for name, digest in (job.read if job else {}).items()]


def build_lines(build: Finished) -> list[str]:
    manifest, machine = build.manifest, build.manifest["machine"]
    dirty = " with changes that were not committed" if manifest["dirty"] else ""
    return [
        f"  commit      {manifest['commit'] or 'none'}{dirty}",
        f"  machine     {machine['processor']}, {machine['cores']} cores, {machine['system']}",
    ]


def again_lines(build: Finished, value: Value, runs: list[dict[str, Any]], config: Path) -> list[str]:
    """The commands that make the value's file again, and train the runs behind it again."""
    name = build.manifest["experiment"]
    lines = [f"  file hash   {build.manifest['files'].get(value.source, 'not in the manifest')}"]
    lines += ["", "To make its file again:"]
    lines.append(f"  finetune-report run --config {config} -- --force results/{name}/{value.source}")
    if runs:
        lines.append("To train a run behind it again in a folder of its own, and compare it bit by bit:")
    for run in runs[:RUNS]:
        lines.append(f"  finetune-report replay --config {config} --setting {run['setting']} --seed {run['seed']}")
    return lines
