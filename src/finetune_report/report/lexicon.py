"""Finds in plain text what the author must bind to results: numbers, number words, and words that compare.

What passes is chosen so that ordinary sentences raise no alarm: names with digits in them (F1, k2, BF16, SST-2), "one",
"first" and "second", "the two" as a pronoun, "best epoch" as a term, a smaller batch as a description.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator

Span = tuple[int, int]
HIDDEN = "\ufffc"  # stands for a character that a check must not see

# A word with its inner hyphens and points, and the signs that join digits: 1e-4, 1,234, 3/4, MiniLM-L6-v2.
TOKEN = re.compile(r"[^\W_](?:(?:[\w.-]|(?<=\d)[,/:×–](?=\d))*\w)?")

# v2.1, F1, k_2, BF16; not x10, which multiplies, not acc97, and no share behind a letter: v0.97.
# Of one letter and several digits, only what a computer is made of: A97 may be a number in disguise.
NAME_PART = re.compile(
    r"v(?!0\.\d\d)\d+(?:\.\d+)*|(?:[AVHPBTLM]\d{3,4}|[ALTMB]\d0[SGgX]?|L4S?|[Ii][3579])|"
    r"(?!x\d)(?:[A-Za-z]{2,}_?\d+|[A-Za-z]_?\d(?!\d))[A-Za-z]*"
)
NUMBERED_PART = re.compile(r"(?!0\.)\d+(?:\.\d+)?[A-Za-z]?")  # after a name: the 2 of SST-2, the 7B of GPT-7B
ABBREVIATED_MEASURE = re.compile(r"(?:acc|accuracy|err|errors?|loss|score|prec|precision|rec|recall|mcc|auc)_?", re.I)
LOOKS_LIKE_DIGITS = str.maketrans("OolI", "0011")
NAME = re.compile(r".*\w[A-Z]")  # more of it in capitals than the first letter: no ordinary word at a sentence's start

NUMBER_WORD = re.compile(
    r"""
    \b(?:
        zero | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve |
        (?:thir|four|fif|six|seven|eigh|nine)teen(?:th)? |
        (?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y(?:one|two|three|four|five|six|seven|eight|nine)?|ies|ieth) |
        double-digit | nil | nought | naught |
        (?:one|a\ single|a\ couple\ of|a\ handful\ of|a\ score\ of|a\ (?:trio|quartet|pair)\ of)
            (?=\ (?:\w+\ )?(?:errors?|mistakes?|misses|hits|failures?|misclassifications?)\b) |
        hundred(?:s|th)? | thousand(?:s|th)? | (?<!\d\ )(?:m|b|tr)illion(?:s|th)? | dozens? |
        half | halves | thirds? | quarters? |
        fourth | fifths? | sixth | seventh | eighth | ninth | tenths? | eleventh | twelfth |
        twice | thrice |
        one(?=\ (?:(?:percentage\ )?(?:points?|per\ ?cent)|epoch|hour|minute|second|third|quarter|fifth|tenth|half|
            (?:in|out\ of)\ (?:every\ )?(?:two|three|four|five|six|seven|eight|nine|ten|twenty|\d+))\b) |
        (?:two|three|four|five|six|seven|eight|nine|ten|hundred)-?fold(?!\ cross) |
        (?:doubl|tripl|quadrupl|halv)(?:es|ed|ing) | (?:double|triple|halve)(?=\ (?:the|that|its|as|this|their)\b)
    )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

# A Roman numeral that counts: XII errors; not Part II.
ROMAN = re.compile(
    r"\b(?=[IVXLCDM]{2})M*(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?=\s(?:per\s?cent|points?|epochs?|steps?|"
    r"times|errors?|mistakes?|sentences?|texts?|examples?|rows?|seeds?|runs?|settings?|classes|models?)\b)"
)

