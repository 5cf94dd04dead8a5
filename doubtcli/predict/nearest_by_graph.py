"""Many vectors -> the rows that are nearest to each row, or nearly so, found by a graph of neighbours.

The graph is that of the library faiss, which is used where it is installed (`doubtcli[ann]`). Comparing all
rows with each other takes time that grows with their square; this grows little faster than with their number.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.folds import spread_rows
from doubtcli.predict.nearest import find_nearest_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from doubtcli.records import Codes, Floats

_LINKS, _BUILD_REACH, _LEAST_REACH = 16, 80, 64
"""Of each row in the graph; candidates that are looked at when a row is added, and when rows are searched.
On 100,000 vectors of 64 dimensions, a reach of 48 finds .95 of the nearest ten, and one of 128 finds .98 in
1.4 times the time."""
_MOST_OWN = 54
"""The most rows of its own group that a row may meet; in a larger group it may find fewer neighbours."""
_AT_ONCE = 16_384
_CHECKED = 500
"""Rows whose nearest rows are also found exactly."""


def can_search_graph() -> bool:
    """Whether the library is installed."""
    return find_spec("faiss") is not None


def search_graph(
    space: NDArray[np.float32],
    n_wanted: int,
    groups: Codes,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[Codes, Floats, float]:
    """The rows that are nearly always the nearest ones to each row, and how often they are.

    One thread adds and searches the rows, so that the graph is always the same.

    Args:
        space: Shape `(n_rows, n_dimensions)`.
        n_wanted: How many rows to find for each row.
        groups: Shape `(n_rows,)`: a row of the same group is passed over.
        advance: Counts the rows that are done.

    Returns:
        Row numbers and squared Euclidean distances, as `find_nearest_rows` gives them; and the share of the
        nearest rows that was found, measured on 500 rows.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(space.shape[1], _LINKS)
    index.hnsw.efConstruction = _BUILD_REACH
    for start in range(0, len(space), _AT_ONCE):
        index.add(space[start : start + _AT_ONCE])
    largest = int(np.bincount(groups).max())
    reach = min(n_wanted + min(largest, _MOST_OWN), len(space))
    index.hnsw.efSearch = max(_LEAST_REACH, reach)
    nearest = np.full((len(space), n_wanted), -1)
    squares = np.full((len(space), n_wanted), np.nan)
    for start in range(0, len(space), _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, len(space)))
        away, found = index.search(space[rows], reach)
        away[(found < 0) | (groups[found] == groups[rows, None])] = np.inf
        order = np.lexsort((found, away), axis=1)[:, :n_wanted]
        away, found = np.take_along_axis(away, order, axis=1), np.take_along_axis(found, order, axis=1)
        is_there = np.isfinite(away)
        nearest[rows, : order.shape[1]] = np.where(is_there, found, -1)
        squares[rows, : order.shape[1]] = np.where(is_there, away, np.nan)
        advance(len(rows))
    return nearest, squares, _measure_recall(space, squares, groups)


def _measure_recall(space: NDArray[np.float32], squares: Floats, groups: Codes) -> float:
    """The share of the truly nearest rows that was found; of equally near ones, any counts."""
    checked = spread_rows(len(space), _CHECKED)
    _, exact = find_nearest_rows(space, np.arange(len(space)), squares.shape[1], groups, rows=checked)
    farthest = np.nanmax(exact, axis=1, keepdims=True) * (1 + 1e-5)
    n_found = (squares[checked] <= farthest).sum(axis=1)
    n_there = (~np.isnan(exact)).sum(axis=1)
    return float(np.minimum(n_found, n_there).sum() / n_there.sum())
