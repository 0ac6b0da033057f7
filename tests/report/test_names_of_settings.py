"""Names that people give: of settings and experiments, which are refused or printed as they are, and of models."""

import csv
import re
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.config.test_systems import TAKEN
from finetune_report.errors import UserError
from finetune_report.files import read_json, write_json
from finetune_report.report.keys import join, split
from finetune_report.report.values import shown
from tests.support.evidence import entry, make_results, render

import pytest
from bs4 import BeautifulSoup
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
GIVEN = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True) | st.sampled_from(
    [
        *("2024", "50", "1e5", "95", "better", "best", "validation", "accuracy-is-best", "test-accuracy", "loss", "p"),
        *(
            "twice",
            "none",
            "no",
            "true",
            "a--b",
            "x-",
            "winner-takes-all",
            "bag-of-words-2",
            "significantly",
            "epoch-3",
        ),
    ]
)
TEXT = """# Settings

| setting | validation accuracy |
|:--|:--|
{% for name in settings %}
| `{{ name }}` | {{ value("runs", name, "validation", "accuracy", interval=True) }} |
{% endfor %}

Selected was {{ value("winner.name", code=True) }} in the experiment {{ value("experiment.name", code=True) }}, which
tunes {{ value("model.name", code=True) }}, or plainly {{ value("model.name") }}.
"""


def config(**changes: Any) -> dict[str, Any]:
    base = {"name": "x", "data": {"path": "d"}, "model": {"path": "m"}, "settings": [{"name": "a"}]}
    return complete(base | changes)


@given(ANY | GIVEN)
@example("majority")
@example("a\u0301")
@example("\u0661")  # a digit to Python, and none here
@example("a\n")
def test_a_name_is_taken_as_it_is_or_refused_in_one_line_of_its_own(name: str) -> None:
    for key, changes in (("name", {"name": name}), ("settings", {"settings": [{"name": name}]})):
        found, mistakes = outcome(**changes)
        if found is None:
            assert [line for line in mistakes if key in line], mistakes
            assert all(line.startswith("  ") and line.isprintable() for line in mistakes), mistakes
        else:
            assert re.fullmatch("[a-z0-9][a-z0-9-]{0,59}", name)
            assert name in (found["name"], found["settings"][0]["name"])
            assert split(join("runs", name, "validation")) == ("runs", name, "validation")


def outcome(**changes: Any) -> tuple[dict[str, Any] | None, list[str]]:
    """The complete config, or None and a line for each mistake."""
    try:
        return config(**changes), []
    except UserError as error:
        return None, str(error).split("\n")[1:]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("names") / "results")


def put(results: Path, names: list[str], experiment: str, model: str) -> None:
    """Results whose settings have these names, as far as TEXT cites them."""
    found = {}
    for number, name in enumerate(names):
        source = f"runs/{name}/seed1/metrics.json"
        key = join("runs", name, "validation", "accuracy")
        found[key] = entry(0.5 + number / 100, "accuracy", source, "/a", [0.4, 0.9])
    found["winner.name"] = entry(names[-1], "text", "selection.json", "/winner")
    found["experiment.name"] = entry(experiment, "text", "sweep.json", "/name")
    found["model.name"] = entry(model, "text", "model.json", "/source/path")
    write_json(results / "values.json", found)
    runs = [{"setting": name, "seed": 1, "status": "trained"} for name in names]
    write_json(
        results / "selection.json",
        {"metric": "accuracy", "planned": len(runs), "missing": [], "runs": runs, "winner": names[-1]},
    )
    with (results / "curves.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["setting", "seed", "epoch", "train_loss", "validation_loss"])
        writer.writerows([name, 1, 1, 0.5, 0.5] for name in names)


def printed(results: Path, forms: tuple[str, ...]) -> tuple[list[str], str]:
    """What the check finds in TEXT, and the words of the HTML, without white space."""
    write_up = results.parent / "w.md"
    write_up.write_text(TEXT, encoding="utf-8")
    names = [run["setting"] for run in read_json(results / "selection.json")["runs"]]
    checks = render(results, write_up, settings=names, forms=forms)
    html = BeautifulSoup((results / "write-up.html").read_text(encoding="utf-8"), "html.parser").main
    assert html is not None
    return [str(finding) for finding in checks["findings"]], re.sub(r"\s", "", html.get_text())


SEVERAL = st.lists(GIVEN, min_size=1, max_size=12, unique=True)


@settings(max_examples=10, phases=[Phase.explicit, Phase.generate])
@example(["2024", "50", "95", "better", "p", "test-accuracy", "loss", "true"], "2024", "models/50% better|`x`")
@given(SEVERAL, GIVEN, ANY.filter(str.strip))
def test_names_come_through_to_the_page_without_a_finding(
    results: Path, names: list[str], experiment: str, model: str
) -> None:
    assume(not set(names) & set(TAKEN))
    put(results, names, experiment, model)
    findings, page = printed(results, ("html",))
    assert findings == []
    for name in (*names, experiment, model):
        assert re.sub(r"\s", "", shown(name)) in page, name


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", ["models/模型", "~/mes modèles/été", "a_b*c|d`e\\f$g#h<i>", "emoji 🎬 \u202e rtl", "C:\\m"]
)
def test_a_handful_comes_through_to_the_pdf(results: Path, model: str) -> None:
    names = ["2024", "better-than-baseline", "a--b"]
    put(results, names, "no", model)
    findings, _ = printed(results, ("html", "pdf"))
    assert findings == []
    page = "".join(page.extract_text() for page in PdfReader(results / "write-up.pdf").pages)
    for name in (*names, *re.findall("[a-zA-Z]+", model)):
        assert name in page.replace("\n", ""), name


FORGED = {
    "another setting's value": ("| `2024` | {{ value('runs.plain.validation.accuracy') }} |", "unbound number"),
    "two settings' values": (
        "| `2024` | {{ value('runs.plain.validation.accuracy') }} {{ value('runs.2024.validation.accuracy') }} |",
        "value of another",
    ),
    "no value": ("| `2024` | that many |", "unbound number"),
    "in a sentence": ("It gets `2024` right.", "unbound number"),
    "a comparison of another": ("| `better` | {{ value('runs.plain.validation.accuracy') }} |", "unbound comparison"),
}


@pytest.mark.parametrize(("line", "kind"), FORGED.values(), ids=FORGED)
def test_a_setting_named_like_a_result_excuses_nothing_but_its_own_row(results: Path, line: str, kind: str) -> None:
    names = ["2024", "better", "plain"]
    put(results, names, "x", "m")
    write_up = results.parent / "w.md"
    write_up.write_text(("| a | b |\n|:--|:--|\n" if line.startswith("|") else "") + line + "\n")
    checks = render(results, write_up, settings=names, forms=("html",))
    assert kind in [finding["kind"] for finding in checks["findings"]]
