"""A study's main table: a row a system, a column a data set, and bold for what no other system beats there."""

from typing import Any, Protocol

from finetune_report.report.claims import judge
from finetune_report.report.keys import join
from finetune_report.report.results import Evidence
from finetune_report.report.values import EXTRA_DIGITS, Value, hides
from finetune_report.report.verdicts import Verdict

NONE = "–"  # of a system that was not scored on a data set
LABEL = "tbl:scores"


class Helpers(Protocol):
    """What the table is written with: the write-up's own helpers, which mark values and claims."""

    evidence: Evidence

    def value(self, key: str, *parts: str | int, **options: Any) -> str: ...
    def number(self, key: str, *parts: str | int) -> float: ...
    def has(self, key: str, *parts: str | int) -> bool: ...
    def decimals(self, keys: list[str]) -> int: ...
    def name(self, text: str) -> str: ...
    def claimed(self, body: str, kind: str, arguments: dict[str, Any], verdict: Verdict) -> str: ...


def scores_table(helpers: Helpers, label: str = LABEL) -> str:
    """The table as Markdown, with its caption, which says what bold and a dash mean; values and claims are marked.

    In bold is what no other system of the table beats significantly on that data set, by the paired tests that its
    experiment declares. Averages are over the data sets that have every system, and ranks are there where their number
    allows a test of them.
    """
    evidence = helpers.evidence
    if not evidence.experiments:
        raise ValueError("scores_table() is for a study; this report is of one experiment")
    further = [what for what in ("average_score", "average_rank") if shows(helpers, what)]
    heads = ["", *(helpers.name(name) for name in evidence.experiments), *(WORDS[what] for what in further)]
    lines = [row(heads), row([":--", *["--:"] * (len(heads) - 1)])]
    digits = {name: column_digits(helpers, name) for name in evidence.experiments}
    for system in evidence.settings:
        cells = [cell(helpers, system, name, digits[name]) for name in evidence.experiments]
        summary = [helpers.value(join("study", system, what), digits=DIGITS[what]) for what in further]
        lines.append(row([f"`{system}`", *cells, *summary]))
    return "\n".join([*lines, "", f": {caption(helpers, further)} {{#{label} .scores}}", ""])


WORDS = {"average_score": "average", "average_rank": "average rank"}
DIGITS = {"average_score": 3, "average_rank": 2}


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def shows(helpers: Helpers, what: str) -> bool:
    """Whether there is such a column: ranks where they are tested, averages where there are any over two data sets."""
    known = all(helpers.has(join("study", system, what)) for system in helpers.evidence.settings)
    return known and (helpers.has("ranks.p") if what == "average_rank" else helpers.number("ranks.datasets") > 1)


def metrics(helpers: Helpers) -> dict[str, list[str]]:
    """The metrics of the columns by their labels, each with the columns that it is of."""
    found: dict[str, list[str]] = {}
    for name in helpers.evidence.experiments:
        found.setdefault(helpers.evidence.text(join("experiments", name, "label")), []).append(name)
    return found


def column_digits(helpers: Helpers, name: str) -> int:
    keys = [join("study", system, name, "score") for system in helpers.evidence.settings]
    return helpers.decimals([key for key in keys if helpers.has(key)])


def cell(helpers: Helpers, system: str, name: str, digits: int) -> str:
    """A score with its standard deviation over seeds; in bold, and a claim, where no other system beats it."""
    stem = join("study", system, name)
    if not helpers.has(stem, "score"):
        return NONE
    score = helpers.value(f"{stem}.score", digits=digits)
    given = {"system": system, "experiment": name}
    verdict = judge("unbeaten", given, helpers.evidence)
    if verdict.holds:
        score = helpers.claimed(f"**{score}**", "unbeaten", given, verdict)
    if not helpers.has(stem, "sd"):
        return score
    deviation = helpers.evidence.value(f"{stem}.sd")
    return f"{score} ({helpers.value(deviation.key, digits=digits_for(deviation, digits))})"


def digits_for(value: Value, digits: int) -> int:
    """One more than the column's digits, or as many more as it takes to show anything of a value that is not 0."""
    shown = [
        more for more in range(digits + 1, digits + EXTRA_DIGITS + 1) if not hides(float(value.value), value.kind, more)
    ]
    return shown[0] if shown else digits + EXTRA_DIGITS


def caption(helpers: Helpers, further: list[str]) -> str:
    """What the numbers are, what bold and a dash mean, and what was left out, as far as the table has any of it."""
    evidence = helpers.evidence
    cells = [(system, name) for system in evidence.settings for name in evidence.experiments]
    scored = [(system, name) for system, name in cells if helpers.has("study", system, name, "score")]
    deviations = any(helpers.has("study", system, name, "sd") for system, name in scored)
    kinds = metrics(helpers)
    of = [kind if len(kinds) == 1 else f"{kind} ({listed(helpers, names)})" for kind, names in kinds.items()]
    said = [f"On the test split: {joined(of)}"]
    said[0] += "; the mean over seeds, and in parentheses the standard deviation between them." if deviations else "."
    said.append(about_bold(helpers, scored))
    if len(scored) < len(cells):
        said.append(f"A dash ({NONE}) stands where a system was not scored.")
    left_out = [
        name for name in evidence.experiments if evidence.text(join("experiments", name, "complete")) == "false"
    ]
    if further and left_out:
        said.append(f"The last columns leave out {listed(helpers, left_out)}, where not every system was scored.")
    if "average_rank" not in further:
        wanted, there = (
            [helpers.value(f"ranks.{start}{what}") for what in ("datasets", "systems")] for start in ("fewest_", "")
        )
        said.append(
            f"Ranks are not tested: that takes {wanted[0]} data sets that have all systems, and {wanted[1]} systems; "
            f"here are {there[0]} and {there[1]}."
        )
    return " ".join(said)


def about_bold(helpers: Helpers, scored: list[tuple[str, str]]) -> str:
    """What bold means, of which tests it rests, and where there can be none."""
    evidence = helpers.evidence
    level = helpers.value(join("experiments", evidence.experiments[0], "level"))
    said = (
        "Bold: no paired test on that data set puts another system of the table ahead (at a level of "
        f"{level}, corrected as one family a data set)."
    )
    single = [name for name in evidence.experiments if evidence.number(join("experiments", name, "seeds")) == 1]
    if single:
        said += f" With one seed, as on {listed(helpers, single)}, tests are about the trained models."
    untested = {name for system, name in scored if evidence.text(join("study", system, name, "standing")) == "untested"}
    some = [name for name in evidence.experiments if name in untested]
    if some:
        said += f" Not all pairs were compared on {listed(helpers, some)}, and without a comparison nothing is bold."
    return said


def listed(helpers: Helpers, names: list[str]) -> str:
    """Names in a row, as text that data may have put there."""
    return joined([helpers.name(name) for name in names])


def joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
