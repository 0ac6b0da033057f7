"""Filling the write-up in: marks, white space, claims, and errors with their line."""

from pathlib import Path

from finetune_report.errors import UserError
from finetune_report.report.cross_references import each
from finetune_report.report.keys import join
from finetune_report.report.rendering import parse
from finetune_report.report.results import of_each_model
from finetune_report.report.template import fill, trimmed_tags
from finetune_report.report.values import Value
from finetune_report.terminal import visible
from tests.support.evidence import evidence, filled_in

import panflute as pf
import pytest


def test_a_value_becomes_a_span_with_its_key(folder: Path) -> None:
    found = filled_in(folder, 'It is {{ value("runs.baseline.validation.accuracy") }}.\n')
    assert found.text == 'It is [0.75]{.value key="runs.baseline.validation.accuracy"}.\n'
    assert [(citation.value.key, citation.text, citation.line) for citation in found.citations] == [
        ("runs.baseline.validation.accuracy", "0.75", 1)
    ]


def test_loops_make_rows_without_empty_lines(folder: Path) -> None:
    text = "| a |\n|---|\n{% for name in settings %}\n| {{ name }} |\n{% endfor %}\n\nNext.\n"
    assert filled_in(folder, text).text == "| a |\n|---|\n| baseline |\n| small-batch |\n| milder |\n\nNext.\n"


def test_a_paragraph_that_ends_in_a_tag_keeps_its_end(folder: Path) -> None:
    text = "{% if has('winner.name') %}One.{% endif %}\nTwo.{% if true %} Three.{% endif %}\n\nFour.\n"
    assert filled_in(folder, text).text == "One.\nTwo. Three.\n\nFour.\n"


def test_only_lines_of_nothing_but_tags_are_trimmed() -> None:
    text = "  {% for a in b %}\nx {% if c %}\n{% endif %}{% endfor %} \n"
    assert trimmed_tags(text) == "{% for a in b %}\nx {% if c +%}\n{% endif +%}{% endfor %}\n".replace(
        "{% endif +%}", "{% endif %}"
    )


def test_a_claim_is_marked_and_judged(folder: Path) -> None:
    found = filled_in(
        folder, 'Start.\n{% call claim("beats", a="milder", b="baseline") %}It\n is better.{% endcall %}\nEnd.\n'
    )
    assert found.text == 'Start.\n[It\n is better.]{.claim n="1"}\nEnd.\n'
    [claim] = found.claims
    assert (claim.sentence, claim.line, claim.gated, claim.verdict.holds) == ("It is better.", 2, True, False)


def test_of_two_wordings_the_true_one_is_printed(folder: Path) -> None:
    both = "{% if holds %}Yes.{% else %}No.{% endif %}{% endcall %}"
    found = filled_in(folder, '{% call(holds) claim("differ", a="milder", b="baseline") %}' + both)
    assert found.text == '[No.]{.claim n="1"}'
    assert not found.claims[0].gated
    assert filled_in(folder, '{% call(holds) claim("differ", a="small-batch", b="baseline") %}' + both).text.startswith(
        "[Yes.]"
    )


def test_a_claim_of_several_paragraphs_is_a_div(folder: Path) -> None:
    text = (
        '{% call claim("at_least", key="winner.validation.accuracy", x=0.5) %}\nOne.\n\nTwo.\n{% endcall %}\n\nNext.\n'
    )
    assert filled_in(folder, text).text == '\n::::: {.claim n="1"}\n\nOne.\n\nTwo.\n\n:::::\n\n\nNext.\n'


def test_no_sentence_changes_what_another_one_comes_to(folder: Path) -> None:
    first = '{{ value("comparison.milder.baseline.p") }}'
    later = '{% call claim("differ", a="small-batch", b="baseline") %}x{% endcall %}'
    alone, together = (filled_in(folder, text).citations[0].value.value for text in (first, first + later))
    assert alone == together


def test_keys_names_and_settings_are_there_for_loops(folder: Path) -> None:
    assert filled_in(folder, '{{ keys("runs.*.best_epoch") | join(" ") }}').text == (
        "runs.baseline.best_epoch runs.small-batch.best_epoch runs.milder.best_epoch"
    )
    assert filled_in(folder, '{{ keys("winner.") | join(" ") }}').text == "winner.name winner.validation.accuracy"
    assert filled_in(folder, '{{ names("runs") | join(" ") }}').text == "baseline small-batch milder"
    assert filled_in(folder, '{{ winner }} {{ labels[0] }} {{ has("nothing") }}').text == "small-batch negative False"
    assert filled_in(folder, '{% if number("runs.milder.best_epoch") > 2 %}late{% endif %}').text == "late"


