"""Dense features -> out-of-fold scores by a kernel: likeness to other rows, near ones more than far ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.folds import spread_rows
from doubtcli.predict.table_models import MOST_TREE_ROWS, TableModel
from doubtcli.records.mapped import make_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Codes, Rows
    from doubtcli.records.arrays import Floats

    Scores = NDArray[np.float64]

_LANDMARKS = 500
"""On 98 sets of labels of up to 3,000 rows, 300 to 1,000 ranked alike."""
_KERNEL_PENALTY = 0.3
"""With 1 or more, errors near another class were found less often, and uniform ones a little more often."""
_JITTER, _LEAST_DISTANCE = 1e-6, 1e-9
_PART = 4_096
"""Rows whose kernel is in memory at a time: 25 MB."""


class KernelRidge(TableModel):
    """One-against-rest ridge regression with a Gaussian kernel; scores of about -1 to 1.

    The kernel is as wide as the median distance of two rows. In a table of more than `_LANDMARKS` rows, the
    predictions are weighted sums of the kernel at this many rows. Sources: Saunders et al., 1998; subset of
    regressors, Smola and Schoelkopf, 2000.
    """

    kind = "kernel ridge regression"
    libraries = ("scipy.linalg",)

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Floats:
        """Fit all folds at once: the sums of the training rows are those of the other folds, added up.

        Returns:
            Shape `(n_rows, n_classes)`.
        """
        del seed  # its optimum is unique
        kernel = _Kernel(self.dense)
        parts = [np.flatnonzero(folds == fold) for fold in range(folds.max() + 1)]
        sums = []
        for rows in parts:
            learned = rows[spread_rows(len(rows), MOST_TREE_ROWS // len(parts))]
            sums.append(kernel.sum_products(learned, labels, n_classes))
        scores = make_matrix((len(labels), n_classes), np.float32)
        for fold, rows in enumerate(parts):
            others = [one for place, one in enumerate(sums) if place != fold]
            gram, moments, counts = (np.sum(one, axis=0) for one in zip(*others, strict=True))
            mean = 2 * counts / counts.sum() - 1  # of the targets
            # the last column of the moments is that of a constant target
            weights = kernel.solve(gram, moments[:, :-1] - np.outer(moments[:, -1], mean))
            scores[rows] = kernel.predict(rows, weights) + mean
        return scores


class _Kernel:
    """The Gaussian kernel between rows and landmarks, never held for more than `_PART` rows."""

    def __init__(self, dense: Rows) -> None:
        from scipy.linalg import cholesky

        self._dense = dense
        self._landmarks = dense[spread_rows(len(dense), _LANDMARKS)]
        exactly = self._landmarks.astype(np.float64)  # so that their kernel is positive definite
        squares = _square_distances(exactly, exactly)
        apart = squares[squares > _LEAST_DISTANCE]
        self._width = float(np.median(apart)) if len(apart) else 1.0
        own = np.exp(-squares / self._width)
        self._root = cholesky(own + _JITTER * np.eye(len(own)), lower=True)

    def sum_products(self, rows: Codes, labels: Codes, n_classes: int) -> tuple[Scores, Scores, Codes]:
        """The Gram matrix of some rows, their products with the targets and with 1, and the classes' sizes.

        A row's target is 1 for its class, and -1 for each other class.
        """
        n_landmarks = len(self._landmarks)
        gram = np.zeros((n_landmarks, n_landmarks))
        moments = np.zeros((n_landmarks, n_classes + 1))
        for part in _split_rows(rows):
            near = self._measure(part)
            gram += near.T @ near
            targets = np.where(labels[part, None] == np.arange(n_classes), 1.0, -1.0)
            moments += near.T @ np.column_stack([targets, np.ones(len(part))])
        return gram, moments, np.bincount(labels[rows], minlength=n_classes)

    def solve(self, gram: Scores, moments: Scores) -> Scores:
        """The weights of the landmarks, shape `(n_landmarks, n_classes)`."""
        from scipy.linalg import cho_solve, cholesky, solve_triangular

        # in a space where the kernel is a plain product, so that the penalty is that of a plain ridge
        half = solve_triangular(self._root, gram, lower=True)
        plain = solve_triangular(self._root, half.T, lower=True)
        plain[np.diag_indices_from(plain)] += _KERNEL_PENALTY
        right = solve_triangular(self._root, moments, lower=True)
        found = cho_solve((cholesky(plain, lower=True), True), right)
        return np.asarray(solve_triangular(self._root, found, lower=True, trans="T"))

    def predict(self, rows: Codes, weights: Scores) -> Scores:
        """Shape `(n_rows, n_classes)`."""
        parts = [self._measure(part) @ weights for part in _split_rows(rows)]
        return np.concatenate(parts) if parts else np.zeros((0, weights.shape[1]))

    def _measure(self, rows: Codes) -> Scores:
        squares = _square_distances(self._dense[rows], self._landmarks)
        # in single precision, which takes half the time; sums of it are in double precision
        return np.asarray(np.exp(squares / np.float32(-self._width)), dtype=np.float64)


def _split_rows(rows: Codes) -> list[Codes]:
    return [rows[start : start + _PART] for start in range(0, len(rows), _PART)]


def _square_distances(left: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.floating]:
    """Shape `(n_left, n_right)`, 0 or more."""
    products = left @ right.T
    squares = (left * left).sum(axis=1)[:, None] + (right * right).sum(axis=1) - 2 * products
    return np.asarray(np.maximum(squares, 0.0))
