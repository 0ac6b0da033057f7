"""Paired tests of two settings on the same examples.

Examples are what is drawn anew: a test says whether these trained models differ on sentences like these. Where there
are several seeds, an example's score is its mean over the seeds; the spread between seeds is reported beside it, as a
standard deviation, and does not enter the test.
"""

from finetune_report.errors import UserError
from finetune_report.stats.multiple_testing import Comparison

import numpy as np
import pandas as pd
from scipy.stats import bootstrap
from statsmodels.stats.contingency_tables import mcnemar

METRICS = ("accuracy", "loss")
RESAMPLES = 9999
CONFIDENCE = 0.95
SMALLEST = float(np.finfo(np.float32).tiny)  # a probability stored as 0 was smaller than this


def scores(predictions: list[pd.DataFrame], labels: list[str], metric: str) -> pd.DataFrame:
    """Each example's score, a row an example in the order of its id, a column a seed.

    The score is 1 or 0 for accuracy, and the cross-entropy of the true class for loss (natural logarithm).
    Raises UserError where the seeds were not scored on the same examples.
    """
    columns = []
    for table in predictions:
        table = table.sort_values("id").set_index("id")
        if metric == "accuracy":
            columns.append((table["label"] == table["prediction"]).astype(float))
        else:
            chances = table[[f"p_{label}" for label in labels]].to_numpy(dtype=float)
            true = chances[np.arange(len(table)), table["label"].to_numpy()]
            columns.append(pd.Series(-np.log(np.maximum(true, SMALLEST)), index=table.index))
    for column in columns[1:]:
        require_same_examples(columns[0].index, column.index)
    return pd.concat(columns, axis=1, ignore_index=True)


def compare(a: str, b: str, metric: str, a_scores: pd.DataFrame, b_scores: pd.DataFrame) -> Comparison:
    """Setting `a` against `b` from their `scores`.

    One seed and accuracy: the exact test of McNemar (1947). Otherwise a paired bootstrap over the examples, its p by
    inverting the percentile interval (Efron & Tibshirani 1993, chapter 15). The interval is the bootstrap's always.
    """
    require_same_examples(a_scores.index, b_scores.index)
    gaps = (a_scores.mean(axis=1) - b_scores.mean(axis=1)).to_numpy()
    interval, p = bootstrapped(gaps)
    only_a = only_b = None
    test = "paired bootstrap"
    if metric == "accuracy" and a_scores.shape[1] == b_scores.shape[1] == 1:
        only_a, only_b = int((gaps > 0).sum()), int((gaps < 0).sum())
        test, p = "exact McNemar", mcnemar_p(only_a, only_b)
    return Comparison(a, b, metric, test, len(gaps), a_scores.shape[1], float(gaps.mean()), interval, p, only_a, only_b)


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Two-sided p of the exact McNemar test, from the counts of examples that just one of two models has right."""
    return float(mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue) if only_a + only_b else 1.0


def bootstrapped(gaps: np.ndarray) -> tuple[tuple[float, float], float]:
    """Percentile interval of the mean of `gaps`, and the two-sided p of its being 0; the same each time."""
    result = bootstrap(
        (gaps,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        batch=max(1, 2_000_000 // len(gaps)),  # keeps the resamples of a large set within 16 MB
        rng=np.random.default_rng(0),
    )
    means = result.bootstrap_distribution
    tails = [(1 + int(side.sum())) / (1 + len(means)) for side in (means <= 0, means >= 0)]
    interval = (float(result.confidence_interval.low), float(result.confidence_interval.high))
    return interval, min(1.0, 2 * min(tails))


def require_same_examples(first: pd.Index, second: pd.Index) -> None:
    if not first.equals(second):
        raise UserError(
            f"predictions of two runs are not on the same examples ({len(first)} and {len(second)} rows).\n"
            "  Both must come from one validation set; remove the runs' results and make them again."
        )
