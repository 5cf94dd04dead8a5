"""Features -> the nearest rows of each row, and their votes.

Duplicates never vouch for each other: one row stands for its group, and a group is no neighbour of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import Neighbors

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from doubtcli.records import Features

N_NEIGHBORS = 10
_DIMENSIONS = 128
"""Of the space that texts are compared in: what fits 100,000 rows in 50 MB; other numbers were not tried."""
_SPARE_DIMENSIONS, _SUBSPACE_STEPS = 10, 3
_PART = 16_384
"""Rows of a tall matrix that are held in double precision at a time."""
_MOST_CANDIDATES = 20_000
"""Rows that neighbours are looked for among: the cost grows with rows times this, never with rows squared."""
_MOST_AT_ONCE = 4_000_000
"""Distances held at a time (rows times reach): 64 MB with their indices."""
_LARGEST_GROUP = 500
"""Rows of a user's group that are looked past for a neighbour outside; the cost grows with it. In a larger
group a row may find fewer neighbours, or none."""


def find_neighbors(
    features: Features,
    given_labels: NDArray[np.intp],
    n_classes: int,
    duplicates: NDArray[np.intp],
    together: NDArray[np.intp],
) -> Neighbors | None:
    """The nearest rows in the `comparison_space`, or None with fewer than two unlike rows.

    Distances are Euclidean; between unit vectors (0 to 2) where there are only texts or embeddings.
    Ties break by row order. Rows that are `together` (duplicates, or of one group of the user's) are no
    neighbours of each other: what a model may not learn from, a neighbour may not say.
    """
    _, stands_for, group = np.unique(duplicates, return_index=True, return_inverse=True)
    if len(stands_for) < 2:  # noqa: PLR2004
        return None
    space = comparison_space(features)[stands_for]
    candidates = _evenly(len(stands_for), _MOST_CANDIDATES)
    indices, distances = _nearest(space, candidates, together[stands_for])
    rows = np.where(indices >= 0, stands_for[indices], -1)[group]
    note = (
        f"neighbours are looked for among {len(candidates):,} of {len(stands_for):,} unlike rows"
        if len(candidates) < len(stands_for)
        else None
    )
    votes = neighbor_votes(rows, duplicates, given_labels, n_classes)
    return Neighbors(rows, distances[group], votes, note)


def neighbor_votes(
    indices: NDArray[np.intp],
    duplicates: NDArray[np.intp],
    labels: NDArray[np.intp],
    n_classes: int,
) -> NDArray[np.float64]:
    """The neighbours' labels as shares; one that stands for duplicates votes with the mix of their labels.

    Args:
        indices: Shape `(n_rows, k)`: each row's neighbours, -1 for none.
        duplicates: Shape `(n_rows,)`: rows with the same number have the same input.
        labels: Shape `(n_rows,)`.
        n_classes: Columns of the result.

    Returns:
        Shape `(n_rows, n_classes)`: rows sum to 1, or to 0 where there is no neighbour.
    """
    group = np.unique(duplicates, return_inverse=True)[1]
    mix = np.zeros((int(group.max()) + 1, n_classes))
    np.add.at(mix, (group, labels), 1.0)
    mix /= mix.sum(axis=1, keepdims=True)
    votes = np.zeros((len(indices), n_classes))
    for column in indices.T:
        votes += np.where((column >= 0)[:, None], mix[group[column]], 0.0)
    return np.asarray(votes / np.maximum((indices >= 0).sum(axis=1, keepdims=True), 1))


def comparison_space(features: Features) -> NDArray[np.float32]:
    """Where rows lie: texts by latent semantic analysis of words and of spelling, table values beside them.

    Words and spelling have half of a text's squared length of 1 each.

    Returns:
        Shape `(n_rows, n_dimensions)`.
    """
    parts = []
    if features.dense is not None:
        parts.append(features.dense / np.sqrt(features.dense.shape[1], dtype=np.float32))
    if features.text is not None:
        words, tokens, spelling = features.text.words, features.text.tokens, features.text.spelling
        by_words = _latent(words)
        by_spelling = _latent(tokens, spelling)
        parts += [by_words / np.sqrt(2, dtype=np.float32), by_spelling / np.sqrt(2, dtype=np.float32)]
    return np.asarray(np.hstack(parts), dtype=np.float32)


def _latent(rows: sparse.csr_matrix, spelling: sparse.csr_matrix | None = None) -> NDArray[np.float32]:
    """Latent semantic analysis of `rows` (times `spelling`, never multiplied out), each row at length 1.

    Source: randomized subspace iteration, Halko, Martinsson and Tropp, 2011.
    """
    n_columns = rows.shape[1] if spelling is None else spelling.shape[1]
    n_dimensions = min(_DIMENSIONS, rows.shape[0], n_columns)
    sample = rows[_evenly(rows.shape[0], _MOST_CANDIDATES)]
    sample_back = sample.T.tocsr()
    spelling_back = None if spelling is None else spelling.T.tocsr()

    def forward(rows: sparse.csr_matrix, basis: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(rows @ (basis if spelling is None else spelling @ basis))

    def back(basis: NDArray[np.float32]) -> NDArray[np.float32]:
        product = sample_back @ basis
        return np.asarray(product if spelling_back is None else spelling_back @ product)

    width = min(n_dimensions + _SPARE_DIMENSIONS, n_columns)
    basis = _random_basis(n_columns, width)
    for _ in range(_SUBSPACE_STEPS):
        basis = back(np.linalg.qr(forward(sample, basis))[0])
    space = forward(rows, _main_directions(basis, n_dimensions))
    lengths = np.linalg.norm(space, axis=1, keepdims=True)
    return np.asarray(space / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def _random_basis(n_columns: int, width: int) -> NDArray[np.float32]:
    """Where the search for a subspace begins: shape `(n_columns, width)`, drawn in parts to stay small."""
    rng, basis = np.random.default_rng(0), np.empty((n_columns, width), dtype=np.float32)
    for start in range(0, n_columns, _PART):
        part = basis[start : start + _PART]
        part[:] = rng.standard_normal(part.shape)
    return basis


def _main_directions(basis: NDArray[np.float32], n_dimensions: int) -> NDArray[np.float32]:
    """The first left singular vectors of a tall matrix, shape `(len(basis), n_dimensions)`; 0 past its rank.

    They come from its small Gram matrix: decomposing the matrix takes seven times its memory.
    """
    gram = np.zeros((basis.shape[1], basis.shape[1]))
    for start in range(0, len(basis), _PART):
        part = basis[start : start + _PART].astype(np.float64)
        gram += part.T @ part
    squares, right = np.linalg.eigh(gram)
    squares, right = squares[::-1][:n_dimensions], right[:, ::-1][:, :n_dimensions]
    is_there = squares > squares.max(initial=0.0) * np.finfo(np.float32).eps
    turned = np.where(is_there, right / np.sqrt(np.where(is_there, squares, 1.0)), 0.0)
    return np.asarray(basis @ turned.astype(np.float32))


def _evenly(n_rows: int, most: int) -> NDArray[np.intp]:
    """At most `most` row numbers, spread evenly; rows stand in row id order, which is as good as chance."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, most)).astype(np.intp))


def _nearest(
    space: NDArray[np.float32], candidates: NDArray[np.intp], together: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Each row's nearest candidates that are not together with it: indices (-1: none), distances (NaN)."""
    from sklearn.neighbors import NearestNeighbors

    largest = int(np.bincount(together[candidates]).max())
    reach = min(N_NEIGHBORS + min(largest, _LARGEST_GROUP), len(candidates))
    index = NearestNeighbors(n_neighbors=reach, algorithm="brute", metric="sqeuclidean").fit(
        space[candidates]
    )
    width = min(N_NEIGHBORS, reach)
    indices, distances = np.full((len(space), width), -1), np.full((len(space), width), np.nan)
    step = max(1, _MOST_AT_ONCE // reach)
    for start in range(0, len(space), step):
        rows = slice(start, start + step)
        squares, places = index.kneighbors(space[rows])
        found = candidates[places]
        squares = np.where(together[found] == together[rows, None], np.inf, squares)
        order = np.lexsort((found, squares), axis=1)[:, :N_NEIGHBORS]
        found, squares = np.take_along_axis(found, order, 1), np.take_along_axis(squares, order, 1)
        nobody = np.isinf(squares)
        indices[rows] = np.where(nobody, -1, found)
        distances[rows] = np.sqrt(np.where(nobody, np.nan, np.maximum(squares, 0.0)))
    return indices, distances
