"""A study's config: what is filled in, and what is refused, with its place and a remedy."""

from pathlib import Path
from typing import Any

from finetune_report.cli.check import main as check
from finetune_report.config.reading import read_config
from finetune_report.config.schema import complete
from finetune_report.config.study import complete_study, experiments_of, table_systems
from finetune_report.errors import UserError
from finetune_report.files import PROJECT

import pytest
import yaml

EXPERIMENT = {
    "data": {"path": "data"},
    "model": {"path": "model"},
    "settings": [{"name": "full"}, {"name": "lora"}],
}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        write(f"{name}.yaml", {"name": name, **EXPERIMENT})
    Path("study.md").write_text("# A study\n")


def write(path: str, config: Any) -> None:
    Path(path).write_text(yaml.safe_dump(config), encoding="utf-8")


def study(**changed: Any) -> dict[str, Any]:
    experiments = [{"name": "sst2", "config": "one.yaml"}, {"name": "cola", "config": "two.yaml"}]
    return {"name": "both", "experiments": experiments, "report": {"write_up": "study.md"}} | changed


def renamed(**entry: str) -> list[dict[str, str]]:
    return [{"name": "sst2", "config": "one.yaml"}, {"name": "cola", "config": "two.yaml"} | entry]


def refuses(config: dict[str, Any], *parts: str) -> None:
    with pytest.raises(UserError) as caught:
        complete_study(config)
    for part in parts:
        assert part in str(caught.value)


def test_what_is_left_out_is_filled_in() -> None:
    found = complete_study(study())
    assert found["report"]["pdf_engine"] == "typst"
    assert found["systems"] is None
    assert list(experiments_of(found)) == ["sst2", "cola"]


def test_rows_are_all_declared_systems_or_those_that_are_named() -> None:
    write("two.yaml", {"name": "two", **EXPERIMENT, "test": {"systems": ["winner", "lora"]}})
    found = complete_study(study())
    assert table_systems(found, experiments_of(found)) == [
        "winner",
        "full",
        "majority",
        "bag-of-words",
        "probe",
        "lora",
    ]
    found = complete_study(study(systems=["lora", "full"]))
    assert table_systems(found, experiments_of(found)) == ["lora", "full"]


def test_a_config_that_is_not_there_is_named_with_its_place() -> None:
    refuses(study(experiments=renamed(config="three.yaml")), "experiments[1].config", "three.yaml is not there")


def test_a_config_that_will_not_do_is_named_with_its_file_and_key() -> None:
    write("two.yaml", {"name": "two", **EXPERIMENT, "seedz": [1]})
    refuses(study(), "experiments[1].config", "two.yaml", "seedz", "seeds")


@pytest.mark.parametrize("path", ["../three.yaml", "/etc/three.yaml", "~/three.yaml"])
def test_a_config_from_elsewhere_is_refused(path: str) -> None:
    refuses(study(experiments=renamed(config=path)), "experiments[1].config", path, "of the project")


def test_no_path_of_this_machine_is_kept() -> None:
    found = complete_study(study(experiments=renamed(config=str(Path("two.yaml").resolve()))))
    assert found["experiments"][1]["config"] == "two.yaml"


def test_two_experiments_may_not_write_to_one_folder() -> None:
    refuses(study(experiments=renamed(config="one.yaml")), "experiments[1].config", "results/one/", "another name")
    write("two.yaml", {"name": "both", **EXPERIMENT})
    refuses(study(), "experiments[1].config", "results/both/", "the study itself")


def test_a_study_holds_no_study() -> None:
    write("two.yaml", study())
    refuses(study(), "experiments[1].config", "two.yaml is a study itself", "name their configs")


@pytest.mark.parametrize("name", ["SST-2", "../up", "a b", "", "x" * 61, "émile", "a.b", "{x}"])
def test_a_name_of_odd_characters_is_refused(name: str) -> None:
    refuses(study(experiments=renamed(name=name)), "experiments[1].name")


def test_names_are_each_their_own_and_begin_no_other_keys() -> None:
    refuses(study(experiments=renamed(name="sst2")), "'sst2' stands more than once")
    refuses(study(experiments=renamed(name="ranks")), "experiments[1].name", "'ranks'", "take another")


def test_unknown_keys_and_systems_are_named_with_the_nearest() -> None:
    refuses(study(experiments=renamed(conifg="x.yaml")), "experiments[1]", "conifg", "config")
    refuses(study(system=["full", "lora"]), "system", "systems")
    refuses(study(systems=["winner", "fulll"]), "systems[1]", "fulll", "did you mean 'full'?")


def test_one_experiment_is_no_study() -> None:
    refuses(study(experiments=renamed()[:1]), "experiments")


def test_a_write_up_from_elsewhere_is_refused() -> None:
    refuses(study(report={"write_up": "/tmp/study.md"}), "report.write_up", "/tmp/study.md")


def test_a_command_for_one_experiment_says_that_this_is_a_study() -> None:
    with pytest.raises(UserError, match="this is a study of several experiments"):
        complete(study())


def test_check_names_the_study_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    write("study.yaml", study())
    with pytest.raises(UserError) as caught:
        check(Path("study.yaml"))
    for part in ("study.yaml", "experiments[0].config", "one.yaml", "data.path"):
        assert part in str(caught.value)


def test_the_shipped_study_is_as_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    assert check(Path("study.yaml")) == 0
    found = complete_study(read_config(Path("study.yaml")))
    for config in experiments_of(found).values():
        assert config["test"]["with"] == "all-pairs"
        assert len(config["seeds"]) > 1


def test_an_experiment_without_test_scores_is_none_for_a_study() -> None:
    write("two.yaml", {"name": "two", **EXPERIMENT, "data": {"path": "d", "test_split": "none"}})
    refuses(study(), "experiments[1].config", "two.yaml", "data.test_split: none", "test labels")
