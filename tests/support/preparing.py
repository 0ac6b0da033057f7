"""The rule prepare_data on small files that a test writes, in the folder that the test works in."""

import json
from pathlib import Path
from typing import Any

from finetune_report.config.schema import complete
from finetune_report.data.locations import data_files
from finetune_report.errors import UserError

import prepare_data
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

OUT = Path("out")
ROWS = [("a fine film", "pos"), ("dull", "neg"), ("I laughed, twice", "pos"), ("never again", "neg")]


def entry(**data: Any) -> dict[str, Any]:
    """The data entry of a config, complete."""
    return complete({"name": "x", "data": data, "model": {"path": "m"}, "settings": [{"name": "a"}]})["data"]


def prepare(**data: Any) -> dict[str, Any]:
    """Run the script on a data entry of a config; its summary."""
    filled = entry(**data)
    OUT.mkdir(exist_ok=True)
    prepare_data.main(
        list(data_files(filled).values()),
        OUT / "train.parquet",
        OUT / "validation.parquet",
        [] if filled["test_split"] == "none" else [OUT / "test.parquet"],
        OUT / "summary.json",
        filled,
    )
    return json.loads((OUT / "summary.json").read_text())


def rows_of(split: str) -> list[dict[str, Any]]:
    return pq.read_table(OUT / f"{split}.parquet").to_pylist()


def message_of(**data: Any) -> str:
    before = sorted(OUT.glob("*"))
    with pytest.raises(UserError) as caught:
        prepare(**data)
    assert sorted(OUT.glob("*")) == before  # nothing half done
    return str(caught.value)


def write(name: str, content: str | bytes) -> None:
    path = Path("d") / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def table(rows: list[tuple[str, ...]], header: tuple[str, ...] | None = ("text", "label"), delimiter: str = ",") -> str:
    lines = [header, *rows] if header else rows
    quoted = [[f'"{field}"' if delimiter in field else field for field in line] for line in lines]
    return "".join(delimiter.join(line) + "\n" for line in quoted)


def write_splits(train: str | bytes, suffix: str = ".csv", held_out: str | bytes | None = None) -> None:
    write(f"train{suffix}", train)
    for split in ("validation", "test"):
        write(f"{split}{suffix}", held_out if held_out is not None else table([("so so", "pos")]))


def write_format(form: str, rows: list[tuple[str, str]], name: str) -> None:
    if form == ".parquet":
        write(name + form, b"")
        pq.write_table(
            pa.table({"text": [text for text, _ in rows], "label": [label for _, label in rows]}), f"d/{name}{form}"
        )
    elif form == ".jsonl":
        write(name + form, "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    else:
        write(name + form, table(rows, delimiter="," if form == ".csv" else "\t"))
