"""Where the queue ends: how many entries are worth a person's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records.arrays import find_first_of_each

if TYPE_CHECKING:
    from doubtcli.records import Ranking
    from doubtcli.records.arrays import Codes

_LARGEST_SHARE = 0.2
"""Of the labelled rows: the queue is never longer, unless more are doubted."""
_WORTH_MARGIN = 0.6
"""The least log odds against a contradicted label that is worth checking before anyone has looked: another
label is nearly twice as probable. Over the known sets (`rank.prior`) a queue down to .3 or .9 had a lower F1
on sets with errors, or was longer on clean ones; see benchmarks/README.md."""
_ENOUGH_VERDICTS = 20
"""With so many verdicts the doubts show where a queue ends; with fewer, they move too much from one to the
next."""
_UNSKILLED_LEAST = 10


def choose_queue_length(ranking: Ranking, *, has_skill: bool, stop_below: float | None = None) -> int:
    """How many entries the queue has: the doubted ones, then contradicted ones as far as they are worth it.

    Before anyone has looked, these are the entries with another label that is nearly twice as probable. With
    verdicts, the queue ends where finding more of the wrong labels no longer makes up for checking more right
    ones: where the expected F1 of the queue is highest.

    Args:
        ranking: With its rows numbered by entry.
        has_skill: Whether models can predict the labels; if not, the queue is the fifth of the entries that
            rank highest, at least 10.
        stop_below: The least doubt of an entry in the queue, 0 to 1; None: there is none.
    """
    left = ranking.undecided
    heads = left[find_first_of_each(left if ranking.entries is None else ranking.entries[left])]
    n_most = int(_LARGEST_SHARE * len(ranking.doubt))
    if stop_below is not None:
        heads = heads[ranking.doubt[heads] >= stop_below]
    n_doubted = int(np.count_nonzero(ranking.doubted[heads]))
    if not has_skill:
        return max(n_doubted, min(max(_UNSKILLED_LEAST, n_most), len(heads)))
    tiered = heads[ranking.tiers[heads] <= 1]
    n_worth = (
        _count_worth_by_doubt(ranking, tiered) if _has_verdicts(ranking) else _count_worth(ranking, tiered)
    )
    return max(n_doubted, min(n_worth, n_most))


def _has_verdicts(ranking: Ranking) -> bool:
    return ranking.decided is not None and int(ranking.decided.sum()) >= _ENOUGH_VERDICTS


def _count_worth(ranking: Ranking, tiered: Codes) -> int:
    return int(np.count_nonzero(ranking.doubted[tiered] | (ranking.margins[tiered] >= _WORTH_MARGIN)))


def _count_worth_by_doubt(ranking: Ranking, tiered: Codes) -> int:
    """The number of entries with the highest expected F1; wrong labels that people found count as found."""
    decided = ranking.decided
    found = 0.0 if decided is None else float(ranking.doubt[decided].sum())
    expected = found + np.cumsum(np.sort(ranking.doubt[tiered])[::-1])
    n_queued = found + np.arange(1, len(tiered) + 1)
    total = ranking.doubt.sum()
    without_queue = 2 * found / (found + total) if found else 0.0
    score = np.r_[without_queue, 2 * expected / (n_queued + total)]
    return int(score.argmax())
