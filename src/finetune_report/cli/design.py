"""What difference the declared comparisons of a config can find, said before anything is trained.

Nothing is known yet of how much runs disagree, so the variances are guesses, which are printed with the answer.
"""

from collections.abc import Iterator
from typing import Any

from finetune_report.cli.rows import validation_rows
from finetune_report.config.comparisons import compared_metric, declared_pairs, in_words
from finetune_report.config.settings import resolved_settings
from finetune_report.stats.planning import (
    VarianceComponents,
    examples_needed,
    minimum_detectable,
    planned_level,
    seeds_needed,
)

# Of small transformers on some hundred sentences (docs/statistics.md): shares of examples on which runs of two settings
# and two runs of one disagree, and the standard deviation of a setting's accuracy between seeds.
BETWEEN, WITHIN, SEED_SD = 0.15, 0.11, 0.01
GUESS = VarianceComponents.of_discordance(BETWEEN, WITHIN, SEED_SD)
TARGET = 0.02  # where the config declares no margin
ADVISED_SEEDS = 5


def design_lines(config: dict[str, Any]) -> Iterator[str]:
    """The lines to print for a complete config; none where it declares no comparison."""
    pairs = declared_pairs(config, list(resolved_settings(config)))
    examples, seeds = validation_rows(config), len(config["seeds"])
    if not pairs:
        return
    counted = "1 seed" if seeds == 1 else f"{seeds} seeds"
    comparisons = "1 comparison" if len(pairs) == 1 else f"{len(pairs)} comparisons"
    by = compared_metric(config)
    yield f"Comparisons declared: {in_words(config)}, by validation {by}; {comparisons}, {counted}."
    if examples is None:
        yield "  How many validation examples there are is known once the data are here; plan again then."
        return
    level = planned_level(len(pairs), config["comparisons"]["with"] == "baseline")
    found = minimum_detectable(GUESS, examples, seeds, level)
    yield f"  {examples} validation examples and {counted} find a difference of {shown(found)} in four of five cases,"
    if seeds == 1:
        yield "  between two trained models; with one seed no claim about settings can be made."
        advised = minimum_detectable(GUESS, examples, ADVISED_SEEDS, level)
        yield f"  With {ADVISED_SEEDS} seeds it would be {shown(advised)} between settings."
    else:
        yield "  between settings."
    yield f"  {needed(config, examples, max(seeds, ADVISED_SEEDS), level)}"
    yield (
        f"  (Guessed of accuracies: two settings disagree on {BETWEEN:.0%} of the examples, two seeds of one on "
        f"{WITHIN:.0%}, and a"
    )
    yield f"  setting's accuracy varies between seeds by {100 * SEED_SD:g} point. docs/statistics.md has how to plan.)"


def needed(config: dict[str, Any], examples: int, seeds: int, level: float) -> str:
    """What it takes to find the margin, or where none is declared two points."""
    target = config["comparisons"]["margin"] or TARGET
    by_seeds = seeds_needed(target, GUESS, examples, level)
    by_examples = examples_needed(target, GUESS, seeds, level)
    of_seeds = f"{by_seeds} seeds" if by_seeds else "no number of seeds"
    of_examples = f"{by_examples} examples" if by_examples else "no number of examples"
    return f"To find {shown(target)}: {of_seeds} with these examples, {of_examples} with {seeds} seeds."


def shown(difference: float) -> str:
    return f"{100 * difference:.1f} points"
