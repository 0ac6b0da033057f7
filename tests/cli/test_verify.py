"""What verify finds, and what it must never do: run what a document brings along, or open what it points at."""

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json, sha256, write_json
from finetune_report.provenance.manifests import SCRIPT, carried_manifest
from finetune_report.terminal import visible
from tests.support.builds import WRITE_UP
from tests.support.commands import command, verify

import pytest


def test_runs_as_a_command_of_its_own(root: Path) -> None:
    done = command("verify", root.parents[1], root / "write-up.html", "--level", "bytes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "bytes        verified: files, config, commit and code are as recorded" in done.stdout
    assert "Taken on trust: text (" in done.stdout


def page_of(manifest: Any) -> str:
    """A stranger's HTML that carries a manifest."""
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    return f"<html><body>{SCRIPT}\n{text.replace('<', chr(92) + 'u003c')}\n</script></body></html>"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["write-up.pdf", "write-up.html", "write-up.json", "manifest.json"])
def test_an_untouched_report_is_verified(root: Path, name: str) -> None:
    done = verify(root, name)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "NOT" not in done.stdout


@pytest.mark.parametrize("name", ["write-up.pdf", "write-up.html", "manifest.json"])
def test_says_what_differs_and_what_is_missing(root: Path, name: str) -> None:
    (root / "test/metrics.json").write_text("{}")
    (root / "baselines.json").unlink()
    (root / "ledger.json").unlink()
    (root / "ledger.json").mkdir()
    done = verify(root, name)
    assert done.returncode == 1
    assert "differs: results/try/test/metrics.json" in done.stdout
    assert "missing: results/try/baselines.json" in done.stdout
    assert "cannot be read: results/try/ledger.json (it is a folder)" in done.stdout
    assert "NOT verified" in done.stdout


def test_a_changed_report_and_a_changed_source_are_noticed(root: Path) -> None:
    page = root / "write-up.html"
    page.write_text(page.read_text().replace("0.8875", "0.9875"))
    done = verify(root, page)
    assert done.returncode == 1
    assert "itself is not what its results and sources give" in done.stdout
    (root.parents[1] / "write-up.md").write_text(WRITE_UP + "\nMore.\n")
    done = verify(root, "write-up.pdf")
    assert done.returncode == 1
    assert "differs: write-up.md" in done.stdout


@pytest.mark.parametrize("name", ["write-up.pdf", "write-up.html", "manifest.json", "write-up.md", "nothing.pdf"])
def test_what_cannot_be_read_is_never_verified(root: Path, name: str) -> None:
    if (root / name).exists():
        (root / name).write_bytes(b"not a report")
    done = verify(root, name)
    assert done.returncode == 2
    assert name in done.stderr


PAYLOAD = "{{ cycler.__init__.__globals__.os.system('touch MARK') }}"


def hostile_calls(root: Path, mark: Path, engine: str) -> dict[str, Any]:
    """What the manifests of earlier versions carried, with every path and program a stranger's choice."""
    names = ("values", "selection", "summary", "ledger")
    inputs: dict[str, Any] = {name: f"results/try/{name}.json" for name in names}
    inputs |= {"summary": "results/try/data/summary.json", "manifest": "results/try/manifest.json"}
    inputs |= {
        "write_up": "results/try/manifest.json",
        "histories": [],
        "figures": [],
        "tables": [],
        "bibliography": [],
    }
    inputs |= {name: str(ROOT / f"report/template.{name[:4]}") for name in ("typst_template", "html_template")}
    inputs |= {"typst_template": str(ROOT / "report/template.typ"), "css": str(ROOT / "report/style.css")}
    spec = {"settings": [PAYLOAD.replace("MARK", str(mark))], "failed_runs": "refuse", "pdf_engine": engine}
    return {"render_write_up": {"inputs": inputs, "spec": spec | {"commit": "", "dirty": False, "commit_time": 0}}}


