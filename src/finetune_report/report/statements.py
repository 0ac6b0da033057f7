"""Finds sentences that state something of this experiment's results: a comparison, a change, a judgement.

A sentence states a result where a word that does so by itself ("wins", "levels off") stands in it, or a word of change
or degree beside something that has results: a setting, a class, a model, a measure. Words behind "whether", "if", "may"
and their like are hypotheses, and what a sentence with a citation says of others is theirs.
"""

import re
from collections.abc import Iterator

from finetune_report.report.lexicon import DECIMAL, HIDDEN, MEASURE, NOT_A_COMPARISON, speaks_of_results
from finetune_report.report.result_words import COMPARED, WORDS
from finetune_report.report.subjects import Subjects

EACH = [(words, re.compile(rf"(?<!\w)(?:{words.pattern})(?!\w)", re.IGNORECASE)) for words in WORDS]

# What is concluded of a hypothesis: no hypothesis itself, wherever the word stands.
VERDICT = re.compile(
    r"\b(?:hypothes[ei]s|assumptions?|expectations?|conjecture|suspicion|H\d|idea\sthat|aim|goal)\b[^.;?]{0,80}?\s"
    r"(?:(?:is|was|were|are|proved|turned\sout|ha[sd]\sbeen|have\sbeen)(?:\s(?:\w+ly|thus|not|to\sbe|partly|also|therefore))*\s(?:right|wrong|true|false|correct|"
    r"confirmed|supported|rejected|refuted|given\sup|borne\sout|verified|fulfilled|reached|met|justified|too\s\w+)|(?:holds?|held|fails?|failed|falls?|fell)\b|"
    r"(?:does|did|do)\snot\s(?:hold|survive|stand))|"
    r"\bwhich\s(?:it|they|we)\s(?:did|does|do|was|is)\b|\bto\swhich\s(?:we|the\sanswer)|\bthe\sanswer\s(?:is|was)\b",
    re.IGNORECASE,
)

HAS_RESULTS = re.compile(
    rf"\b(?:{MEASURE}|precision|calibration|overfitting|quality|latency|variance|gap|improvements?|mistakes|curves?|confidence|effects?|trend|"
    r"differences?|spread|ranking|(?:training|inference)\s(?:time|speed)|training|learning|generali[sz]ation|"
    r"(?:the|our|this|these|those|both|all|no|neither|none|each|every|which|single|new)\s(?:[\w-]+\s){0,2}?(?:models?|settings?|variants?|"
    r"methods?|approach(?:es)?|systems?|classifiers?|networks?|ensemble|runs?|seeds?|versions?|transformers?|configurations?|"
    r"bag\sof\swords|class(?:es)?))\b",
    re.IGNORECASE,
)

MEASURED = re.compile(rf"\b{MEASURE}\b", re.IGNORECASE)
# What is set, done, shown or possible: no result, also where it is of two things that were compared.
SET = re.compile(
    r"\b(?:can|may|might|could|would|should|must|(?:learning\s|dropout\s)?rates?|batch(?:es|\ssizes?)?|weight\sdecay|dropout|"
    r"epochs?|steps?|schedules?|warm-?up\s(?:phase|steps?|share)|seeds?|layers?|heads?|ranks?|optimi[sz]er|weights|adapters?|"
    r"parameters?|(?:settings|methods|models)\sare|compar(?:e[sd]?|ing|isons?)|measured|train(?:ed)?|fine-tuned|initiali[sz]ed|"
    r"comput(?:e[sd]?|ing)|estimated|averaged|chosen|selected\sby|drawn|shows?|shown|plots?|plotted|lists?|listed|gives|given|"
    r"names?|named|call(?:ed|s)?|like|shar(?:e[sd]?|ing)|us(?:e[sd]?|ing)|chang(?:e[sd]?|ing)|replac(?:e[sd]?|ing)|instead\sof|"
    r"consists?|contains?|includ(?:e[sd]?|ing)|starts?|runs?|see[sn]?|takes?|for\seach|per|sets?|corrected|appendix|simple|"
    r"famil(?:y|ies)|pairs?|paired|repeated)\b",
    re.IGNORECASE,
)
# What a model does, and what is said of it without a word for a result.
BEHAVIOUR = re.compile(
    r"\b(?:learn\w*|predict\w*|classif\w+|recogni\w+|confus\w+|generali[sz]\w+|converge\w*|fail\w*|succe\w+|work(?:s|ed)|help\w*|right|wrong|correct\w*|"
    r"(?:out)?perform\w*|difference\w*|differ\w*|compar\w+|effect\w*|because|reason|explanation|surpris\w+|expect\w+|hypothes[ei]s|evidence|conclu\w+|"
    r"find|found|saw|see|shows?|seem\w*|appear\w*|turn\w*|observ\w+|notic\w+|confiden\w+|uncertain\w*|"
    r"trade-?off|cost\w*|gain\w*|benefit\w*|useful|worth|enough|only|even|still|hardly|barely|mainly|mostly|indeed|however)\b",
    re.IGNORECASE,
)
POINTING = re.compile(
    r"\W*(?:it|they|this|these|both|neither|none|ours|others|the\s(?:former|latter|others?|rest))\b",
    re.IGNORECASE,
)
SET_UP = re.compile(
    r"\W*(?:here\s|then\s|therefore,?\s|so\s)?(?:we|I)\s(?:\w+ly\s|also\s|therefore\s|then\s|first\s|now\s|only\s)?(?:use[ds]?|train(?:ed)?|evaluate[d]?|"
    r"appl(?:y|ied)|follow(?:ed)?|ask(?:ed)?|want(?:ed)?|look(?:ed)?|leave|left|cho(?:o|)se|took|take|ran|run|compute[d]?|measure[d]?|define[d]?|describe[d]?|"
    r"test(?:ed)?|fine-tune[d]?|split|wrote|write|thank|plan(?:ned)?|expect(?:ed)?|hope[d]?|do\snot\sconsider|repeat(?:ed)?|add(?:ed)?|set)\b",
    re.IGNORECASE,
)
MORE = re.compile(
    r"\b(?:only|just|even|merely|still|already|nearly|almost|hardly|barely|over|more|less|fewer|within|at\s(?:least|most)|up\sto|as\s(?:much|many|few|little)|"
    r"of\sall|out\sof|errors?|mistakes|confus\w+|classif\w+|recogni\w+|wrong|right|correct\w*|difference|because|converge\w*|learn\w*|"
    r"improv\w*|help\w*|gain\w*|cost\w*|half|twice|times|percent(?:age)?|points?)\b",
    re.IGNORECASE,
)

