"""Describe the texts and the pretrained model in numbers: tokens, truncated texts, and the fingerprint of the weights.

Reads the summary of the data, the tokens of the splits, and what is known of the model. Writes the counts split
by split and one hash of the weights, and publishes these, the rows, classes and lengths of the data, and the model.
"""

from pathlib import Path
from typing import Any

from finetune_report.config.models import ONLY
from finetune_report.files import fingerprint, read_json, write_json
from finetune_report.json_pointer import step
from finetune_report.model.token_lengths import MANY
from finetune_report.report.keys import below, join
from finetune_report.report.publishing import Collector
from finetune_report.runtime.job import run

import pyarrow.compute as pc
import pyarrow.parquet as pq

WEIGHTS = "model.safetensors"  # of a model in one file
COUNTED_BY = (b"unknown_id", b"special_tokens")  # what tokenize_texts stores with the tokens


def main(
    summary: Path,
    model: list[Path],
    train: list[Path],
    validation: list[Path],
    test: list[Path],
    description: Path,
    values: Path,
    models: list[str],
    max_length: int,
) -> None:
    """`train`, `validation` and `test` are the tokens of the splits, by each of the `models`, in their order.

    `test` is empty where there is no such split. With several models their descriptions stand in `models`, by name.
    """
    tokens = {"train": train, "validation": validation} | ({"test": test} if test else {})
    described = {
        name: {"splits": {split: count(paths[place]) for split, paths in tokens.items()}, "weights": weights_hash(path)}
        for place, (name, path) in enumerate(zip(models, model, strict=True))
    }
    found = described[ONLY] if models == [ONLY] else {"models": described}
    write_json(description, {"max_length": max_length, "many": MANY} | found)
    publish(summary, model, description, values, models)


def weights_hash(model: Path) -> str:
    """One hash of the weights: of a single file that file's own."""
    hashes = {name: digest for name, digest in read_json(model)["files"].items() if name.endswith(".safetensors")}
    return hashes[WEIGHTS] if hashes.keys() == {WEIGHTS} else fingerprint(hashes)


def count(path: Path) -> dict[str, Any]:
    """Texts, tokens in all, the longest text, how many were truncated, and how many of the tokens are unknown.

    `unknown_share` is of the tokens that are kept, special ones apart.
    """
    table = pq.read_table(path, columns=["input_ids", "cut"])
    known = {key.decode(): int(value) for key, value in (table.schema.metadata or {}).items() if key in COUNTED_BY}
    unknown = 0
    if "unknown_id" in known:
        unknown = pc.sum(pc.equal(pc.list_flatten(table["input_ids"]), known["unknown_id"])).as_py()
    lengths = pc.list_value_length(table["input_ids"])
    tokens = pc.sum(lengths).as_py()
    cut = pc.sum(table["cut"]).as_py()
    return {
        "texts": len(table),
        "tokens": tokens,
        "longest": pc.max(lengths).as_py(),
        "cut": cut,
        "share": cut / len(table),
        "unknown": unknown,
        "unknown_share": unknown / max(1, tokens - len(table) * known.get("special_tokens", 0)),
    }


def publish(summary: Path, model: list[Path], description: Path, values: Path, models: list[str]) -> None:
    """`data.max_length`; `data.many`, the share of texts that are cut, or of tokens that are unknown, above which a
    person is warned; and what the functions below publish.
    """
    collector, found = Collector(values), read_json(description)
    publish_rows(collector, summary)
    collector.add("data.max_length", found["max_length"], "count", description, "/max_length")
    collector.add("data.many", found["many"], "real", description, "/many")
    for name, path in zip(models, model, strict=True):
        several = name != ONLY
        row, pointer = (found["models"][name], f"/models/{name}") if several else (found, "")
        publish_model(
            collector, join("models", name) if several else "model", path, row["weights"], description, pointer
        )
        publish_tokens(collector, join("models", name) if several else "data", row["splits"], description, pointer)
    collector.write()


def publish_model(collector: Collector, stem: str, path: Path, weights: str, description: Path, pointer: str) -> None:
    """`model.name`, where it comes from; `model.sha256` of its weights, their number `.parameters`, and `.megabytes` on
    disk. Of several models these are `models.<name>.name` and so on.
    """
    known = read_json(path)
    field = next(field for field in ("name", "package", "path") if known["source"].get(field))
    collector.add(f"{stem}.name", known["source"][field], "text", path, f"/source/{field}")
    collector.add(f"{stem}.sha256", weights, "text", description, f"{pointer}/weights")
    collector.add(f"{stem}.parameters", known["parameters"], "count", path, "/parameters")
    collector.add(f"{stem}.megabytes", known["megabytes"], "real", path, "/megabytes")