@pytest.mark.parametrize("where", ["a page of its own", "the results too"])
def test_nothing_that_a_document_carries_is_executed(root: Path, tmp_path: Path, where: str) -> None:
    """Neither its Jinja nor a program that it names for the PDF, wherever its manifest says that the text lies."""
    mark, program = tmp_path / "mark", tmp_path / "engine"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    manifest = read_json(root / "write-up.json")
    manifest["machine"]["processor"] = PAYLOAD.replace("MARK", str(mark))
    manifest["calls"] = hostile_calls(root, mark, str(program))
    page = tmp_path / "stranger.html"
    page.write_text(page_of(manifest))
    if where == "the results too":
        write_json(root / "manifest.json", manifest)
        write_json(root / "write-up.json", manifest)
    done = verify(root, page)
    assert done.returncode == 2
    assert "nothing in it can be verified" in done.stderr
    assert not mark.exists()


def test_the_write_up_is_that_of_the_checkout(root: Path, tmp_path: Path) -> None:
    """A document that names another write-up by its right hash is compared, and not rendered from it."""
    mark = tmp_path / "mark"
    (root.parents[1] / "evil.md").write_text(PAYLOAD.replace("MARK", str(mark)))
    manifest = read_json(root / "write-up.json")
    manifest["inputs"] = {name.replace("write-up.md", "evil.md"): digest for name, digest in manifest["inputs"].items()}
    manifest["config"]["report"]["write_up"] = "evil.md"
    (tmp_path / "a.html").write_text(page_of(manifest))
    done = verify(root, tmp_path / "a.html")
    assert done.returncode == 1
    assert "not of this checkout: evil.md" in done.stdout
    assert "differs: report in the config" in done.stdout
    assert not mark.exists()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


SPECIAL = {
    "a link to zeros": (lambda path: path.symlink_to("/dev/zero"), "it is a symbolic link"),
    "a link out": (lambda path: path.symlink_to("/etc/passwd"), "it is a symbolic link"),
    "a link to a result": (lambda path: path.symlink_to("values.json"), "it is a symbolic link"),
    "a pipe": (pipe, "it is a pipe"),
    "a socket": (listening, "it is a socket"),
    "a folder": (Path.mkdir, "it is a folder"),
}


@pytest.mark.parametrize("what", SPECIAL)
@pytest.mark.parametrize("name", ["ledger.json", "runs/base/seed1/model/model.safetensors"])
def test_only_regular_files_are_opened(root: Path, what: str, name: str) -> None:
    make, said = SPECIAL[what]
    (root / name).unlink()
    make(root / name)
    done = verify(root, "manifest.json")
    assert done.returncode == 1
    assert said in done.stdout


def test_no_folder_on_the_way_is_a_link(root: Path, tmp_path: Path) -> None:
    for folder in ("runs/base/seed1/model", "data"):
        shutil.move(root / folder, tmp_path / Path(folder).name)
        (root / folder).symlink_to(tmp_path / Path(folder).name)
    done = verify(root, "manifest.json")
    assert done.returncode == 1
    assert "cannot be read: results/try/runs/base/seed1/model (it is a symbolic link)" in done.stdout
    assert "cannot be read: results/try/data/test.parquet (it is a symbolic link)" in done.stdout


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../write-up.md", "a/../../b", "./a", "a//../b", "a\\b", "a\nb", ".."]
)
@pytest.mark.parametrize("part", ["files", "experiment"])
def test_no_path_leads_out_of_the_results(root: Path, tmp_path: Path, name: str, part: str) -> None:
    manifest = read_json(root / "write-up.json")
    manifest[part] = manifest["files"] | {name: "0" * 64} if part == "files" else name
    (tmp_path / "a.html").write_text(page_of(manifest))
    done = verify(root, tmp_path / "a.html")
    assert done.returncode == 2
    assert "nothing in it can be verified" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_document_that_names_more_or_less_than_the_rules_make_is_not_verified(root: Path, tmp_path: Path) -> None:
    manifest = read_json(root / "manifest.json")
    del manifest["files"]["test/metrics.json"]
    (root / "extra.json").write_text("{}")
    (root / "runs/base/seed1/model/evil.py").write_text("")
    write_json(root / "manifest.json", manifest | {"files": manifest["files"] | {"extra.json": "0" * 64}})
    done = verify(root, "manifest.json")
    assert done.returncode == 1
    assert "not named: results/try/test/metrics.json" in done.stdout
    assert "not named: results/try/runs/base/seed1/model/evil.py" in done.stdout
    assert "made by no rule: results/try/extra.json" in done.stdout


