"""A stratified random sample of the rows that nobody has decided yet, to measure the noise rate by.

The rows that stand in the queue for being doubted can't measure it: they were picked. So the sample is drawn
from all undecided rows, doubted or not, and the rate is measured on it alone: whichever other rows get
decided does not matter. Where it takes all rows of a stratum, they are in for sure, with inclusion 1.

Sampled rows are handed out in the order of the draw, not by doubt: so their place tells the annotator
nothing, and if only the first half gets decided, that half is a random sample, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.records import AuditSample, Stratum

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STRATA = 3
_FEWEST_IN_STRATUM = 25
"""Drawn from a stratum, so that small samples have fewer strata. By simulation, intervals were narrowest with
two strata at 50 rows and with three at 200; with five they were wider at both."""
_LEAST_ROW_SPREAD = 0.1
"""Taken for the standard deviation of a row's error where its doubt gives a lower one, as models that are
blind to an error do. At .05 intervals of 50 rows came out wider, at .2 those of 200."""


def draw_sample(
    doubt: NDArray[np.floating[Any]], undecided: NDArray[np.bool_], n_wanted: int, seed: int
) -> AuditSample:
    """Draw rows at random, more densely where doubt is unsure; all undecided ones where there are no more.

    Args:
        doubt: Shape `(n_rows,)`, in canonical order, which makes the draw independent of the file's.
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

    Strata are cut where the summed spread of the rows reaches equal parts, sorted by doubt, so that drawing
    as many from each is the best allocation (Dalenius and Hodges, 1959; Cochran, 1977, 5A.7).

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
    return strata, _even(np.bincount(strata), n_wanted)


def _even(sizes: NDArray[np.intp], n_wanted: int) -> NDArray[np.intp]:
    """How many rows to draw from each stratum: as many from all, as far as they go; odd ones first."""
    n_drawn = np.zeros(len(sizes), dtype=np.intp)
    for _ in range(min(n_wanted, int(sizes.sum()))):
        open_ones = np.flatnonzero(n_drawn < sizes)
        n_drawn[open_ones[n_drawn[open_ones].argmin()]] += 1
    return n_drawn