NOT_A_NUMBER = re.compile(
    r"""
    \b(?:the|these|those|of\ the|between|other)\ two\b(?=
        \s*[.,;:!?)\]—–] | \s*$ |
        \s+(?:are|were|do|did|differ|differed|agree|agreed|have|had|can|could|cannot|may|might|will|would|should|
              behave|look|go|went|follow|lies?|stands?|cross|meet|part|and|or|but|in|on|by|at|as|with|together)\b) |
    \b(?:half|zero)-\w+ | \bnon-?zero\b |
    \b(?:two|three|four|five)-(?:sided|tailed|way|letter|step|stage|part|star|page|dimensional)\b | \bthird-party\b |
    (?:^|(?<=[.!?]\s))(?:Third|Fourth|Fifth), |
    \b(?:two|three|four|five|six)\ (?:(?:main|more|other|different|further|open|such|short|simple)\ )?(?:
        hypotheses|(?:research\ )?questions|reasons|ways|kinds|types|sorts|parts|aspects|sides|goals|aims|contributions|
        limitations|things|observations|assumptions|remarks|sections|chapters|authors|people|persons|colleagues|friends|
        lawyers|experts|of\ us|inputs|ideas|caveats|notes|conditions|requirements|respects|perspectives|
        extremes|worlds|camps|cases|steps\ are)\b |
    \brates?\ (?:\w+\ ){0,3}(?:to|from)\ zero\b |
    \b(?:sets?|initiali[sz]ed|padded|masked)\ (?:\w+\ ){0,2}(?:to|with)\ zeros?\b |
    \bzero[ -](?:mean|shot|gradient|padding)\b |
    \b(?:these|the|both|all)\ two\ (?:curves|lines|panels|columns|figures|tables)\b |
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
    )\b |
    \b{MEASURE}\b(?:\ [\w'’-]+){{0,4}}\ ?[<>≤≥≪≫↑↓→↗↘⇒] | [↑↓↗↘⇑⇓]
    """,
    re.VERBOSE | re.IGNORECASE,
)

