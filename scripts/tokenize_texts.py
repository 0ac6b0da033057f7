"""Turns the texts of one split into the token ids of the pretrained model, once for all runs.

Reads the split's texts and the model's tokenizer; the labels are left alone. Writes a row a text, in the same order:
id, input_ids, token_type_ids for sentence pairs, and whether the text was cut to the longest length allowed.
"""

import logging
from pathlib import Path
from typing import Any

from finetune_report.config.models import naming_model
from finetune_report.errors import UserError
from finetune_report.files import read_json
from finetune_report.model.pretrained import pretrained_folder
from finetune_report.model.token_lengths import token_warnings
from finetune_report.model.tokenization import check_length, load_tokenizer, unknown_id
from finetune_report.runtime.job import run

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from transformers import PretrainedConfig, PreTrainedTokenizerBase

ROWS = 1000  # a batch: enough for the tokenizer to be fast, little enough for memory


def main(data: Path, model: Path, selection: list[Path], tokens: Path, max_length: int, name: str) -> None:
    """`name` is that of the model among several."""
    with naming_model(name):
        tokenize(data, model, tokens, max_length)


def tokenize(data: Path, model: Path, tokens: Path, max_length: int) -> None:
    folder = pretrained_folder(read_json(model))
    config, tokenizer = load_tokenizer(folder)
    check_length(max_length, folder, config, tokenizer)
    rows = pq.ParquetFile(data)
    texts = [name for name in ("text", "text_pair") if name in rows.schema_arrow.names]
    # Models without a second type (RoBERTa, DistilBERT) tell the texts of a pair apart by the separator alone.
    form = schema(types=len(texts) == 2 and (getattr(config, "type_vocab_size", 0) or 0) > 1).with_metadata(
        counted_by(tokenizer, pair=len(texts) == 2)
    )
    part = tokens.with_name(tokens.name + ".part")
    count = cut = unknown = kept = 0
    with pq.ParquetWriter(part, form) as writer:
        for batch in rows.iter_batches(ROWS, columns=["id", *texts]):
            columns = [batch[name].to_pylist() for name in texts]
            table = tokenized(batch["id"].to_pylist(), columns, tokenizer, max_length, form)
            check_ids(table["input_ids"], folder, config)
            writer.write_table(table)
            count += table.num_rows
            cut += sum(table["cut"].to_pylist())
            unknown += count_unknown(table["input_ids"], tokenizer)
            kept += pc.sum(pc.list_value_length(table["input_ids"])).as_py()
    part.replace(tokens)
    logging.info("%s: %d texts, %d cut to %d tokens", data.stem, count, cut, max_length)
    kept -= count * tokenizer.num_special_tokens_to_add(pair=len(texts) == 2)
    for warning in token_warnings(cut / count, unknown / kept, max_length):
        logging.warning("%s: %s", data.stem, warning)


def count_unknown(tokens: pa.ChunkedArray, tokenizer: PreTrainedTokenizerBase) -> int:
    number = unknown_id(tokenizer)
    return 0 if number is None else pc.sum(pc.equal(pc.list_flatten(tokens), number)).as_py() or 0


def check_ids(tokens: pa.ChunkedArray, folder: Path, config: PretrainedConfig) -> None:
    """Raises UserError where the tokenizer gives ids that the model has no embedding for."""
    highest = pc.max(pc.list_flatten(tokens)).as_py()
    size = getattr(config, "vocab_size", None)
    if size is not None and highest >= size:
        raise UserError(
            f"model: the tokenizer in {folder} gives the token id {highest}, but config.json has a vocab_size of "
            f"{size}; the tokenizer belongs to another model: save both together"
        )


def counted_by(tokenizer: PreTrainedTokenizerBase, pair: bool) -> dict[str, str]:
    """What counting the tokens needs to know: the id of unknown ones, if any, and how many special ones a text has."""
    unknown = unknown_id(tokenizer)
    special = {"special_tokens": str(tokenizer.num_special_tokens_to_add(pair=pair))}
    return special if unknown is None else special | {"unknown_id": str(unknown)}


def schema(types: bool) -> pa.Schema:
    columns = [("token_type_ids", pa.list_(pa.int8()))] if types else []
    return pa.schema([("id", pa.string()), ("input_ids", pa.list_(pa.int32())), *columns, ("cut", pa.bool_())])


def tokenized(
    ids: list[str], texts: list[list[str]], tokenizer: PreTrainedTokenizerBase, max_length: int, form: pa.Schema
) -> pa.Table:
    """The rows of one batch; `texts` is one list for single texts, two for pairs.

    Raises UserError at a text of which the tokenizer leaves nothing.
    """
    special = tokenizer.num_special_tokens_to_add(pair=len(texts) == 2)
    encoded = encode(texts, tokenizer)
    lengths = [len(row) for row in encoded["input_ids"]]
    for name, length in zip(ids, lengths, strict=True):
        if length <= special:
            raise UserError(f"data: the tokenizer leaves nothing of the text of row {name}; correct or remove the row")
    long = [row for row, length in enumerate(lengths) if length > max_length]
    if long:
        few = [[column[row] for row in long] for column in texts]
        cut = encode(few, tokenizer, truncation=True, max_length=max_length)
        for name, rows in cut.items():
            for row, values in zip(long, rows, strict=True):
                encoded[name][row] = values
    columns = encoded | {"id": ids, "cut": [length > max_length for length in lengths]}
    return pa.table({name: columns[name] for name in form.names}, schema=form)


def encode(texts: list[list[str]], tokenizer: PreTrainedTokenizerBase, **options: Any) -> dict[str, list[list[int]]]:
    """Token ids with the model's special tokens, and which of two texts each token belongs to."""
    encoded = tokenizer(*texts, return_attention_mask=False, return_token_type_ids=True, verbose=False, **options)
    return {name: encoded[name] for name in ("input_ids", "token_type_ids")}


if __name__ == "__main__":
    run(main, hardware=lambda spec: "")  # the same on every machine
