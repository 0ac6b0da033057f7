"""Whether the sentence of a claim says what the claim says: names what it is of, in a fitting order, unnegated."""

import re

from finetune_report.report.subjects import Subjects
from finetune_report.report.template import Claim

DIRECTED = ("beats", "model_beats")
ASSERTED = (*DIRECTED, "differ", "overfits_from", "best_epoch_before", "rises", "falls", "ranks", "most")
NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|hardly|without|false|wrong|untrue|denies|denied|doubtful|unclear|fail(?:s|ed)?\sto)\b|n['’]t\b",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"\b(?:false|wrong|untrue|a\smyth|not\s(?:so|true|the\scase))\sthat\b|\b(?:nobody|no\sone)\s\w+\sthat\b",
    re.IGNORECASE,
)
REVERSED = re.compile(
    r"\b(?:(?:falls?|fell|is|are|was|were|lags?|lagged|stays?|remains?)\s(?:\w+\s)?behind|trails?|trailed|loses?\sto|lost\sto|"
    r"(?:is|was|are|were)\s(?:beaten|outperformed|surpassed|overtaken)\sby|worse|weaker|inferior|less\saccurate|lower)\b",
    re.IGNORECASE,
)
# What methods on the test split are called beside their names.
CALLED = {
    "winner": r"(?:selected|winning|chosen|fine-tuned|tuned|winner)(?:[\s-](?:model|setting))?",
    "majority": r"majority(?:\sclass)?",
    "bag-of-words": r"bag[\s-]of[\s-]words",
}
BOTH = re.compile(r"\b(?:both|all|either|any|others?|rest|each|every|two)\b", re.IGNORECASE)


def fault(claim: Claim, before: str, words: str, subjects: Subjects, aliases: dict[str, list[str]]) -> str:
    """What is wrong with the wording of a claim; nothing where it says what the claim says.

    `words` are those of the claim's sentence that stand in it, `before` the sentence from its beginning on.
    """
    if claim.alike:
        return "it reads the same whether it holds or not; give the other wording by {% if holds %} ... {% else %}"
    given = [str(claim.arguments[name]) for name in ("a", "b", "run") if name in claim.arguments]
    places = {name: place(name, words, subjects, aliases.get(name, [])) for name in given}
    missing = [name for name in given if places[name] is None]
    if missing and not (len(given) > 1 and len(missing) < len(given) and BOTH.search(words)):
        return f"its sentence does not name {' and '.join(missing)}; a claim covers one sentence, which names them"
    said = claim.verdict.holds or claim.gated
    if DENIAL.search(before) or (said and claim.kind in ASSERTED and NEGATION.search(before)):
        return "its sentence denies what is claimed; claim what it says, or say what is claimed"
    if claim.kind in DIRECTED and not missing and said:
        first, second = (places[claim.arguments[name]] or 0 for name in ("a", "b"))
        if (first < second) == bool(REVERSED.search(words)):
            return (
                f"its sentence has {claim.arguments['a']} and {claim.arguments['b']} in an order that says the opposite"
            )
    return ""


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
