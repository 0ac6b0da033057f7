"""Why two builds differ: what their manifests record otherwise, and what of it reached a result.

From a result that differs the recorded inputs lead up to what made it: where a job was called otherwise, or read
something else, that is a cause; where it was called alike and read the same, nothing above it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from finetune_report.provenance.lineage import Job, Lineage, flat

REMADE = "nothing that is recorded"
LONGEST = 60  # characters of a value in a table


@dataclass(frozen=True)
class Cause:
    """One recorded thing that differs."""

    kind: str
    what: str
    old: str
    new: str

    @property
    def text(self) -> str:
        return f"{self.kind} {self.what}"


class Causes:
    """Everything that two manifests record otherwise, and which of it reached a file or a printed value."""

    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.manifests = (old, new)
        self.old, self.new = lineage_of(old), lineage_of(new)
        self.config = list(config_causes(old["config"], new["config"]))
        self.machine = list(differences("machine", old["machine"], new["machine"]))
        self.known: dict[str, tuple[Cause, ...]] = {}

    def listed(self) -> list[Cause]:
        """All that differs, whatever it reached."""
        old, new = self.manifests
        found = [*self.config, *code_causes(old["code"], new["code"]), *self.sources()]
        found += differences("commit", {"commit": old["commit"]}, {"commit": new["commit"]})
        return [*found, *self.machine]

    def sources(self) -> Iterator[Cause]:
        """Files that no job makes: of the data, of the model, and what the report is rendered with."""
        sides = [
            {path: digest for job in side.jobs.values() for path, digest in job.read.items() if not side.maker(path)}
            for side in (self.old, self.new)
        ]
        return differences("source", *sides)

    def of_value(self, files: Iterable[str]) -> str:
        """In words, what reached a value that comes from `files`, and how the code that published it differs."""
        found = [cause for file in files for cause in self.of_file(file)]
        publishers = [
            name
            for side in (self.old, self.new)
            for name, job in side.jobs.items()
            if any(output.startswith("values/") for output in job.outputs)
            and any(file in job.read or file in job.outputs for file in files)
        ]
        for name in dict.fromkeys([*publishers, "collect_values"]):
            found += self.of_code(name)
        return in_words(found)

    def of_text(self) -> str:
        """In words, what can have changed how a value is printed: the report's code, config and sources."""
        was, now = self.old.jobs["render_write_up"], self.new.jobs["render_write_up"]
        return in_words([*self.of_call(was, now), *differences("source", was.inputs["sources"], now.inputs["sources"])])

    def of_code(self, name: str) -> list[Cause]:
        """How the code and the packages of a job that is in both builds differ."""
        was, now = self.old.jobs.get(name), self.new.jobs.get(name)
        return [cause for cause in self.of_call(was, now) if cause.kind != "config"] if was and now else []

    def of_figure(self, files: Iterable[str]) -> str:
        """In words, what reached the files of a figure."""
        return in_words([cause for file in files for cause in self.of_file(file)])

    def of_file(self, path: str) -> tuple[Cause, ...]:
        """What reached a file of either build, or nothing where it is the same in both."""
        if path not in self.known:
            self.known[path] = ()  # no file leads to itself
            self.known[path] = tuple(dict.fromkeys(self.traced(path)))
        return self.known[path]

    def traced(self, path: str) -> Iterator[Cause]:
        before, after = (manifest["files"].get(path) for manifest in self.manifests)
        was, now = self.old.maker(path), self.new.maker(path)
        if (before is not None and before == after) or (was is None and now is None):
            return
        if was is None or now is None:
            made = was or now
            assert made is not None
            yield Cause("job", made.name, "" if was is None else "there", "" if now is None else "there")
            return
        found = [*self.of_call(was, now), *self.of_inputs(was, now)]
        yield from found or self.machine
        if path.endswith("timing.json"):
            yield Cause("clock", "measured again", "", "")

    def of_call(self, was: Job, now: Job) -> Iterator[Cause]:
        """What a job was called with otherwise: code, packages, its part of the config."""
        if was.code != now.code:
            yield Cause("code", now.rule, was.code.removeprefix("code:"), now.code.removeprefix("code:"))
        yield from differences("package", was.packages, now.packages)
        for cause in differences("config", dict(flat(was.spec)), dict(flat(now.spec))):
            yield self.in_config(cause, now)

    def in_config(self, cause: Cause, job: Job) -> Cause:
        """The entry of the config that a difference in a job's part of it comes from, as far as it can be told."""
        last = cause.what.rpartition(".")[2]
        fitting = [each for each in self.config if each.what.rpartition(".")[2] == last]
        own = [each for each in fitting if set(each.what.split(".")) & set(job.name.split("/")[1:])]
        exact = [each for each in own or fitting if each.new == cause.new]
        return next(iter(exact or own or fitting), Cause("config", f"{job.rule}: {cause.what}", cause.old, cause.new))

    def of_inputs(self, was: Job, now: Job) -> Iterator[Cause]:
        """What a job read otherwise, and what had reached that."""
        for path in dict.fromkeys([*was.read, *now.read]):
            before, after = was.read.get(path), now.read.get(path)
            if before == after:
                continue
            if self.is_source(path):
                yield Cause("source", path, short(before), short(after))
            elif before is None or after is None:
                made = self.old.maker(path) or self.new.maker(path)
                yield Cause("job", made.name if made else path, "there" if before else "", "there" if after else "")
            else:
                yield from self.of_file(path) or self.of_makers(path)

    def of_makers(self, path: str) -> Iterator[Cause]:
        """What reached a folder, whose hash stands in no list of files."""
        was, now = self.old.maker(path), self.new.maker(path)
        if was and now:
            yield from [*self.of_call(was, now), *self.of_inputs(was, now)] or self.machine

    def is_source(self, path: str) -> bool:
        return self.old.maker(path) is None and self.new.maker(path) is None


