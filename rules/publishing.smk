# How rules get their parameters, and how their results come to count in the report: of an experiment, and of a study.

import json
from pathlib import Path
from types import SimpleNamespace

from finetune_report.files import canonical_json
from finetune_report.provenance.stamp import stamp as stamp_of
from finetune_report.provenance.stamp import stamps

# The rules whose results count in the report, and the light ones among them, in their order; `publishes` adds them.
PUBLISHING, LIGHT = [], []


def stamp(rule_name):
    """The parameter that makes a rule's results again when code or packages behind its script change."""
    return stamp_of(Path(workflow.basedir) / "scripts" / f"{rule_name}.py")


def all_stamps():
    """The stamp of each script, by name, for the record."""
    return stamps(sorted((Path(workflow.basedir) / "scripts").glob("*.py")))


def spec(**values):
    """The parameter that carries config values to a script: one canonical text, since Snakemake compares without names."""
    return canonical_json(values)


def call(rule_name, **wildcards):
    """What a rule is called with, by name, where its wildcards are these."""
    called, given = getattr(rules, rule_name), SimpleNamespace(**wildcards)

    def filled(files):
        files = files(given) if callable(files) else files
        return str(files).format(**wildcards) if isinstance(files, str | Path) else list(map(filled, files))

    of_config = called.params.get("spec", "{}")
    of_config = of_config(given) if callable(of_config) else of_config
    inputs, outputs = (dict(files.items()) for files in (called.input, called.output))
    return {
        "inputs": {name: filled(files) for name, files in inputs.items()},
        "outputs": {name: filled(files) for name, files in outputs.items()},
        "spec": json.loads(of_config),
        "light": rule_name in LIGHT or rule_name == "render_write_up",
    }


def publishes(rule_name, when=True, light=True):
    """Let the results of a rule count in the report, unless the config does without them.

    Its files go into the manifest, its output `values` is collected, and what it makes in figures/ is there for the
    write-up. A figure's data are an output `<prefix>csv`, the table that it draws is the input `<prefix>table`.
    A `light` rule takes moments, and commands such as verify do its work again.
    """
    if when:
        PUBLISHING.append(rule_name)
        LIGHT.extend([rule_name] if light else [])


def published_files():
    return [path for rule_name in PUBLISHING for path in files_of(rule_name)]


def published_values():
    """What the rules publish for a write-up to cite."""
    return [path for path in published_files() if Path(path).parent == VALUES]


def value_sources():
    """The files that values can come from: what the rules that publish some read and write."""
    publishers = [getattr(rules, path.stem) for path in map(Path, published_values())]
    files = [str(path) for publisher in publishers for path in [*publisher.input, *publisher.output]]
    own = [path for path in dict.fromkeys(files) if Path(path).is_relative_to(RESULTS)]
    return [path for path in own if Path(path).suffix == ".json" and Path(path).parent != VALUES]


def published_figures():
    """The pictures of all figures, and their data."""
    return [path for path in published_files() if Path(path).parent == FIGURES]


def drawn_tables():
    """The table of each figure's data, in the order of these among the published figures."""
    makers = [getattr(rules, rule_name) for rule_name in PUBLISHING]
    return [
        str(getattr(maker.input, name.removesuffix("csv") + "table"))
        for maker in makers
        for name, path in maker.output.items()
        if isinstance(path, str) and Path(path).parent == FIGURES and Path(path).suffix == ".csv"
    ]


def figure(stem, prefix=""):
    """The outputs of one figure: PNG and SVG, and the data that it plots; the caption is for `snakemake --report`."""
    caption = f"../report/captions/{stem}.rst"
    return {
        f"{prefix}png": report(FIGURES / f"{stem}.png", caption=caption, category="Figures", labels={"figure": stem}),
        f"{prefix}svg": FIGURES / f"{stem}.svg",
        f"{prefix}csv": report(FIGURES / f"{stem}.csv", caption=caption, category="Data", labels={"figure": stem}),
    }
