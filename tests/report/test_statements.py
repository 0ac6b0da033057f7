"""Which sentences state a result, and whether a claim's sentence says what its claim says."""

from pathlib import Path

from tests.support.evidence import findings_in

import pytest

BEATS = '{% call claim("beats", a="small-batch", b="baseline") %}'


def kinds(folder: Path, text: str) -> list[str]:
    return [finding.kind for finding in findings_in(folder, text)]


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("The small batch wins.", "beats"),
        ("The baseline overfits badly.", "overfits_from"),
        ("After that the curve levels off.", "plateaus"),
        ("The validation loss falls steadily.", "falls"),
        ("With the small batch there is hardly any gain.", "equivalent"),
        ("Most errors of the model are ironic sentences.", "most"),
        ("Of all settings the small batch is the most stable one.", "ranks"),
        ("The baseline is an order of magnitude slower.", "beats"),
        ("Positive reviews remain difficult.", "falls"),
    ],
)
def test_a_statement_is_found_and_led_to_its_kind_of_claim(folder: Path, sentence: str, kind: str) -> None:
    [finding] = findings_in(folder, sentence)
    assert finding.kind == "unclaimed statement"
    assert kind in finding.advice


@pytest.mark.parametrize(
    "sentence",
    [
        "We ask whether the small batch wins.",
        "If the baseline overfits, a lower rate may help.",
        "We expect the small batch to be better.",
        "The small batch takes a lower rate.",
        "A lower calibration error means that the confidence can be trusted.",
        "@dodge2019 show that tuning improves the accuracy of most models.",
        "Does the small batch win?",
        "The learning rate rises linearly.",
        "::: {.explanation}\nWhen one score rises, all others fall, two at a time.\n:::",
    ],
)
def test_what_states_no_result_passes(folder: Path, sentence: str) -> None:
    assert kinds(folder, sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Ahead of the baseline, the small batch.",
        "First the small batch, then the baseline, then the majority.",
        "The small batch makes the baseline look old.",
        "The baseline cannot hold a candle to the small batch.",
        "The score of the small batch is nothing to write home about.",
        "Errors of the bag of words disappear with the small batch.",
        "It is {{ ratio('runs.baseline.batch_size', 'runs.small-batch.batch_size') }} times as accurate.",
    ],
)
def test_what_relates_two_things_or_one_and_a_measure_is_found_in_any_words(folder: Path, sentence: str) -> None:
    assert set(kinds(folder, sentence)) & {"unclaimed statement", "unbound comparison"}


@pytest.mark.parametrize(
    "sentence",
    [
        "The settings are baseline and small-batch.",
        "baseline, small-batch",
        "From the baseline to the small batch one thing changes, the batch size.",
        "The baseline and the small batch share the seed.",
        "The accuracy of the baseline is measured after each epoch.",
        "The curves of the small batch and the baseline are in the appendix.",
        "The first comparison is between the baseline and the small batch.",
        "It takes {{ ratio('runs.baseline.batch_size', 'runs.small-batch.batch_size') }} times as many steps.",
    ],
)
def test_what_is_set_or_shown_relates_no_results(folder: Path, sentence: str) -> None:
    assert kinds(folder, sentence) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("We expected little, and the small batch is better.", "unbound comparison"),
        ("If one looks at it, the small batch is better.", "unbound comparison"),
        ("Our model is better than theirs [@dodge2019].", "unbound comparison"),
        ("The small batch is better [@dodge2019].", "unbound comparison"),
        ("::: {.explanation}\nThe small batch is better.\n:::", "unbound comparison"),
        ("::: {.explanation}\nThe accuracy is 97%.\n:::", "unbound number"),
        ("::: {.explanation}\nThe small batch needs 4 epochs.\n:::", "unbound number"),
    ],
)
def test_no_excuse_covers_this_experiment(folder: Path, text: str, kind: str) -> None:
    assert kind in kinds(folder, text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Dodge et al. (2019) and later, in 2021, did so.", []),
        ("See Figure 3, Table 2.1 and Chapter 4.", []),
        ("We used Python 3.11, gpt-4o, Llama 2 and an RTX 4060.", []),
        ("In 2015 sentences it failed.", ["2015"]),
        ("Table 97% and Llama 97.5", ["97", "97.5"]),
        ("The others had 12 seeds [@dodge2019].", []),
        ("They report an accuracy of 0.9 [@dodge2019].", []),
        ("The accuracy is 0.9 [@dodge2019].", ["0.9"]),
        ("The model gets 0.9 [@dodge2019].", ["0.9"]),
        ("We get 12 [@dodge2019].", ["12"]),
        ("That is so [@dodge2019]. It took 12.", ["12"]),
    ],
)
def test_numbers_that_name_or_are_reported(folder: Path, text: str, numbers: list[str]) -> None:
    assert [finding.found for finding in findings_in(folder, text) if finding.kind == "unbound number"] == numbers


@pytest.mark.parametrize(
    "text",
    [
        f"{BEATS}The small batch beats the baseline.{{% endcall %}}",
        f"{BEATS}The baseline falls behind the small batch.{{% endcall %}}",
        f'{{{{ alias("small-batch", "the gentle one") }}}}{BEATS}The gentle one beats the baseline.{{% endcall %}}',
        f"So {BEATS}`small-batch` is ahead of `baseline`{{% endcall %}} (of the declared pairs).",
        '{% call claim("undecided", a="milder", b="baseline") %}Milder and baseline: undecided.{% endcall %}',
        '{% call claim("overfits", run="baseline") %}The baseline overfits.{% endcall %}',
    ],
)
def test_a_claim_that_says_what_it_claims(folder: Path, text: str) -> None:
    assert kinds(folder, text) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{BEATS}It is better.{{% endcall %}}", "does not name small-batch and baseline"),
        (f"{BEATS}The baseline beats the small batch.{{% endcall %}}", "the opposite"),
        (f"{BEATS}The small batch falls behind the baseline.{{% endcall %}}", "the opposite"),
        (f"{BEATS}The small batch does not beat the baseline.{{% endcall %}}", "denies"),
        (f"It is false that {BEATS}the small batch beats the baseline{{% endcall %}}.", "denies"),
        (f"It isn't so that {BEATS}the small batch beats the baseline{{% endcall %}}.", "denies"),
        (f"{BEATS}So it is. The small batch beats the baseline.{{% endcall %}}", "does not name"),
        (
            '{% call(holds) claim("beats", a="small-batch", b="baseline") %}'
            "The small batch beats the baseline.{% endcall %}",
            "reads the same",
        ),
    ],
)
def test_a_claim_that_says_something_else(folder: Path, text: str, why: str) -> None:
    [finding] = [found for found in findings_in(folder, text) if found.kind == "misworded claim"]
    assert why in finding.advice


def test_a_claim_covers_one_sentence(folder: Path) -> None:
    text = f"{BEATS}The small batch beats the baseline. The milder one is better.{{% endcall %}}"
    assert [(finding.kind, finding.found) for finding in findings_in(folder, text)] == [
        ("unbound comparison", "better")
    ]
    assert kinds(folder, f"{BEATS}\nThe small batch beats the baseline.\n\nMilder is better.\n{{% endcall %}}") == [
        "unbound comparison"
    ]
