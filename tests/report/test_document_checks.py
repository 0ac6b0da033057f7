"""The check on pandoc's tree: it reaches everything that is printed, and knows what is bound, claimed or stated."""

from pathlib import Path

from finetune_report.report.findings import reasons
from tests.support.evidence import findings_in, selection

import pytest


def found(folder: Path, text: str) -> list[tuple[str, str]]:
    return [(finding.kind, finding.found) for finding in findings_in(folder, text)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Plain 17.", "17"),
        ("A note[^n].\n\n[^n]: With 17 in it.", "17"),
        ("A note^[With 17 in it.].", "17"),
        ("| a | b |\n|---|---|\n| x | 17 |", "17"),
        ("| a | 17 |\n|---|---|\n| x | y |", "17"),
        ("| a |\n|---|\n| x |\n\n: Caption 17", "17"),
        ("![Caption 17.](figures/graph.png)", "17"),
        ('![Caption.](figures/graph.png){alt="With 17"}', "17"),
        ('Beside text ![alternative 17](figures/graph.png "title")', "17"),
        ('A [link](https://example.org "title 17").', "17"),
        ("A [link with 17](https://example.org).", "17"),
        ("# Heading 17", "17"),
        ('# Heading {number="accuracy 17"}', "accuracy 17"),
        ("---\ntitle: Title 17\n---\n", "17"),
        ("---\nsubtitle: Sub 17\n---\n", "17"),
        ("---\nauthor: [A, B 17]\n---\n", "17"),
        ("---\nauthor:\n- name: B 17\n---\n", "17"),
        ("---\nabstract: |\n  First.\n\n  With 17.\n---\n", "17"),
        ("---\ndate: 17 May\n---\n", "17"),
        ("`code 17`", "17"),
        ("```\ncode 17\n```", "17"),
        ("> Quoted 17", "17"),
        ("- item 17", "17"),
        ("3. item", "3"),
        ("Term 17\n\n:   Definition", "17"),
        ("Term\n\n:   Definition 17", "17"),
        ("| Line 17\n| block", "17"),
        ("<b>17</b>", "17"),
        ("*emphasis **17***", "17"),
        ("$17x$", "17x"),
        (r"$x_1 + 17$", "17"),
        (r"$$\frac{17}{n}$$", "17"),
        (r"$10^{-6}$", "10"),
        ("~~17~~ ", "17"),
        ("[@dodge2019, accuracy 17]", "17"),
        ("[see accuracy 17 @dodge2019]", "17"),
        ('[17]{.other reason="x"}', "17"),
        ("seventeen", "seventeen"),
    ],
)
def test_numbers_are_found_wherever_they_are_printed(folder: Path, text: str, number: str) -> None:
    assert found(folder, text) == [("unbound number", number)]


@pytest.mark.parametrize(
    "text",
    [
        '{{ value("runs.baseline.validation.accuracy") }}',
        '{{ value("attention.copy.error") }} and {{ value("winner.name", code=True) }}',
        '{{ value("runs.milder.validation.accuracy", interval=True, percent=True) }}',
        '[17]{.stated reason="a year"}',
        '`17`{.stated reason="a command"}',
        '```{.yaml .stated reason="an example"}\na: 17\n```',
        '::: {.stated reason="quoted from the assignment"}\nA paragraph with 17, which is better.\n:::',
        '[$17x$ is better]{.stated reason="a definition"}',
        '# Why copying helps {number="1.2.3" #sec:a17}',
        '# Appendix {number="A.1"}',
        "$k_2$, $x^2$, $w_{1:17}$, $e^{-2x}$, $v_{i_2}$ and $\\log_2 n$",
        "[@dodge2019, p. 2185], [@dodge2019, pp. 2–5]",
        "<https://example.org/2019/17.html>",
        "[a link](https://example.org/17)",
        "1. ordered\n2. list",
        "<!-- a comment: 17, better -->",
        "@fig:graph17 and @tbl:x2\n\n![c](figures/graph.png){#fig:graph17 width=50%}",
        "{% for name in settings %}{{ name }} {% endfor %}{{ labels[0] }}",
        "---\nbibliography: refs17.bib\nlang: en-17\n---\n",
    ],
)
def test_what_is_bound_or_no_number_passes(folder: Path, text: str) -> None:
    assert found(folder, text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The baseline is better.", [("unbound comparison", "better")]),
        ("| a |\n|---|\n| the best of all |", [("unbound comparison", "best")]),
        (
            '{% call claim("beats", a="small-batch", b="baseline") %}The small batch beats the baseline.{% endcall %}',
            [],
        ),
        (
            '{% call claim("beats", a="small-batch", b="baseline") %}\n'
            "The small batch beats the baseline.\n\nTwice.\n{% endcall %}",
            [("unbound number", "Twice")],
        ),
        ('[better]{.stated reason="a hypothesis"}', []),
        ('[better]{.stated reason=""}', [("missing reason", "better")]),
        ("[17]{.stated}", [("missing reason", "17")]),
        ("::: stated\n17\n:::", [("missing reason", "17")]),
        (
            '{% call claim("beats", a="milder", b="baseline") %}Milder is better than baseline.{% endcall %}',
            [("false claim", "beats")],
        ),
        (
            '{% call(holds) claim("beats", a="milder", b="baseline") %}'
            "{% if holds %}Milder beats baseline.{% else %}Milder does not beat baseline.{% endif %}{% endcall %}",
            [],
        ),
    ],
)
def test_comparisons_need_a_claim_and_escapes_a_reason(
    folder: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    assert found(folder, text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[0.99]{.value key="runs.baseline.validation.accuracy"}', "forged value"),
        ('{{ value("winner.validation.accuracy") }} [0.91]{.value key="winner.validation.accuracy"}', "forged value"),
        ('[it is better]{.claim n="1"}', "forged claim"),
        ("::: claim\nIt is better.\n:::", "forged claim"),
        ('`{{ value("winner.validation.accuracy") }}`', "broken mark"),
        ('$x = {{ value("runs.baseline.best_epoch") }}$', "broken mark"),
        ('<!-- {% call claim("beats", a="small-batch", b="baseline") %}x{% endcall %} -->', "broken claim"),
    ],
)
def test_marks_cannot_be_forged_or_lost(folder: Path, text: str, kind: str) -> None:
    assert kind in [finding.kind for finding in findings_in(folder, text)]