def lineage_of(manifest: dict[str, Any]) -> Lineage:
    """The jobs of a build; that of the report comes after its manifest, and is told by what the report carries."""
    report = manifest["config"].get("report", {})
    named = ("values.json", "curves.csv", "selection.json")
    hashes = {name: manifest["files"][name] for name in named if name in manifest["files"]}
    rendering = {
        "params": {
            "stamp": manifest["code"].get("render_write_up", ""),
            "spec": {"pdf_engine": report.get("pdf_engine"), "failed_runs": manifest["config"].get("failed_runs")},
        },
        "inputs": {"results": hashes, "sources": manifest.get("inputs", {})},
        "outputs": ["write-up.md"],
    }
    return Lineage(manifest.get("calls", {}) | {"render_write_up": rendering})


def config_causes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    for cause in differences("config", dict(flat(old)), dict(flat(new))):
        seeds = cause.what.partition(".")[0] in ("seeds", "seeds_vary")
        yield Cause("seed" if seeds else "config", cause.what, cause.old, cause.new)


def code_causes(old: dict[str, str], new: dict[str, str]) -> Iterator[Cause]:
    """Rules whose code differs, and packages that do."""
    packages: list[Cause] = []
    for rule in dict.fromkeys([*old, *new]):
        was, now = (Job(rule, {"stamp": side.get(rule, "")}, {}, ()) for side in (old, new))
        if was.code != now.code:
            yield Cause("code", rule, was.code.removeprefix("code:"), now.code.removeprefix("code:"))
        if was.code and now.code:
            packages += differences("package", was.packages, now.packages)
    yield from dict.fromkeys(packages)


def differences(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            was, now = (short(side[key]) if key in side else "" for side in (old, new))
            yield Cause(kind, key, was, now)


def short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else text[:16]


def in_words(found: list[Cause]) -> str:
    return ", ".join(dict.fromkeys(cause.text for cause in found)) or REMADE
