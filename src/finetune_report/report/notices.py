"""What a report says of itself, in its own words, before the author's: that it has no test score."""

import re

from finetune_report.report.results import Evidence

import panflute as pf

FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?^(?:---|\.\.\.)[ \t]*\n", re.DOTALL | re.MULTILINE)
WHY = {"unlabelled": "The test split has no labels.", "none": "There is no test split."}
CLASSES = "The classes that the selected setting gives the test texts are among the results, in `test/predictions.csv`."
ELSEWHERE = "Nothing in this report was measured on test data: each score is on the training or the validation split."
CHOSEN = (
    "By the validation split the selected setting and its epoch were chosen too, so its score there is optimistic: "
    "the best of several is in part the luckiest. On texts that took no part in the choice it may well be lower."
)


def no_test_score(evidence: Evidence) -> str:
    """The notice of a report whose numbers are the validation split's, as Markdown; nothing for any other."""
    if evidence.test_split == "labelled":
        return ""
    said = ["**No test score.**", WHY[evidence.test_split], ELSEWHERE]
    if evidence.has("selection.candidates") and evidence.number("selection.candidates") > 1:
        said.append(CHOSEN)
    if evidence.test_split == "unlabelled":
        said.append(CLASSES)
    return f"::: {{.notice}}\n{' '.join(said)}\n:::\n"


def with_notice(markdown: str, notice: str) -> str:
    """A write-up with the notice above all but its front matter."""
    if not notice:
        return markdown
    matter = FRONT_MATTER.match(markdown)
    end = matter.end() if matter else 0
    return f"{markdown[:end]}\n{notice}\n{markdown[end:].lstrip(chr(10))}"


def put_first(doc: pf.Doc, notice: pf.Doc) -> None:
    """Put a notice before all else of a tree; the HTML's style sheet knows it by its class."""
    for div in reversed(notice.content):
        framed = [pf.RawBlock("#notice[", format="typst"), div, pf.RawBlock("]", format="typst")]
        doc.content = [*framed, *doc.content]
