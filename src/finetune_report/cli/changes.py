"""What differs between two builds: printed numbers, verdicts of claims, and the data of figures."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_report import regular_files as regular
from finetune_report.cli.causes import Causes
from finetune_report.errors import UserError
from finetune_report.files import canonical_json
from finetune_report.provenance.manifests import carried_manifest

Rows = list[list[str]]
LARGEST = 2**28  # bytes of a result that is compared
SPREAD = 2  # standard deviations over seeds that count as noise


@dataclass(frozen=True)
class Side:
    """One of two builds: the manifest that its report carries, and its folder where there is one."""

    manifest: dict[str, Any]
    root: Path | None

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """What is printed for each key, each text once, with the value behind it."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.manifest["checks"]["values"]:
            entry = found.setdefault(row["key"], row | {"texts": []})
            text = row["printed"].replace("^", "")
            if text not in entry["texts"]:
                entry["texts"].append(text)
        return found

    def sd(self, key: str) -> float | None:
        """The standard deviation of a value over seeds, where there are several."""
        values = json.loads(content_of(self.root, "values.json")) if self.root else self.values
        entry = values.get(f"{key}.sd")
        return entry["value"] if entry else None


def read_side(given: Path) -> Side:
    """A build by its results folder, a manifest in it, or a report that carries one. Raises UserError on another."""
    file = given / "write-up.json" if given.is_dir() else given
    if file.name == "manifest.json":
        file = file.with_name("write-up.json")
    if not file.is_file():
        raise UserError(f"{given}: no {file.name} there, so it is no finished build; run make report first")
    manifest = carried_manifest(file)
    if "checks" not in manifest:
        raise UserError(f"{file}: its manifest does not say what was printed; render the report again")
    root = file.parent
    return Side(manifest, root if (root / "values.json").is_file() else None)


def content_of(root: Path, name: str) -> str:
    """A result, which may be a stranger's. Raises UserError where it is no regular file."""
    try:
        return regular.read(root, name, LARGEST).decode()
    except (OSError, ValueError) as error:
        raise UserError(f"{root / name} cannot be read ({getattr(error, 'strerror', None) or error})") from None


def changed_values(old: Side, new: Side, found: Causes) -> Rows:
    """Key, old and new text, change, whether that is noise, and cause of each printed value that changed."""
    rows = []
    before, after = old.values, new.values
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key), after.get(key)
        if was and now and was["texts"] == now["texts"] and was["value"] == now["value"]:
            continue
        entry = now or was
        assert entry is not None
        texts = ["; ".join(side["texts"]) if side else "" for side in (was, now)]
        change, noise = (size(was, now), judged(key, was, now, old, new)) if was and now else ("", "")
        if was and now:
            reason = found.of_text() if was["value"] == now["value"] else found.of_value(origins(was, now))
        else:
            reason = "newly printed" if now else "no longer printed"
        rows.append([key, *texts, change, noise, reason])
    return rows


def size(was: dict[str, Any], now: dict[str, Any]) -> str:
    if isinstance(was["value"], str) or isinstance(now["value"], str):
        return ""
    return f"{now['value'] - was['value']:+.4g}".replace("-", "−")


def judged(key: str, was: dict[str, Any], now: dict[str, Any], old: Side, new: Side) -> str:
    """Whether a change lies within noise: over seeds by their standard deviation, with one seed by the old interval."""
    if isinstance(was["value"], str) or isinstance(now["value"], str):
        return ""
    spreads = [sd for sd in (old.sd(key), new.sd(key)) if sd is not None]
    if spreads:
        within = abs(now["value"] - was["value"]) <= SPREAD * max(spreads)
        return f"{'within' if within else 'beyond'} {SPREAD} sd ({max(spreads):.2g})"
    if was["interval"]:
        low, high = was["interval"]
        return "inside the interval" if low <= now["value"] <= high else "outside the interval"
    return ""


def changed_verdicts(old: Side, new: Side) -> Rows:
    """Claim, and old and new verdict and wording, of each claim that changed or stands in one build only."""

    def claims(side: Side) -> dict[str, dict[str, Any]]:
        listed = side.manifest["checks"]["claims"]
        return {f"{claim['kind']} {canonical_json(claim['arguments'])}": claim for claim in listed}

    def said(claim: dict[str, Any] | None) -> str:
        if claim is None:
            return "not made"
        return f"{'holds' if claim['verdict']['holds'] else 'does not hold'}: {claim['verdict']['allowed']}"

    before, after = claims(old), claims(new)
    pairs = {name: (said(before.get(name)), said(after.get(name))) for name in dict.fromkeys([*before, *after])}
    return [[name, was, now] for name, (was, now) in pairs.items() if was != now]


def origins(*sides: dict[str, Any] | None) -> list[str]:
    """The files that a printed value stands in, in either build."""
    files = [file for side in sides if side for file in side.get("parts") or [side["source"]]]
    return list(dict.fromkeys(files))


def changed_figures(old: Side, new: Side, found: Causes) -> Rows:
    """Figure, what changed in its data or its picture, and cause."""
    before, after = (side.manifest["files"] for side in (old, new))
    stems: dict[str, list[str]] = {}
    for name in sorted({*before, *after}):
        if name.startswith("figures/") and before.get(name) != after.get(name):
            stems.setdefault(name.removeprefix("figures/").partition(".")[0], []).append(name)
    rows = []
    for stem, names in stems.items():
        data = next((name for name in names if name.endswith(".csv")), None)
        first = data or names[0]
        what = "new" if first not in before else "gone" if first not in after else entries(data, old, new)
        rows.append([stem, what, found.of_figure(names)])
    return rows


def entries(name: str | None, old: Side, new: Side) -> str:
    """How many entries of a figure's data differ, where both builds have their folders."""
    if name is None:
        return "drawn otherwise"
    if old.root is None or new.root is None:
        return "differs"
    before, after = (list(csv.DictReader(content_of(root, name).splitlines())) for root in (old.root, new.root))
    if len(before) != len(after):
        return f"{len(before)} rows before, {len(after)} now"
    pairs = [(row[column], now.get(column)) for row, now in zip(before, after, strict=True) for column in row]
    return f"{sum(was != now for was, now in pairs)} of {len(pairs)} entries"