def test_findings_have_line_and_sentence(folder: Path) -> None:
    text = (
        "---\ntitle: A title\n---\n\n"
        "The first sentence. It has 17 of them, e.g. here, as\nDr Who says! Another one.\n\n"
        "| a | b |\n|---|---|\n{% for name in settings %}\n| {{ name }} | twice |\n{% endfor %}\n\n"
        'After {{ value("winner.name") }} there are 17 more.\n\nThe end.[^n]\n\n[^n]: Half of a note.\n'
    )
    assert [(finding.line, finding.found, finding.sentence) for finding in findings_in(folder, text)] == [
        (5, "17", "It has 17 of them, e.g. here, as Dr Who says!"),
        (11, "twice", "baseline | twice"),
        (11, "twice", "small-batch | twice"),
        (11, "twice", "milder | twice"),
        (14, "17", "After small-batch there are 17 more."),
        (18, "Half", "Half of a note."),
    ]


def test_equal_sentences_are_found_on_their_own_lines(folder: Path) -> None:
    text = "It is 17 metres long.\n\nAnother paragraph.\n\nIt is 17 metres long.\n"
    assert [finding.line for finding in findings_in(folder, text)] == [1, 5]


def test_a_false_comparison_carries_its_numbers(folder: Path) -> None:
    [finding] = findings_in(
        folder, '\n\n{% call claim("beats", a="milder", b="baseline") %}Milder is better than baseline.{% endcall %}'
    )
    assert (finding.line, finding.sentence) == (3, "Milder is better than baseline.")
    assert finding.difference == pytest.approx(0.01)
    assert finding.p is not None
    assert finding.p > 0.05
    assert finding.interval is not None
    assert "the data do not decide between milder and baseline" in str(finding)
    assert f"p {finding.p:.2g}" in str(finding)
    assert finding.as_json()["interval"] == finding.interval


def test_reasons_name_all_that_stands_against_a_report(folder: Path) -> None:
    assert reasons([], "0123abc", False, selection(), True) == []
    short = selection() | {"planned": 4, "missing": ["large"]}
    dirty, missing, finding = reasons(findings_in(folder, "It has 17."), "0123abc", True, short, True)
    assert "not committed" in dirty
    assert "no git checkout" in reasons([], "", True, selection(), True)[0]
    assert missing == "1 of 4 planned runs are missing: not all of large have finished"
    assert "given.md, line 1: unbound number “17” in “It has 17.”" in finding


def test_a_run_that_came_to_nothing_stands_against_a_report_unless_the_config_accepts_it() -> None:
    chosen = selection()
    chosen["runs"][0]["status"] = "diverged"
    [failed] = reasons([], "0123abc", False, chosen, True)
    assert failed.startswith("1 of 3 planned runs failed: baseline, seed 1 (diverged). Exclude the setting")
    assert reasons([], "0123abc", False, chosen, False) == []
