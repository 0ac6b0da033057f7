"""Where the project lies, and on whose machine, is in no record that is handed on."""

from pathlib import Path

from finetune_report.config.recorded import recorded
from finetune_report.config.schema import complete
from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from finetune_report.files import read_json, write_json
from finetune_report.provenance import records
from finetune_report.provenance.manifest import main as write_manifest

import pytest
import yaml

SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text())


def config_with(**changed: object) -> dict[str, object]:
    return SHIPPED | changed


def test_paths_into_the_project_are_relative_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, link = tmp_path / "home/jane-doe/project", tmp_path / "link"
    project.mkdir(parents=True)
    link.symlink_to(project)
    monkeypatch.chdir(project)
    for here in (project, link):
        files = {split: f"{here}/data/{split}.csv" for split in ("train", "test")}
        done = complete(
            config_with(
                data={"files": files},
                model={"path": f"{here}/model"},
                report={"write_up": f"{here}/a.md", "bibliography": f"{here}/b.bib"},
            )
        )
        assert done["data"]["files"] == {"train": "data/train.csv", "test": "data/test.csv"}
        assert done["model"]["path"] == "model"
        assert (done["report"]["write_up"], done["report"]["bibliography"]) == ("a.md", "b.bib")


@pytest.mark.parametrize("path", ["/home/jane-doe/complaints", "../../jane-doe/complaints", "~/jane-doe/complaints"])
def test_of_a_path_out_of_the_project_the_last_part_alone_is_recorded(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = complete(config_with(data={"path": path}, model={"path": path}))
    assert done["data"]["path"] == path  # by which it is found
    specs = {"prepare_data": {"data": done["data"]}, "prepare_model": {"source": done["model"]}}
    specs |= {"prepare_model/big": specs["prepare_model"]}  # one of several
    monkeypatch.chdir(tmp_path)
    root = Path("results/try")
    results, ledger, manifest = [], root / "ledger.json", root / "manifest.json"
    for job, spec in specs.items():
        results.append(root / f"{job.replace('/', '-')}.json")
        write_json(results[-1], {})
        records.record(results[-1:], records.Made(job, {"spec": spec}, {}, {}))
    write_json(ledger, {"record": {"head": "", "lines": 0}})
    write_manifest(results, [], ledger, manifest, done, {}, "", True, 0, str(root))
    assert "jane-doe" not in manifest.read_text()
    assert read_json(manifest)["config"]["data"]["path"] == ".../complaints"
    for job in ("prepare_model", "prepare_model/big"):
        assert read_json(manifest)["calls"][job]["params"]["spec"]["source"]["path"] == ".../complaints"
    assert recorded(recorded(done)) == recorded(done)


@pytest.mark.parametrize("key", ["write_up", "bibliography"])
@pytest.mark.parametrize("path", ["/home/jane-doe/a.md", "../a.md"])
def test_the_report_s_sources_lie_in_the_project(key: str, path: str) -> None:
    with pytest.raises(UserError, match=rf"report\.{key}: found '{path}'; name a file of the project"):
        complete(config_with(report={key: path}))
