"""Fills the author's write-up in: Jinja2 on top of pandoc Markdown, in which values and claims become marked spans."""

import copy
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.report import lexicon
from finetune_report.report.claims import judge
from finetune_report.report.derived import OPERATIONS, derived, digits_of
from finetune_report.report.keys import ANY, below, is_below, matches, raw_parts, split
from finetune_report.report.results import Evidence, nearest
from finetune_report.report.scores_table import scores_table
from finetune_report.report.subjects import Subjects, folded
from finetune_report.report.values import Value, decimals, escaped, in_percent, printed, shown
from finetune_report.report.verdicts import Verdict

import jinja2
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

TAG = r"\{%(?:[^%]|%(?!\}))*%\}"
TAGS_ALONE = re.compile(rf"^[ \t]*((?:{TAG}[ \t]*)+)$", re.MULTILINE)
TAG_AT_END = re.compile(rf"({TAG})$", re.MULTILINE)
VAGUE = re.compile(
    r"\W*|(?:(?:all|any|every|each)\W(?:of\W)?(?:the\W)?)?(?:it|its|this|that|these|those|they|them|he|she|we|us|all|any|every\w*|any\w*|no\w*|"
    r"both|(?:the\W)?(?:others?|rest|former|latter|one|two|model|setting|literature)s?)(?:\Welse)?",
    re.IGNORECASE,
)  # names that would let a claim of one setting be read as one of others
EMPTY = "(empty)"  # how a name without a letter is printed
MARK = re.compile(r"\{\.(?:value|claim|stated|name)\b[^}]*\}")


@dataclass(frozen=True)
class Citation:
    """A value where it was printed, at a line of the write-up."""

    value: Value
    text: str
    line: int

    def as_json(self) -> dict[str, Any]:
        value = self.value
        found = {
            "key": value.key,
            "printed": self.text,
            "line": self.line,
            "value": value.value,
            "interval": value.interval,
            "source": value.source,
            "pointer": value.pointer,
        }
        return found | ({"parts": [source for source, _ in value.parts]} if value.parts else {})


@dataclass(frozen=True)
class Claim:
    """A claim where it was made. `gated`: the wording stands or falls with it, since the author gave no other."""

    kind: str
    arguments: dict[str, Any]
    verdict: Verdict
    sentence: str
    gated: bool
    line: int
    alike: bool = False  # its two wordings are one

    def as_json(self) -> dict[str, Any]:
        return {name: entry for name, entry in asdict(self).items() if name != "alike"}


@dataclass
class Filled:
    """The filled-in Markdown, and the values and claims in it; a claim's mark carries its place in the list, from 1."""

    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    names: set[str] = field(default_factory=set)  # of settings, which pass whatever digits they hold
    printed_names: Counter[str] = field(default_factory=Counter)  # names from the data that hold numbers, as printed
    subjects: Subjects = field(default_factory=Subjects)
    aliases: dict[str, list[str]] = field(default_factory=dict)  # other names of settings, which the author declared


def fill(write_up: Path, evidence: Evidence) -> Filled:
    """Fill the write-up in. Raises UserError with file and line on whatever the author has to fix."""
    try:
        template = parsed(write_up.read_text(encoding="utf-8"))
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{write_up}, line {error.lineno}: {error.message}") from None
    helpers = Helpers(evidence, template)
    try:
        helpers.filled.text = template.render(helpers.namespace())
    except (UserError, jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"{write_up}, line {line_of(error, template)}: {error}") from None
    return helpers.filled


@lru_cache(maxsize=1)
def parsed(source: str) -> jinja2.Template:
    """The write-up as a template, in which a line of nothing but tags leaves no trace.

    In Jinja's sandbox no expression gets from a value to Python's internals, and so to code.
    """
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="<!--#",  # Jinja's own {# opens pandoc's attributes
        comment_end_string="#-->",
        finalize=lambda item: item._printed() if isinstance(item, FromData) else item,
    )
    return environment.from_string(trimmed_tags(source))


def trimmed_tags(source: str) -> str:
    """Let Jinja take the line break after a tag only where the line holds nothing but tags.

    A table's rows may then stand in a loop, while a paragraph that ends in a tag keeps its end.
    """
    source = TAG_AT_END.sub(lambda match: match[1][:-2].removesuffix("+") + "+%}", source)
    return TAGS_ALONE.sub(lambda match: match[1].rstrip().replace("+%}", "%}"), source)


def line_of(error: BaseException, template: jinja2.Template) -> int:
    """The line of the template at which an error arose."""
    trace, line = error.__traceback__, 1
    while trace:
        if trace.tb_frame.f_globals.get("__jinja_template__") is template:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        elif (
            trace.tb_frame.f_code.co_filename == template.filename or trace.tb_frame.f_code.co_filename == "<template>"
        ):
            line = trace.tb_lineno  # Jinja has put the template's own lines in
        trace = trace.tb_next
    return line