NOT_A_COMPARISON = re.compile(
    r"""
    \bbest[ -]epochs?\b | \bepochs?\ (?:of|with)\ the\ (?:best|lowest|highest)(?:\ \w+){1,2} |
    \bat\ best\b | \b(?:best|worst)[ -](?:case|practices?|effort)\b | \bto\ the\ best\ of\b |
    \b(?:his|her|its|their|my|our)\ best\b | \bbetter[ -]known\b | \bhad\ better\b | \bknows?\ better\b |
    \bfor\ better\ or\ (?:for\ )?worse\b | \bsignificant\ (?:digits?|figures?)\b | \bmakes?\ no\ difference\b |
    \b(?:to|may|might|can|could|will|would|should|must)\ improve\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


# Numbers that name: a year after a word that leads to it or after its authors, a reference, a version, a product.
NOT_COUNTED = (  # behind a number that names, not one that says how many
    r"(?!\s?[%‰]|[.,]\d|\s(?:per\s?cent|percent\w*|points?|times|hits|errors?|mistakes?|right|wrong|correct|sentences?|texts?|"
    r"examples?|cases)\b|"
    r"\s(?:is|was|are|were)\s(?:right|wrong|correct)|\s(?:in|out)?\s?of\s(?:them|these|those|all|its|\w+s)\b)"
)
MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
NAMING = re.compile(
    rf"""
    \b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Bb]efore|[Aa]fter|[Ff]rom|[Bb]etween|of|by|and|to|early|late|mid)[\s-]
        (?P<year>(?:19|20)\d\d)\b(?!\s?[%‰]|[.,]\d|\s[a-z]+s\b|\s(?:of|times|more|other)\b) |
    (?:\bal\.|\b[A-Z]\w+),?\s\(?(?P<authors>(?:19|20)\d\d)[a-z]?\) |
    \b(?:[Ff]igures?|Figs?\.|[Tt]ables?|Tab\.|[Ss]ections?|Secs?\.|[Cc]hapters?|[Ee]quations?|Eqs?\.|[Aa]ppendix|
        [Aa]lgorithm|[Pp]art|[Ee]xercise|[Qq]uestion)\s
        (?P<reference>[A-Z]?\d{{1,2}}(?:\.\d{{1,2}})*[a-z]?
            (?:(?:,\s|\sand\s|\sto\s|[–-])[A-Z]?\d{{1,2}}(?:\.\d{{1,2}})*[a-z]?)*)\b{NOT_COUNTED} |
    \b(?:[Vv]ersion|[Rr]elease|Python|PyTorch|CUDA|Apache|
        Ubuntu|Debian|Windows|CC[ ]BY(?:-SA)?|GPL)\s(?P<version>\d{{1,2}}(?:\.\d{{1,2}}){{0,2}})\b{NOT_COUNTED} |
    \b(?:Llama|Gemma|Gemini|Mistral|Phi|Qwen|Claude|GPT)\s(?P<release>\d(?:\.\d)?)\b(?!\d){NOT_COUNTED} |
    \((?P<alone>(?:19|20)\d\d)\) |
    \b(?P<dated>\d{{1,2}}\s{MONTH}\s(?:19|20)\d\d)\b |
    \b(?:on|until|since|from|by|to|of)\s(?P<day>\d{{1,2}}\s{MONTH})\b(?!\s(?:19|20)\d\d) |
    \b(?:during|year|summer|spring|winter|autumn|released|published|introduced|around)
        \s(?P<then>(?:19|20)\d\d)\b{NOT_COUNTED} |
    \b(?:[Aa]n?|[Tt]he)\s(?P<edition>(?:19|20)\d\d)\s(?:paper|edition|version|study|survey|article|release|dump|snapshot|
        shared\stask|election|competition|workshop|conference|corpus|season)\b |
    \b(?P<years>(?:19|20)\d\d[–-](?:(?:19|20)\d\d|\d\d)|(?:19|20)\d0s)\b{NOT_COUNTED} |
    \b(?P<rank>\d-grams?|\d{{1,2}}-bit)\b |
    \b(?:[Rr]ecall|[Pp]recision|[Hh]its|P|R|nDCG|pass)@(?P<cutoff>\d{{1,3}})\b |
    \b{MONTH}\s(?P<month>(?:\d{{1,2}},?\s)?(?:19|20)\d\d)\b |
    \b(?P<patch>\d{{1,3}}\.\d{{1,3}}\.\d{{1,4}}(?:\.\w+)?)\b |
    \b(?:transformers|datasets|tokenizers|scikit-learn|torch|numpy|pandas|scipy|spaCy|NLTK|TensorFlow|Keras|JAX|Linux|
        macOS|Java|cuDNN|
        Task|[Ss]heet|[Ww]eek|[Ll]ecture|[Vv]olume|[Hh]ypothesis|RQ|[Ff]ootnote|[Ll]isting)
        \s(?P<item>\d{{1,2}}(?:\.\d{{1,2}})?)\b{NOT_COUNTED} |
    \bbetween\s(?P<range>0\sand\s1)\b{NOT_COUNTED} |
    \b(?:RTX|GTX|Quadro|Ryzen|Xeon|Core|Radeon|TITAN|Tesla)\s(?P<product>[A-Z]?\d{{3,4}}[A-Za-z]*)\b{NOT_COUNTED} |
    \b(?P<model>(?:gpt|llama|qwen|phi|gemma|mistral|t5|claude)-\d(?:\.\d)?[a-z]?)\b
    """,
    re.VERBOSE,
)

# Numbers of the document, codes and addresses: nothing that a run could change.
FEW = r"(?:[2-9]|1[0-2]|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
NO_RESULT = re.compile(
    rf"""
    \b(?P<counted>{FEW})\s(?:[a-z]+\s)?(?:reviewers|supervisors|findings|(?:further\s)?(?:tables|figures)|weeks)\b
        {NOT_COUNTED} |
    \b[Ll]ook(?:s|ed)?\s(?:more\sclosely\s|closely\s)?at\s(?:the\s)?(?P<looked>{FEW})\b{NOT_COUNTED} |
    \b(?P<star>\d{{1,2}}-(?:stars?|point\s(?:scale|Likert)|page)) |
    \b(?P<century>\d{{1,2}}(?:st|nd|rd|th)[-\s]century)\b |
    \b(?:[Ll]abels?\s(?:is|are)|coded\s(?:as|with|by)|classes|ind(?:ex|ices))\s(?P<code>[01])\b(?![.,]\d|\s?[%‰/])
        (?:(?:\sfor\s\w+)?(?:,\s|\sand\s|\sor\s)(?P<other>[01])\b(?![.,]\d|\s?[%‰/]))? |
    \b(?:sums?|adds?\sup)\sto\s(?P<sum>1)\b(?![.,]\d|\s?[%‰]) |
    (?P<address>https?://\S+) |
    \b(?:[Ee]quations?|[Ee]qs?\.|[Ss]ee|[Aa]s|[Bb]y|[Ii]n|[Ff]rom)\s\((?P<equation>\d{{1,2}})\)
    """,
    re.VERBOSE,
)

# The ends and the middle of a scale, where a sentence says what they mean.
END_OF_SCALE = re.compile(r"[-−]?(?:0|1|0\.0|1\.0|0\.5|100|half|zero)")
SCALE = re.compile(
    r"\b(?:means|denotes?|stands?\sfor|corresponds?\sto|ranges?\s(?:from|between)|lies?\sbetween|on\sa\sscale|is\sdefined|by\sdefinition|"
    r"would\s(?:be|have|get|score|reach)|a\sperfect\s\w+\s(?:has|is|gets|scores|reaches))\b",
    re.IGNORECASE,
)
OF_ONES_OWN = re.compile(
    r"\b(?:we|our|ours|us|I|my|here|this|these)\b|\bthe\s(?:\w+\s)?(?:model|setting|classifier)\b", re.I
)

DECIMAL = re.compile(r"\d[.,]\d|\d\s?\\?[%‰]|\bper\s?cent\b|\bpercent", re.IGNORECASE)
SHARE = re.compile(
    r"\d\s?(?:[%‰]|per\s?cent)|\w+\s(?:(?:out\s)?of|in)\s(?:a\s|every\s)?(?:\d+|two|three|four|five|ten|twenty|hundred|thousand)\b|"
    r"\b(?:half|halves|thirds?|quarters?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?|(?:nine|eight|seven|six)ty(?:-\w+)?)\b",
    re.IGNORECASE,
)
JUDGED = re.compile(r"\b(?:right|wrong|correct(?:ly)?|misjudged|misclassified|mistakes?|hits)\b", re.IGNORECASE)
RESULT = re.compile(rf"\b(?:{MEASURE}|precision|calibration)\b", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]{2,}")
ALIKE = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL"}
# The commonest small words of English, and of other languages.
ENGLISH = re.compile(
    r"the|of|and|to|in|is|that|for|it|as|was|with|be|by|on|not|are|no|this|at|from|or|an|have|has|were|which|we|its|our|"
    r"their|can|all|do"
)
FOREIGN = [
    frozenset(words.split())
    for words in (
        "der die das und ist nicht ein eine einen mit von zu den dem auf für sich wird werden als auch im sind es wir",
        "le la les des du un une et est que dans pour qui sur pas avec sont plus nous ce cette au par ne",
        "el la los las del y es que en un una para con no por se son más como este esta",
        "il lo la gli di che è un una per con non sono del della dei nel più come questo",
        "het een van en dat niet zijn voor met op wordt worden ook naar bij deze dit",
        "o os as um uma do da dos das que não para com por mais são como este",
        "och att det som en är på för av med inte den till har ett de om",
    )
]
OF_MODELS = re.compile(r"\b(?:models?|runs?|seeds?)\b", re.IGNORECASE)


def speaks_of_models(text: str, names: Iterable[str]) -> bool:
    """Whether a sentence says that it is about trained models, runs or a seed; `names` of settings do not count."""
    for name in names:
        text = text.replace(name, " ")
    return OF_MODELS.search(text) is not None


def numbers(text: str, names: Iterable[str] = ()) -> list[Span]:
    """Where `text` has a number: in digits of any script, in words, or in Roman numerals that count.

    `names` are names whatever digits they hold, unless they are nothing but a number.
    """
    tokens = [match for match in TOKEN.finditer(text) if any(map(is_numeral, match[0]))]
    naming = [
        match.span(group)
        for terms in (NAMING, NO_RESULT)
        for match in terms.finditer(text)
        for group, found in match.groupdict().items()
        if found
    ]
    digits = [match.span() for match in tokens if not is_name(match[0], names)]
    roman = [match.span() for match in ROMAN.finditer(text)]
    found = sorted([*digits, *roman, *unexcused(NUMBER_WORD, NOT_A_NUMBER, text)])
    return [span for span in found if not any(start <= span[0] and span[1] <= end for start, end in naming)]


def is_end_of_scale(number: str, sentence: str) -> bool:
    """Whether a number is 0, 1, a half or 100 where a sentence says what such numbers mean, and nothing of our own."""
    defines = SCALE.search(sentence) and not OF_ONES_OWN.search(sentence)
    return bool(defines and END_OF_SCALE.fullmatch(number))


def comparisons(text: str) -> list[Span]:
    """Where `text` has words that compare results."""
    return list(unexcused(COMPARATIVE, NOT_A_COMPARISON, text))


def cleaned(text: str) -> str:
    """A text as it looks: every kind of space as one, and without characters that have no width."""
    spaced = (" " if unicodedata.category(sign) == "Zs" else plain_letter(sign) for sign in text)
    return "".join(sign for sign in spaced if unicodedata.category(sign) != "Cf")


def plain_letter(sign: str) -> str:
    """The letter that a mathematical or full-width one is a form of; every other sign is itself."""
    if sign.isascii() or not sign.isalpha():
        return sign
    form = unicodedata.normalize("NFKC", sign)
    return form if len(form) == 1 and form.isascii() else sign


def is_result(text: str, sentence: str) -> bool:
    """Whether a text has a decimal or a percentage, in a sentence that names a measure."""
    return DECIMAL.search(text) is not None and speaks_of_results(sentence)


def is_share_of_results(text: str, sentence: str) -> bool:
    """Whether a text is a share in words or counts (nine tenths, 97 of 100), in a sentence that says what was right."""
    return (SHARE.search(text) is not None) and (speaks_of_results(sentence) or JUDGED.search(sentence) is not None)


def speaks_of_results(sentence: str) -> bool:
    """Whether a sentence names a measure of results."""
    return RESULT.search(sentence) is not None


def is_foreign(text: str) -> bool:
    """Whether a text is no English: most of its letters are of another script, or it has more of the small words of
    another language than of English ones.
    """
    if not text.isascii():
        letters = [sign for sign in text if sign.isalpha()]
        latin = sum(sign.isascii() or "LATIN" in unicodedata.name(sign, "") for sign in letters)
        if len(letters) > 3 and latin < len(letters) / 2:
            return True
    words = [word.casefold() for word in WORD.findall(text)]
    english = sum(ENGLISH.fullmatch(word) is not None for word in words)
    others = max(sum(word in small for word in words) for small in FOREIGN)
    return others > max(english, 1)


def disguised(text: str) -> list[Span]:
    """Words of letters from several scripts that look alike, such as a Latin word with a Cyrillic letter."""
    return [match.span() for match in WORD.finditer(text) if len(scripts(match[0]) & ALIKE) > 1]


def scripts(word: str) -> set[str]:
    """The scripts of a word's letters, by the first word of their names in Unicode."""
    return {unicodedata.name(sign, "").partition(" ")[0] for sign in word if sign.isalpha()}


def unexcused(wanted: re.Pattern[str], excuse: re.Pattern[str], text: str) -> Iterator[Span]:
    """Where `text` has what is wanted, unless that lies within an excuse."""
    excused = [match.span() for match in excuse.finditer(text)]
    for match in wanted.finditer(text):
        if not any(start <= match.start() and match.end() <= end for start, end in excused):
            yield match.span()


def is_numeral(character: str) -> bool:
    """Whether it is a digit, fraction or other number sign of any script."""
    return unicodedata.category(character) in ("Nd", "No", "Nl")


def is_number(text: str) -> bool:
    """Whether a text is nothing but a number: 7, 0.97, 97%, 1e-4, seven, and O.97, whose letter looks like a digit."""
    bare = text.strip().translate(LOOKS_LIKE_DIGITS).rstrip("%‰").replace(",", "")
    if any(map(is_numeral, text)):
        try:
            return math.isfinite(float(bare))
        except ValueError:
            return not any(character.isalpha() for character in bare)
    return NUMBER_WORD.fullmatch(text.strip()) is not None


def is_name(token: str, names: Iterable[str] = ()) -> bool:
    """Whether a token's digits belong to a name: F1, SST-2, MiniLM-L6-v2, one of `names`; but not 3x, 1e-4, acc97."""
    if is_number(token):
        return False
    if token in names:
        return True
    named = False
    if ABBREVIATED_MEASURE.fullmatch(re.split(r"[-\d]", token)[0]):
        return False
    for part in token.split("-"):
        follows = named and NUMBERED_PART.fullmatch(part)
        if any(map(is_numeral, part)) and not follows and not NAME_PART.fullmatch(part):
            return False
        named = named or NAME.match(part) is not None
    return True