def test_comments_and_labels_go_together(folder: Path) -> None:
    assert filled_in(folder, "# A {#sec:a}\n<!--# {{ nothing }} #-->x\n").text == "# A {#sec:a}\nx\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('\n\n{{ value("winner.nam") }}', 3, "the nearest are winner.name"),
        ("\n{{ nothing }}", 2, "'nothing' is undefined"),
        ("\n\n{% for %}", 3, "Expected"),
        ("{% for name in settings %}\n\n{{ value(name) }}\n{% endfor %}", 3, "no value 'baseline'"),
        ('\n{% call claim("beast", a="x") %}x{% endcall %}', 2, "no claim 'beast'"),
        (
            '{% call claim("at_least", key="winner.validation.accuracy", x=0) %}\n\n{{ value("q") }}{% endcall %}',
            3,
            "'q'",
        ),
        ('\n{{ value("winner.name", digits=2) }}', 2, "it is a text"),
        ('\n{{ value("winner.name", colour="red") }}', 2, "colour"),
        ("\n{{ 1 / 0 }}", 2, "division"),
    ],
)
def test_mistakes_are_named_with_file_and_line(folder: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(UserError, match=rf"given\.md, line {line}: .*{message}"):
        filled_in(folder, text)


def test_names_that_come_from_data_are_printed_without_meaning_anything(folder: Path) -> None:
    hostile = "<script>alert(1)</script>"
    given = evidence(folder)
    given.labels = [hostile, "fine"]
    path = folder / "given.md"
    path.write_text("{% for label in labels %}\n- {{ label }}\n{% endfor %}\n", encoding="utf-8")
    text = fill(path, given).text
    assert text == "- [\\<script\\>alert\\(1\\)\\<\\/script\\>]{.name}\n- fine\n"
    doc = parse(text, path)
    assert pf.stringify(doc) == hostile + "fine"
    assert not list(each(doc, pf.RawInline))


@pytest.mark.parametrize("name", ["Dr. X", 'a "b" \\c\\', "", "*", "2.5", "none", "a\nb", "\u202e12", "[x]{.value}"])
def test_a_name_from_data_is_one_part_of_a_key_whatever_it_holds(folder: Path, name: str) -> None:
    given = evidence(folder)
    for column, count in (("title", 3), ("title.x", 4)):
        key = join("slices", column, name, "count")
        given.values[key] = Value(key, count, "count", None, "slices.json", "/a")
    path = folder / "given.md"
    loop = '{% for name in names("slices", "title") %}{{ name }}: {{ value("slices", "title", name, "count") }}'
    path.write_text(loop + '{{ has("slices", "title", name) }}{% endfor %}', encoding="utf-8")
    found = fill(path, given)
    assert [(citation.value.key, citation.text) for citation in found.citations] == [
        (join("slices", "title", name, "count"), "3")
    ]
    doc = parse(found.text, path)
    [span] = [span for span in each(doc, pf.Span) if "value" in span.classes]
    assert span.attributes["key"] == join("slices", "title", name, "count")
    assert pf.stringify(doc).strip() == f"{visible(' '.join(name.split())) or '(empty)'}: 3False"
    assert "" not in found.names


def test_keys_are_found_by_parts(folder: Path) -> None:
    given = evidence(folder)
    for key in ('slices.a."*".count', 'slices.a."b.c".count', "slices.ab.x.count"):
        given.values[key] = Value(key, 1, "count", None, "slices.json", "/a")
    path = folder / "given.md"
    for pattern, expected in {
        '"slices", "a"': ['slices.a."*".count', 'slices.a."b.c".count'],
        "'slices.a.*.count'": ['slices.a."*".count', 'slices.a."b.c".count'],
        '"slices.a", "*"': ['slices.a."*".count'],
        "'slices.'": ['slices.a."*".count', 'slices.a."b.c".count', "slices.ab.x.count"],
    }.items():
        path.write_text(f'{{{{ keys({pattern}) | join(" ") }}}}', encoding="utf-8")
        assert fill(path, given).text == " ".join(expected)


def test_a_key_of_a_single_model_is_told_as_one_of_several() -> None:
    keys = ["models.small.parameters", "models.large.parameters", "models.small.train.cut.share", "data.train.rows"]
    assert of_each_model("model.parameters", keys).endswith("such as models.small.parameters")
    assert of_each_model("data.train.cut.share", keys).endswith("such as models.small.train.cut.share")
    for key in ("model.size", "data.train.rowz", "models.small.rows"):
        assert of_each_model(key, keys) == ""
