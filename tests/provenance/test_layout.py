"""Where the files of an experiment lie, as the rules of this checkout say it."""

from typing import Any

from finetune_report.config.reading import read_config
from finetune_report.config.schema import complete
from finetune_report.config.study import complete_study
from finetune_report.errors import UserError
from finetune_report.files import PROJECT as ROOT
from finetune_report.provenance.layout import Layout, layout_of, listed
from finetune_report.provenance.rule_scripts import main_of

import pytest
import yaml

CONFIGS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "all of it": {
        "seeds": [1, 2],
        "halving": {"rungs": [1, 3]},
        "analyses": {"learning_curve": [0.25, 0.5]},
        "reference": [{"name": "test", "value": "winner.test.accuracy", "reported": 0.9}],
        "report": {"further_forms": ["docx"]},
    },
    "little of it": {
        "analyses": {"slices": False, "mistakes": 0, "agreement": False},
        "attention": {"sentences": 0},
        "report": {"bibliography": None, "timings": False},
    },
}


def layout(changes: dict[str, Any], missing: tuple[str, ...] = ()) -> Layout:
    shipped = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return layout_of(complete(shipped | changes), missing)


@pytest.mark.parametrize("case", CONFIGS)
def test_every_light_rule_is_called_with_what_its_script_takes_and_after_what_it_reads(case: str) -> None:
    assert_callable(layout(CONFIGS[case]))


def test_so_is_every_rule_of_a_study() -> None:
    found = layout_of(complete_study(read_config(ROOT / "study.yaml")))
    assert_callable(found)
    assert {"gather_experiments", "compare_experiments", "render_write_up"} <= found.light.keys()
    assert "experiments/verdicts/values.json" in found.named_files


def assert_callable(found: Layout) -> None:
    made: set[str] = set()
    light = {name for call in found.light.values() for name in listed(call.outputs)}
    for name, call in found.light.items():
        main_takes = set(main_of(call.rule).__annotations__) - {"return"}
        given = {*call.inputs, *call.sources, *call.outputs, *call.spec}
        assert given - ({"docx"} if "further" in main_takes else set()) <= main_takes, name
        optional = {"forms", "further", "commit", "dirty", "commit_time", "stamp", "experiments"}
        assert main_takes - given <= optional, name
        later = {entry for entry in listed(call.inputs) if entry in light - made} - {"manifest.json"}
        assert not later, name
        made |= {*listed(call.outputs)}


def test_what_is_switched_off_has_no_files() -> None:
    least, most = layout(CONFIGS["little of it"]), layout(CONFIGS["all of it"])
    assert not {"slices.json", "mistakes.json", "agreement.json", "attention/heads.csv"} & {*least.named_files}
    assert not any(name.endswith("timing.json") for name in least.named_files)
    assert {"slices.json", "attention/heads.csv", "figures/learning-curve.csv", "rungs/2.json"} <= {*most.named_files}
    assert {"learning-curve/25/seed2.json", "runs/milder/seed2/timing.json"} <= {*most.named_files}
    assert "prune_settings/2" in most.calls
    assert least.sources == ["report/write-up.md", "report/template.typ", "report/template.html", "report/style.css"]


def test_a_draft_leaves_settings_out() -> None:
    found = layout({"incomplete": True}, ("milder",))
    assert found.settings == ["baseline", "small-batch", "large-batch"]
    assert "runs/milder/seed1/metrics.json" not in found.named_files
    assert "runs/baseline/seed1/metrics.json" in found.named_files


def test_the_rules_say_why_they_cannot_answer() -> None:
    with pytest.raises(UserError, match=r"where the files of reviews lie:(.|\n)*data/nowhere is not there"):
        layout({"data": {"path": "data/nowhere"}})
