"""Predict the classes of new texts with the selected setting's models, in the form that `systems` in a config takes.

Of several seeds the probabilities are the means over their models, and the class is the likeliest by these.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune_report.cli.builds import own_config
from finetune_report.config.models import ONLY, folder_of, model_of
from finetune_report.config.settings import resolved_settings
from finetune_report.data.detection import rows_of_file
from finetune_report.data.examples import Examples, read_examples
from finetune_report.data.readers import field, has_field, reading_of
from finetune_report.data.streams import suffix_of
from finetune_report.data.validation import place_of_row, text_of
from finetune_report.errors import UserError, few
from finetune_report.files import read_json
from finetune_report.model.classifier import load_classifier
from finetune_report.model.device import configure_process, resolve
from finetune_report.model.evaluation import evaluate
from finetune_report.model.forward import prepare_forward
from finetune_report.provenance.rule_scripts import main_of

import numpy as np
import pandas as pd

FORMATS = (".csv", ".jsonl", ".parquet")


def main(data: Path, out: Path | None, config: Path, results: Path | None) -> int:
    """Raises UserError where a text cannot be used, no setting has been selected yet, or `out` is there already."""
    own = own_config(config)
    root, path = results or Path("results") / own["name"], out or data.with_name(f"{data.stem}-predictions.csv")
    if suffix_of(path) not in FORMATS:
        raise UserError(f"--out: {path} ends in '{path.suffix}'; expected one of {', '.join(FORMATS)}")
    if path.exists():
        raise UserError(f"{path} is there already; name another file with --out, or remove it")
    if not (root / "selection.json").is_file():
        raise UserError(f"{root} has no selection.json, so no setting is selected yet; run make report first")
    winner, labels = read_json(root / "selection.json")["winner"], read_json(root / "data/summary.json")["labels"]
    texts = read_texts(data, own["data"])
    models = [root / f"runs/{winner}/seed{seed}/model" for seed in own["seeds"]]
    pretrained = root / folder_of(model_of(resolved_settings(own)[winner])) / "model.json"
    table = predicted(texts, tokenized(texts, pretrained, own["max_length"]), models, labels, own)
    write(table, path)
    print(f"{path}: {len(table)} texts, by {winner} ({len(models)} {'model' if len(models) == 1 else 'models'})")
    return 0


def read_texts(path: Path, data: dict[str, Any]) -> pd.DataFrame:
    """The texts of a file that has the columns of the config's data; labels are not needed."""
    if not path.is_file():
        raise UserError(f"{path} is not there; name a file of texts")
    columns = {name: str(data[name]) for name in ("text", "text_pair") if data[name] is not None}
    found: dict[str, list[str]] = {name: [] for name in columns}
    for number, (line, record) in enumerate(rows_of_file(path, reading_of(data)), start=1):
        place = f"{path}, {place_of_row(number, line)}"
        for name, column in columns.items():
            if not has_field(record, column):
                raise UserError(
                    f"{place}: no column '{column}' (data.{name}); the columns are {few(map(repr, record))}"
                )
            try:
                found[name].append(text_of(field(record, column)))
            except UserError as error:
                raise UserError(f"{place}, column '{column}': {error}") from None
    if not found["text"]:
        raise UserError(f"{path} holds no rows; put rows into it")
    return pd.DataFrame(found)


def tokenized(texts: pd.DataFrame, model: Path, max_length: int) -> Examples:
    """The texts as the rule tokenize_texts has them; their labels are made up, and nothing is measured by them."""
    with TemporaryDirectory() as name:
        data, tokens = Path(name) / "texts.parquet", Path(name) / "tokens.parquet"
        ids = [f"row-{number}" for number in range(1, len(texts) + 1)]
        texts.assign(id=ids, label=0).to_parquet(data, index=False)
        main_of("tokenize_texts")(data=data, model=model, selection=[], tokens=tokens, max_length=max_length, name=ONLY)
        return read_examples(data, tokens)


def predicted(
    texts: pd.DataFrame, examples: Examples, models: list[Path], labels: list[str], config: dict[str, Any]
) -> pd.DataFrame:
    """The texts with the predicted class by name, and a probability for each class."""
    compute = resolve(config["device"], config["precision"], config["threads"])
    configure_process(compute)
    scored = [evaluate(prepare_forward(load_classifier(path, labels), examples, compute), examples) for path in models]
    chances = np.mean([scores.probabilities for scores in scored], axis=0)
    table = texts.assign(prediction=[labels[number] for number in chances.argmax(axis=1)])
    return table.assign(**{f"p_{label}": chances[:, number] for number, label in enumerate(labels)})


def write(table: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match suffix_of(path):
        case ".parquet":
            table.to_parquet(path, index=False)
        case ".jsonl":
            table.to_json(path, orient="records", lines=True, force_ascii=False, double_precision=15)
        case _:
            table.to_csv(path, index=False)
