"""Rows -> a place in the plane for each, so that like rows are near each other: the places of the map."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.features.latent import MOST_SAMPLED, find_main_directions
from doubtcli.predict.engine import limit_native_threads
from doubtcli.predict.folds import spread_rows
from doubtcli.records.arrays import find_first_of_each, number_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

LOCALMAP, TSNE, PCA = "LocalMAP", "t-SNE", "PCA"
METHODS = {
    LOCALMAP: "near points are alike; how far groups are from each other says little",
    TSNE: "near points are alike; how far groups are from each other says little",
    PCA: "the two directions in which rows differ most: near points need not be alike",
}
"""The ways to make a map, and how to read it."""
_DIMENSIONS = 100
"""Main directions that neighbours are looked for in: with 50, t-SNE keeps fewer texts of a label together."""
_FEWEST = 12
"""Different rows; fewer have too few neighbours for more than their main directions."""
_MOST_TSNE = 5_000
"""Rows: t-SNE takes a minute for them on one core."""
_MOST_LOCALMAP = 200_000
"""Rows: LocalMAP takes two or three minutes for them on one core."""
_PERPLEXITY = 15
"""How many neighbours a row of t-SNE has, roughly: half the usual number, as files are small."""


def choose_method(space: Matrix) -> str:
    """The best of `METHODS` that is installed and takes a few minutes at most.

    Args:
        space: Shape `(n_rows, n_columns)`: near rows are alike.
    """
    has_localmap = find_spec("pacmap") is not None
    if len(space) > (_MOST_LOCALMAP if has_localmap else _MOST_TSNE):
        return PCA
    if _number_different(space).max(initial=-1) + 1 < _FEWEST:
        return PCA
    return LOCALMAP if has_localmap else TSNE


def _number_different(space: Matrix) -> NDArray[np.intp]:
    """A number for each row, in order: rows that are equal in every column have the same one."""
    if not space.shape[1]:
        return np.zeros(len(space), dtype=np.intp)
    whole = np.ascontiguousarray(space + np.float32(0))  # 0 and -0 are equal, and have different bytes
    return number_in_order(whole.view(f"V{whole.itemsize * whole.shape[1]}").ravel())


def lay_out(space: Matrix, method: str, seed: int = 0) -> Matrix:
    """A place for each row; equal rows have the same one.

    The same rows, method and seed give the same places on any number of cores.

    Args:
        space: Shape `(n_rows, n_columns)`: near rows are alike.
        method: One of `METHODS`.
        seed: Of the search for places.

    Returns:
        Shape `(n_rows, 2)`, -1 to 1.
    """
    numbers = np.arange(len(space)) if method == PCA else _number_different(space)
    first = find_first_of_each(numbers)
    with limit_native_threads():
        main = _find_main_columns(space[first])
        places = _METHODS[method](main, seed)
    return _fit_into_square(places)[numbers]


def _find_main_columns(rows: Matrix) -> Matrix:
    """Rows along their main directions, at least two: the first is the one in which they differ most."""
    centred = rows - rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    n_dimensions = min(_DIMENSIONS, *centred.shape)
    main = np.zeros((len(rows), max(n_dimensions, 2)), dtype=np.float32)
    if n_dimensions:
        sample = centred[spread_rows(len(centred), MOST_SAMPLED)]
        directions = find_main_directions(
            lambda basis: sample @ basis, lambda rows: sample.T @ rows, centred.shape[1], n_dimensions
        )
        main[:, :n_dimensions] = centred @ _turn_to_front(directions)
    return main


def _turn_to_front(directions: Matrix) -> Matrix:
    """Directions, each turned so that its largest part is positive: which way it points says nothing."""
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.where(directions[largest, np.arange(directions.shape[1])] < 0, -1, 1)


def _fit_into_square(places: Matrix) -> Matrix:
    """Places moved to the middle, and scaled alike in both directions until they reach -1 or 1."""
    low, high = places.min(axis=0), places.max(axis=0)
    half = float((high - low).max()) / 2
    middle = (low + high) / 2
    return np.asarray(np.clip((places - middle) / (half or 1.0), -1, 1), dtype=np.float32)


# ------------------------------------------------------------------------------ the methods


def _lay_out_by_pca(main: Matrix, _seed: int) -> Matrix:
    return main[:, :2]


def _lay_out_by_tsne(main: Matrix, seed: int) -> Matrix:
    """Source: van der Maaten and Hinton, 2008; Barnes-Hut, as scikit-learn has it."""
    from sklearn import manifold

    perplexity = min(_PERPLEXITY, (len(main) - 1) / 3)
    start = main[:, :2] / (float(main[:, 0].std()) or 1.0) * 1e-4
    search = manifold.TSNE(init=start, perplexity=perplexity, random_state=seed, n_jobs=1)
    return np.asarray(search.fit_transform(main), dtype=np.float32)


def _lay_out_by_localmap(main: Matrix, seed: int) -> Matrix:
    """Source: Wang, Sun, Huang and Rudin, 2024."""
    import logging

    import numba
    import pacmap

    logging.getLogger(pacmap.__name__).setLevel(logging.ERROR)  # it says that there is a seed
    n_threads = numba.get_num_threads()
    numba.set_num_threads(1)  # of this thread: sums then have one order
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of every seed
            found = pacmap.LocalMAP(n_components=2, random_state=seed, apply_pca=False).fit_transform(main)
    finally:
        numba.set_num_threads(n_threads)
    return np.asarray(found, dtype=np.float32)


_METHODS = {PCA: _lay_out_by_pca, TSNE: _lay_out_by_tsne, LOCALMAP: _lay_out_by_localmap}