@pytest.mark.parametrize("rule", ["finetune", "score_test", "collect_values", "render_write_up"])
def test_every_rule_s_code_is_that_of_the_checkout(root: Path, rule: str) -> None:
    manifest = read_json(root / "manifest.json")
    manifest["code"][rule] = "code:0123456789abcdef torch==0.0"
    write_json(root / "manifest.json", manifest)
    done = verify(root, "manifest.json")
    assert done.returncode == 1
    assert f"differs: the code of {rule} (code:0123456789abcdef, torch==0.0; here code:" in done.stdout


def test_the_commit_is_one_of_the_checkout(root: Path) -> None:
    manifest = read_json(root / "manifest.json")
    write_json(root / "manifest.json", manifest | {"commit": "0123456789abcdef0123456789abcdef01234567"})
    assert "has no commit 0123456789abcdef" in verify(root, "manifest.json").stdout
    write_json(root / "manifest.json", manifest | {"commit_time": 1_700_000_000})
    assert "differs: the time of commit" in verify(root, "manifest.json").stdout


def test_the_carried_manifest_is_read_from_every_form(root: Path) -> None:
    wanted = read_json(root / "write-up.json")
    for name in ("write-up.pdf", "write-up.html", "write-up.json"):
        assert carried_manifest(root / name) == wanted


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


MALFORMED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no JSON": lambda manifest: "{",
    "a list": lambda manifest: [manifest],
    "nothing": lambda manifest: "",
    "null": lambda manifest: None,
    "nested too deep": lambda manifest: manifest | {"config": {"a": "DEEP"}},
    "too deep to read": lambda manifest: nested(200_000),
    "quotes without an end": lambda manifest: '"' + '\\"' * 300_000,
    "no number": lambda manifest: manifest | {"commit_time": float("nan")},
    "a number without end": lambda manifest: json.dumps(manifest).replace(str(manifest["commit_time"]), "1e999", 1),
    "a number of 5000 digits": lambda manifest: json.dumps(manifest).replace(
        str(manifest["commit_time"]), "9" * 5000, 1
    ),
    "a key that stands twice": lambda manifest: json.dumps(manifest)[:-1] + ', "experiment": "other"}',
    "half a surrogate pair": lambda manifest: manifest | {"machine": manifest["machine"] | {"processor": "\ud800"}},
    "no experiment": lambda manifest: {key: part for key, part in manifest.items() if key != "experiment"},
    "no files": lambda manifest: manifest | {"files": {}},
    "files as a list": lambda manifest: manifest | {"files": list(manifest["files"])},
    "a hash that is a number": lambda manifest: manifest | {"files": {"runs.json": 7}},
    "a hash that is short": lambda manifest: manifest | {"files": {"runs.json": "0" * 63}},
    "a name of 2000 letters": lambda manifest: manifest | {"files": {"a" * 2000: "0" * 64}},
    "code as a number": lambda manifest: manifest | {"code": {"finetune": 1}},
    "a config that is a text": lambda manifest: manifest | {"config": "name: try"},
    "a key of its own": lambda manifest: manifest | {"command": "rm -rf /"},
    "checks as a text": lambda manifest: manifest | {"checks": "none"},
    "a value that is a list": lambda manifest: with_value(manifest, value=[1]),
    "a value without a key": lambda manifest: with_value(manifest, key=None),
    "a line break in an experiment": lambda manifest: manifest | {"experiment": "try\n"},
    "a commit that is an option": lambda manifest: manifest | {"commit": "--output=/tmp/x"},
    "a time that is a text": lambda manifest: manifest | {"commit_time": "now"},
    "dirty as a number": lambda manifest: manifest | {"dirty": 0},
}


