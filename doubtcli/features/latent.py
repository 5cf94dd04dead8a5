"""Many columns -> the few directions along which rows differ most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Product = Callable[[Matrix], Matrix]

_SPARE_DIMENSIONS, _SUBSPACE_STEPS = 10, 3
_PART = 16_384
"""Rows of a tall matrix that are held in double precision at a time."""
MOST_SAMPLED = 20_000
"""Rows from which the main directions are computed: the cost grows with rows, never with rows squared."""


def unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row divided by its length; a row of zeros stays."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def find_main_directions(forward: Product, back: Product, n_columns: int, n_dimensions: int) -> Matrix:
    """The first right singular vectors of a matrix that is only known by its products.

    Source: randomized subspace iteration, Halko, Martinsson and Tropp, 2011.

    Args:
        forward: The matrix times columns: shape `(n_columns, n)` -> `(n_rows, n)`.
        back: Its transpose times columns: shape `(n_rows, n)` -> `(n_columns, n)`.
        n_columns: How many columns the matrix has.
        n_dimensions: How many directions to find, at most as many as it has rows and columns.

    Returns:
        Shape `(n_columns, n_dimensions)`; 0 past the rank of the matrix.
    """
    basis = _random_basis(n_columns, min(n_dimensions + _SPARE_DIMENSIONS, n_columns))
    for _ in range(_SUBSPACE_STEPS):
        basis = back(np.linalg.qr(forward(basis))[0])
    return _main_directions(basis, n_dimensions)


def _random_basis(n_columns: int, width: int) -> NDArray[np.float32]:
    """The start of the search for a subspace: shape `(n_columns, width)`, drawn in parts to save memory."""
    rng, basis = np.random.default_rng(0), np.empty((n_columns, width), dtype=np.float32)
    for start in range(0, n_columns, _PART):
        part = basis[start : start + _PART]
        part[:] = rng.standard_normal(part.shape)
    return basis


def _main_directions(basis: NDArray[np.float32], n_dimensions: int) -> NDArray[np.float32]:
    """The first left singular vectors of a tall matrix, shape `(len(basis), n_dimensions)`; 0 past its rank.

    They are computed from its small Gram matrix: decomposing the matrix takes seven times its memory.
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