# Up to the end of the clause, what follows is no fact.
HYPOTHESIS = re.compile(
    r"\b(?:whether|if|suppose|assum(?:e|ing)|hypothes[ei]s\s(?:is|was)|hypothesi[sz]ed?|question\sis|open\squestion|how\s(?:far|well|much)|"
    r"(?:I|we|one|authors?)\s(?:\w+\s){0,2}?(?:expect(?:ed)?|hoped?|ask|aim|wanted?|suspect(?:ed)?|wonder)|(?:is|are|was|were)\sexpected\sto|"
    r"(?:the\s)?(?:idea|hope|aim|goal|purpose|intuition)\b|in\sorder\sto|future\swork|let\sus|suppose|designed\sto)\b",
    re.IGNORECASE,
)
WOULD = re.compile(r"\bwould\s(?:need|require|take|do)\b", re.IGNORECASE)
# Marks and signs that judge or rank where what was compared stands beside them.
PLACEHOLDER = re.compile(r"(?<=/)<[\w-]+>")  # of a path, as in results/<name>
SIGNS = re.compile(
    r"[\U0001F300-\U0001FAFF✓✔✗✘✕★☆⭐✨✅❌❎➕➖⬆⬇⇧⇩▲▼△▽■□●○█]|[<>≻≺≫≪]|"
    r"(?<!\w)(?:\+\+|--|––|——)(?!\w)|\b[A-F][+-](?!\w)|:\s[A-F](?=\W|$)"
)
MODAL = re.compile(r"\b(?:may|might|can|could|would|should|must|will|to)\s(?:(?!that\b)\w+\s){0,2}$", re.IGNORECASE)
DEFINITION = re.compile(
    r"\b(?:means?\sthat|(?:is|are)\sdefined|refers?\sto|denotes?|stands?\sfor|(?:is|are)\s(?:called|known\sas)|is\sthe\s(?:share|mean|number|"
    r"fraction|probability|average|ratio)|so-called|by\sdefinition|let\s\$|lists?|plots|rows?\sare|marks?)\b",
    re.IGNORECASE,
)
QUESTION = re.compile(r"^(?:Is|Are|Does|Do|Did|Can|Could|What|Which|How|Why)\s.*\?$", re.IGNORECASE)
OURS = re.compile(r"\b(?:we|our|ours|us|I|my|mine|this|these|here)\b", re.IGNORECASE)
OWN = re.compile(r"\bthe\s(?:\w+\s)?(?:models?|settings?|baselines?|classifiers?|runs?)\b", re.IGNORECASE)
REPORTS = re.compile(
    r"\b(?:report|show|f[io]u?nd|propose|achieve|obtain|reach|claim|introduce|observe|describe|measure)(?:s|e?d)?\b|\baccording\sto\b",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"[,;:]\s|\sbut\s|\swhile\s|\sand\s(?!to\b)")
DESCRIBED = re.compile(  # a batch, a rate or a step is small or low by the config
    r"\b(?:larg|small|low|high|short|long|few|slow|fast|great|mild)(?:e|er|est)?\s(?:[\w-]+\s)?(?:batch(?:es)?|rates?|steps?|models?|heads?|"
    r"learning\srates?|data\s?sets?|texts?|sentences|updates|runs|schedules?|epochs?)\b|"
    r"\b(?:learning\s)?rate\s(?:that\s)?(?:rises|falls|increases|decreases)(?:\sto\s\S+\sand\sfalls)?|\bearly\sstopping\b",
    re.IGNORECASE,
)
LISTED = re.compile(r"(?:[\W_]|\b(?:and|or|the|settings?)\b)*", re.IGNORECASE)  # of names, and nothing said


