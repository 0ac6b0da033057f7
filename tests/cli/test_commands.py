"""The author's commands on a small finished build: why, verify, mutate and diff."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetune_report.cli.builds import Build, copied, open_build, open_results
from finetune_report.cli.changes import read_side
from finetune_report.cli.diff import compared
from finetune_report.cli.mutation.command import mutated
from finetune_report.cli.mutation.edits import json_edit
from finetune_report.cli.mutation.scratch_build import Workbench
from finetune_report.cli.why import explanation
from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.provenance.git import revision
from tests.support.builds import CONFIG, CORRECT, WRITE_UP, make_build, rewrite
from tests.support.commands import command

import pytest


def opened(root: Path) -> Build:
    return open_build(Path("config/try.yaml"), root)


def scratch_of(root: Path, folder: Path) -> Build:
    return copied(opened(root), folder)


def told(root: Path, key: str) -> str:
    """What `why` says of a value."""
    return "\n".join(explanation(open_results("try", Path("try.yaml"), root), key, Path("try.yaml")))


def test_why_names_every_step_back(root: Path) -> None:
    text = told(root, "runs.base.validation.accuracy")
    assert "printed as  0.94 (0.81 to 0.99)   (line 19 of the write-up)" in text
    assert "in full     0.9375" in text
    assert "the mean of 2 numbers" in text
    assert "runs/base/seed1/metrics.json  /validation/accuracy  = 0.95" in text
    assert "runs/base/seed2/metrics.json  /validation/accuracy  = 0.925" in text
    assert "setting     base, seed 1: batch_size 20" in text
    assert "runs/base/seed1/metrics.json, runs/base/seed2/metrics.json ← finetune\n    code:" in text
    assert "└─ data/train.parquet, data/validation.parquet ← prepare_data\n" in text
    assert "train: train data" in text
    assert f"commit      {revision(root.parents[1])['commit']}" in text
    assert "cores" in text
    assert "finetune-report run --config try.yaml -- --force results/try/runs/base/seed1/metrics.json\n" in text
    assert text.endswith("finetune-report replay --config try.yaml --setting base --seed 2")
    assert "setting     other" not in text


def test_why_names_the_runs_behind_a_test_result_and_how_to_train_them_again(root: Path) -> None:
    text = told(root, "winner.test.accuracy")
    assert "test/metrics.json ← score_test" in text
    assert "runs/base/seed1/model, runs/base/seed2/model ← finetune" in text
    for seed in (1, 2):
        assert f"setting     base, seed {seed}: batch_size 20" in text
        assert f"finetune-report replay --config try.yaml --setting base --seed {seed}" in text
    assert "--setting other" not in text
    assert "finetune-report run --config try.yaml -- --force results/try/test/metrics.json" in text


def test_why_tells_each_rule_once_and_ends_where_no_rule_makes_a_file(root: Path) -> None:
    lines = told(root, "slices.kind.negation.accuracy").splitlines()
    told_first = [line.split("← ")[1] for line in lines if "← " in line and "as above" not in line]
    assert len(told_first) == len(set(told_first))
    assert {"score_slices", "score_test", "finetune", "prepare_data", "score_baselines"} <= set(told_first)


def test_why_starts_fast(root: Path) -> None:
    """It asks the rules for nothing, and imports neither torch nor Snakemake."""
    code = (
        "import sys; from finetune_report.cli import why; print({'torch', 'snakemake', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_why_says_how_a_p_was_corrected(root: Path) -> None:
    text = told(root, "comparison.base.other.p")
    assert "simultaneous over 1 declared comparisons (max-|T|)" in text
    assert "compare_settings" in text


def test_why_traces_a_value_made_of_two(root: Path) -> None:
    text = told(root, "difference(runs.base.validation.accuracy, runs.other.validation.accuracy)")
    assert "made as     the difference of two values, whose interval is published" in text
    for setting in ("base", "other"):
        assert f"runs/{setting}/seed1/metrics.json  /validation/accuracy  = " in text
        assert f"setting     {setting}, seed 1: " in text
    assert "comparisons.json  /pairs/base/other/difference  = " in text
    with pytest.raises(UserError, match="there is no value"):
        told(root, "difference(runs.base.validation.accuracy, runs.other.validation.acc)")


def test_why_lists_near_keys(root: Path) -> None:
    done = command("why", root.parents[1], "winner.test.acuracy", "--config", "config/try.yaml")
    assert done.returncode == 2
    assert "winner.test.accuracy" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_nothing_survives_mutation(root: Path, tmp_path: Path) -> None:
    lines, complete = mutated(scratch_of(root, tmp_path / "scratch"))
    assert complete, "\n".join(lines)
    assert "  100%: nothing survives" in lines


SURVIVORS = """---
title: A try
---

