"""How many labels are wrong: of the doubted rows, of the next rows of the queue, and of all that are left."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import ExpectedErrors

if TYPE_CHECKING:
    from doubtcli.rank.prior import ErrorCurves
    from doubtcli.records import Ranking, Verdicts
    from doubtcli.records.arrays import Codes

NEXT_ROWS = 100
"""The rows of the queue that are looked ahead."""


def expect_errors(
    ranking: Ranking,
    curves: ErrorCurves,
    given_labels: Codes,
    verdicts: Verdicts | None,
    at_least: float,
) -> ExpectedErrors:
    """How many labels are wrong, by the curves of known sets and by people's verdicts on rows of the file.

    Args:
        ranking: With its rows numbered by entry.
        curves: How likely a label is wrong at each margin, after the verdicts.
        given_labels: Shape `(n_rows,)`.
        verdicts: What people decided.
        at_least: The share of labels that are wrong at least: no fewer are left than it says.
    """
    decided = np.zeros(len(given_labels), dtype=np.bool_) if verdicts is None else verdicts.codes >= 0
    n_wrong = 0 if verdicts is None else int((verdicts.codes[decided] != given_labels[decided]).sum())
    left = curves.count_wrong(ranking.margins[~decided])
    least_left = max(math.ceil(at_least * len(given_labels) - 1e-9) - n_wrong, left.low)
    return ExpectedErrors(
        n_decided=int(decided.sum()),
        n_wrong=n_wrong,
        doubted=curves.count_wrong(ranking.margins[ranking.doubted]),
        next=curves.count_wrong(ranking.margins[ranking.queue[:NEXT_ROWS]]),
        left=replace(
            left,
            low=least_left,
            middle=max(left.middle, least_left),
            high=max(left.high, least_left),
            mean=max(left.mean, least_left),
        ),
    )
