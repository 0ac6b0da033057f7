"""Where the project lies, and on whose machine, is in no record that is handed on."""

from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from lib.config import complete, recorded
from lib.errors import UserError
from lib.files import read_json
from write_manifest import main as write_manifest

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
def test_of_a_path_out_of_the_project_the_last_part_alone_is_recorded(path: str, tmp_path: Path) -> None:
    done = complete(config_with(data={"path": path}, model={"path": path}))
    assert done["data"]["path"] == path  # by which it is found
    given = {"code": {}, "calls": {}, "commit": "", "dirty": True, "commit_time": 0, "root": str(tmp_path)}
    spec = {("stamps" if key == "code" else key): entry for key, entry in given.items()}
    write_manifest([], [], tmp_path / "manifest.json", done, **spec)  # type: ignore[arg-type]
    assert "jane-doe" not in (tmp_path / "manifest.json").read_text()
    assert read_json(tmp_path / "manifest.json")["config"]["data"]["path"] == ".../complaints"
    assert recorded(recorded(done)) == recorded(done)


@pytest.mark.parametrize("key", ["write_up", "bibliography"])
@pytest.mark.parametrize("path", ["/home/jane-doe/a.md", "../a.md"])
def test_the_report_s_sources_lie_in_the_project(key: str, path: str) -> None:
    with pytest.raises(UserError, match=rf"report\.{key}: found '{path}'; name a file of the project"):
        complete(config_with(report={key: path}))
