"""One run fails: the others go on, and what has finished can be written up as a draft that says what is missing."""

import json
from pathlib import Path

from tests.support import projects
from tests.support.projects import Project

from bs4 import BeautifulSoup

DRAFT = ("profiles/draft.yaml", "--nolock")  # a second config, and an option to end the list


def test_what_has_finished_is_written_up_as_a_draft(finished: Project, tmp_path: Path) -> None:
    project = projects.copied(finished, tmp_path / "project")
    config = project.read_config()
    first = config["settings"][0]
    broken = first | {"name": "broken", "tune": "lora", "lora_modules": "no-such-layer", "batch_size": 4}
    config["settings"] += [broken, first | {"name": "more", "batch_size": 40}]
    project.write_config(config)
    project.edit("report/write-up.md", "## The attempts", GAPS + "\n\n## The attempts")
    failed = project.snakemake("--cores", "1")
    said = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "lora_modules: 'no-such-layer' fits no layer" in said
    assert (project.results / "runs/more/seed1/metrics.json").is_file()
    journal = (project.results / "journal.log").read_text(encoding="utf-8")
    # Small batches take long, and start first.
    assert journal.index("finetune/broken/") < journal.index("finetune/more/")
    assert "finetune-report draft writes up what has finished." in said
    drafted = project.snakemake(*DRAFT)
    assert drafted.returncode == 0, drafted.stdout + drafted.stderr
    checks = json.loads((project.results / "checks.json").read_text())
    assert "1 of 6 planned runs are missing: not all of broken have finished" in checks["reasons"]
    soup = BeautifulSoup((project.results / "write-up.html").read_text(encoding="utf-8"), "html.parser")
    page = " ".join(soup.get_text(" ").split())
    assert page.count("[broken: not finished]") == 3
    sweep = json.loads((project.results / "sweep.json").read_text())
    assert (sweep["planned"]["runs"], sweep["trained"]["runs"], sweep["missing"]) == (6, 5, 1)
    final = project.snakemake(*DRAFT, "final")
    assert final.returncode != 0
    assert "not all of broken have finished" in final.stdout + final.stderr


GAPS = """The broken one reaches {{ value("runs.broken.validation.accuracy") }}, or
{{ value("runs.broken.validation.accuracy", interval=True) }}.
{% call claim("beats", a="broken", b="baseline") %}
It outperforms the baseline.
{% endcall %}"""
