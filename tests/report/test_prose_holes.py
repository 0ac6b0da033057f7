"""Ways to get a number or a claim past the check that once worked, each by its kind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from finetune_report.errors import UserError
from finetune_report.report.findings import Checked, check_document
from finetune_report.report.rendering import parse
from finetune_report.report.subjects import Subjects
from finetune_report.report.template import fill
from finetune_report.report.values import Value
from tests.support.evidence import evidence

import pytest

VALUE = '{{ value("runs.baseline.validation.accuracy") }}'
OTHER = '{{ value("runs.small-batch.validation.accuracy") }}'


def checked(folder: Path, text: str, labels: list[str] | None = None, **values: Any) -> Checked:
    """`values` are further ones, by names under `slices.x`."""
    path = folder / "given.md"
    path.write_text(text, encoding="utf-8")
    known = evidence(folder)
    further = {f"slices.x.{name}": Value(f"slices.x.{name}", 1, "count", None, "x", "/x") for name in values}
    filled = fill(path, replace(known, labels=labels or known.labels, values=known.values | further))
    return check_document(parse(filled.text, path), filled, path)


def kinds(folder: Path, text: str) -> list[str]:
    return [finding.kind for finding in checked(folder, text).findings]


@pytest.mark.parametrize(
    "text",
    [
        "[accuracy 0.97](https://example.org){.uri}",
        "[accuracy 0.97](mailto:a@b.org){.email}",
        "XII errors",
        "XCVII percent",
        "It was O.97 then.",
        "It took l7 of them.",
        "It is acc97.",
        "It is ACC-0.97.",
        "It is v0.97.",
        "$_{97}$",
        "so $^{97}$",
        "$x_{0.97}$",
        "[@dodge2019, vol. 0.97]",
        '# Results {number="0.97"}',
        "97. item",
        "0\u200b.\u200b97",
        '[text^[With 97.]]{.stated reason="a definition"}',
    ],
)
def test_numbers_that_hide(folder: Path, text: str) -> None:
    assert "unbound number" in kinds(folder, text)


@pytest.mark.parametrize(
    "text", ["A list:\n\n1. a\n2. b\n\nthen\n\n3. c\n4. d\n", "It is part II of it.", "GPT-4 and v2.1"]
)
def test_numbers_that_count_nothing(folder: Path, text: str) -> None:
    assert kinds(folder, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Its Matthews correlation and Matthews' correlation of the baseline are in the table.",
        "The accuracy of the baseline is in `results/<name>/values.json`, by its key.",
    ],
)
def test_what_looks_like_a_result_and_is_none(folder: Path, text: str) -> None:
    assert kinds(folder, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "It is more\u00a0accurate.",
        "It is more\u2009accurate.",
        "It is bet\u200bter.",
        "It did not improve.",
        "The accuracy ↑ with it.",
        "The accuracy of this > that of all.",
    ],
)
def test_claims_that_hide(folder: Path, text: str) -> None:
    assert "unbound comparison" in kinds(folder, text)


def test_letters_that_look_alike(folder: Path) -> None:
    assert kinds(folder, "It is b\u0435tter.") == ["disguised word"]
    assert kinds(folder, "лучше, καλύτερο, better known") == []


def test_names_from_the_data_pass_where_they_are_printed_and_nowhere_else(folder: Path) -> None:
    loop = '{% for name in names("slices.x") %}\n- {{ name }}\n{% endfor %}\n'
    given = {str(number): None for number in range(1, 11)}
    assert checked(folder, loop, **given).findings == []
    assert [found.found for found in checked(folder, loop + "\nIt makes 7 errors in 10 texts.", **given).findings] == [
        *("7", "10")
    ]
    forged = checked(folder, loop + "\nIt makes [7]{.name} errors.", **given).findings
    assert [found.kind for found in forged] == ["forged name"]
    assert [found.found for found in checked(folder, "Class 5 errs.", labels=["5", "6"]).findings] == ["5"]
    assert checked(folder, "Class {{ labels[0] }} errs.", labels=["5", "6"]).findings == []


@pytest.mark.parametrize(
    "text",
    [
        f"{VALUE}.{OTHER}",
        f"{VALUE}{OTHER}",
        f"{VALUE}%",
        f"9{VALUE}",
        f"-{VALUE}",
        f"{VALUE}k",
        f"{VALUE}.5",
        f"0.{VALUE}",
    ],
)
def test_a_value_stands_by_itself(folder: Path, text: str) -> None:
    assert "touched value" in kinds(folder, f"So {text} it is.")


@pytest.mark.parametrize("text", [f"{VALUE}.", f"({VALUE})", f"{VALUE}, {OTHER}", f"{VALUE}–{OTHER}", f"**{VALUE}**"])
def test_a_value_may_stand_in_a_sentence(folder: Path, text: str) -> None:
    assert kinds(folder, f"So it is {text}") == []


@pytest.mark.parametrize(
    ("sentence", "fits"),
    [
        (f"On the test set it reaches {VALUE}.", False),
        (f"The training accuracy is {VALUE}.", False),
        (f"The validation accuracy is {VALUE}.", True),
        (f"Test accuracy follows validation accuracy, {VALUE}.", True),
        (f"Its recall is {VALUE}.", False),
        (f"Its accuracy is {VALUE}.", True),
        (f"Its balanced accuracy is {VALUE}.", False),
        (f"`small-batch` reaches {VALUE}.", False),
        (f"`small-batch` reaches {OTHER}.", True),
        (f"`baseline` reaches {VALUE}, `small-batch` {OTHER}.", True),
        (f"| `small-batch` | {VALUE} |\n|---|---|\n| x | y |", False),
    ],
)
def test_a_value_belongs_to_its_words(folder: Path, sentence: str, fits: bool) -> None:
    assert kinds(folder, sentence) == ([] if fits else ["value of another"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[0.97]{.stated reason="x"}', "missing reason"),
        ('[0.97]{.stated reason="12 34"}', "missing reason"),
        ('It has an accuracy of [0.97]{.stated reason="what it reached"}.', "escaped result"),
        ('::: {.stated reason="my own words"}\nAn accuracy of 97%.\n:::', "escaped result"),
        ('::: {.stated reason="my own words"}\nThis.\n\nAnd that.\n:::', "wide escape"),
        ("`97`{=html}", "raw code"),
        ("```{=typst}\n#(90 + 7)\n```", "raw code"),
        ("`<span style=display:none>not</span>`{=html}", "raw code"),
        ('[not]{style="display:none"}', "unknown attribute"),
        ("```{.python startFrom=97}\nx\n```", "unknown attribute"),
    ],
)
def test_escapes_and_code_that_go_too_far(folder: Path, text: str, kind: str) -> None:
    assert kind in kinds(folder, text)


def test_a_result_from_elsewhere_needs_its_source_in_the_sentence(folder: Path) -> None:
    escape = '[0.97]{.stated reason="as they report"}'
    assert kinds(folder, f"They report an accuracy of {escape} [@dodge2019].") == []
    assert kinds(folder, f"They did so [@dodge2019]. The accuracy is {escape}.") == ["escaped result"]


def test_escapes_and_unjudged_sentences_are_listed(folder: Path) -> None:
    found = checked(
        folder,
        f'@fig:x has the accuracy. It ended at {VALUE} in accuracy. We saw [5]{{.stated reason="a made-up example"}} '
        "of them. Nothing else happened.\n\n![The accuracy of it.](figures/graph.png)",
    )
    assert found.findings == []
    assert [(escape.text, escape.reason, escape.sentence) for escape in found.escapes] == [
        ("5", "a made-up example", "We saw 5 of them.")
    ]
    assert found.unjudged == ["@fig:x has the accuracy."]


def test_a_sentence_that_names_a_setting_is_listed_whatever_its_words(folder: Path) -> None:
    found = checked(folder, f"`baseline` came through. Then `baseline` has {VALUE} in accuracy. Nobody came through.")
    assert found.findings == []
    assert found.unjudged == ["baseline came through."]


def test_a_sentence_names_a_setting_by_the_whole_name() -> None:
    known = Subjects(frozenset({"small", "small-batch", "5"}), "small")
    named = known.settings_in("`small-batch`, unlike small, takes 5; small-batch-2 and x-small are none of ours.")
    assert named == {"small-batch", "small", "5"}
    assert known.settings_in("small-batch-2 and x-small") == set()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"The small batch reaches {VALUE}.", "value of another"),
        (f"Its error rate is {VALUE}.", "value of another"),
        (f"The AUC is {VALUE}.", "value of another"),
        (f"On test it reaches {VALUE}.", "value of another"),
        (f'{{{{ alias("small-batch", "the gentle one") }}}}The gentle one reaches {VALUE}.', "value of another"),
        (f"| setting | test accuracy |\n|--|--|\n| `baseline` | {VALUE} |", "value of another"),
        (f"| x | small batch |\n|--|--|\n| accuracy | {VALUE} |", "value of another"),
        (f"It is minus {VALUE}.", "touched value"),
        (f"It is {VALUE} percent.", "touched value"),
        ("# The small batch wins", "unclaimed statement"),
        ("---\ntitle: The small batch wins\n---\n\nx", "unclaimed statement"),
        ("---\nabstract: The baseline overfits badly.\n---\n\nx", "unclaimed statement"),
        ("---\nreference-section-title: Accuracy of 97\n---\n\nx", "unbound number"),
        ("![The small batch wins.](figures/graph.png)", "unclaimed statement"),
        ("| setting | verdict |\n|--|--|\n| small batch | wins |", "unclaimed statement"),
        ("The baseline, by definition, is worse.", "unbound comparison"),
        ("::: {.explanation}\nOur model makes 3 errors.\n:::", "unbound number"),
        ('[The small batch wins]{.stated reason="a known fact"}.', "escaped claim"),
        ('::: {.stated reason="a known fact"}\nThe small batch is better.\n:::', "escaped claim"),
        ('The accuracy is [97]{.stated reason="a known fact"} percent.', "escaped result"),
        ("The small batch comes out on top.", "unclaimed statement"),
        ("The small batch edges out the baseline.", "unclaimed statement"),
    ],
)
def test_words_and_places_that_once_passed(folder: Path, text: str, kind: str) -> None:
    assert kind in kinds(folder, text)


@pytest.mark.parametrize(
    "text",
    [
        "# What the curves show",
        "![The error of each demonstration as its queries get longer.](figures/graph.png)",
        f"| setting | validation accuracy |\n|--|--|\n| `baseline` | {VALUE} |",
        f"The baseline reaches {VALUE}, the small batch {OTHER}.",
        'We expected the small batch to be [better]{.stated reason="a hypothesis"}.',
    ],
)
def test_topics_and_fitting_values_pass(folder: Path, text: str) -> None:
    assert kinds(folder, text) == []


@pytest.mark.parametrize("alias", ["milder", "the baseline", "it", "all others", "everything", "the rest"])
def test_an_alias_names_one_setting(folder: Path, alias: str) -> None:
    with pytest.raises(UserError, match="cannot be another name of 'small-batch'"):
        checked(folder, f'{{{{ alias("small-batch", "{alias}") }}}}')


def test_too_few_decimals_hide_a_value(folder: Path) -> None:
    for call in ('"runs.baseline.validation.accuracy", digits=0', '"runs.small-batch.learning_rate", digits=3'):
        with pytest.raises(UserError, match=r"nothing of .* would be left"):
            checked(folder, f"{{{{ value({call}) }}}}")
    assert checked(folder, '{{ value("runs.baseline.validation.accuracy", percent=True, digits=0) }}').findings == []


AHEAD = '{% call claim("beats", a="small-batch", b="baseline") %}'


@pytest.mark.parametrize(
    "text",
    [
        "It hits ninetyseven of them.",
        "It has a couple of errors.",
        "Accuracy is in the mid-nineties.",
        "One in ten is misjudged.",
        "It is sixfold.",
        "Its F97 is reached.",
        "Section 97 of them.",
        "Figure 97 errors.",
        "Qwen 9 times out of ten.",
    ],
)
def test_numbers_in_other_words(folder: Path, text: str) -> None:
    assert "unbound number" in kinds(folder, text)


@pytest.mark.parametrize(
    "text",
    [
        "It ran on 12 March 2021, and the release is 4.38.1.",
        "The 2019 edition has it, see Figures 3 and 4.",
        "A score lies between 0 and 1.",
        "We had two research questions.",
        "It ran on an A100.",
    ],
)
def test_numbers_that_name_pass(folder: Path, text: str) -> None:
    assert kinds(folder, text) == []


@pytest.mark.parametrize(
    "text",
    [
        f"more than {OTHER}",
        f"not {OTHER}",
        f"nearly {OTHER}",
        f"half of {OTHER}",
        f"{OTHER} points",
        f"{OTHER} errors",
        f"{OTHER}/{VALUE}",
    ],
)
def test_words_that_make_another_number_of_a_score(folder: Path, text: str) -> None:
    assert "touched value" in kinds(folder, text)


def test_a_longest_length_may_be_exceeded(folder: Path) -> None:
    assert kinds(folder, 'Up to {{ value("runs.baseline.batch_size") }} sentences stand in a batch.') == []
    assert kinds(folder, f"It reaches about {OTHER}.") == []


@pytest.mark.parametrize(
    "text",
    [
        "It makes no errors at all.",
        "The model is never wrong.",
        "Not a single sentence is misjudged; each sentence is judged correctly.",
        "small-batch ≻ baseline",
        "👍 small batch",
        "small batch: A+",
        "The idea that the small batch wins holds.",
        "Our hypothesis was right.",
        "The small batch is second to none.",
        "```\nThe small batch wins\n```",
        '![x](figures/graph.png "The small batch wins")',
        "[x](http://x.org 'The small batch wins')",
        "The small batch is ahead, as @fig:x plots.",
    ],
)
def test_statements_in_other_forms(folder: Path, text: str) -> None:
    assert {"unclaimed statement", "unbound comparison"} & set(kinds(folder, text))


def test_math_in_words_compares(folder: Path) -> None:
    assert kinds(folder, r"$\text{small-batch} > \text{baseline}$") == ["unbound comparison"]
    assert kinds(folder, r"$\text{rate} > x$") == []


def test_what_is_struck_out_is_no_text(folder: Path) -> None:
    assert "struck out" in kinds(folder, f"~~{OTHER}~~")


@pytest.mark.parametrize(
    "text",
    [
        "[97]{.stated reason='a definition'} percent of sentences are right.",
        "[97 of 100]{.stated reason='a known fact'} sentences are judged right.",
        "The accuracy is [nine tenths]{.stated reason='a definition'}.",
    ],
)
def test_an_escape_covers_no_share_of_what_was_right(folder: Path, text: str) -> None:
    assert "escaped result" in kinds(folder, text)


def test_a_value_stands_behind_the_words_for_it(folder: Path) -> None:
    rate, batch = (f'{{{{ value("runs.baseline.{name}") }}}}' for name in ("learning_rate", "batch_size"))
    assert kinds(folder, f"A learning rate of {rate} and a batch size of {batch}.") == []
    assert kinds(folder, f"A learning rate of {batch}.") == ["value of another"]
    assert kinds(folder, f"p = {rate}") == ["value of another"]


def test_paragraphs_that_are_not_english_are_named(folder: Path) -> None:
    german = "Das kleine Los ist viel besser als die Baseline und wird nicht schlechter."
    assert checked(folder, german + "\n\nSmall batches make noisy gradients.").unread == [german]
    assert checked(folder, "Небольшие пакеты лучше.").unread == ["Небольшие пакеты лучше."]
    assert checked(folder, "No effect on it.\n\nEarly stopping, as expected.").unread == []


def test_what_is_printed_of_sources(folder: Path) -> None:
    entry = "@book{{x,\n title = {{On 97 things}},\n note = {{{}}}\n}}\n"
    path, bibliography = folder / "given.md", folder / "given.bib"
    path.write_text("As in @x.", encoding="utf-8")
    filled = fill(path, evidence(folder))
    for note, expected in (
        ("Second edition", []),
        ("The small batch wins", ["result in a source"]),
        ("with an accuracy of 0.97", ["result in a source"]),
    ):
        bibliography.write_text(entry.format(note), encoding="utf-8")
        found = check_document(parse(filled.text, path), filled, path, [bibliography])
        assert [finding.kind for finding in found.findings] == expected
        assert [escape.text for escape in found.escapes] == ["On 97 things"]


@pytest.mark.parametrize(
    "body",
    [
        "The small batch beats the baseline by far.{% endcall %}",
        "The small batch beats the baseline on every sentence.{% endcall %}",
        "Than the small batch, the baseline is better.{% endcall %}",
        "The small batch beats the baseline{% endcall %}, and the milder one too.",
    ],
)
def test_a_claim_bears_out_no_more_than_it_says(folder: Path, body: str) -> None:
    assert kinds(folder, AHEAD + body) == ["misworded claim"]


def test_a_claim_of_a_curve_names_its_measure(folder: Path) -> None:
    claim = '{{% call claim("rises", run="baseline", curve="validation_loss", since=2) %}}{}{{% endcall %}}'
    assert kinds(folder, claim.format("The baseline rises.")) == ["misworded claim"]
    assert kinds(folder, claim.format("The loss of the baseline rises.")) == []


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u2009", "\n"])
def test_the_word_before_a_value_is_known_whatever_the_space_in_it(folder: Path, space: str) -> None:
    text = f'The batch{space}size is {{{{ value("runs.baseline.validation.accuracy") }}}} there.'
    assert "value of another" in kinds(folder, text)