def statements(
    sentence: str, subjects: Subjects, cited: bool, alone: bool = False
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where a sentence states a result, with the kinds of claim that could back it.

    In `sentence` what a claim or an escape covers is hidden. `cited` where it has a citation; `alone`
    looks for the words alone that state a result wherever they stand.
    """
    verdict = None if alone else VERDICT.search(sentence)
    if verdict and not QUESTION.search(sentence) and not (cited and of_others(sentence, subjects)):
        yield verdict.start(), verdict.end(), COMPARED
    sign = None if alone else SIGNS.search(PLACEHOLDER.sub(lambda found: " " * len(found[0]), sentence))
    if sign and (subjects.compares(sentence) or speaks_of_results(sentence)):
        yield sign.start(), sign.end(), COMPARED
    about = not alone and bool(HAS_RESULTS.search(sentence) or POINTING.match(sentence) or subjects.named_in(sentence))
    described = subjects.spans_in(sentence)
    described += [match.span() for terms in (DESCRIBED, NOT_A_COMPARISON) for match in terms.finditer(sentence)]
    for words, pattern in EACH:
        if not words.alone and not about:
            continue
        for match in pattern.finditer(sentence):
            if not within(match.span(), described) and not excused(sentence, match.start(), subjects, cited):
                yield match.start(), match.end(), words.claims
    if not alone:
        yield from related(sentence, subjects, cited)


def related(sentence: str, subjects: Subjects, cited: bool) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where a sentence relates two things that were compared, or one of them with a measure, in whatever words.

    A printed value says itself what its thing has; what is set, done, asked or defined relates no results.
    """
    named = subjects.compared_in(sentence)
    if not named or HIDDEN in sentence or SET_UP.match(sentence) or DEFINITION.search(sentence):
        return
    around = sentence
    for start, end in subjects.spans_in(sentence):
        around = around[:start] + HIDDEN * (end - start) + around[end:]
    several = len({name for _, name in named}) > 1 and not LISTED.fullmatch(around)
    if SET.search(around) or not (several or MEASURED.search(around)):
        return
    place, name = named[0]
    if not excused(sentence, place, subjects, cited):
        yield place, place + len(name), COMPARED


def excused(sentence: str, place: int, subjects: Subjects, cited: bool) -> bool:
    """Whether a word that compares, at a place in a sentence, states nothing of these results."""
    return (
        QUESTION.search(sentence) is not None
        or (DEFINITION.search(sentence) is not None and not subjects.compares(sentence))
        or hypothetical(sentence, place)
        or (cited and of_others(sentence, subjects))
    )


def of_others(sentence: str, subjects: Subjects) -> bool:
    """Whether a sentence with a citation speaks of others: it names nothing of this experiment, nor us."""
    return not OURS.search(sentence) and not subjects.compares(sentence)


def reported(sentence: str, number: str, subjects: Subjects, by_name: bool) -> bool:
    """Whether a number in a sentence with a citation is that of its source: the sentence speaks of others.

    A result needs a word that reports, or its authors by name (`by_name`).
    """
    if not of_others(sentence, subjects):
        return False
    result = DECIMAL.search(number) or speaks_of_results(sentence) or OWN.search(sentence)
    return not result or by_name or REPORTS.search(sentence) is not None


def hypothetical(sentence: str, place: int) -> bool:
    """Whether what stands at a place is asked, supposed or possible, not stated."""
    clause = CLAUSE.split(sentence[:place])[-1]
    return bool(WOULD.search(sentence) or MODAL.search(clause) or HYPOTHESIS.search(clause))


def within(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def may_state(sentence: str, subjects: Subjects, valued: bool, cited: bool) -> bool:
    """Whether a sentence may say something of results that no list of words has: of those a person is to know.

    It has a word of comparison, change or degree, whatever it is about; or it speaks of something that has results. One
    with a printed value (`valued`) says that value of it, so it needs a word that says more. Questions, definitions,
    what the authors do, ask or expect, and what a source says (`cited`) are left out.
    """
    compared = subjects.compares(sentence)
    defined = QUESTION.search(sentence) or (DEFINITION.search(sentence) and not compared)
    if defined or SET_UP.match(sentence) or (cited and not compared and not OURS.search(sentence)):
        return False
    if any(pattern.search(sentence) for _, pattern in EACH):
        return True
    if valued:
        return MORE.search(sentence) is not None
    spoken = HAS_RESULTS.search(sentence) or BEHAVIOUR.search(sentence) or POINTING.match(sentence)
    return bool(spoken or speaks_of_results(sentence) or compared or subjects.named_in(sentence))
