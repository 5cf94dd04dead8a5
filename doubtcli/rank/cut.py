"""Where the queue ends: how many entries are worth a person's time before anyone has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records.arrays import find_first_of_each

if TYPE_CHECKING:
    from doubtcli.records import Ranking

_LARGEST_SHARE = 0.2
"""Of the labelled rows: the queue is never longer, unless more are doubted."""
_UNSKILLED_SHARE, _UNSKILLED_LEAST = 0.1, 10
"""Of the entries, where models have no skill: nothing is contradicted then, and people still need a queue."""


def choose_queue_length(ranking: Ranking, *, has_skill: bool) -> int:
    """How many entries the queue has: the doubted ones, then contradicted ones.

    Args:
        ranking: With its rows numbered by entry.
        has_skill: Whether models can predict the labels; if not, the queue is the tenth of the entries that
            rank highest, at least 10.
    """
    left = ranking.undecided
    heads = left[find_first_of_each(left if ranking.entries is None else ranking.entries[left])]
    n_doubted = int(np.count_nonzero(ranking.doubted[heads]))
    if not has_skill:
        wanted = max(_UNSKILLED_LEAST, int(_UNSKILLED_SHARE * len(heads)))
        return max(n_doubted, min(wanted, len(heads)))
    n_tiered = int(np.count_nonzero(ranking.doubted[heads] | ranking.contradicted[heads]))
    return max(n_doubted, min(n_tiered, int(_LARGEST_SHARE * len(ranking.doubt))))
