"""The levels at which a document is verified, each on its own: bytes, text, metrics, predictions, training.

Nothing of a document is executed. What is done again is done by the code, the config and the write-up of this checkout;
what the document and its results bring along is compared, or read as data.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune_report import regular_files as regular
from finetune_report.cli.builds import Build
from finetune_report.cli.recomputing import metric_complaints
from finetune_report.config.recorded import recorded
from finetune_report.errors import UserError
from finetune_report.files import PROJECT, SNAKEMAKES, fingerprint, sha256, write_json
from finetune_report.provenance.git import changed_since, commit_time
from finetune_report.provenance.layout import placed
from finetune_report.provenance.stamp import stamp
from finetune_report.report.build import main as render_write_up
from finetune_report.report.collect import main as collect_values

SCRIPTS = PROJECT / "scripts"
ADDED = {"inputs", "markdown", "checks"}  # to the manifest when the report is rendered
UNREAD = ("incomplete", "resources")  # of the config: what is taken from the document, and what changes no result


@dataclass(frozen=True)
class Document:
    """A report or manifest to verify, the build that it must come from, and the config of this checkout behind it."""

    path: Path
    build: Build
    config: Path

    @property
    def manifest(self) -> dict[str, Any]:
        return self.build.manifest

    @property
    def forms(self) -> list[str]:
        """What of the report is rendered to be compared: the document itself, or, of a manifest, all forms beside it.

        A PDF by LaTeX differs from build to build.
        """
        if self.path.suffix == ".json":
            report = self.build.layout.config["report"]
            return [*(["pdf"] if report["pdf_engine"] == "typst" else []), "html", *report["further_forms"]]
        return [self.path.suffix[1:]]


def check_bytes(document: Document, scratch: Path) -> Iterator[str]:
    """A sentence for each file, stamp and entry of the config that is not as the document has it.

    The results, all but the models' files, are copied into the empty folder `scratch` as they are read, so that what
    the next levels look at is what was hashed here.
    """
    yield from config_complaints(document)
    yield from commit_complaints(document)
    yield from code_complaints(document)
    yield from source_complaints(document)
    yield from file_complaints(document, scratch)


def config_complaints(document: Document) -> Iterator[str]:
    found, own = document.manifest["config"], recorded(document.build.layout.config)
    if fingerprint(found) != document.manifest["config_fingerprint"]:
        yield "differs: the fingerprint of the config is not that of the config"
    for key in sorted({*own, *found} - set(UNREAD)):
        if own.get(key) != found.get(key):
            yield f"differs: {key} in the config ({shortened(found.get(key))}; here {shortened(own.get(key))})"


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def commit_complaints(document: Document) -> Iterator[str]:
    """The commit must be one of this checkout, and be dated as it is there."""
    commit = document.manifest["commit"]
    if commit and (known := commit_time(Path(), commit)) != document.manifest["commit_time"]:
        if known is None:
            yield f"unknown: this checkout has no commit {commit}, so nothing shows what it holds; fetch it"
        else:
            yield f"differs: the time of commit {commit} (found {document.manifest['commit_time']}; here {known})"
    if commit and not document.manifest["dirty"]:
        for name in changed_since(Path(), commit, [*document.build.layout.sources, str(document.config)]):
            yield f"differs: {name} is not what the commit holds, though the document says that all was committed"


def code_complaints(document: Document) -> Iterator[str]:
    """Every rule's stamp, by what in it differs."""
    recorded = document.manifest["code"]
    own = {path.stem: stamp(path) for path in sorted(SCRIPTS.glob("*.py"))}
    for rule in sorted({*own, *recorded}):
        found, here = recorded.get(rule, "").split(), own.get(rule, "").split()
        if found != here:
            yield f"differs: the code of {rule} ({only_in(found, here)}; here {only_in(here, found)})"


def only_in(parts: list[str], others: list[str]) -> str:
    return ", ".join(part for part in parts if part not in others) or "nothing"


def source_complaints(document: Document) -> Iterator[str]:
    """What the report is rendered with, by the config of this checkout."""
    if document.path.name == "manifest.json":  # written before the report is
        return
    recorded = document.manifest.get("inputs", {})
    own = document.build.layout.sources
    yield from (f"not of this checkout: {name}, named as a source" for name in recorded.keys() - set(own))
    for name in own:
        yield from compared(name, recorded.get(name), lambda name=name: sha256(regular_source(Path(name))))


def regular_source(path: Path) -> Path:
    if path.exists() and not path.is_file():
        raise regular.NotRegular("it is no regular file")
    return path