def publish_rows(collector: Collector, path: Path) -> None:
    """`data.classes`; `data.test_split` where there are no test labels; of each split `data.<split>.rows`,
    `.duplicates`, `.class.<label>` where there are labels, `.words.min`, `.mean` and `.max`; `data.overlap.<a>-<b>`,
    `data.near_duplicates.<a>-<b>` and `.threshold` where they were looked for, `data.dropped.<split>`,
    `data.left_out.<split>.invalid` and `.by_label`; of a held-out split `data.carved.fraction` and `.seed`; where not
    all training rows are used, `data.train.drawn.of` and `.seed`.
    """
    summary = read_json(path)
    collector.add("data.classes", len(summary["labels"]), "count", path, "/labels")
    if "classes" not in summary["splits"].get("test", {}):
        collector.add("data.test_split", summary["source"]["test_split"], "text", path, "/source/test_split")
    publish_language(collector, path, summary.get("language", {}))
    for split, facts in summary["splits"].items():
        stem, pointer = join("data", split), f"/splits/{split}"
        collector.add(f"{stem}.rows", facts["rows"], "count", path, f"{pointer}/rows")
        collector.add(f"{stem}.duplicates", facts["duplicates"], "count", path, f"{pointer}/duplicates")
        for label, count in facts.get("classes", {}).items():
            collector.add(join("data", split, "class", label), count, "count", path, f"{pointer}/classes/{step(label)}")
        for word, kind in (("min", "count"), ("mean", "real"), ("max", "count")):
            collector.add(f"{stem}.words.{word}", facts["words"][word], kind, path, f"{pointer}/words/{word}")
    for pair, count in summary["overlap"].items():
        collector.add(below("data.overlap", pair), count, "count", path, f"/overlap/{pair}")
    for split, count in summary["dropped"].items():
        collector.add(below("data.dropped", split), count, "count", path, f"/dropped/{split}")
    near = summary["near_duplicates"]
    if near["threshold"] is not None:
        stem = "data.near_duplicates"
        collector.add(f"{stem}.threshold", near["threshold"], "real", path, "/near_duplicates/threshold")
        for pair, count in near["rows"].items():
            collector.add(below(stem, pair), count, "count", path, f"/near_duplicates/rows/{pair}")
    for split, rows in summary["left_out"].items():
        for why in ("invalid", "by_label"):
            collector.add(join("data", "left_out", split, why), rows[why], "count", path, f"/left_out/{split}/{why}")
    if summary["carved"]:
        collector.add("data.carved.fraction", summary["carved"]["fraction"], "real", path, "/carved/fraction")
        collector.add("data.carved.seed", summary["carved"]["seed"], "count", path, "/carved/seed")
    if "train_drawn" in summary:
        collector.add("data.train.drawn.of", summary["train_drawn"]["of"], "count", path, "/train_drawn/of")
        collector.add("data.train.drawn.seed", summary["train_drawn"]["seed"], "count", path, "/train_drawn/seed")


def publish_language(collector: Collector, path: Path, found: dict[str, Any]) -> None:
    """`data.language`, and where it is a guess `.guessed.share` of so many `.guessed.texts` that seem to be in it."""
    if not found.get("tag"):
        return
    collector.add("data.language", found["tag"], "text", path, "/language/tag")
    if found["guessed"]:
        collector.add("data.language.guessed.share", found["guessed"]["share"], "real", path, "/language/guessed/share")
        collector.add(
            "data.language.guessed.texts", found["guessed"]["texts"], "count", path, "/language/guessed/texts"
        )


def publish_tokens(collector: Collector, key: str, splits: dict[str, Any], path: Path, below_model: str) -> None:
    """Of each split `data.<split>.cut`, how many texts were cut, and `.cut.share` of them;
    `.tokens` in all, and `.tokens.longest`, those of the longest text; `.unknown`, how many of those that are kept the
    model does not know, and `.unknown.share` of them, special ones apart. Of several models `models.<name>.<split>.cut`
    and so on.
    """
    for split, row in splits.items():
        stem, pointer = below(key, split), f"{below_model}/splits/{split}"
        collector.add(f"{stem}.cut", row["cut"], "count", path, f"{pointer}/cut")
        collector.add(f"{stem}.cut.share", row["share"], "real", path, f"{pointer}/share")
        collector.add(f"{stem}.tokens", row["tokens"], "count", path, f"{pointer}/tokens")
        collector.add(f"{stem}.tokens.longest", row["longest"], "count", path, f"{pointer}/longest")
        collector.add(f"{stem}.unknown", row["unknown"], "count", path, f"{pointer}/unknown")
        collector.add(f"{stem}.unknown.share", row["unknown_share"], "real", path, f"{pointer}/unknown_share")


if __name__ == "__main__":
    run(main)