{% call(holds) claim("beats", a="base", b="other") %}It is so.{% endcall %}

{% call(holds) claim("at_least", key="winner.test.count", x="winner.test.count") %}It is so.{% endcall %}
"""


@pytest.mark.slow
def test_survivors_are_named(root: Path, tmp_path: Path) -> None:
    """A claim without another wording, and one that nothing can make fail."""
    rewrite(root, SURVIVORS)
    lines, complete = mutated(scratch_of(root, tmp_path / "scratch"))
    assert not complete
    for survivor in ("the claim beats flips, and its wording stays", "the claim at_least never fails"):
        assert any(survivor in line for line in lines), "\n".join(lines)


@pytest.mark.slow
def test_a_stuck_number_survives(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import finetune_report.cli.mutation.scratch_build as workbench

    honest = workbench.collect

    def lying(*given: Any) -> dict[str, Any]:
        found = honest(*given)
        found["winner.test.accuracy"]["value"] = 0.8875
        return found

    monkeypatch.setattr(workbench, "collect", lying)
    lines, complete = mutated(scratch_of(root, tmp_path / "scratch"))
    assert not complete
    assert any("winner.test.accuracy stays when test/metrics.json /accuracy changes" in line for line in lines)


def test_mutation_refuses_a_report_that_is_not_up_to_date(root: Path, tmp_path: Path) -> None:
    text = (root / "write-up.md").read_text()
    (root / "write-up.md").write_text(text + "More.\n")
    with pytest.raises(UserError, match="build it first"):
        mutated(scratch_of(root, tmp_path / "scratch"))


@pytest.mark.slow
def test_diff_names_changes_noise_and_cause(root: Path, tmp_path: Path) -> None:
    settings = [{"name": "base", "batch_size": 20, "epochs": 9}, CONFIG["settings"][1]]
    correct = CORRECT | {("base", 1): 30, ("base", 2): 31}
    other = make_build(tmp_path / "new", correct=correct, settings=settings)
    tables = compared(read_side(root), read_side(other))
    _, done = tables["What was done otherwise"]
    assert ["config", "settings.base.epochs", "3", "9"] in done
    _, numbers = tables["Numbers"]
    [row] = [row for row in numbers if row[0] == "runs.base.validation.accuracy"]
    assert row[1:4] == ["0.94 (0.81 to 0.99)", "0.76 (0.60 to 0.87)", "−0.175"]
    assert row[4].startswith("beyond 2 sd")
    assert row[5] == "config settings.base.epochs"
    assert "runs.other.validation.accuracy" not in [row[0] for row in numbers]


def test_diff_shows_verdicts_and_figures_and_writes_a_page(root: Path, tmp_path: Path) -> None:
    text = WRITE_UP.replace('claim("beats", a="base"', 'claim("differ", a="base"')
    other = Path(shutil.copytree(root.parents[1], tmp_path / "new")) / "results/try"
    rewrite(other, text)
    write_json(other / "write-up.json", read_json(other / "write-up.json") | {"commit": "fedcba98"})
    done = command("diff", root.parents[1], root, other, "--html", tmp_path / "diff.html")
    assert done.returncode == 0, done.stderr
    assert "Verdicts (2)" in done.stdout
    assert "not made" in done.stdout
    assert "Figures: none" in done.stdout
    page = (tmp_path / "diff.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "base is ahead of other by validation accuracy" in page


def test_diff_reads_reports_without_their_folder(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "write-up.pdf", tmp_path / "old.pdf")
    done = command(
        "diff", root.parents[1], tmp_path / "old.pdf", root / "write-up.html", "--html", tmp_path / "diff.html"
    )
    assert done.returncode == 0, done.stderr
    assert "Numbers: none" in done.stdout
    assert command("diff", root.parents[1], tmp_path, root, "--html", tmp_path / "diff.html").returncode == 2


def test_only_what_the_text_depends_on_builds_it_again(root: Path, tmp_path: Path) -> None:
    bench = Workbench(scratch_of(root, tmp_path / "scratch"))
    truth = bench.outcome()
    steps = json_edit(bench.root / "runs/base/seed1/metrics.json", {"/steps": 7})  # a value that is not cited
    with bench.falsified("runs/base/seed1/metrics.json", steps):
        assert bench.outcome_after("runs/base/seed1/metrics.json", truth) is truth
    accuracy = json_edit(bench.root / "test/metrics.json", {"/accuracy": 0.5})
    with bench.falsified("test/metrics.json", accuracy):
        assert bench.outcome_after("test/metrics.json", truth).printed["winner.test.accuracy"][1] == "0.5000"
    selection = json_edit(bench.root / "selection.json", {"/planned": 9})  # which the text is given as it is
    with bench.falsified("selection.json", selection):
        assert bench.outcome_after("selection.json", truth) is not truth