class FromData(str):
    """A text that data may have put there; printed as it is, it must not become Markdown or HTML.

    One that holds numbers, or words that results are told by, is marked where it is printed: there it is a name, and
    nowhere else.
    """

    _names: Counter[str]
    _subjects: Subjects

    def __new__(cls, text: str, names: Counter[str], subjects: Subjects) -> "FromData":
        found = super().__new__(cls, text)
        found._names, found._subjects = names, subjects
        return found

    def _printed(self) -> str:
        text = escaped(self or EMPTY)
        seen = shown(self or EMPTY)  # with escapes, which may have digits
        if not (lexicon.numbers(seen) or lexicon.comparisons(seen) or self._subjects.speak_in(seen)):
            return text
        self._names[text] += 1
        return f"[{text}]{{.name}}"


class Helpers:
    """What the author can call."""

    def __init__(self, evidence: Evidence, template: jinja2.Template) -> None:
        self.evidence, self.template = evidence, template
        self.lines = template.debug_info[::-1]  # pairs of a line here and of the compiled code, the last ones first
        settings = {*evidence.settings, *evidence.selection["missing"]}
        self.filled = Filled(names=settings | {*evidence.experiments}, subjects=subjects_of(evidence, settings))

    def namespace(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "number": self.number,
            "claim": self.claim,
            "has": self.has,
            "key": below,
            "keys": self.keys,
            "decimals": self.decimals,
            "names": self.names,
            "alias": self.alias,
            "settings": self.evidence.settings,
            "named": self.listed("sweep.named"),
            "shown": self.listed("sweep.shown"),
            "systems": self.evidence.settings
            if self.evidence.experiments
            else [split(key)[1] for key in self.keys("test.*.seeds")],
            "experiments": list(self.evidence.experiments),
            "scores_table": partial(scores_table, self),
            "labels": [self.from_data(label) for label in self.evidence.labels],
            "winner": self.evidence.selection["winner"],
        } | {name: partial(self.derived, name) for name in OPERATIONS}

    def listed(self, stem: str) -> list[str]:
        """The texts of the values `<stem>.1`, `<stem>.2`, ..."""
        return [str(self.evidence.values[key].value) for key in self.keys(stem)]

    def number(self, key: str, *parts: str | int) -> float:
        return self.evidence.number(below(key, *parts))

    def has(self, key: str, *parts: str | int) -> bool:
        return self.evidence.has(below(key, *parts))

    def decimals(self, keys: list[str], points: bool = False) -> int:
        """The decimals for a column of a table, from the keys of its values."""
        known = [self.evidence.value(key) for key in keys if not self.evidence.lacks(key)]
        return decimals([in_percent(value) for value in known] if points else known, points)

    def value(self, key: str, *parts: str | int, **options: Any) -> str:
        """A value as a span that carries its key; options as in `finetune_report.report.values.printed`.

        Here and below, `parts` are further parts of the key, each any name.
        """
        key = below(key, *parts)
        lacking = self.evidence.lacks(key)
        if lacking:
            return self.gap(lacking)
        return self.cited(self.evidence.value(key), options)

    def derived(self, name: str, a: str, b: str, **options: Any) -> str:
        """A value made of two others, as a span like theirs; see `finetune_report.report.derived`."""
        lacking = self.evidence.lacks([a, b])
        if lacking:
            return self.gap(lacking)
        value = derived(name, a, b, self.evidence)
        digits = digits_of(value, self.evidence, scaled=bool(options.get("percent") or options.get("points")))
        return self.cited(value, ({} if digits is None else {"digits": digits}) | options)

    def cited(self, value: Value, options: dict[str, Any]) -> str:
        try:
            text = printed(value, **options)
        except (TypeError, ValueError) as error:
            reason = str(error).removeprefix("printed() ")
            raise UserError(f"the value '{value.key}' cannot be printed so: {reason}") from None
        self.filled.citations.append(Citation(value, text, self.line()))
        return f'[{text}]{{.value key="{quoted(value.key)}"}}'

    def claim(self, kind: str, caller: Macro, **arguments: Any) -> str:
        """The body of a call block, marked with the claim that it makes; a body that asks is told whether it holds."""
        lacking = self.evidence.lacks(list(arguments.values()))
        if lacking:
            return self.gap(lacking) + "\n"  # the body would end its line too
        verdict = judge(kind, arguments, self.evidence)
        gated = "holds" not in caller.arguments
        body = caller() if gated else caller(verdict.holds)
        alike = not gated and body.strip() == self.tried(caller, not verdict.holds)
        return self.claimed(body, kind, arguments, verdict, gated, alike)

    def claimed(
        self,
        body: str,
        kind: str,
        arguments: dict[str, Any],
        verdict: Verdict,
        gated: bool = True,
        alike: bool = False,
    ) -> str:
        """A text marked with the claim that it makes."""
        claims, sentence = self.filled.claims, " ".join(plain(body).split())
        claims.append(Claim(kind, arguments, verdict, sentence, gated, self.line(), alike))
        return marked(body, f'.claim n="{len(claims)}"')

    def tried(self, caller: Macro, holds: bool) -> str | None:
        """What the body of a claim would be were its truth another, of which nothing is kept; None where it fails."""
        kept = self.filled
        self.filled = copy.deepcopy(kept)
        try:
            return str(caller(holds)).strip()
        except (UserError, jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError):
            return None
        finally:
            self.filled = kept

    def alias(self, name: str, *others: str) -> str:
        """Declare other names of a setting, by which sentences may speak of it."""
        if name not in self.filled.names:
            raise UserError(f"there is no setting '{name}'{nearest(name, self.filled.names)}")
        for other in others:
            subjects = self.filled.subjects
            taken = [owner for _, owner in subjects.spelt(other, subjects.compared)] + [
                owner for known, owner in subjects.aliases if folded(known) == folded(other)
            ]
            if set(taken) - {name}:
                raise UserError(f"'{other}' cannot be another name of '{name}', since it names '{taken[0]}'")
            if VAGUE.fullmatch(other.strip()):
                raise UserError(f"'{other}' cannot be another name of '{name}', since it may mean anything")
            self.filled.aliases.setdefault(name, []).append(other)
            self.filled.subjects = replace(subjects, aliases=(*subjects.aliases, (other, name)))
        return ""

    def gap(self, setting: str) -> str:
        """What is printed where something cannot be said yet, since runs of `setting` are missing."""
        return rf"**\[{setting}: not finished\]**"

    def keys(self, pattern: str, *parts: str | int) -> list[str]:
        """The collected keys at or below `pattern`, or those that match it where a part of it is a `*`."""
        pattern = below(pattern.rstrip("."), *parts)
        if ANY in raw_parts(pattern):
            return [key for key in self.evidence.values if matches(key, pattern)]
        return [key for key in self.evidence.values if key == pattern or is_below(key, pattern)]

    def names(self, prefix: str, *parts: str | int) -> list[str]:
        """The different next parts of the keys below `prefix`, in their order."""
        stem = below(prefix.rstrip("."), *parts)
        depth = len(split(stem))
        found = list(dict.fromkeys(split(key)[depth] for key in self.evidence.values if is_below(key, stem)))
        return [self.from_data(name) for name in found]

    def name(self, text: str) -> str:
        """A name as `{{ name }}` prints it."""
        return self.from_data(text)._printed()

    def from_data(self, text: str) -> FromData:
        return FromData(text, self.filled.printed_names, self.filled.subjects)

    def line(self) -> int:
        """The line of the template from which the helper was called."""
        frame = sys._getframe(2)
        while frame.f_back and frame.f_globals.get("__jinja_template__") is not self.template:
            frame = frame.f_back
        return next((line for line, compiled in self.lines if compiled <= frame.f_lineno), 1)