def file_complaints(document: Document, scratch: Path) -> Iterator[str]:
    """Every result that the layout has, and what lies in the folders of models."""
    root, layout, named_hashes = document.build.root, document.build.layout, document.manifest["files"]
    named = list(layout.named_files)
    weights = tuple(f"{folder}/" for folder in layout.models)
    for folder in layout.models:
        try:
            named += [name for name in regular.below(root, folder) if not name.endswith(SNAKEMAKES)]
        except OSError as error:
            yield f"cannot be read: {root / folder} ({error.strerror})"
        named += [name for name in named_hashes if name.startswith(f"{folder}/")]
    for name in dict.fromkeys(named):
        copy = None if name.startswith(weights) else scratch / name
        yield from compared(
            root / name, named_hashes.get(name), lambda name=name, copy=copy: regular.digest(root, name, copy)
        )
    yield from (
        f"made by no rule: {root / name}, named as a result" for name in sorted(named_hashes.keys() - set(named))
    )


def compared(path: Path | str, wanted: str | None, found_hash: Any) -> Iterator[str]:
    """What is wrong with one file, by its recorded hash."""
    try:
        found = found_hash()
    except FileNotFoundError:
        yield f"missing: {path}"
    except OSError as error:
        yield f"cannot be read: {path} ({error.strerror})"
    else:
        if wanted is None:
            yield f"not named: {path} is there, but the document does not name it"
        elif found != wanted:
            yield f"differs: {path} (expected {wanted[:12]}, found {found[:12]})"


def check_text(document: Document, scratch: Path) -> Iterator[str]:
    """Values collected again from their files, and the document rendered again, byte for byte; in `scratch`."""
    build = replace(document.build, root=scratch)
    again = scratch / "again"
    try:
        yield from value_complaints(document, build, again)
        yield from rendered_complaints(document, build, again)
    except Exception as error:  # results of a stranger can stop a script in any way
        yield f"cannot be made again: {error or type(error).__name__}"


def value_complaints(document: Document, build: Build, again: Path) -> Iterator[str]:
    """What the rules publish of their results, and the values that are collected from that."""
    for call in build.layout.publishers:
        name = str(call.outputs["values"])
        before = (build.root / name).read_bytes()
        call.publish(build.root)
        if (build.root / name).read_bytes() != before:
            yield f"differs: {document.build.root / name} is not what the other results give"
    outputs = placed(again, build.layout.calls["collect_values"].outputs)
    collect_values(**build.inputs("collect_values"), **build.spec("collect_values"), **outputs)
    for path in outputs.values():
        if path.read_bytes() != (build.root / path.name).read_bytes():
            yield f"differs: {document.build.root / path.name} is not what the other results give"


def rendered_complaints(document: Document, build: Build, again: Path) -> Iterator[str]:
    """The report rendered from the scratch copy, with the manifest that the document carries."""
    write_json(build.root / "manifest.json", {key: item for key, item in document.manifest.items() if key not in ADDED})
    outputs = placed(again, build.layout.calls["render_write_up"].outputs)
    given = build.inputs("render_write_up") | build.spec("render_write_up")
    render_write_up(**given, **outputs, forms=document.forms)
    if document.path.suffix != ".json":
        if outputs[document.path.suffix[1:]].read_bytes() != document.path.read_bytes():
            yield f"differs: {document.path} itself is not what its results and sources give"
        return
    for name in [*document.forms, "markdown", "checks", "carried"]:
        path = outputs[name]
        yield from compared(
            document.build.root / path.name,
            sha256(path),
            lambda path=path: regular.digest(document.build.root, path.name),
        )


def check_metrics(document: Document, scratch: Path) -> Iterator[str]:
    """Metrics, comparisons, intervals, selection, analyses and figures computed again from predictions and labels."""
    return metric_complaints(replace(document.build, root=scratch))


def check_predictions(document: Document, scratch: Path) -> Iterator[str]:
    """Data and tokens made again from this checkout's sources, and scored again with the stored weights."""
    from finetune_report.cli.rescoring import rescored_complaints  # seconds, which the levels before do without

    return rescored_complaints(replace(document.build, root=scratch), models=document.build.root)


def check_training(document: Document, scratch: Path) -> Iterator[str]:
    """One run, drawn by the commit, trained again by this checkout, bit for bit."""
    from finetune_report.cli.replay import replayed

    config, draw = document.build.layout.config, int(document.manifest["commit"][:8] or "0", 16)
    try:
        _, run, differing = replayed(document.config, config, document.build.root, None, None, draw)
    except UserError as error:
        yield f"cannot be trained again: {error}"
    else:
        yield from (f"differs: {name}, with {run} trained again (make replay says why)" for name in differing)
