"""Flagged rows, some of them drawn at random and checked -> how many at least are what they were flagged as.

The rows are in the order of the queue. What is asked of each row has two outcomes: a hit (its label is wrong,
or its suggested label is right), or a miss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.noise import LEVEL
from doubtcli.records import HIT, MISS, FlagBound

if TYPE_CHECKING:
    from doubtcli.records import SpotCheck
    from doubtcli.records.arrays import Bools, Codes

CUTS = {0.25: 0.2, 0.5: 0.2, 0.75: 0.2, 1.0: 0.4}
"""The parts of the queue that are tested, each with its share of the chance to be wrong. In replays with 30,
60 and 100 verdicts, one bound for all places at once (Katsevich and Ramdas, 2020) was lower at most cuts than
these four together, and at the whole queue no higher; eight parts took more from the whole queue."""


def bound_flags(found: SpotCheck) -> FlagBound:
    """How many of the flagged labels are wrong at least, by the rows that were drawn at random and checked.

    Args:
        found: The flagged rows; a hit is a label that a person corrected.
    """
    n_flagged, checked = len(found.outcomes), found.counted
    if found.obstacle or not found.n_counted:
        why = found.obstacle or "none of the flagged rows that were drawn at random is decided"
        return FlagBound(assessable=False, why=why, n_flagged=n_flagged, n_drawn=found.n_drawn)
    n_wrong = int((found.outcomes[checked] == HIT).sum())
    most = bound_misses(found)
    cuts = sorted(set(_list_cuts(n_flagged)))
    return FlagBound(
        assessable=True,
        why=f"{found.n_counted:,} of them were drawn at random and checked, and {n_wrong:,} were wrong",
        n_flagged=n_flagged,
        n_drawn=found.n_drawn,
        n_checked=found.n_counted,
        n_wrong=n_wrong,
        level=LEVEL,
        at_least_wrong={cut: int(cut - most[cut]) for cut in cuts},
    )


def bound_misses(found: SpotCheck, level: float = LEVEL) -> Codes:
    """The most misses among the first 0, 1, …, n flagged rows: all these bounds hold together.

    So the number of rows may be chosen afterwards. In each of four parts (the first quarter, half, three
    quarters, the whole queue) the rows drawn at random are a random sample without replacement, which gives
    an exact bound; their chances to fail add up to at most `1 - level`. All other bounds follow from these
    four: a further row is at most one more miss, and what people found in any row, drawn or not, is known.
    Rows that were not drawn never count as a sample, so checking the top first does no harm.
    Source: exact hypergeometric bounds (Buonaccorsi, 1987), Bonferroni; on bounds at every cut Katsevich and
    Ramdas, 2020.

    Args:
        found: The flagged rows, what was drawn of them, and what people found.
        level: The probability with which all bounds hold.

    Returns:
        Shape `(n_flagged + 1,)`.
    """
    n_flagged = len(found.outcomes)
    is_miss, is_hit = found.outcomes == MISS, found.outcomes == HIT
    most = np.arange(n_flagged + 1)
    for cut, share in zip(_list_cuts(n_flagged), CUTS.values(), strict=True):
        checked = found.counted[:cut]
        n_checked = min(cut, int(checked.sum()) + found.n_lost)
        n_misses = min(n_checked, int((checked & is_miss[:cut]).sum()) + found.n_lost)
        bound = bound_drawn_misses(cut, n_checked, n_misses, (1 - level) * share)
        most[cut] = min(most[cut], bound)
    most_until = np.append(0, np.cumsum(~is_hit))
    most = np.minimum.accumulate(most - most_until) + most_until  # from the cut before
    least_until = np.append(0, np.cumsum(is_miss))
    most = np.minimum.accumulate((most - least_until)[::-1])[::-1] + least_until  # from the cut after
    return np.asarray(most, dtype=np.intp)


def bound_drawn_misses(n_rows: int, n_checked: int, n_misses: int, tail: float) -> int:
    """The most misses that some rows can have if so many are found in a random sample of them.

    It is the largest number with which so few are found with a probability of more than `tail`.

    Args:
        n_rows: All these rows.
        n_checked: How many were drawn, without replacement.
        n_misses: How many of these are misses.
        tail: The probability that there are more.

    Example:
        >>> bound_drawn_misses(10, 10, 3, 0.05)
        3
        >>> bound_drawn_misses(4, 2, 0, 0.2)
        1
    """
    from scipy.stats import hypergeom

    low, high = n_misses, n_rows - (n_checked - n_misses)
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(n_misses, n_rows, middle, n_checked) > tail:
            low = middle
        else:
            high = middle - 1
    return low


def choose_prefix(found: SpotCheck, takeable: Bools, at_least: float, level: float = LEVEL) -> int:
    """How many of the first flagged rows are to be gone through, to take all that are takeable among them.

    It is the largest number for which the share of hits among the rows that are taken is at least `at_least`;
    0 where there is none.

    Args:
        found: The flagged rows; a hit is a suggestion that a person chose.
        takeable: Shape `(n_flagged,)`: rows that nobody decided, and that have a suggestion.
        at_least: The share of hits, 0 to 1.
        level: The probability with which it holds.
    """
    taken = np.append(0, np.cumsum(takeable))
    open_misses = bound_misses(found, level) - np.append(0, np.cumsum(found.outcomes == MISS))
    fits = (taken > 0) & (open_misses <= (1 - at_least) * taken + 1e-9)
    return int(np.flatnonzero(fits).max(initial=0))


def count_needed_checks(found: SpotCheck, at_least: float, level: float = LEVEL) -> int | None:
    """How many rows must be drawn and checked before rows can be taken, if hits stay as frequent as so far.

    None where hits are too rare for any number to be enough.

    Args:
        found: The flagged rows, and what was found so far.
        at_least: The share of hits, 0 to 1.
        level: The probability with which it is to hold.
    """
    needed = [
        _count_needed_in_part(found, cut, at_least, (1 - level) * share)
        for cut, share in zip(_list_cuts(len(found.outcomes)), CUTS.values(), strict=True)
    ]
    return min((n for n in needed if n is not None), default=None)


def _count_needed_in_part(found: SpotCheck, cut: int, at_least: float, tail: float) -> int | None:
    """The same for one part of the queue: how many of all flagged rows must be drawn."""
    checked = found.counted[:cut]
    missed = float((found.outcomes[:cut][checked] == MISS).mean()) if checked.any() else 0.0
    for n_checked in np.unique(np.geomspace(1, cut, 200).round().astype(int)).tolist():
        n_misses = round(missed * n_checked)
        left = bound_drawn_misses(cut, n_checked, n_misses, tail) - n_misses
        if n_checked < cut and left <= (1 - at_least) * (cut - n_checked):
            return int(np.ceil(n_checked * len(found.outcomes) / cut))
    return None


def _list_cuts(n_flagged: int) -> list[int]:
    """How many rows each part of the queue has."""
    return [int(np.ceil(part * n_flagged)) for part in CUTS]
