"""Labels -> the same labels with some errors planted, the way this data set's own classes get confused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.records import Planting

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 0.05
"""Of the rows: enough to learn from, few enough to leave the models what they were."""


def plant_errors(
    labels: NDArray[np.intp],
    pred_probs: NDArray[np.floating[Any]],
    may_be_planted: NDArray[np.bool_],
    seed: int,
) -> Planting:
    """Flip a twentieth of the labels, each to a class that rows of its own class are taken for.

    The rows are drawn by chance; a row's new class is drawn in proportion to the mean out-of-fold probability
    that the rows of its old class give to each other class.

    Args:
        labels: Shape `(n_rows,)`.
        pred_probs: Out-of-fold, shape `(n_rows, n_classes)`.
        may_be_planted: Shape `(n_rows,)`.
        seed: Another one draws others.
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.flatnonzero(may_be_planted))[: max(1, round(RATE * len(labels)))]
    shares = np.cumsum(confusions(labels, pred_probs), axis=1)
    shares /= shares[:, -1:]  # exactly 1 at last: sums of shares may fall short of a draw
    draws = rng.random(len(rows))
    planted = labels.copy()
    planted[rows] = [
        np.searchsorted(shares[labels[row]], draw, side="right")
        for row, draw in zip(rows, draws, strict=True)
    ]
    return Planting(planted, planted != labels)


def confusions(labels: NDArray[np.intp], pred_probs: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """What each class is taken for, if not for itself.

    Returns:
        Shape `(n_classes, n_classes)`: rows are the labels' classes and sum to 1, the diagonal is 0.
    """
    n_classes = pred_probs.shape[1]
    sums = np.full((n_classes, n_classes), 1e-9)
    np.add.at(sums, labels, pred_probs)
    np.fill_diagonal(sums, 0.0)
    return np.asarray(sums / sums.sum(axis=1, keepdims=True))
