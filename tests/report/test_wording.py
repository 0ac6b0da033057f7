"""Which words raise an alarm. A false alarm is a defect as much as a missed number."""

from finetune_report.report.lexicon import comparisons, numbers

import pytest

PASSES = [
    "The softmax couples the weights: raising one score lowers every other weight.",
    "One might expect that a smaller batch and a lower rate slow the training down.",
    "First we look at the baseline, then at the attempts around it.",
    "In the second epoch the curves part, and the two differ from then on.",
    "Both curves rise, but no one of them does so to the end.",
    "The best epoch is marked by a circle.",
    "We report F1, BF16 and k2 as they are, and SST-2, GPT-2 and all-MiniLM-L6-v2 by their names.",
    "AdamW decouples weight decay from the gradient, as its authors recommend.",
    "A larger batch averages out the noise, and a smaller one lets it in.",
    "Once the query is long enough, the output is as close to the value as rounding allows.",
    "Accuracies are printed with as many significant digits as their interval supports.",
    "It makes no difference to the selection which seed comes first.",
    "The hypothesis was that a milder step should improve the balance between the classes.",
    "Sarcasm, at best, is caught by accident; the worst case is a sentence that means its contrary.",
    "Third, nothing of the test set was seen before the selection.",
    "The head copies a token when its entropy is near the lower limit, and averages near the upper one.",
    "Training in half-precision, zero-shot use and a two-sided test are common practice.",
    "The epoch with the lowest validation loss is kept, which is known as early stopping.",
    "The kept epoch precedes the last one, so that patience would have saved time.",
    "A query orthogonal to all keys gives each of them the same weight.",
]

# Of the document, codes and addresses.
OF_NO_RESULT = [
    "There are three main findings, and two tables follow.",
    "Let us look at three typical mistakes.",
    "Ratings are on a 5-star scale.",
    "The 19th-century texts are hard.",
    "Labels are 0 for negative and 1 for positive.",
    "It is a task with classes 0 and 1.",
    "The weights of a query sum to 1.",
    "See https://example.com/2020/05 for details.",
    "Equation (3) gives it, as (2) shows.",
]

UNBOUND_NUMBERS = {
    "Let us look at 97 mistakes, three of which matter.": ["97", "three"],
    "Of two tables 3 are right.": ["3"],
    "Labels are 0.97 for negative.": ["0.97"],
    "Its classes 0 and 1.5, which sum to 1.5.": ["1.5", "1.5"],
    "It was 97 January texts.": ["97"],
    "The accuracy is 0.93 on the validation set.": ["0.93"],
    "The small batch needs three times as long.": ["three"],
    "Training took twice the time.": ["twice"],
    "Half of the sentences are negative.": ["Half"],
    "We tried four settings and twenty-one seeds.": ["four", "twenty", "one"],
    "A third of the sentences carry a phenomenon.": ["third"],
    "Every one of the two models overfits.": ["two"],
    "The rate of 1e-4 is ten times that of 1e-5.": ["1e-4", "ten", "1e-5"],
    "It saw 6,920 sentences in 5 epochs.": ["6,920", "5"],
    "About ½ of the errors, and ³ more.": ["½", "³"],
    "The accuracy was ９３ per cent.": ["９３"],
    "The top-5 heads and the 10-fold cross-validation.": ["top-5", "10-fold"],
    "The loss doubled after the 3rd epoch.": ["doubled", "3rd"],
    "A factor of x10, or 2x, or 3/4.": ["x10", "2x", "3/4"],
    "Hundreds of sentences and a dozen heads.": ["Hundreds", "dozen"],
    "The margin is zero.": ["zero"],
    "Top-5 accuracy at p<0.05": ["Top-5", "0.05"],
}

UNBOUND_COMPARISONS = {
    "The small batch outperforms the baseline.": ["outperforms"],
    "Its results are better on sarcasm.": ["better"],
    "The difference is significant.": ["significant"],
    "A larger batch improves the accuracy significantly.": ["improves", "significantly"],
    "The baseline was the worst of all.": ["worst"],
    "The best setting has a small batch.": ["best"],
    "It reaches a higher validation accuracy.": ["higher validation accuracy"],
    "The accuracy of the milder setting is lower.": ["accuracy of the milder setting is lower"],
    "The tuned model beats the bag of words.": ["beats"],
    "The model is more accurate on long sentences.": ["more accurate"],
    "The settings do not differ.": ["do not differ"],
    "There is no difference between them.": ["no difference"],
    "It is superior to the baseline, and on par with the rest.": ["superior", "on par"],
    "The largest error is on negated sentences.": ["largest error"],
}


@pytest.mark.parametrize("sentence", PASSES)
def test_natural_sentences_pass(sentence: str) -> None:
    assert numbers(sentence) == []
    assert comparisons(sentence) == []


@pytest.mark.parametrize("sentence", OF_NO_RESULT)
def test_numbers_of_no_result_pass(sentence: str) -> None:
    assert numbers(sentence) == []


@pytest.mark.parametrize("sentence", UNBOUND_NUMBERS)
def test_numbers_are_found(sentence: str) -> None:
    found = [sentence[start:end] for start, end in numbers(sentence)]
    assert [word for word in UNBOUND_NUMBERS[sentence] if word != "one"] == found


@pytest.mark.parametrize("sentence", UNBOUND_COMPARISONS)
def test_comparisons_are_found(sentence: str) -> None:
    assert [sentence[start:end] for start, end in comparisons(sentence)] == UNBOUND_COMPARISONS[sentence]


def test_a_known_name_passes_whatever_digits_it_holds() -> None:
    assert numbers("The setting lr-1e-4 is next.", {"lr-1e-4"}) == []
    assert len(numbers("The setting lr-1e-5 is next.", {"lr-1e-4"})) == 1
