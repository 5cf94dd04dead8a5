"""A random sample of the rows without a verdict, in an order to stop at anywhere: it measures the noise rate.

Rows that are queued because they are doubted can't measure it, since they were selected. So the sample is
drawn from all undecided rows, doubted or not, and the rate is measured on the sample alone: verdicts on other
rows make no difference.

Sampled rows are handed out in the order of the draw, not by doubt. So their place does not influence the
annotator, and the first rows of a sample are a sample, too, however many they are. A longer sample of the
same audit begins with the shorter one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.rank.confidence_sequence import DRAWN_FROM, find_chances
from doubtcli.records import AuditSample, Stratum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Codes

_PARTS = np.array([0.1, 0.35])
"""The most doubted tenth of the rows, the next quarter, and the rest. By rank, as the order of doubts is
right far more often than their size. With 5 strata intervals were as wide in the mean, and wider where doubts
are useless."""
_FEWEST_ROWS = 20
"""Fewer rows are one stratum."""


def draw_sample(
    doubt: NDArray[np.floating[Any]], undecided: NDArray[np.bool_], n_wanted: int, seed: int
) -> AuditSample:
    """Draw rows at random, the most doubted ones more densely; all undecided rows if there are no more.

    Each row is drawn from a stratum that is chosen by chance, so that the order says nothing.

    Args:
        doubt: Shape `(n_rows,)`, in canonical order, so that the order of the file makes no difference.
        undecided: Shape `(n_rows,)`: the rows to draw from.
        n_wanted: Rows to draw.
        seed: Of the draw.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(undecided)
    strata = cut_strata(doubt[rows])
    n_strata = max(DRAWN_FROM) if len(rows) >= _FEWEST_ROWS else 1
    shuffled = [rng.permutation(rows[strata == number]) for number in range(n_strata)]
    sizes = np.array([len(one) for one in shuffled], dtype=np.intp)
    numbers, places = _choose_strata(rng.random(min(n_wanted, len(rows))), sizes)
    n_drawn = np.bincount(numbers, minlength=n_strata)
    return AuditSample(
        rows=np.array([shuffled[k][place] for k, place in zip(numbers, places, strict=True)], dtype=np.intp),
        strata=tuple(
            Stratum(int(k) + 1, n_strata, int(sizes[k]), draw) for draw, k in enumerate(numbers, start=1)
        ),
        inclusion=(n_drawn / np.maximum(sizes, 1))[numbers],
    )


def cut_strata(doubt: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """The stratum of each row, from 0, most doubted first.

    Args:
        doubt: Shape `(n_rows,)`, ties in canonical order.
    """
    strata = np.zeros(len(doubt), dtype=np.intp)
    if len(doubt) >= _FEWEST_ROWS:
        middle = (np.arange(len(doubt)) + 0.5) / len(doubt)
        strata[np.argsort(-doubt, kind="stable")] = np.searchsorted(_PARTS, middle)
    return strata


def _choose_strata(
    chances: NDArray[np.float64], sizes: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The stratum that each row is drawn from, and which of its rows it is, from 0.

    Args:
        chances: Shape `(n_draws,)`, 0 to 1, at random.
        sizes: Shape `(n_strata,)`: rows of each.
    """
    left = sizes.astype(np.float64)
    numbers = np.empty(len(chances), dtype=np.intp)
    places = np.empty(len(chances), dtype=np.intp)
    for draw, chance in enumerate(chances):
        open_ones = np.flatnonzero(left)
        bounds = find_chances(left)[open_ones].cumsum()
        number = open_ones[min(np.searchsorted(bounds, chance, side="right"), len(open_ones) - 1)]
        numbers[draw], places[draw] = number, sizes[number] - left[number]
        left[number] -= 1
    return numbers, places


def draw_places(n_flagged: int, n_wanted: int, seed: int) -> Codes:
    """Some places of a queue, from 0, drawn without replacement, each with the same chance; in random order.

    All of them, if as many are wanted as there are.
    """
    order: Codes = np.random.default_rng(seed).permutation(n_flagged)
    return order[:n_wanted]
