"""Recognises data that are made for other tasks than giving each text one of several classes."""

import re

from finetune_report.data.column_names import LABEL_WORDS, words_of
from finetune_report.data.columns import Column
from finetune_report.errors import UserError, few

ONE = "This project gives each text one of several classes"
SCORES = {"score", "similarity", "relatedness", "rating", "stars", "grade"}
BINARY = {"0", "1", "True", "False", "true", "false", "0.0", "1.0"}


def refuse_other_tasks(source: str, columns: dict[str, Column], label: str | None) -> None:
    """Raises UserError where the columns are those of regression, of several labels per text, or of labels of tokens.

    A label column that is named is judged alone; otherwise the whole table is.
    """
    for column in judged(columns, label):
        refuse_lists(source, column)
        refuse_joined(source, column, label is not None)
    if label is not None:
        if columns[label].is_real:
            raise UserError(regression(source, columns[label]))
        return
    refuse_scores(source, columns)
    refuse_one_column_per_class(source, columns)


def judged(columns: dict[str, Column], label: str | None) -> list[Column]:
    """The columns that a label or a text could be read from: a list counts only where there is nothing plain."""
    if label is not None:
        return [columns[label]]
    named = [column for column in columns.values() if named_label(column)]
    labels = [column for column in named if not column.lists] or named
    texts = [] if texts_of(columns) else [column for column in columns.values() if column.lists and column not in named]
    others = [] if named else [column for column in columns.values() if not column.lists]
    return [*labels, *texts, *others]


def refuse_lists(source: str, column: Column) -> None:
    if not column.lists or column.objects:
        return
    if column.several and named_label(column):
        raise UserError(
            f"{source}: the column '{column.name}' holds lists of labels, with several in {column.several} of "
            f"{column.rows} rows: a text may have more than one (multi-label). {ONE}; keep the texts that have one "
            f"label, and write it without a list, or train for each label by itself"
        )
    if named_label(column):
        raise UserError(
            f"{source}: the column '{column.name}' holds lists; write each label without a list, as one name or number"
        )
    if re.search(r"(^|[._])(text|sentence|tokens|words)s?$", column.name.lower()):
        raise UserError(
            f"{source}: the column '{column.name}' holds lists of words, with or without labels of tokens. {ONE}; "
            f"join the words to one text per row"
        )


def refuse_joined(source: str, column: Column, given: bool) -> None:
    """Several labels in one field, such as 2,20 beside 2 and 20."""
    if not column.counts or column.mean_words > 2 or (not given and column.distinct > column.rows / 2):
        return
    single = {value for value in column.counts if value and not re.search(r"[,;|]", value)}
    parts = {value: re.split(r"\s*[,;|]\s*", value) for value in column.counts if re.search(r"[,;|]", value)}
    several = sum(column.counts[value] for value, names in parts.items() if single.issuperset(names))
    if len(single) > 1 and several >= max(1, 0.005 * column.rows):
        example = next(value for value, names in parts.items() if single.issuperset(names))
        raise UserError(
            f"{source}: the column '{column.name}' has several labels in {several} of {column.rows} rows, such as "
            f"'{example}': a text may have more than one (multi-label). {ONE}; keep the rows with one label, or train "
            f"for each label by itself"
        )


def refuse_scores(source: str, columns: dict[str, Column]) -> None:
    """Scores with fractions where no other column is named as a label."""
    scores = [column for column in columns.values() if column.is_real and not column.is_index]
    named = [
        column for column in scores if named_label(column) or SCORES & set(re.split(r"[^a-z]+", column.name.lower()))
    ]
    unnamed = [column for column in scores if column.name.isdecimal()]
    others = [column for column in columns.values() if named_label(column) and not column.is_real]
    if not others and (named or (len(unnamed) == 1 and len(texts_of(columns)) == 2)):
        raise UserError(regression(source, (named or unnamed)[0]))


def texts_of(columns: dict[str, Column]) -> list[Column]:
    return [
        column
        for column in columns.values()
        if column.mean_words >= 3 and column.numbers < column.filled / 2 and not column.lists
    ]


def regression(source: str, column: Column) -> str:
    example = next((value for value in column.counts or {} if "." in value or "," in value), "")
    return (
        f"{source}: the column '{column.name}' holds scores with fractions, such as {example}: a regression task. "
        f"{ONE}; name a column of classes with --label, or make classes of the scores, such as low and high"
    )


def refuse_one_column_per_class(source: str, columns: dict[str, Column]) -> None:
    """A column of 0 and 1 for each class, as in GoEmotions' tables and in toxicity data."""
    binary = [
        column for column in columns.values() if column.counts and set(column.counts) <= BINARY and column.distinct == 2
    ]
    if len(binary) < 3 or any(named_label(column) for column in columns.values()):
        return
    names = [column.name for column in binary]
    if all(name.isdecimal() for name in names):
        return
    raise UserError(
        f"{source}: {len(names)} columns hold 0 or 1 ({few(names)}): a text may have several labels (multi-label). "
        f"{ONE}; to tell whether a text has one of them, name it: --label {names[0]}"
    )


def named_label(column: Column) -> bool:
    """Whether a column is named as labels are."""
    return bool(LABEL_WORDS & set(words_of(column.name)))