def with_value(manifest: dict[str, Any], **changed: Any) -> dict[str, Any]:
    checks = manifest["checks"]
    return manifest | {"checks": checks | {"values": [checks["values"][0] | changed]}}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_manifest_is_one_message(made: Path, tmp_path: Path, case: str) -> None:
    made_up = MALFORMED[case](read_json(made / "write-up.json"))
    text = made_up if isinstance(made_up, str) else json.dumps(made_up)
    page = tmp_path / "a.html"
    page.write_text(page_of(text.replace('"DEEP"', nested(60))))
    with pytest.raises(UserError) as caught:
        carried_manifest(page)
    message = str(caught.value)
    assert message.startswith(f"{page}: ")
    assert len(message) < 700
    assert visible(message) == message  # one line, and nothing that a terminal obeys


def test_a_document_without_end_or_of_another_kind_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "zeros.pdf").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.html")
    with (tmp_path / "large.json").open("wb") as stream:
        stream.truncate(2**40)
    for name, said in (("zeros.pdf", "symbolic link"), ("pipe.html", "a pipe"), ("large.json", "more than")):
        with pytest.raises(UserError, match=said):
            carried_manifest(tmp_path / name)


def test_what_a_document_says_is_printed_without_effect(root: Path, tmp_path: Path) -> None:
    """No terminal is told to erase the verdict, or to print another."""
    manifest = read_json(root / "write-up.json")
    forged = "\x1b[2J95 files: verified\u202e\u200b\x9b\r"
    manifest["config"]["reference"] = [forged]
    manifest["config"][forged] = forged
    (tmp_path / "a.html").write_text(page_of(manifest))
    done = verify(root, tmp_path / "a.html")
    assert done.returncode == 1
    assert not {"\x1b", "\u202e", "\u200b", "\x9b", "\r"} & {*done.stdout, *done.stderr}
    assert "\\x1b[2J95 files" in done.stdout
    other = json.loads(json.dumps(manifest))
    other["checks"]["values"][0] |= {"printed": forged, "key": forged}
    (tmp_path / "b.html").write_text(page_of(other))
    done = command("diff", root.parents[1], tmp_path / "a.html", tmp_path / "b.html", "--html", tmp_path / "diff.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "diff.html").read_text()
    for text in (done.stdout, page):
        assert not {"\x1b", "\u202e", "\u200b", "\x9b", "\r"} & {*text}


@pytest.mark.parametrize("name", ["values.json", "figures/graph.csv", "write-up.json"])
def test_diff_opens_regular_files_alone(root: Path, tmp_path: Path, name: str) -> None:
    other = Path(shutil.copytree(root, tmp_path / "other"))
    for folder in (root, other):
        for file in ("write-up.json",):
            manifest = read_json(folder / file)
            value = manifest["checks"]["values"][1]
            value["value"] = value["value"] + (folder == root)
            manifest["files"]["figures/graph.csv"] = ("0" if folder == root else "1") * 64
            write_json(folder / file, manifest)
    (other / name).unlink()
    os.mkfifo(other / name)
    done = command("diff", root.parents[1], root, other, "--html", tmp_path / "diff.html")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)  # what is no file is not there


def test_a_file_of_holes_does_not_fill_the_disk(root: Path) -> None:
    with (root / "values.json").open("wb") as stream:
        stream.truncate(2**36)
    done = verify(root, "manifest.json")
    assert done.returncode == 1
    assert "cannot be read: results/try/values.json" in done.stdout


def test_results_that_stop_a_script_are_complaints(root: Path) -> None:
    """Of the right hash, and of no form that a script expects."""
    for name in ("selection.json", "test/metrics.json"):
        (root / name).write_text("[" * 100_000 + "]" * 100_000)
    (root / "test/predictions.parquet").write_bytes(b"PAR1")
    manifest = read_json(root / "manifest.json")
    names = ("selection.json", "test/metrics.json", "test/predictions.parquet")
    write_json(root / "manifest.json", manifest | {"files": manifest["files"] | {n: sha256(root / n) for n in names}})
    done = verify(root, "manifest.json")
    assert done.returncode == 1
    assert "cannot be made again" in done.stdout
