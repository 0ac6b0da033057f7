"""Which labels count as likely errors, by hand and where they were planted."""

from finetune_report.stats.label_errors import suspects

import numpy as np
import pytest


def test_by_hand() -> None:
    # Of class 0 the rows 0 to 2 have 0.9, 0.8 and 0.1: a threshold of 0.6. Of class 1 0.7 and 0.3: 0.5.
    labels = np.array([0, 0, 0, 1, 1])
    first = np.array([0.9, 0.8, 0.1, 0.3, 0.7])
    found = suspects(labels, np.column_stack([first, 1 - first]))
    assert [(each.row, each.suggested) for each in found] == [(2, 1), (4, 0)]
    assert (found[0].probability, found[0].own) == (pytest.approx(0.9), pytest.approx(0.1))


def test_a_row_below_every_threshold_is_no_suspect() -> None:
    labels = np.array([0, 0, 1, 1, 0])
    first = np.array([0.95, 0.95, 0.05, 0.05, 0.45])  # more likely of class 1, but less than its rows are
    assert suspects(labels, np.column_stack([first, 1 - first])) == []


def test_a_class_without_rows_is_never_suggested() -> None:
    chances = np.array([[0.1, 0.2, 0.7], [0.2, 0.1, 0.7], [0.1, 0.3, 0.6]])
    assert all(each.suggested != 2 for each in suspects(np.array([0, 0, 1]), chances))