def subjects_of(evidence: Evidence, settings: set[str]) -> Subjects:
    """The names that a sentence can speak of results by."""
    methods = {split(key)[1] for key in evidence.values if is_below(key, "baselines")}
    methods |= {split(key)[1] for key in evidence.values if matches(key, "test.*.seeds")} - {"winner", *settings}
    of_models = [key for key in evidence.values if matches(key, "models.*.name")]
    known = {
        str(evidence.values[key].value) for key in ("model.name", "experiment.name", *of_models) if evidence.has(key)
    }
    known |= {split(key)[1] for key in of_models}
    return Subjects(
        frozenset(settings),
        evidence.selection["winner"],
        frozenset(methods),
        frozenset({*evidence.labels, *known, *evidence.experiments}),
        experiments=frozenset(evidence.experiments),
    )


def marked(body: str, attributes: str) -> str:
    """A body as a pandoc span, or as a fenced div where it is more than one paragraph; white space around it stays."""
    text = body.strip()
    before, after = body[: len(body) - len(body.lstrip())], body[len(body.rstrip()) :]
    if not text:
        return body
    if re.search(r"\n[ \t]*\n", text):
        return f"{before}\n::::: {{{attributes}}}\n\n{text}\n\n:::::\n{after}"
    return f"{before}[{text}]{{{attributes}}}{after}"


def plain(markdown: str) -> str:
    """Markdown without the marks of values, claims and escapes."""
    bare = MARK.sub("", markdown)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", re.sub(r"(?<!\\)[\[\]]", "", bare)) if bare != markdown else bare


def quoted(text: str) -> str:
    """A text as it stands between the quotes of a pandoc attribute.

    Signs that end a table's cell, a mark or a piece of code are written as references to characters.
    """
    text = re.sub(r"[!#-+/;-@[\]^`{-~]", lambda sign: f"&#{ord(sign[0])};", text)
    return text.replace("\\", "\\\\").replace('"', '\\"')
