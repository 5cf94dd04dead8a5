"""Vectors -> the nearest of some candidates to each row, found exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from doubtcli.records import Codes, Floats

    Matrix = NDArray[np.floating[Any]]

_AT_ONCE = 2**22
"""The most likenesses in memory at a time (rows times candidates): 16 MB."""
_IN_GROUP = 32
"""Candidates that are passed over at once if none of them is near enough."""
_SPARE = 6
"""Candidates more than are wanted, whose distances are computed again: likenesses are rounded."""
_FEW_DIMENSIONS = 64
"""Fewer are compared in double precision: rows may then be too near for single precision."""


def find_nearest_rows(
    space: NDArray[np.float32],
    candidates: Codes,
    n_wanted: int,
    groups: Codes | None = None,
    advance: Callable[[int], None] = lambda _: None,
    *,
    rows: Codes | None = None,
) -> tuple[Codes, Floats]:
    """The nearest candidates of each row, nearest first; of equally near ones, the first.

    Distances to all candidates are compared, a part of the rows at a time. In each row, candidates are split
    into groups, and only the groups with the nearest members are looked into: the nearest ten candidates are
    in ten groups at most.

    Args:
        space: Shape `(n_rows, n_dimensions)`.
        candidates: Row numbers, in order.
        n_wanted: How many candidates to find for each row.
        groups: Shape `(n_rows,)`: a candidate with the same number as the row is passed over.
        advance: Counts the rows that are done.
        rows: The rows for which to find them; all if left out.

    Returns:
        Row numbers (-1 where there are fewer) and squared Euclidean distances (NaN there), each of shape
        `(n_rows, n_wanted)`, or as wide as there are candidates.
    """
    rows = np.arange(len(space)) if rows is None else rows
    search = _Search(space, candidates, n_wanted, groups)
    width = min(n_wanted, len(candidates))
    nearest = np.full((len(rows), width), -1)
    squares = np.full((len(rows), width), np.nan)
    step = max(1, _AT_ONCE // len(candidates))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        nearest[part], squares[part] = search.look(rows[part])
        advance(len(rows[part]))
    return nearest, squares


class _Search:
    """The candidates, laid out to be compared with some rows at a time."""

    def __init__(
        self, space: NDArray[np.float32], candidates: Codes, n_wanted: int, groups: Codes | None
    ) -> None:
        self._space, self._candidates, self._n_wanted, self._groups = space, candidates, n_wanted, groups
        self._dtype: type[np.floating[Any]] = np.float64 if space.shape[1] < _FEW_DIMENSIONS else np.float32
        self._n_groups = -(-len(candidates) // _IN_GROUP)
        padded = np.zeros((self._n_groups * _IN_GROUP, space.shape[1]), dtype=self._dtype)
        padded[: len(candidates)] = space[candidates]
        self._padded = padded
        self._offsets = -np.square(padded).sum(axis=1) / 2
        self._offsets[len(candidates) :] = -np.inf
        if groups is not None:
            self._by_group = np.argsort(groups[candidates], kind="stable")
            self._in_order = groups[candidates][self._by_group]

    def look(self, rows: Codes) -> tuple[Codes, Floats]:
        """The nearest candidates of some rows, and their squared distances."""
        likeness: Matrix = self._space[rows].astype(self._dtype) @ self._padded.T
        np.add(likeness, self._offsets, out=likeness)
        if self._groups is not None:
            likeness[self._list_own(self._groups[rows])] = -np.inf
        places = self._find_highest(likeness)
        is_there = np.isfinite(np.take_along_axis(likeness, places, axis=1))
        found = np.where(is_there, self._candidates[np.where(is_there, places, 0)], -1)
        away = self._space[found] - self._space[rows][:, None]
        squares = np.where(is_there, np.einsum("rkd,rkd->rk", away, away).astype(np.float64), np.inf)
        order = np.lexsort((found, squares), axis=1)[:, : min(self._n_wanted, len(self._candidates))]
        squares = np.take_along_axis(squares, order, axis=1)
        return np.take_along_axis(found, order, axis=1), np.where(np.isinf(squares), np.nan, squares)

    def _list_own(self, own: Codes) -> tuple[Codes, Codes]:
        """Where rows of these groups meet candidates of their own: places of rows and of candidates."""
        first = np.searchsorted(self._in_order, own, side="left")
        sizes = np.searchsorted(self._in_order, own, side="right") - first
        row = np.repeat(np.arange(len(own)), sizes)
        within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return row, self._by_group[first[row] + within]

    def _find_highest(self, likeness: Matrix) -> Codes:
        """The places of the candidates that are most alike, in no order: shape `(n_rows, n_wanted + 6)`."""
        n_looked = min(self._n_wanted + _SPARE, likeness.shape[1])
        if 2 * n_looked > self._n_groups:
            return _find_largest(likeness, n_looked)
        of_groups = likeness.reshape(len(likeness), _IN_GROUP, self._n_groups).max(axis=1)
        groups = _find_largest(of_groups, n_looked)
        members = np.arange(_IN_GROUP) * self._n_groups
        places = (groups[:, :, None] + members).reshape(len(likeness), -1)
        inside = _find_largest(np.take_along_axis(likeness, places, axis=1), n_looked)
        return np.take_along_axis(places, inside, axis=1)


def _find_largest(values: Matrix, n_wanted: int) -> Codes:
    """The places of the largest values of each row, in no order."""
    return np.argpartition(values, -n_wanted, axis=1)[:, -n_wanted:]
