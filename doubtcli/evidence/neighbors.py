"""Features -> the nearest rows of each row, and their votes.

Duplicates are not neighbours of each other: one row represents all rows of a group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from doubtcli.predict.folds import spread_rows
from doubtcli.predict.nearest import find_nearest_rows
from doubtcli.predict.nearest_by_graph import can_search_graph, search_graph
from doubtcli.records import Need, Neighbors
from doubtcli.records.arrays import fill_by_block
from doubtcli.wording.numbers import format_percent_down

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from doubtcli.progress import Progress
    from doubtcli.records import Codes, Features

N_NEIGHBORS = 10
_MOST_COMPARED = 50_000
"""The most different rows that are all compared with each other: the cost grows with their square."""
_SAMPLED = 20_000
"""Among how many of more rows neighbours are looked for: the cost then grows with the rows times this."""
_NO_NEIGHBORS = "there are no neighbours: no input columns, or all rows have the same input"


@dataclass(frozen=True)
class NearestRows:
    """The rows that are most similar to each row."""

    makes: ClassVar = {
        "neighbor_indices": Need(
            "Shape `(n_rows, k)`: the most similar rows, nearest first, without own duplicates; -1 where "
            "there are fewer.",
            _NO_NEIGHBORS,
            source="neighbors",
            axes=("rows", "neighbors"),
            codes_of="rows",
        ),
        "neighbor_distances": Need(
            "Shape `(n_rows, k)`: Euclidean, between unit vectors (0 to 2) for text and embeddings; NaN "
            "where there are fewer.",
            _NO_NEIGHBORS,
            source="neighbors",
            axes=("rows", "neighbors"),
        ),
    }
    is_costly: ClassVar = True
    is_fast: ClassVar = False  # in large files it takes the most time
    reads: ClassVar = ()
    is_kept: ClassVar = True

    def make(
        self,
        learnable_features: Features,
        alike: Codes,
        together: Codes,
        progress: Progress,
        note: Callable[[str], None],
    ) -> Mapping[str, Any]:
        """Find the nearest rows: see `find_neighbors`."""
        with progress.stage("Finding neighbours", len(np.unique(alike))) as advance:
            found = find_neighbors(learnable_features, alike, together, advance)
        if found is None:
            return {}
        if found.note:
            note(found.note)
        return {"neighbor_indices": found.indices, "neighbor_distances": found.distances}


@dataclass(frozen=True)
class NeighborVotes:
    """The labels of the rows that are most similar to each row."""

    makes: ClassVar = {
        "neighbor_votes": Need(
            "Shape `(n_rows, n_classes)`: the neighbours' labels as shares that sum to 1; a neighbour with "
            "duplicates votes with the mix of their labels.",
            _NO_NEIGHBORS,
            source="neighbors",
            axes=("rows", "classes"),
        )
    }
    is_costly: ClassVar = True
    is_fast: ClassVar = True
    reads: ClassVar = ()

    def make(
        self, neighbor_indices: Codes, alike: Codes, training_labels: Codes, n_classes: int
    ) -> Mapping[str, Any]:
        """Count the votes: see `count_votes`."""
        return {"neighbor_votes": count_votes(neighbor_indices, alike, training_labels, n_classes)}


def find_neighbors(
    features: Features, alike: Codes, together: Codes, advance: Callable[[int], None] = lambda _: None
) -> Neighbors | None:
    """The nearest rows in the space of `build_comparison_space`; None if all rows have the same input.

    Distances are Euclidean; between unit vectors (0 to 2) where there are only texts or embeddings.
    Ties are in row order. Rows that are `together` (duplicates, or one group of the user) are not neighbours
    of each other, just as models do not learn from them. Different rows are counted by `advance`.
    """
    _, representatives, group = np.unique(alike, return_index=True, return_inverse=True)
    if len(representatives) < 2:  # noqa: PLR2004
        return None
    space = build_comparison_space(features)
    if not np.array_equal(representatives, np.arange(len(space))):  # a copy of large files is large
        space = space[representatives]
    n_different = len(representatives)
    groups, note = together[representatives], None
    if n_different > _MOST_COMPARED and can_search_graph():
        indices, squares, recall = search_graph(space, N_NEIGHBORS, groups, advance)
        note = (
            f"to save time, neighbours are looked for in a graph of all {n_different:,} different rows: it "
            f"finds {format_percent_down(recall)} of the nearest {N_NEIGHBORS} (measured on some rows)"
        )
    else:
        candidates = spread_rows(n_different, _SAMPLED if n_different > _MOST_COMPARED else n_different)
        indices, squares = find_nearest_rows(space, candidates, N_NEIGHBORS, groups, advance)
        if len(candidates) < n_different:
            note = (
                f"to save time, neighbours are looked for among {len(candidates):,} of the {n_different:,} "
                "different rows; with faiss, they are looked for among all: pip install 'doubtcli[ann]'"
            )
    rows = np.where(indices >= 0, representatives[indices], -1)[group]
    return Neighbors(rows, np.sqrt(squares)[group], note)


def count_votes(
    indices: NDArray[np.intp],
    alike: NDArray[np.intp],
    labels: NDArray[np.intp],
    n_classes: int,
) -> NDArray[np.float32]:
    """The neighbours' labels as shares; one that has duplicates votes with the mix of their labels.

    Args:
        indices: Shape `(n_rows, k)`: each row's neighbours, -1 for none.
        alike: Shape `(n_rows,)`: rows with the same number have the same input.
        labels: Shape `(n_rows,)`.
        n_classes: How many classes there are: the columns of the result.

    Returns:
        Shape `(n_rows, n_classes)`: rows sum to 1, or to 0 where there is no neighbour.
    """
    from scipy import sparse

    _, group, sizes = np.unique(alike, return_inverse=True, return_counts=True)
    mix = sparse.csr_matrix(
        ((1 / sizes[group]).astype(np.float32), (group, labels)), shape=(len(sizes), n_classes)
    )
    is_there = indices >= 0
    n_there = is_there.sum(axis=1)
    share = np.repeat((1 / np.maximum(n_there, 1)).astype(np.float32), n_there)
    starts = np.concatenate([[0], np.cumsum(n_there)])
    votes = sparse.csr_matrix((share, group[indices[is_there]], starts), shape=(len(indices), len(sizes)))

    def count(rows: slice) -> NDArray[np.float32]:
        return np.asarray((votes[rows] @ mix).toarray())

    return fill_by_block(count, (len(indices), n_classes), np.float32)


def build_comparison_space(features: Features) -> NDArray[np.float32]:
    """The space in which rows are compared: the columns of all blocks.

    Returns:
        Shape `(n_rows, n_dimensions)`.
    """
    # the last block first: distances are sums, and their rounding depends on the order of the columns
    parts = [block.neighbor_space() for block in reversed(features.blocks)]
    return np.asarray(np.hstack(parts) if len(parts) > 1 else parts[0], dtype=np.float32)
