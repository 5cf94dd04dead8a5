"""The reason `confident-learning`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import explain_best_other

if TYPE_CHECKING:
    from doubtcli.records.arrays import Codes, Floats


_SAME = 1e-6
"""How far below a threshold a probability still reaches it, as in cleanlab."""


@dataclass(frozen=True)
class ConfidentLearning:
    """The confident joint puts the row in another class than its label.

    **Why doubt.** Each class has a level of confidence that is usual for it. A row that reaches another
    class's level and not rather its own is counted there: it looks like a typical member of that class.

    **How it is scored.** A class's threshold is the mean probability of that class among the rows that bear
    its label. A row that reaches one class's threshold is counted there, one that reaches several in its
    likeliest class. If that is not its label, and its label is not the likeliest (nor ties with it), the
    score is how the two probabilities share: p(other) / (p(other) + p(given)). All other rows score 0.

    **When it misleads.** Where classes overlap, rows of the smaller one are counted in the larger one. It
    says nothing of how sure it is that the count is right.

    **Source.** Northcutt, Jiang and Chuang, Confident Learning, 2021; a row scores above 0 just where
    cleanlab's `find_label_issues(filter_by="confident_learning")` flags it.
    """

    name = "confident-learning"
    family = "error"
    because = "it reaches the confidence that is usual for another class"
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
        """How the likeliest confident class and the given one share, where cleanlab flags the row."""
        if n_classes < 2 or (given_labels == given_labels[0]).all():  # noqa: PLR2004
            return np.zeros(len(given_labels))  # nothing is counted elsewhere, and cleanlab wants two classes
        from cleanlab.count import get_confident_thresholds
        from cleanlab.filter import find_label_issues

        probs = pred_probs.astype(np.float64)  # means of float32 would depend on the order of the rows
        flagged = find_label_issues(given_labels, probs, filter_by="confident_learning", n_jobs=1)
        confident = probs >= get_confident_thresholds(given_labels, probs) - _SAME
        counted_in = np.where(confident.sum(axis=1) > 1, probs.argmax(axis=1), confident.argmax(axis=1))
        rows = np.arange(len(given_labels))
        own, other = probs[rows, given_labels], probs[rows, counted_in]
        return np.where(flagged, other / np.where(flagged, other + own, 1.0), 0.0)

    explain = explain_best_other
