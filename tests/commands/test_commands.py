"""The author's commands on a small finished build: why, verify, mutate and diff."""

import shutil
import subprocess
import sys
from pathlib import Path

from finetune_report.cli.builds import Build, copied, open_build
from finetune_report.cli.changes import read_side
from finetune_report.cli.diff import compared
from finetune_report.cli.mutation.command import mutated
from finetune_report.cli.mutation.edits import json_edit
from finetune_report.cli.mutation.scratch_build import Workbench
from finetune_report.cli.why import explanation
from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.provenance.git import revision

import pytest
from building import CONFIG, WRITE_UP, finish, make_build, write_run


def opened(root: Path) -> Build:
    return open_build(Path("config/try.yaml"), root)


def scratch_of(root: Path, folder: Path) -> Build:
    return copied(opened(root), folder)


def command(name: str, root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout that some results lie in."""
    line = [sys.executable, "-m", "finetune_report.cli", name, *map(str, arguments)]
    return subprocess.run(line, cwd=root.parents[1], capture_output=True, text=True)


def test_why_names_every_step_back(root: Path) -> None:
    text = "\n".join(explanation(opened(root), "runs.base.validation.accuracy", Path("try.yaml")))
    assert "printed as  0.94 (0.82 to 0.98)   (line 18 of the write-up)" in text
    assert "in full     0.9375" in text
    assert "the mean of 2 numbers" in text
    assert "runs/base/seed1/metrics.json  /validation/accuracy  = 0.95" in text
    assert "runs/base/seed2/metrics.json  /validation/accuracy  = 0.925" in text
    assert "setting     base, seed 1: batch_size 20" in text
    assert "made by     finetune, code:" in text
    assert "train: train data" in text
    assert f"commit      {revision(root.parents[1])['commit']}" in text
    assert "cores" in text
    assert text.endswith("--configfile try.yaml --force results/try/runs/base/seed1/metrics.json")


def test_why_says_how_a_p_was_corrected(root: Path) -> None:
    text = "\n".join(explanation(opened(root), "comparison.base.other.p", Path("try.yaml")))
    assert "corrected (Holm) over the report's 1 comparisons" in text
    assert "compare_settings" in text


def test_why_lists_near_keys(root: Path) -> None:
    done = command("why", root, "winner.test.acuracy", "--config", "config/try.yaml")
    assert done.returncode == 2
    assert "winner.test.accuracy" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_survives_mutation(root: Path, tmp_path: Path) -> None:
    lines, complete = mutated(scratch_of(root, tmp_path / "scratch"))
    assert complete, "\n".join(lines)
    assert "  100%: nothing survives" in lines


SURVIVING = {
    "a claim without another wording": (
        '{% call(holds) claim("beats", a="base", b="other") %}It is so.{% endcall %}',
        "the claim beats flips, and its wording stays",
    ),
    "a claim that nothing can make fail": (
        '{% call claim("at_least", key="winner.test.accuracy", x="winner.test.accuracy") %}It is so.{% endcall %}',
        "the claim at_least never fails",
    ),
}


@pytest.mark.parametrize("case", SURVIVING)
def test_survivors_are_named(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, survivor = SURVIVING[case]
    root = make_build(tmp_path / "checkout", f"---\ntitle: A try\n---\n\n{text}\n")
    monkeypatch.chdir(tmp_path / "checkout")
    lines, complete = mutated(scratch_of(root, tmp_path / "scratch"))
    assert not complete
    assert any(survivor in line for line in lines), "\n".join(lines)


def test_a_stuck_number_survives(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import finetune_report.cli.mutation.scratch_build as workbench

    honest = workbench.collect_values

    def lying(**given: object) -> None:
        honest(**given)
        values = read_json(Path(str(given["values"])))
        values["winner.test.accuracy"]["value"] = 0.8875
        write_json(Path(str(given["values"])), values)

    monkeypatch.setattr(workbench, "collect_values", lying)
    lines, complete = mutated(scratch_of(root, tmp_path / "scratch"))
    assert not complete
    assert any("winner.test.accuracy stays when test/metrics.json /accuracy changes" in line for line in lines)


def test_mutation_refuses_a_report_that_is_not_up_to_date(root: Path, tmp_path: Path) -> None:
    text = (root / "write-up.md").read_text()
    (root / "write-up.md").write_text(text + "More.\n")
    with pytest.raises(UserError, match="build it first"):
        mutated(scratch_of(root, tmp_path / "scratch"))


def test_diff_names_changes_noise_and_cause(root: Path, tmp_path: Path) -> None:
    settings = [{"name": "base", "batch_size": 20, "epochs": 9}, CONFIG["settings"][1]]
    other = make_build(tmp_path / "new", settings=settings)
    write_run(other, "base", 1, 30)
    write_run(other, "base", 2, 31)
    finish(other)
    tables = compared(read_side(root), read_side(other))
    _, done = tables["What was done otherwise"]
    assert ["config", "settings.base.epochs", "3", "9"] in done
    _, numbers = tables["Numbers"]
    [row] = [row for row in numbers if row[0] == "runs.base.validation.accuracy"]
    assert row[1:4] == ["0.94 (0.82 to 0.98)", "0.8 (0.6 to 0.9)", "−0.175"]
    assert row[4].startswith("beyond 2 sd")
    assert row[5] == "config settings.base.epochs"
    assert "runs.other.validation.accuracy" not in [row[0] for row in numbers]


def test_diff_shows_verdicts_and_figures_and_writes_a_page(root: Path, tmp_path: Path) -> None:
    text = WRITE_UP.replace('a="base", b="other"', 'a="base", b="other", metric="loss"')
    other = make_build(tmp_path / "new", text)
    write_json(other / "write-up.json", read_json(other / "write-up.json") | {"commit": "fedcba98"})
    done = command("diff", root, root, other, "--html", tmp_path / "diff.html")
    assert done.returncode == 0, done.stderr
    assert "Verdicts (2)" in done.stdout
    assert "not made" in done.stdout
    assert "Figures: none" in done.stdout
    page = (tmp_path / "diff.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "base beats other by validation loss" in page


def test_diff_reads_reports_without_their_folder(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "write-up.pdf", tmp_path / "old.pdf")
    done = command("diff", root, tmp_path / "old.pdf", root / "write-up.html", "--html", tmp_path / "diff.html")
    assert done.returncode == 0, done.stderr
    assert "Numbers: none" in done.stdout
    assert command("diff", root, tmp_path, root, "--html", tmp_path / "diff.html").returncode == 2


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
