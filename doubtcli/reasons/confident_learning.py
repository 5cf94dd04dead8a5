"""The reason `confident-learning`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import explain_best_other
from doubtcli.records.arrays import compute_by_block, pick_cells

if TYPE_CHECKING:
    from doubtcli.records.arrays import Codes, Floats


_SAME = 1e-6
"""A probability that is below a threshold by less than this still reaches it, and a label whose probability
is below the likeliest class by less than this ties with it; both as in cleanlab."""
_LEAST_THRESHOLD = 2 * _SAME
_NO_THRESHOLD = 2.0
"""More than any probability: no row is counted in a class without rows."""


@dataclass(frozen=True)
class ConfidentLearning:
    """By its probabilities, the row is a typical member of another class.

    **Why doubt.** Each class has a usual level of confidence. A row that reaches the level of another class
    rather than that of its own looks like a typical member of that other class.

    **How it is scored.** The threshold of a class is the mean probability of that class among the rows with
    its label. A row that reaches the threshold of one class is counted in that class; a row that reaches
    several is counted in the likeliest of them. If this class is not the label, and the label is not the
    likeliest class (nor tied with it), the score is p(other) / (p(other) + p(given)). All other rows score 0.

    **When it misleads.** Where classes overlap, rows of the smaller class are counted in the larger one. The
    score does not show how sure the count is.

    **Source.** Northcutt, Jiang and Chuang, Confident Learning, 2021. A row scores above 0 exactly where
    cleanlab's `find_label_issues(filter_by="confident_learning")` flags it.
    """

    name = "confident-learning"
    family = "error"
    because = "models give another class as much probability as rows of that class usually get"
    place = 30

    raises_doubt = (
        {
            "given_labels": (0, 0, 1, 1),
            "pred_probs": ((0.9, 0.1), (0.2, 0.8), (0.3, 0.7), (0.1, 0.9)),
            "n_classes": 2,
            "row": 1,
            "doubt": 0.8,
            "because": "the threshold of class 1 is (.7 + .9) / 2 = .8, which it reaches; .8 / (.8 + .2)",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0, 0, 1, 1),
            "pred_probs": ((0.9, 0.1), (0.2, 0.8), (0.3, 0.7), (0.1, 0.9)),
            "n_classes": 2,
            "row": 0,
            "doubt": 0.0,
            "because": "it reaches the threshold of its own class, (.9 + .2) / 2 = .55",
        },
        {
            "given_labels": (0, 0, 1, 1),
            "pred_probs": ((0.9, 0.1), (0.25, 0.75), (0.3, 0.7), (0.1, 0.9)),
            "n_classes": 2,
            "row": 1,
            "doubt": 0.0,
            "because": "at .75 it does not reach the threshold of class 1, .8",
        },
    )

    def score(self, given_labels: Codes, pred_probs: Floats, n_classes: int) -> Floats:
        """p(other) / (p(other) + p(given)) where cleanlab flags the row, else 0."""
        if n_classes < 2 or (given_labels == given_labels[0]).all():  # noqa: PLR2004
            return np.zeros(len(given_labels))  # there is no other class to be counted in
        thresholds = find_confident_thresholds(given_labels, pred_probs)

        def score(rows: slice) -> Floats:
            return _score_rows(given_labels[rows], pred_probs[rows], thresholds)

        return np.asarray(compute_by_block(score, *pred_probs.shape))

    explain = explain_best_other


def find_confident_thresholds(given_labels: Codes, pred_probs: Floats) -> Floats:
    """The mean probability of each class among the rows with its label; out of reach where there are none.

    Args:
        given_labels: Shape `(n_rows,)`.
        pred_probs: Shape `(n_rows, n_classes)`.

    Returns:
        Shape `(n_classes,)`.
    """
    n_classes = pred_probs.shape[1]
    own = pick_cells(pred_probs, np.arange(len(given_labels)), given_labels).astype(np.float64)
    by_class = own[np.argsort(given_labels, kind="stable")]
    ends = np.cumsum(np.bincount(given_labels, minlength=n_classes))
    means = [part.mean() if len(part) else _NO_THRESHOLD for part in np.split(by_class, ends[:-1])]
    return np.maximum(means, _LEAST_THRESHOLD)


def _score_rows(given: Codes, pred_probs: Floats, thresholds: Floats) -> Floats:
    probs = np.array(pred_probs, dtype=np.float64)  # means of float32 depend on the order of the rows
    confident = probs >= thresholds - _SAME
    n_confident = confident.sum(axis=1)
    counted_in = np.where(n_confident > 1, probs.argmax(axis=1), confident.argmax(axis=1))
    rows = np.arange(len(given))
    own, other = probs[rows, given], probs[rows, counted_in]
    probs[rows, given] += _SAME
    flagged = (n_confident > 0) & (counted_in != given) & (probs.argmax(axis=1) != given)
    return np.where(flagged, other / np.where(flagged, other + own, 1.0), 0.0)
