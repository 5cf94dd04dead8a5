"""A stratified random sample of the rows without a verdict, to measure the noise rate on.

Rows that are queued because they are doubted can't measure it, since they were selected. So the sample is
drawn from all undecided rows, doubted or not, and the rate is measured on the sample alone: verdicts on other
rows make no difference. If it takes all rows of a stratum, each of them has inclusion probability 1.

Sampled rows are handed out in the order of the draw, not by doubt. So their place does not influence the
annotator, and if only the first half is decided, that half is a random sample, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.records import AuditSample, Stratum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Codes

_STRATA = 3
_FEWEST_IN_STRATUM = 25
"""Rows drawn from a stratum at least, so that small samples have fewer strata. In simulations, intervals were
narrowest with two strata at 50 rows and with three at 200; with five they were wider at both."""
_LEAST_ROW_SPREAD = 0.1
"""The least standard deviation of a row's error: doubt gives a lower one where the models don't see an error.
With .05 the intervals of 50 rows were wider, with .2 those of 200."""


def draw_sample(
    doubt: NDArray[np.floating[Any]], undecided: NDArray[np.bool_], n_wanted: int, seed: int
) -> AuditSample:
    """Draw rows at random, more densely where doubt is near 0.5; all undecided rows if there are no more.

    Args:
        doubt: Shape `(n_rows,)`, in canonical order, so that the order of the file makes no difference.
        undecided: Shape `(n_rows,)`: the rows to draw from.
        n_wanted: Rows to draw.
        seed: Of the draw.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(undecided)
    strata, n_drawn = stratify(doubt[rows], n_wanted)
    sizes = np.bincount(strata)
    drawn = [
        rng.choice(rows[strata == number], n, replace=False, shuffle=False)
        for number, n in enumerate(n_drawn)
    ]
    order = rng.permutation(int(n_drawn.sum()))
    number = np.repeat(np.arange(len(sizes)), n_drawn)[order]
    named = [Stratum(place + 1, len(sizes), size) for place, size in enumerate(sizes.tolist())]
    return AuditSample(
        rows=np.concatenate(drawn)[order],
        strata=tuple(named[place] for place in number),
        inclusion=(n_drawn / sizes)[number],
    )


def stratify(doubt: NDArray[np.floating[Any]], n_wanted: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The stratum of each row, from 0, most doubted first; and how many rows to draw from each.

    Rows are sorted by doubt and cut into strata of equal total spread, so that drawing the same number from
    each is the best allocation (Dalenius and Hodges, 1959; Cochran, 1977, 5A.7).

    Args:
        doubt: Shape `(n_rows,)`, ties in canonical order.
        n_wanted: Rows to draw.
    """
    n_strata = max(1, min(_STRATA, n_wanted // _FEWEST_IN_STRATUM))
    order = np.argsort(-doubt, kind="stable")
    spread = np.maximum(np.sqrt(doubt * (1 - doubt)), _LEAST_ROW_SPREAD)[order]
    middle = np.cumsum(spread) - spread / 2
    parts = np.minimum(middle / spread.sum() * n_strata, n_strata - 1).astype(np.intp)
    strata = np.empty(len(doubt), dtype=np.intp)
    strata[order] = np.unique(parts, return_inverse=True)[1]
    return strata, _allocate_evenly(np.bincount(strata), n_wanted)


def _allocate_evenly(sizes: NDArray[np.intp], n_wanted: int) -> NDArray[np.intp]:
    """How many rows to draw from each stratum: equally many while it has rows, one more from the first."""
    n_drawn = np.zeros(len(sizes), dtype=np.intp)
    for _ in range(min(n_wanted, int(sizes.sum()))):
        open_ones = np.flatnonzero(n_drawn < sizes)
        n_drawn[open_ones[n_drawn[open_ones].argmin()]] += 1
    return n_drawn


def draw_places(n_flagged: int, n_wanted: int, seed: int) -> Codes:
    """Some places of a queue, from 0, drawn without replacement, each with the same chance; in random order.

    All of them, if as many are wanted as there are.
    """
    order: Codes = np.random.default_rng(seed).permutation(n_flagged)
    return order[:n_wanted]
