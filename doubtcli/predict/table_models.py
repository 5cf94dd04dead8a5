"""Dense features -> out-of-fold scores by two unlike models: one linear, one of trees."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_LINEAR_PENALTY = 0.1
"""Scikit-learn's `C`: strong. At 1 or 10, wrong labels bend the model and hide in the bend."""
_TREES, _LEAF = 200, 2
_MOST_TREE_ROWS = 200_000
"""Rows that trees are grown on; beyond that they cost much and gain little."""
_FLOOR = 0.01
"""Added to probabilities before the logarithm: trees and small folds answer exactly 0."""


def logistic_regression(
    dense: NDArray[np.float32], labels: NDArray[np.intp], folds: NDArray[np.intp], n_classes: int, seed: int
) -> NDArray[np.float64]:
    """Out-of-fold log probabilities of a strongly regularised logistic regression.

    Returns:
        Shape `(n_rows, n_classes)`.
    """
    from sklearn.linear_model import LogisticRegression

    del seed  # its optimum is unique
    return _cross_fit(
        lambda: LogisticRegression(C=_LINEAR_PENALTY, max_iter=200), dense, labels, folds, n_classes
    )


def extra_trees(
    dense: NDArray[np.float32], labels: NDArray[np.intp], folds: NDArray[np.intp], n_classes: int, seed: int
) -> NDArray[np.float64]:
    """Out-of-fold log probabilities of extremely randomized trees (Geurts et al., 2006).

    Returns:
        Shape `(n_rows, n_classes)`.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    share = min(1.0, _MOST_TREE_ROWS / len(labels))
    return _cross_fit(
        lambda: ExtraTreesClassifier(
            _TREES,
            min_samples_leaf=_LEAF,
            bootstrap=share < 1,
            max_samples=share if share < 1 else None,
            random_state=seed,
            n_jobs=1,
        ),
        dense,
        labels,
        folds,
        n_classes,
    )


def _cross_fit(
    make: Callable[[], Any],
    dense: NDArray[np.float32],
    labels: NDArray[np.intp],
    folds: NDArray[np.intp],
    n_classes: int,
) -> NDArray[np.float64]:
    """Fit on all folds but one, predict that one; a class that the training rows lack scores as 0."""
    probs = np.zeros((len(labels), n_classes))
    for fold in range(folds.max() + 1):
        train, test = folds != fold, folds == fold
        known = np.unique(labels[train])
        if len(known) == 1:
            probs[np.ix_(test, known)] = 1.0
            continue
        with warnings.catch_warnings():
            # a fit cut short is a stronger penalty, no fault that a user could mend
            warnings.filterwarnings("ignore", message="lbfgs failed to converge")
            model = make().fit(dense[train], labels[train])
        probs[np.ix_(test, known)] = model.predict_proba(dense[test])
    return np.log(probs + _FLOOR)
