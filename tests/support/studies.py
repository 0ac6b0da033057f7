"""A study's results written by hand: as many systems on as many data sets as are asked for."""

from pathlib import Path
from typing import Any

from finetune_report.files import read_json, write_json, write_text
from finetune_report.report.build import main as render_write_up
from finetune_report.report.collect import main as collect_values
from finetune_report.report.results import Evidence, read_curves
from finetune_report.report.values import read_values

import compare_experiments
import gather_experiments
import numpy as np
import plot_ranks

METRICS = ("accuracy", "matthews")


def experiment(folder: Path, systems: list[str], place: int, seeds: int, tested: bool) -> None:
    """What a study reads of an experiment: on data set `place` each system is a little worse than the one before it.

    The first is ahead of the last, and of all other pairs nothing is known; unless `tested`, only those of the winner
    were compared.
    """
    metric = METRICS[place % len(METRICS)]
    generator = np.random.default_rng(place)
    means = {name: 0.9 - 0.3 * at / len(systems) + 0.02 * float(generator.random()) for at, name in enumerate(systems)}
    found: dict[str, Any] = {
        name: {
            metric: {"mean": mean, "interval": [mean - 0.03, mean + 0.03], "values": [mean] * seeds}
            | ({"sd": 0.004 + 0.01 * float(generator.random())} if seeds > 1 else {}),
            "seeds": seeds,
        }
        for name, mean in means.items()
    }
    pairs: dict[str, Any] = {name: {} for name in systems}
    for at, a in enumerate(systems):
        for b in systems[at + 1 :]:
            if tested or a == systems[0]:
                decided = (a, b) == (systems[0], systems[-1])
                row = {"difference": means[a] - means[b], "interval": [0.0, 0.2], "p": 0.01 if decided else 0.4}
                row |= {"about": "settings" if seeds > 1 else "models", "detectable": 0.1}
                pairs[a][b] = row | {"outcome": "ahead" if decided else "undecided"}
                turned = row | {"difference": -row["difference"], "interval": [-0.2, 0.0]}
                pairs[b][a] = turned | {"outcome": "behind" if decided else "undecided"}
    family = {
        "metric": metric,
        "examples": 200,
        "seeds": seeds,
        "comparisons": 6,
        "level": 0.05,
        "text": "each two systems",
    }
    write_json(folder / "test/systems.json", found)
    write_json(folder / "test/comparisons.json", {"family": family, "pairs": pairs})
    values = {"winner.name": ("picked", "text", "/winner"), "family.test.metric": (metric, "text", "/metric")}
    values |= {"family.test.text": ("each two systems", "text", "/text"), "family.test.level": (0.05, "real", "/level")}
    for a, others in pairs.items():
        for b, row in others.items():
            for what, kind in {
                "difference": "real",
                "p": "p",
                "outcome": "text",
                "about": "text",
                "detectable": "real",
            }.items():
                values[f"comparison.test.{a}.{b}.{what}"] = (row[what], kind, "/" + what)
    entries = {
        key: {"value": value, "kind": kind, "interval": None, "source": "x.json", "pointer": pointer}
        for key, (value, kind, pointer) in values.items()
    }
    for a, others in pairs.items():
        for b, row in others.items():
            entries[f"comparison.test.{a}.{b}.difference"]["interval"] = row["interval"]
    write_json(folder / "values.json", entries)
    write_json(folder / "manifest.json", {"experiment": folder.name})
    runs = [{"setting": systems[0], "seed": 1, "status": "trained", "best_epoch": 1}]
    write_json(folder / "selection.json", {"winner": systems[0], "planned": 1, "missing": [], "runs": runs})
    write_json(folder / "data/summary.json", {"labels": ["no", "yes"]})
    record = {"head": f"{place:064x}", "lines": 1, "problems": []}
    write_json(folder / "ledger.json", {"test": {"text": "the test set was scored once"}, "record": record})
    write_text(folder / "curves.csv", f"setting,seed,epoch\n{systems[0]},1,1\n")


def make_study(
    folder: Path,
    systems: list[str],
    names: list[str],
    seeds: int = 3,
    lacking: tuple[str, ...] = (),
    tested: bool = True,
) -> Path:
    """The results folder of a study; on the last data set the systems `lacking` were not scored."""
    root = folder / "results/study"
    folders = [folder / "results" / name for name in names]
    for place, each in enumerate(folders):
        missing = lacking if each == folders[-1] else ()
        experiment(each, [name for name in systems if name not in missing], place, seeds, tested)
    files = ("values.json", "manifest.json", "test/systems.json", "test/comparisons.json")
    lists = [[each / name for each in folders] for name in files]
    copies = [[root / "experiments" / name / Path(file).name for name in names] for file in files]
    gather_experiments.main(
        *lists,
        *(
            [each / name for each in folders]
            for name in ("selection.json", "data/summary.json", "ledger.json", "curves.csv")
        ),
        [copy for each in copies for copy in each],
        *(root / name for name in ("selection.json", "summary.json", "ledger.json", "curves.csv")),
        root / "values/gather_experiments.json",
        names,
    )
    compare_experiments.main(
        copies[2],
        copies[3],
        copies[0],
        root / "study.json",
        root / "tables/ranks.csv",
        root / "values/compare_experiments.json",
        names,
        systems,
    )
    published = [root / "values" / f"{name}_experiments.json" for name in ("gather", "compare")]
    collect_values(published, [], root / "values.json", root / "reference.json", [])
    return root


def study_evidence(root: Path) -> Evidence:
    found = read_json(root / "study.json")
    selection = read_json(root / "selection.json")
    values, curves = read_values(root / "values.json"), read_curves(root / "curves.csv")
    return Evidence(values, list(found["scores"]), ["no", "yes"], selection, curves, tuple(found["experiments"]))


def render(root: Path, write_up: Path, project: Path) -> dict[str, Any]:
    """Render a study's write-up; returns its checks."""
    figures = [root / f"figures/ranks.{end}" for end in ("png", "svg", "csv")]
    figures[0].parent.mkdir(exist_ok=True)
    plot_ranks.main(root / "tables/ranks.csv", *figures)
    write_json(root / "manifest.json", {"experiment": "study"})
    found = read_json(root / "study.json")
    render_write_up(
        write_up,
        *(root / f"{name}.json" for name in ("values", "manifest", "selection", "summary", "ledger")),
        root / "curves.csv",
        figures,
        [root / "tables/ranks.csv"],
        [],
        *(project / "report" / name for name in ("template.typ", "template.html", "style.css")),
        *(root / f"write-up.{end}" for end in ("md", "pdf", "html")),
        root / "checks.json",
        root / "write-up.json",
        list(found["scores"]),
        "refuse",
        "typst",
        "0" * 40,
        False,
        0,
        experiments=list(found["experiments"]),
    )
    checks: dict[str, Any] = read_json(root / "checks.json")
    return checks
