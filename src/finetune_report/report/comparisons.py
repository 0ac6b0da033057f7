"""How comparisons are published: `comparison.<a>.<b>.<what>` for each pair, both ways round, and `family.<what>`."""

from pathlib import Path
from typing import Any

from finetune_report.files import read_json
from finetune_report.json_pointer import step
from finetune_report.report.keys import join
from finetune_report.report.publishing import Collector, shown

# What a pair may have, and how it is printed.
KINDS = {
    "difference": "real",
    "p": "p",
    "outcome": "text",
    "about": "text",
    "detectable": "real",
    "within_margin": "text",
    "only_a": "count",
    "only_b": "count",
    "seed_noise_margin": "real",
}
FACTS = {
    "text": "text",
    "metric": "text",
    "unit": "text",
    "comparisons": "count",
    "examples": "count",
    "clusters": "count",
    "seeds": "count",
    "epochs": "count",
    "level": "real",
    "margin": "real",
    "equivalence_confidence": "real",
    "critical_p": "p",
}


def publish_comparisons(collector: Collector, path: Path, *below: str) -> None:
    """What a file of comparisons says; `below` are further parts of the keys, such as the split.

    The difference carries its interval; where a margin is declared, `.equivalence` is the difference again, with the
    interval that would have to lie within it. `comparison.<setting>.could_be_best` is the p of its being the best.
    """
    found = read_json(path)
    for name, kind in FACTS.items():
        if found["family"].get(name) is not None:
            collector.add(join("family", *below, name), found["family"][name], kind, path, f"/family/{name}")
    for a, others in found["pairs"].items():
        for b, row in others.items():
            publish_pair(collector, path, join("comparison", *below, a, b), f"/pairs/{step(a)}/{step(b)}", row)
    for name, p_value in found.get("best", {}).items():
        collector.add(join("comparison", *below, name, "could_be_best"), p_value, "p", path, f"/best/{step(name)}")


def publish_pair(collector: Collector, path: Path, stem: str, pointer: str, row: dict[str, Any]) -> None:
    for name, kind in KINDS.items():
        if row.get(name) is not None:
            interval = row["interval"] if name == "difference" else None
            collector.add(f"{stem}.{name}", shown(row[name]), kind, path, f"{pointer}/{name}", interval)
    if row.get("within_margin") is not None:
        place, interval = f"{pointer}/difference", row["equivalence_interval"]
        collector.add(f"{stem}.equivalence", row["difference"], "real", path, place, interval)
