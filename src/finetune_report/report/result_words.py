"""The words of results, by kinds: what wins, turns, ties, fails, confuses, costs, and what is concluded of it all."""

from dataclasses import dataclass

from finetune_report.report.lexicon import HIDDEN


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
        rf"[\d{HIDDEN}]+\s(?:\w+\s)?times\sas(?!\s(?:many|much))|hard\sto\sbeat|pa(?:ys?|id)\soff|worth\sthe|"
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
        r"no\sevidence|evidence\sthat|correlate[sd]|(?<!matthews\s)(?<!matthews['’]\s)correlation|in\s(?:summary|conclusion),|persist(?:s|ed)",
    ),
    # Idioms of winning and losing, of success and failure.
    Words(
        COMPARED,
        True,
        r"st(?:an|oo)ds?\sout|no\smatch\sfor|(?:catch(?:es)?|caught)\sup|admit(?:s|ted)?\sdefeat|(?:the|a\sclear)\swinner\sis|"
        r"(?:takes?|took)\sthe\s(?:lead|crown)|brings?\sup\sthe\srear|(?:holds?|held)\s(?:its|their)\sown|liv(?:es?|ed)\sup\sto|"
        r"f(?:a|e)lls?\s(?:short|flat)|let-?down|let\sus\sdown|disappoint\w*|impress\w+|promising|sobering|encouraging|"
        r"compar(?:es?|ed)\s(?:favou?rably|well|poorly)|rival(?:s|led)|cannot\scompete|a\s(?:\w+\s)?(?:failure|winner|loser|breakthrough|"
        r"disappointment|draw|surprise|step\s(?:forward|back))|(?:buys?|bought|gives?|gave|brings?|brought)\sus|in\svain|to\sno\savail|"
        r"(?:makes?|made)\s(?:all\s)?(?:the|a|little|much|some)\s(?:\w+\s)?difference|room\sfor\simprovement|out\sof\s(?:its\s)?reach|"
        r"runner-up|hands\sdown|neck\sand\sneck|does\sthe\strick|did\sthe\strick|(?:is|was|lies|comes|came|are)\sahead|"
        r"(?:first|last|top|second)\splace|on\stop|the\swinner\s(?:is|was)|comes?\sat\sa\s(?:price|cost)|at\sthe\s(?:price|cost|expense)\sof|"
        r"through\sthe\sroof|improv(?:es?|ed|ing)\s(?:on|upon|over|from)|good\senough|not\senough|worse\soff|better\soff|"
        rf"(?:twice|half|just|almost|nearly|equally|[\d{HIDDEN}])\sas\s(?:fast|slow|large|small|big|long|high|low|often|good|well|accurate|"
        r"strong|cheap|expensive|likely|bad)",
    ),
    # What is concluded, of a hypothesis or of all.
    Words(
        COMPARED,
        True,
        r"contradict(?:s|ed)|b(?:ear|or)(?:s|e|ne)?\sout|did\snot\smateriali[sz]e|in\sline\swith|speaks?\s(?:for|against)|"
        r"(?:is|was|were|are|be|been|not)\s(?:\w+\s)?(?:confirmed|supported|refuted|falsified|vindicated|given\sup|fulfilled|met)(?!\s(?:by\sthe\smethod))|"
        r"(?:we|I)\s(?:can|must|have\sto|cannot|could\snot)\s(?:\w+\s)?(?:reject|confirm|accept|conclude|say\sthat)|"
        r"(?:we|I)\s(?:\w+\s)?(?:notice[d]?|discover(?:ed)?|reali[sz]ed?|were\ssurprised|was\ssurprised)|can\sbe\sseen|(?:we|one)\scan\ssee|"
        r"interestingly|(?:un)?surprisingly|strikingly|remarkably|all\sin\sall|in\sshort|taken\stogether|on\sthe\swhole|by\sand\slarge|"
        r"nothing\scan\sbe\ssaid|no\s(?:\w+\s)?(?:trend|pattern|order|winner|relation|signs?|indication|trace|problems?)|"
        r"within\s(?:the\s)?(?:noise|chance|error\sbars?)|cannot\sbe\s(?:distinguished|told\sapart)|hard\sto\stell\sapart|changes?\swith|"
        r"(?:figure|table)s?\sshows?\s(?:that|no|an?|how\s(?:little|much)|clearly)",
    ),
    # Curves.
    Words(
        ("rises", "falls", "plateaus"),
        True,
        r"(?:creep|inch|edge|tick|shoot|climb|go|pick|move|crept|inche|went)(?:e?s|e?d)?\s(?:back\s)?(?:up|down)(?:wards?)?|wobbl(?:es|ed)|"
        r"oscillat(?:es|ed)|fluctuat(?:es|ed)|drift(?:s|ed)?\sapart|(?:takes?|took)\soff|tail(?:s|ed)\soff|stall(?:s|ed)|part\sways|"
        r"runs?\sout\sof\ssteam|learned\sall|still\s(?:\w+ing)|never\srecover(?:s|ed)|keeps?\s\w+ing|kept\s\w+ing|continues?\sto\s\w+|"
        r"gets?\sstuck|got\sstuck|comes?\sto\sa\shalt|hits?\sa\sceiling|no\slonger\s(?:changes?|improves?|falls?|rises?|drops?)",
    ),
    # What a model does to classes and texts.
    Words(
        ("most", "at_least"),
        True,
        r"mix(?:es|ed)\sup|misclassif(?:y|ies|ied)|misjudg(?:es?|ed)|mislabels|mislead(?:s)?|misled|overlook(?:s|ed)|stumbl(?:es|ed)\s(?:over|on)|"
        r"trip(?:s|ped)\s(?:over|up)|fool(?:s|ed)|pos(?:es?|ed)\s(?:no|a|few|problems)|ends?\sup\s(?:in|as)|"
        r"(?:gets?|got|getting)\s(?:\w+\s){0,4}(?:wrong|right)|ha(?:s|ve|d)\s(?:\w+\s)?(?:trouble|difficult(?:y|ies)|problems)|weak\sspots?|"
        r"blind\sspots?|gets?\slost|(?:usually|mostly|always|never|often|rarely|seldom)\s(?:right|wrong|correct)|beyond\s(?:it|them|the\smodel)|"
        r"of\s(?:all\s|the\s|its\s|these\s|their\s)?(?:\w+\s)?(?:errors|mistakes|failures|misclassifications|confusions)\s(?:are|were|c(?:o|a)me|fall|"
        r"fell|concern|involve|stem|occur|go|went|lie|belong)|(?:models?|classifiers?|systems?|networks?|it)\s(?:\w+\s)?(?:has\s)?(?:learn(?:s|ed|t)|"
        r"knows|understands|recogni[sz]es|picks\sup|relie[sd]|ignore[sd]|handle[sd]|cope[sd]|capture[sd]|tend(?:s|ed)|overestimate[sd]|underestimate[sd]|"
        r"guess(?:es|ed)|solve[sd]|master(?:s|ed)|forget|forgets|react(?:s|ed)|miss(?:es|ed)|prefer(?:s|red))",
    ),
    # Absolutes: no number, and yet a share.
    Words(
        ("at_least", "at_most"),
        True,
        r"(?:no|not\sa\ssingle|hardly\sany|a\ssingle|one|few|a\sfew|a\scouple\sof|a\shandful\sof)\s(?:\w+\s)?(?:errors?|mistakes?|misclassifications?)|"
        r"(?:always|never|all|each|every|everything|nothing|none|only\sone)\s(?:\w+\s){0,4}(?:right|wrong|correctly?|misjudged|misclassified|recogni[sz]ed)|"
        r"(?:a|the)\s(?:large\s|vast\s|clear\s|overwhelming\s|small\s)?(?:majority|minority)\sof\s(?:the\s)?\w+\s(?:is|are|was|were)|"
        r"every\s(?:other|second|third|tenth)\s\w+\s(?:is|was)|all\sbut\s\w+",
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
    # A judgement as what is said of a thing, and causes.
    Words(
        COMPARED,
        False,
        r"(?:is|are|was|were|seems?|seemed|looks?|looked|appears?|appeared|remains?|remained|proved)\s(?:(?:\w+ly|very|quite|rather|also|too|not|still|"
        r"even|only|far\sfrom|a\sbit|more|less|so|just)\s)*(?:clear|obvious|visible|real|genuine|flat|noisy|stable|mediocre|decent|solid|"
        r"fine|fair|acceptable|satisfactory|satisfying|sufficient|enough|insufficient|unsatisfactory|adequate|competitive|successful|promising|valid|"
        r"useful|useless|helpful|harmful|noticeable|mild|moderate|severe|slow|fast|quick|cheap|expensive|costly|safe|sure|certain|unclear|"
        r"limited|mixed|unbeaten|king|small|large|big|tiny|huge|slight|minor|minimal|marginal|narrow|wide|steep|smooth|impossible|trivial|problematic|"
        r"sensitive|insensitive|independent|faster|slower|cheaper|gone|reached|lost|ahead|behind|above|below|responsible|surprising|unexpected)(?!-)",
    ),
    Words(
        COMPARED,
        False,
        r"leads?\sto|led\sto|result(?:s|ed)\sin|thanks\sto|owing\sto|stems?\sfrom|stemmed\sfrom|attribut(?:ed|able)|caused?\sby|causes|accounts?\sfor|"
        r"accounted\sfor|responsible\sfor|driven\sby|comes?\sfrom|came\sfrom|seems?\sto|seemed\sto|appears?\sto|appeared\sto|tends?\sto|tended\sto|"
        r"depends?\s(?:strongly|heavily|little|only|mostly|less|more)|matter(?:s|ed)?|recogni[sz]ed|identified|detected|spotted|missed|mistook|"
        r"settles?|settled|dips?|dipped|spikes?|spiked|bounces?|bounced|crosses|crossed|diverge|needs\s(?:only|just|more|fewer|less|longer)|"
        r"takes?\s(?:\w+\s){0,3}(?:longer|twice|hours|minutes|only)|took\s(?:\w+\s){0,3}(?:longer|twice|only)|differ(?:s|ed)?\s(?:by|little|from|only|strongly)|"
        r"var(?:y|ies|ied)\s(?:by|little|from|only|strongly|widely|considerably)|as\s(?:large|small|good|bad|high|low|accurate|fast|strong|often)\sas|"
        r"recommend|mild(?:er|est)|only\sslightly|drops?|loses?|lost|profit(?:s|ed)?|proof|evidence|success|failure|progress|trouble|problem(?:s|atic)?",
    ),
)
