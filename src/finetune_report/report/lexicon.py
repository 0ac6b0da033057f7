"""Finds in plain text what the author must bind to results: numbers, number words, and words that compare.

What passes is chosen so that ordinary sentences raise no alarm: names with digits in them (F1, k2, BF16, SST-2), "one",
"first" and "second", "the two" as a pronoun, "best epoch" as a term, a smaller batch as a description.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

Span = tuple[int, int]

# A word with its inner hyphens and points, and the signs that join digits: 1e-4, 1,234, 3/4, MiniLM-L6-v2.
TOKEN = re.compile(r"[^\W_](?:(?:[\w.-]|(?<=\d)[,/:×–](?=\d))*\w)?")

NAME_PART = re.compile(
    r"v\d+(?:\.\d+)*|(?!x\d)[A-Za-z]+_?\d+[A-Za-z]*"
)  # v2.1, F1, k_2, BF16; not x10, which multiplies
NUMBERED_PART = re.compile(r"\d+(?:\.\d+)?[A-Za-z]?")  # after a name: the 2 of SST-2, the 7B of GPT-7B
NAME = re.compile(r".*\w[A-Z]")  # more of it in capitals than the first letter: no ordinary word at a sentence's start

NUMBER_WORD = re.compile(
    r"""
    \b(?:
        zero | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve |
        (?:thir|four|fif|six|seven|eigh|nine)teen | (?:twen|thir|for|fif|six|seven|eigh|nine)ty |
        hundred(?:s|th)? | thousand(?:s|th)? | (?:m|b|tr)illion(?:s|th)? | dozens? |
        half | halves | thirds? | quarters? |
        fourth | fifths? | sixth | seventh | eighth | ninth | tenths? | eleventh | twelfth |
        twice | thrice | (?:two|three|four|five|ten)fold |
        (?:doubl|tripl|quadrupl|halv)(?:es|ed|ing) | (?:double|triple|halve)(?=\ (?:the|that|its|as|this|their)\b)
    )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

NOT_A_NUMBER = re.compile(
    r"""
    \b(?:the|these|those|of\ the|between|other)\ two\b(?=
        \s*[.,;:!?)\]—–] | \s*$ |
        \s+(?:are|were|do|did|differ|differed|agree|agreed|have|had|can|could|cannot|may|might|will|would|should|
              behave|look|go|went|follow|lie|cross|meet|part|and|or|but|in|on|by|at|as|with|together)\b) |
    \b(?:half|zero)-\w+ | \bnon-?zero\b | \b(?:two|three)-(?:sided|tailed|way|letter)\b | \bthird-party\b |
    (?:^|(?<=[.!?]\s))(?:Third|Fourth|Fifth), |
    \bone\ or\ two\b | \bin\ (?:two|half)\ minds\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

MEASURE = r"(?:accurac(?:y|ies)|loss(?:es)?|errors?|scores?|f1|recall|results?|performance|perplexity)"
IS = (
    r"(?:is|are|was|were|be|been|becomes?|became|remain(?:s|ed)?|stay(?:s|ed)?|end(?:s|ed)?|gets?|got|"
    r"comes?\ out|lies?)"
)

COMPARATIVE = re.compile(
    rf"""
    \b(?:
        better | best | worse | worst | superior | inferior | (?:in)?significant(?:ly)? | state[ -]of[ -]the[ -]art |
        outperform(?:s|ed|ing)? | surpass(?:es|ed|ing)? | out-?scor(?:es|ed|ing) | beat(?:s|en|ing)? |
        improve[sd]? | improvements? |
        ahead\ of | (?:falls?|fell|falling)\ behind |
        (?:more|less|most|least|equally|as)\ accurate(?:ly)? | equally\ (?:well|good|bad) | on\ par |
        no\ (?:\w+\ )?difference | (?:do|does|did)\ not\ (?:\w+\ )?differ |
        (?:higher|lower|highest|lowest|larger|smaller|greater|greatest|smallest|largest)
        (?:[ -]\w+){{0,2}}[ -]{MEASURE} |
        {MEASURE}(?:\ [\w'’-]+){{0,4}}\ {IS}(?:\ \w+)?\ (?:higher|lower|larger|smaller|greater)
    )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

NOT_A_COMPARISON = re.compile(
    r"""
    \bbest[ -]epochs?\b | \bepochs?\ (?:of|with)\ the\ (?:best|lowest|highest)(?:\ \w+){1,2} |
    \bat\ best\b | \b(?:best|worst)[ -](?:case|practices?|effort)\b | \bto\ the\ best\ of\b |
    \b(?:his|her|its|their|my|our)\ best\b | \bbetter[ -]known\b | \bhad\ better\b | \bknows?\ better\b |
    \bfor\ better\ or\ (?:for\ )?worse\b | \bsignificant\ (?:digits?|figures?)\b | \bmakes?\ no\ difference\b |
    \b(?:to|may|might|can|could|will|would|should|must|not)\ improve\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


OF_MODELS = re.compile(r"\b(?:models?|runs?|seeds?)\b", re.IGNORECASE)


def speaks_of_models(text: str, names: Iterable[str]) -> bool:
    """Whether a sentence says that it is about trained models, runs or a seed; `names` of settings do not count."""
    for name in names:
        text = text.replace(name, " ")
    return OF_MODELS.search(text) is not None


def numbers(text: str, names: Iterable[str] = ()) -> list[Span]:
    """Where `text` has a number, in digits of any script or in words; `names` are names whatever digits they hold."""
    tokens = [match for match in TOKEN.finditer(text) if any(map(is_numeral, match[0]))]
    digits = [match.span() for match in tokens if match[0] not in names and not is_name(match[0])]
    return sorted([*digits, *unexcused(NUMBER_WORD, NOT_A_NUMBER, text)])


def comparisons(text: str) -> list[Span]:
    """Where `text` has words that compare results."""
    return list(unexcused(COMPARATIVE, NOT_A_COMPARISON, text))


def unexcused(wanted: re.Pattern[str], excuse: re.Pattern[str], text: str) -> Iterator[Span]:
    """Where `text` has what is wanted, unless that lies within an excuse."""
    excused = [match.span() for match in excuse.finditer(text)]
    for match in wanted.finditer(text):
        if not any(start <= match.start() and match.end() <= end for start, end in excused):
            yield match.span()


def is_numeral(character: str) -> bool:
    """Whether it is a digit, fraction or other number sign of any script."""
    return unicodedata.category(character) in ("Nd", "No", "Nl")


def is_name(token: str) -> bool:
    """Whether a token's digits belong to a name: F1, SST-2, MiniLM-L6-v2; but not top-5, 3x, 1e-4."""
    named = False
    for part in token.split("-"):
        follows = named and NUMBERED_PART.fullmatch(part)
        if any(map(is_numeral, part)) and not follows and not NAME_PART.fullmatch(part):
            return False
        named = named or NAME.match(part) is not None
    return True
