"""Finds sentences that state something of this experiment's results: a comparison, a change, a judgement.

A sentence states a result where a word that does so by itself ("wins", "levels off") stands in it, or a word of change
or degree beside something that has results: a setting, a class, a model, a measure. Words behind "whether", "if", "may"
and their like are hypotheses, and what a sentence with a citation says of others is theirs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from finetune_report.report.lexicon import DECIMAL, HIDDEN, MEASURE, NOT_A_COMPARISON, speaks_of_results
from finetune_report.report.subjects import Subjects


@dataclass(frozen=True)
class Words:
    """Words that state something, and the kinds of claim that would back them.

    `alone`: wherever they stand; others only beside something that has results.
    """

    claims: tuple[str, ...]
    alone: bool
    pattern: str


COMPARED = ("beats", "model_beats", "differ", "undecided")
NO_NUMBER = rf"(?!\s(?:[\d{HIDDEN}]|one|two|three))"

# What leads to several kinds stands with the first that fits.
WORDS = (
    Words(("overfits_from",), True, r"overfit(?:s|ted)|memori[sz](?:es|ed)|signs?\sof\soverfitting"),
    Words(
        ("plateaus",),
        True,
        r"plateau(?:s|ed)|skyrocket(?:s|ed)|plummet(?:s|ed)|saturat(?:es|ed)|level(?:s|led|ed)\soff|flatten(?:s|ed)(?:\sout)?|stagnat(?:es|ed)|"
        r"no\s(?:further|more)\s(?:progress|gains?|improvements?)|converge[sd]?\s(?:faster|slower|more|within|after|early|in)",
    ),
    Words(
        ("rises", "falls", "best_epoch_before"),
        True,
        r"peak(?:s|ed)|goes\sdown(?:hill)?|went\sdown|goes\sup|went\sup|bottom(?:s|ed)\sout|(?:explod|diverg|collaps)(?:es|ed)",
    ),
    Words(
        ("equivalent", "undecided"),
        True,
        r"(?:no|not\smuch|hardly\sany|little|few)\s(?:\w+\s)?(?:gains?|benefits?|differences?|improvements?|advantages?|effects?|"
        r"progress)|on\sa\spar|indistinguishabl[ey]|negligibl[ey]|unaffected|not\saffected|chang(?:es|ed)\s(?:nothing|little)|"
        r"keeps?\sup|kept\sup|holds?\sup|held\sup|mixed\sresults|hardly\smatters?|loses?\s(?:\w+\s)?(?:nothing|little)|"
        r"costs?\s(?:\w+\s)?(?:nothing|little)|makes?\sno\sdifference",
    ),
    Words(
        COMPARED,
        True,
        r"wins?|won|unbeatable|unrivalled|second\sto\snone|c(?:o|a)mes?\sout\son\stop|SOTA|human[\s-]level|outdone|underperform(?:s|ed)|"
        r"(?:edges|edged)\sout|leads?(?=\sin|\sby|\sthe|[.,])|led(?=\sby|[.,])|trail(?:s|ed)|lag(?:s|ged)\s(?:\w+\s)?behind|dominat(?:es|ed)|"
        r"overtak(?:es|en)|overtook|fares?|fared|loses?\sto|gives?\sup|clos(?:es|ed)\sthe\sgap|"
        r"by\s(?:a\s(?:clear|wide|large|small|narrow|comfortable)\smargin|far)|an?\sorders?\sof\smagnitude|"
        rf"[\d{HIDDEN}]+\s(?:\w+\s)?times\sas|hard\sto\sbeat|pa(?:ys?|id)\soff|worth\sthe|"
        r"(?:did|does|do)(?:\snot|n['’]t)\s(?:\w+\s)?(?:help|work|succeed|hurt)|turn(?:s|ed)\sout|prov(?:es|ed)\sto\sbe|"
        r"deteriorat(?:es|ed)|degrad(?:es|ed)|worsen(?:s|ed)?|struggle[sd]?|outclass(?:es|ed)|hurts|useless|a\s(?:success|disaster)|"
        r"(?:be|was|were|is|are)\srejected|not\sreject|significantly|statistically\ssignificant",
    ),
    Words(
        COMPARED,
        True,
        r"(?:we|I)\s(?:\w+\s)?(?:conclude|(?:find|found|see|saw|observed?)\s(?:that|no|an?)\b)|(?:result|finding|figure|table|experiment|test|ablation|entrie|"
        r"number|curve)s?\s(?:show|suggest|reveal|indicate|confirm|demonstrate|prove)(?:s|ed)?|(?:this|it)\s(?:shows|suggests|reveals|"
        r"indicates|confirms|demonstrates)|as\sexpected|than\sexpected|contrary\sto|our\sexpectations?|the\sanswer\sto\sour|"
        r"no\sevidence|evidence\sthat|correlat(?:es|ed|ion)|in\s(?:summary|conclusion),|persist(?:s|ed)",
    ),
    Words(
        ("ranks", "could_be_best"),
        False,
        r"ranks?\s(?:first|second|last|highest|lowest|above|below)|ranked\s(?:first|last|highest|lowest)|"
        r"the\s(?:most|least)\s(?!frequent|common|recent)\w+|overall|followed\sby|"
        r"(?:larg|small|strong|weak|hard|easi|great|high|low|good|short|fast|slow)est",
    ),
    Words(
        ("most",),
        False,
        r"(?:most|many|nearly\sall|almost\sall|the\smajority|a\slarge\spart|the\sbulk|hardly\sany|few)\s(?:of\s(?:the|its|these|those)|"
        r"errors|mistakes)|(?:nearly|almost)\s(?:all|every|never|always|perfect\w*|entirely|nothing|complete\w*)|"
        r"confus(?:es|ed)|mistaken\sfor|in\smost\scases|concentrate[sd]?|explains?",
    ),
    Words(
        ("equivalent", "undecided"),
        False,
        r"the\ssame(?=\s(?:pattern|result|level|accurac|performance|quality|final|score|loss|error)|[.,])|identical|equal|comparable|"
        r"similar|equally|match(?:es|ed)|interchangeabl[ey]|agrees?|agreed|consistent(?:ly)?",
    ),
    Words(
        COMPARED,
        False,
        rf"than{NO_NUMBER}|(?:above|below|behind|ahead)\s(?:of\s)?(?:the|that|those|all)|"
        r"exceed(?:s|ed)|c(?:o|a)mes?\s(?:close|within)|end(?:s|ed)\sup|separat(?:es|ed)?|justif(?:y|ies|ied)|"
        r"(?:improve|suffer|succeed|fail|benefit|help|hurt|matter|suffice|excel|retain|gain)(?:s|ed|d)|suffice|suffered|"
        r"(?:brings?|brought|yield(?:s|ed)|contribut(?:es|ed)|resolv(?:es|ed)|costs|fixes)|"
        r"(?:crush|eclips)(?:es|ed)|(?:trump|top|shine|soar|jump|tumble|boost|enhance|lift|generali[sz]e|equal|deliver)(?:s|d|ed)|ties\swith|tied\swith|"
        r"preferable|ideal|(?:not|no|is)\s(?:\w+\s)?overfit(?:ting)?|bring|decisive|crucial|essential|influence|picture|effect|impact|advantage|gaps?|needed",
    ),
    Words(
        ("rises", "falls", "monotone"),
        False,
        r"ris(?:es|ing)|rose|grow(?:s|n|ing)?|grew|climb(?:s|ed)?|increas(?:es|ed)|falls?|fell|falling|drop(?:s|ped)?|declin(?:es|ed)|"
        r"sinks?|sinking|sank|decreas(?:es|ed)|shrinks?|shrank|widen(?:s|ed)?|narrow(?:s|ed)|halv(?:es?|ed)|doubl(?:es?|ed)|rais(?:es|ed)|"
        r"lower(?:s|ed)|reduc(?:es|ed)|reach(?:es|ed)\s(?:its|a|the)\s(?:\w+\s)?(?:minimum|maximum|lowest|highest)|remains?|remained|"
        r"stays?|stayed|converge[sd]",
    ),
    Words(
        COMPARED,
        False,
        r"(?:very|quite|rather|fairly|highly|surprisingly|remarkably|unusually|too|slightly|somewhat)\s\w+|(?:nearly|almost|practically)\sas|"
        r"(?:does|do|works?|worked|did)\s(?:\w+\s)?well|(?:good|bad|poor|strong|weak|stable|unstable|robust|reliable|reliably|"
        r"reliability|excellent|perfect|perfectly|modest|hard|difficult|easy|tiny|hopeless|effective|overconfident|low|high|close)(?!-)|"
        r"better|worse|best|worst|(?:more|less|most|least)\s(?!than)\w+|(?:slow|fast|strong|weak|clos|great|easi|hard|long|short|larg|"
        r"small|high|low)er|(?:clearly|sharply|steadily|markedly|considerably|substantially|dramatically|notably|hardly|barely|badly|"
        r"well|calibrated)|because\sof|due\sto|benefits?|gains?|los(?:es|t)|biased|surpass\w*|cautious|luck",
    ),
)
EACH = [(words, re.compile(rf"\b(?:{words.pattern})(?!\w)", re.IGNORECASE)) for words in WORDS]

HAS_RESULTS = re.compile(
    rf"\b(?:{MEASURE}|precision|calibration|overfitting|quality|latency|variance|gap|improvements?|mistakes|"
    r"(?:the|our|this|these|those|both|all|no|neither|none|each|every|which|single|new)\s(?:[\w-]+\s){0,2}?(?:models?|settings?|variants?|"
    r"methods?|approach(?:es)?|systems?|classifiers?|networks?|ensemble|runs?|seeds?|versions?|transformers?|configurations?|"
    r"bag\sof\swords|class(?:es)?))\b",
    re.IGNORECASE,
)

# Up to the end of the clause, what follows is no fact.
HYPOTHESIS = re.compile(
    r"\b(?:whether|if|suppose|assum(?:e|ing)|hypothes[ei]s\s(?:is|was)|hypothesi[sz]ed?|question\sis|open\squestion|how\s(?:far|well|much)|"
    r"(?:I|we|one|authors?)\s(?:\w+\s){0,2}?(?:expect(?:ed)?|hoped?|ask|aim|wanted?|suspect(?:ed)?|wonder)|(?:is|are|was|were)\sexpected\sto|"
    r"(?:the\s)?(?:idea|hope|aim|goal|purpose|intuition)\b|in\sorder\sto|future\swork|let\sus|suppose|designed\sto)\b",
    re.IGNORECASE,
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


def statements(
    sentence: str, subjects: Subjects, cited: bool, alone: bool = False
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where a sentence states a result, with the kinds of claim that could back it.

    In `sentence` what a claim or an escape covers is hidden. `cited` where it has a citation; `alone`
    looks for the words alone that state a result wherever they stand.
    """
    about = not alone and bool(HAS_RESULTS.search(sentence) or subjects.named_in(sentence))
    described = [match.span() for terms in (DESCRIBED, NOT_A_COMPARISON) for match in terms.finditer(sentence)]
    for words, pattern in EACH:
        if not words.alone and not about:
            continue
        for match in pattern.finditer(sentence):
            if not within(match.span(), described) and not excused(sentence, match.start(), subjects, cited):
                yield match.start(), match.end(), words.claims


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
    return bool(MODAL.search(clause) or HYPOTHESIS.search(clause))


def within(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def qualifies(sentence: str) -> bool:
    """Whether a sentence has a word of comparison, change or degree, whatever it is about."""
    return any(pattern.search(sentence) for _, pattern in EACH)
