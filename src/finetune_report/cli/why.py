"""Print the way back for a value of the write-up: from the printed text to the run, its code and its data.

Reads a finished build. Its last line is a command that makes the value's file again.
"""

import difflib
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Build, open_build
from finetune_report.cli.causes import rule_of
from finetune_report.errors import UserError
from finetune_report.files import read_json
from finetune_report.json_pointer import at
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.values import Value, read_values, supported_digits
from finetune_report.stats.multiple_testing import Family, read_comparisons
from finetune_report.terminal import say


def main(key: str, config: Path, results: Path | None) -> int:
    build = open_build(config, results)
    say(*explanation(build, key, config))
    return 0


def explanation(build: Build, key: str, config: Path) -> list[str]:
    """The way back, line by line. Raises UserError with the nearest keys where there is no such value."""
    checks = read_json(build.root / "checks.json")
    value = value_of(build, key)
    return [
        key,
        *printed_lines(value, [row for row in checks["values"] if row["key"] == key]),
        *origin_lines(build, value, len(checks["comparisons"]["made"])),
        *maker_lines(build, value),
        "",
        "To make its file again:",
        f"  .venv/bin/snakemake --configfile {config} --force results/{build.name}/{value.source}",
    ]


def value_of(build: Build, key: str) -> Value:
    """A value by its key; comparisons are corrected as they are in the report."""
    inputs = build.inputs("render_write_up")
    family = Family(read_comparisons(inputs["comparisons"]))
    evidence = Evidence(
        read_values(inputs["values"]),
        build.spec("render_write_up")["settings"],
        read_json(inputs["summary"])["labels"],
        read_json(inputs["selection"]),
        read_curves(inputs["histories"]),
        family,
    )
    for row in read_json(build.root / "checks.json")["comparisons"]["made"]:
        family.make(row["a"], row["b"], row["metric"])
    family.settle()
    known = [*evidence.values, *evidence.comparison_keys()]
    if key not in known:
        near = [*(name for name in known if key in name), *difflib.get_close_matches(key, known, n=8, cutoff=0.4)]
        listed = "".join(f"\n  {name}" for name in list(dict.fromkeys(near or known))[:8])
        raise UserError(f"there is no value '{key}' in {build.root}. The nearest are:{listed}")
    return evidence.value(key)


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


def origin_lines(build: Build, value: Value, comparisons: int) -> list[str]:
    """What it was made of: each file, the place in it, and the number there; a p is corrected for `comparisons`."""
    how = f"the {value.aggregate} of {len(value.origins)} numbers" if value.aggregate else "one entry of a result file"
    if value.kind == "p":
        how += f", corrected (Holm) over the report's {comparisons} comparisons"
    lines = [f"  made as     {how}"]
    for source, pointer in value.origins:
        found = entry(build.root / source, pointer)
        lines.append(f"    {source}  {pointer}{f'  = {found}' if found is not None else ''}")
    return lines


def entry(path: Path, pointer: str) -> Any:
    """The number or text at a pointer into a JSON file; None where it is a selection of rows instead."""
    if path.suffix != ".json":
        return None
    found = at(read_json(path), pointer)
    return found if isinstance(found, int | float | str) else None


def maker_lines(build: Build, value: Value) -> list[str]:
    """The run, code, data, commit and machine behind it."""
    manifest, source = build.manifest, Path(value.source)
    lines = []
    if source.match("runs/*/*/*"):
        metrics = read_json(build.root / source.parent / "metrics.json")
        settings = ", ".join(f"{name} {entry}" for name, entry in metrics["hyperparameters"].items())
        lines.append(f"  run         {build.root / source.parent}")
        lines.append(f"  setting     {metrics['setting']}, seed {metrics['seed']}: {settings}")
    rule = rule_of(value.source)
    if rule:
        lines.append(f"  made by     {rule}, {manifest['code'][rule]}")
    splits = read_json(build.root / "data/summary.json")["splits"]
    lines += [f"  data        {split}: {facts.get('fingerprint', 'unknown')}" for split, facts in splits.items()]
    dirty = " with changes that were not committed" if manifest["dirty"] else ""
    machine = manifest["machine"]
    lines.append(f"  commit      {manifest['commit'] or 'none'}{dirty}")
    lines.append(f"  machine     {machine['processor']}, {machine['cores']} cores, {machine['system']}")
    lines.append(f"  file hash   {manifest['files'].get(value.source, 'not in the manifest')}")
    return lines
