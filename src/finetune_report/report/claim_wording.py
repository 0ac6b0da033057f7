"""Whether the sentence of a claim says what the claim says: names what it is of, in a fitting order, unnegated.

A claim is no pass for whatever else its sentence states: the split, the metric and the settings that it names have to
be those of the claim, and so has the kind of its words.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from finetune_report.report.claims import is_called_score
from finetune_report.report.lexicon import NOT_A_COMPARISON, unexcused
from finetune_report.report.passages import Made
from finetune_report.report.subjects import SAME, Subjects, metrics_in, splits_in
from finetune_report.report.template import Claim, Filled

DIRECTED = ("beats", "model_beats", "outranks")
COMPARED = (*DIRECTED, "differ", "equivalent", "undecided")
OF_CURVES = ("rises", "falls", "plateaus")
ASSERTED = (*DIRECTED, "differ", "overfits", "overfits_from", "best_epoch_before", "rises", "falls", "ranks", "most")
NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|hardly|rarely|seldom|without|false|wrong(?:ly)?|untrue|denies|denied|den(?:y|ying)|doubtful|"
    r"unclear|refut(?:e[sd]?|ing)|reject(?:s|ed|ing)?|disprov(?:e[sd]?|ing)|myths?|contrary|anything\sbut|far\sfrom|fail(?:s|ed)?\sto)\b|"
    r"n['’]t\b",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"\b(?:false|wrong|untrue|an?\smyth|not\s(?:so|true|the\scase))\sthat\b|\b(?:nobody|no\sone)\s\w+\sthat\b",
    re.IGNORECASE,
)
TAKEN_BACK = re.compile(  # behind a claim
    r"\b(?:not\s(?:so|true|at\sall|the\scase)|(?:is|was|proved|turned\sout)\s(?:\w+\s)?(?:false|wrong|untrue|dead|refuted|an?\s(?:lie|myth|"
    r"mistake))|wrongly|mistakenly|so\s(?:one|we|I|some)\s(?:may|might|could)\s(?:wish|hope|think))\b",
    re.IGNORECASE,
)
BAD = r"(?:loss(?:es)?|errors?|mistakes?|error\srates?)"
AHEAD = re.compile(
    rf"\b(?:beat(?:s|en|ing)?|ahead|better|best|outperform\w*|outrank\w*|surpass\w*|out-?scor\w+|outdo(?:es)?|outdid|exceed\w*|overtak(?:es?|ing)|overtook|"
    rf"w[io]ns?|superior|improv(?:e[sd]?|ing|ements?)|help(?:s|ed)|gains?|gained|leads?|led|tops?|trumps?|defeat(?:s|ed)|more\saccurate|stronger|"
    rf"above|(?:higher|larger|greater)(?!\s(?:\w+\s){{0,2}}{BAD})|(?:lower|smaller|fewer|less)\s(?:\w+\s){{0,2}}{BAD})\b",
    re.IGNORECASE,
)
REVERSED = re.compile(
    rf"\b(?:(?:falls?|fell|is|are|was|were|lags?|lagged|stays?|remains?)\s(?:\w+\s)?behind|trails?|trailed|loses?\sto|lost\sto|"
    rf"(?:is|was|are|were|gets?|got)\s(?:\w+\s)?\w+(?:e[dn]|done|run)\sby|yields?\sto|gives?\sway|gave\sway|underperform\w*|hurts?|worse|worst|"
    rf"weaker|poorer|inferior|less\saccurate|below|under|errs\smore|(?:more|higher|larger|greater)\s(?:\w+\s){{0,2}}{BAD}|"
    rf"(?:lower|smaller|fewer|less)(?!\s(?:\w+\s){{0,2}}{BAD}))\b",
    re.IGNORECASE,
)
EQUAL = re.compile(
    r"\b(?:equivalent|equal(?:ly|s)?|identical|the\ssame|on\sa?\s?par|no\s(?:\w+\s)?differences?|not\sdiffer|indistinguishable|tied?s?)\b",
    re.I,
)
OPEN = re.compile(r"\b(?:undecided|open|inconclusive|exploratory|too\s(?:few|little|close))\b", re.IGNORECASE)
HEDGED = re.compile(r"\b(?:could|can|may|might|possibl[ey]|candidates?|among|ruled?\sout)\b", re.IGNORECASE)
# Words of winning, which no claim about a curve, a count or a hyperparameter bears out.
WINNING = re.compile(
    r"\b(?:better|best|worse|worst|superior|inferior|outperform\w*|surpass\w*|beat(?:s|en)?|wins|won|state[\s-]of[\s-]the[\s-]art|"
    r"(?:more|less|most|least)\saccurate)\b",
    re.IGNORECASE,
)
UP_OR_DOWN = {
    "rises": re.compile(
        r"\b(?:ris\w+|rose|grow\w*|grew|climb\w*|increas\w+|go(?:es)?\sup|went\sup|up)\b", re.IGNORECASE
    ),
    "falls": re.compile(
        r"\b(?:fall\w*|fell|drop\w*|declin\w+|sinks?|sank|decreas\w+|shr[iau]nk\w*|go(?:es)?\sdown|went\sdown|down)\b",
        re.I,
    ),
}
# What methods on the test split are called beside their names.
CALLED = {
    "winner": r"(?:selected|winning|chosen|fine-tuned|tuned|winner)(?:[\s-](?:model|setting))?",
    "majority": r"majority(?:\sclass)?",
    "bag-of-words": r"bag[\s-]of[\s-]words",
}
# How much, how often, where: a claim holds on the whole, and of how much its interval tells.
DEGREE = re.compile(
    r"\bby\s(?:far|a\s(?:wide|large|clear|huge|comfortable)\smargin|an?\sorders?\sof\smagnitude|miles)\b|"
    r"\b(?:on|in|for|with)\s(?:every|each|all|any)\s(?!seeds?\b|runs?\b)\w+|\bat\sonce\b|\bfrom\sthe\s(?:very\s)?(?:start|beginning|outset)\b|"
    r"\bat\sthe\s(?:very\s)?end\b|\b(?:far|much|vastly|hugely|massively|dramatically|enormously|easily|comfortably|overwhelmingly|always|invariably|"
    r"perfectly|completely|utterly|totally|hopelessly|perfect|useless|hopeless|halves|doubles|twice|half)\b(?!\sfrom\b)",
    re.IGNORECASE,
)
LEADING = re.compile(  # before a name, so that what follows is said of another
    r"\b(?:than|as\s(?:to|for)|with|without|next\sto|against|over|unlike|relative\sto|compared\s(?:with|to)|in\scontrast\sto|from)\s(?:the\s|a\s)?$",
    re.IGNORECASE,
)
ADDED = re.compile(
    r"\W*(?:and|as\s(?:do(?:es)?|did|well\sas)|so\sdo(?:es)?|like|nor|or|with)\b[^.;\ufffc]*", re.IGNORECASE
)
MARGIN = re.compile(r"\bmargin\b", re.IGNORECASE)
BOTH = re.compile(r"\b(?:both|all|either|any|others?|rest|each|every|two)\b", re.IGNORECASE)


def fault(claim: Claim, made: Made, subjects: Subjects, aliases: dict[str, list[str]], backed: Collection[str]) -> str:
    """What is wrong with the wording of a claim; nothing where it says what the claim says.

    `backed` are the words of claims that hold and say which of two is ahead.
    """
    before, words, after = made.sentence, made.words, made.after
    if claim.alike:
        return "it reads the same whether it holds or not; give the other wording by {% if holds %} ... {% else %}"
    given = [str(claim.arguments[name]) for name in ("a", "b", "run") if name in claim.arguments]
    places = {name: place(name, words, subjects, aliases.get(name, [])) for name in given}
    missing = [name for name in given if places[name] is None]
    if missing and not (len(given) > 1 and len(missing) < len(given) and BOTH.search(words)):
        return f"its sentence does not name {' and '.join(missing)}; a claim covers one sentence, which names them"
    said = claim.verdict.holds or claim.gated
    denied = DENIAL.search(before) or TAKEN_BACK.search(after)
    if denied or (said and claim.kind in ASSERTED and NEGATION.search(before)):
        return "its sentence denies what is claimed; claim what it says, or say what is claimed"
    if said and words.endswith("?"):
        return "its sentence asks, and states nothing"
    elsewhere = of_other_experiments(claim, words, subjects)
    if elsewhere:
        return elsewhere
    other = beyond(claim, before, words, subjects, aliases) or beside(claim, after, subjects, aliases)
    if other:
        return f"its sentence speaks of {other}, of which the claim says nothing; say that in a sentence of its own"
    added = DEGREE.search(words) or DEGREE.match(after.lstrip(" ,"))
    if said and added and claim.kind in (*ASSERTED, *COMPARED, *OF_CURVES):
        return f"its sentence adds “{added[0]}”, which no claim bears out; print the difference with its interval"
    if not said:
        return "" if words in backed else unheld(claim, words)
    if claim.kind in DIRECTED and not missing:
        first, second = (places[claim.arguments[name]] or 0 for name in ("a", "b"))
        return misdirected(claim, words, (first, second))
    return unfit(claim, words)


def misworded(made: Sequence[Made], filled: Filled) -> Iterator[tuple[int, Made, str]]:
    """Each claim, by its place in the list, whose sentence does not say what it claims; where it stands, and why."""
    numbered = [(int(each.number), each) for each in made if each.number.isdecimal()]
    claims = [
        (number, each, filled.claims[number - 1]) for number, each in numbered if 0 < number <= len(filled.claims)
    ]
    backed = {each.words for _, each, claim in claims if claim.kind in DIRECTED and claim.verdict.holds}
    for number, each, claim in claims:
        wrong = fault(claim, each, filled.subjects, filled.aliases, backed)
        if wrong:
            yield number, each, wrong


def misdirected(claim: Claim, words: str, places: tuple[int, int]) -> str:
    """Whether the words of a claim that `a` beats `b`, named at these places, say the opposite or neither."""
    if LEADING.search(words[: min(places)]):
        return "its sentence begins with a name that it is not about; begin with the one that is ahead or behind"
    ahead, behind = AHEAD.search(words), REVERSED.search(words)
    if not ahead and not behind:
        return "its sentence does not say which is ahead in words that are known; say: beats, is ahead of, falls behind"
    turned = behind is not None and (ahead is None or behind.start() <= ahead.start())
    if (places[0] < places[1]) == turned:
        return f"its sentence has {claim.arguments['a']} and {claim.arguments['b']} in an order that says the opposite"
    return ""


def unheld(claim: Claim, words: str) -> str:
    """What is wrong with the wording for a comparison that does not hold: it may not say that one is ahead."""
    decided = AHEAD.search(words) or REVERSED.search(words)
    if claim.kind in (*COMPARED, "could_be_best") and decided and not NEGATION.search(words):
        return "its other wording says that one is ahead, which nothing bears out; deny it, or make a claim of it"
    return ""


def unfit(claim: Claim, words: str) -> str:
    """What the words of a claim that is said to hold state beyond its kind."""
    decided = AHEAD.search(words) or REVERSED.search(words)
    if claim.kind == "undecided" and (EQUAL.search(words) or not (NEGATION.search(words) or OPEN.search(words))):
        return "its sentence does not say that the data do not decide"
    if claim.kind in ("differ", "equivalent") and decided and not NEGATION.search(words):
        return "its sentence says which is ahead; claim('beats', ...) says that"
    if claim.kind == "could_be_best" and not (HEDGED.search(words) or NEGATION.search(words)):
        return "its sentence says more than that it could be the best"
    if claim.kind == "equivalent" and not MARGIN.search(words):
        return "its sentence does not say within which margin; name the margin that was declared"
    if claim.kind in OF_CURVES and not metrics_in(words):
        return "its sentence does not say of which measure the curve is"
    up_or_down = [name for name, pattern in UP_OR_DOWN.items() if pattern.search(words)]
    if claim.kind in UP_OR_DOWN and up_or_down and claim.kind not in up_or_down:
        return f"its sentence says that the curve {up_or_down[0]}"
    winning = next(unexcused(WINNING, NOT_A_COMPARISON, words), None)
    if winning and claim.kind not in (*COMPARED, "could_be_best") and not any(map(is_called_score, keys_of(claim))):
        return f"its sentence says “{words[slice(*winning)]}”, which takes a claim that compares, such as 'beats'"
    if claim.kind == "monotone" and not keys_of(claim):
        return "none of its numbers is a result; give keys"
    return ""


def of_other_experiments(claim: Claim, words: str, subjects: Subjects) -> str:
    """What is wrong with the experiments that a claim of a study names: one about an experiment names it and no other,
    one about ranks names none; one that is a cell of a table has its column's head for that.
    """
    if not subjects.experiments:
        return ""
    own = {str(claim.arguments["experiment"])} if "experiment" in claim.arguments else set()
    named = {name for _, name in subjects.experiments_in(words)}
    if claim.kind not in ("outranks",) and not own:
        return ""  # of values, whose keys say what they are of
    if own - named and claim.kind != "unbeaten":
        return f"its sentence does not name {', '.join(own)}, the experiment that it is of"
    others = sorted(named - own)
    return f"its sentence speaks of {', '.join(others)}, of which the claim says nothing" if others else ""


def beyond(claim: Claim, before: str, words: str, subjects: Subjects, aliases: dict[str, list[str]]) -> str:
    """The split, metric, setting or method that the sentence of a claim speaks of and the claim does not."""
    given: dict[str, Any] = claim.arguments
    keys = keys_of(claim)
    split, metrics = None, None
    if claim.kind in COMPARED and claim.kind != "outranks":  # of whatever each data set is scored by
        split = str(given.get("split", "validation"))
        metrics = {SAME.get(claim.verdict.metric, claim.verdict.metric)} if claim.verdict.metric else None
    elif claim.kind in OF_CURVES:
        split, _, metric = str(given["curve"]).partition("_")
        metrics = {metric}
    elif keys:
        metrics = {name for _, name in metrics_in(words) if any(name in key for key in keys)}
    for own, named, around in (
        ({split} if split else None, splits_in(words), splits_in(before)),
        (metrics, metrics_in(words), metrics_in(before)),
    ):
        others = {name for _, name in named} - (own or set())
        if own is not None and (others or (around and own.isdisjoint(name for _, name in around) and not keys)):
            return f"the {', '.join(sorted(others or {name for _, name in around})).replace('_', ' ')}"
    owners = set().union(*(subjects.owners_of(key) for key in keys))
    owners |= {str(given[name]) for name in ("a", "b", "run", "system") if name in given}
    if not owners:
        return ""
    own_names = {name for owner in owners for name in (owner, *aliases.get(owner, []))}
    if "winner" in owners or subjects.winner in owners:
        own_names |= {"winner", subjects.winner}
    spelt = subjects.spelt(words, subjects.compared | own_names)
    return ", ".join(sorted({name for _, name in spelt if name not in own_names}))


def beside(claim: Claim, after: str, subjects: Subjects, aliases: dict[str, list[str]]) -> str:
    """A setting or method that is added behind a claim of two, as in: a beats b, and c too."""
    added = ADDED.match(after)
    if claim.kind not in COMPARED or not added:
        return ""
    own = {str(claim.arguments[name]) for name in ("a", "b")}
    own |= {other for name in own for other in aliases.get(name, [])}
    return ", ".join(sorted({name for _, name in subjects.spelt(added[0], subjects.compared) if name not in own}))


def keys_of(claim: Claim) -> list[str]:
    """The keys of values that a claim is of."""
    given = claim.arguments
    found = [given.get(name) for name in ("key", "part", "whole")] + [*given.get("keys", []), *given.get("among", [])]
    return [key for key in found if isinstance(key, str)]


def place(name: str, words: str, subjects: Subjects, aliases: list[str]) -> int | None:
    """Where the words of a claim name a setting or a method; None where they do not."""
    known = frozenset({name, *aliases})
    found = [start for start, _ in subjects.spelt(words, known)]
    called = CALLED.get(name) or (CALLED["winner"] if name == subjects.winner else None)
    if called:
        found += [match.start() for match in re.finditer(rf"\b{called}\b", words, re.IGNORECASE)]
    if name == "winner" and subjects.winner:
        found += [start for start, _ in subjects.spelt(words, frozenset({subjects.winner}))]
    return min(found, default=None)
