"""Text features -> out-of-fold scores by five cheap, strongly regularised models.

Each takes all folds at once, because the sums that a fold's model is made of are the total's less the
fold's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from doubtcli.records import TextFeatures

    Matrix = NDArray[np.float32]
    Product = Callable[[Matrix], Matrix]
    Weigh = Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """Each class's summed n-grams -> what each n-gram weighs for it, both of shape (n_classes, n_ngrams)."""

_SMOOTHING = 0.3
"""Added to every n-gram's weight in every class; chosen once, not tuned."""
_RIDGE_PENALTY = 1.0
"""As scikit-learn's default: rows have length about 1, so this is strong."""
_MOST_STEPS, _TOLERANCE = 30, 1e-2
"""Of the conjugate gradients: a looser fit is a stronger penalty; chosen once, not tuned."""


def complement_naive_bayes_on_words(
    features: TextFeatures, labels: NDArray[np.intp], folds: NDArray[np.intp], n_classes: int
) -> NDArray[np.float64]:
    """Out-of-fold scores of complement naive Bayes on words and word pairs (Rennie et al., 2003).

    Returns:
        Shape `(n_rows, n_classes)`: higher is likelier, of no fixed scale.
    """
    return _from_class_sums(_Ngrams(features.words), _complement_weights, labels, folds, n_classes)


def complement_naive_bayes_on_spelling(
    features: TextFeatures, labels: NDArray[np.intp], folds: NDArray[np.intp], n_classes: int
) -> NDArray[np.float64]:
    """As `complement_naive_bayes_on_words`, on character n-grams."""
    ngrams = _Ngrams(features.tokens, features.spelling)
    return _from_class_sums(ngrams, _complement_weights, labels, folds, n_classes)


def nearest_centroid_on_words(
    features: TextFeatures, labels: NDArray[np.intp], folds: NDArray[np.intp], n_classes: int
) -> NDArray[np.float64]:
    """Out-of-fold cosines between each text and each class's mean text, on words and pairs (Rocchio, 1971).

    How common a class is plays no part, so that a rare class is heard as well as a common one.

    Returns:
        Shape `(n_rows, n_classes)`: higher is likelier, 0 to 1.
    """
    return _from_class_sums(_Ngrams(features.words), _centroid_weights, labels, folds, n_classes)


def nearest_centroid_on_spelling(
    features: TextFeatures, labels: NDArray[np.intp], folds: NDArray[np.intp], n_classes: int
) -> NDArray[np.float64]:
    """As `nearest_centroid_on_words`, on character n-grams; texts have length about 1, not just 1."""
    ngrams = _Ngrams(features.tokens, features.spelling)
    return _from_class_sums(ngrams, _centroid_weights, labels, folds, n_classes)


@dataclass(frozen=True)
class _Ngrams:
    """The n-grams of all texts: `counts`, or `counts @ spelling`, which is never multiplied out."""

    counts: sparse.csr_matrix
    spelling: sparse.csr_matrix | None = None

    def class_sums(self, rows: NDArray[np.intp], labels: NDArray[np.intp], n_classes: int) -> Matrix:
        """Shape `(n_classes, n_ngrams)`: added up over these rows."""
        summed = _one_hot(labels[rows], n_classes) @ self.counts[rows]
        return np.asarray((summed if self.spelling is None else summed @ self.spelling).toarray())

    def scores(self, rows: NDArray[np.intp], weights: Matrix) -> Matrix:
        """Shape `(n_rows, n_classes)`, from weights of shape `(n_ngrams, n_classes)`."""
        return np.asarray(self.counts[rows] @ (weights if self.spelling is None else self.spelling @ weights))


def _from_class_sums(
    ngrams: _Ngrams, weigh: Weigh, labels: NDArray[np.intp], folds: NDArray[np.intp], n_classes: int
) -> NDArray[np.float64]:
    """Fit on the total of the class sums less the fold's own: exactly the model fitted without the fold."""
    parts = [np.flatnonzero(folds == fold) for fold in range(folds.max() + 1)]
    sums_by_fold = [ngrams.class_sums(rows, labels, n_classes).astype(np.float64) for rows in parts]
    total = np.sum(sums_by_fold, axis=0)
    scores = np.zeros((len(labels), n_classes))
    for rows, own in zip(parts, sums_by_fold, strict=True):
        scores[rows] = ngrams.scores(rows, weigh(total - own).T.astype(np.float32))
    return scores


def _complement_weights(of_class: NDArray[np.float64]) -> NDArray[np.float64]:
    complement = np.maximum(of_class.sum(axis=0) - of_class, 0.0) + _SMOOTHING
    return np.asarray(-np.log(complement / complement.sum(axis=1, keepdims=True)))


def _centroid_weights(of_class: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(of_class, axis=1, keepdims=True)
    return np.asarray(of_class / np.where(lengths > 0, lengths, 1.0))


def _one_hot(labels: NDArray[np.intp], n_classes: int) -> sparse.csr_matrix:
    """Shape `(n_classes, n_rows)`."""
    ones = np.ones(len(labels), dtype=np.float32)
    return sparse.csr_matrix((ones, (labels, np.arange(len(labels)))), shape=(n_classes, len(labels)))


def ridge_on_spelling(
    features: TextFeatures,
    dense: NDArray[np.float32] | None,
    labels: NDArray[np.intp],
    folds: NDArray[np.intp],
    n_classes: int,
) -> NDArray[np.float64]:
    """Out-of-fold scores of one-against-rest ridge regression on character n-grams, table values beside them.

    Returns:
        Shape `(n_rows, n_classes)`: higher is likelier, about -1 to 1.
    """
    targets = np.where(np.eye(n_classes, dtype=bool)[labels], 1.0, -1.0).astype(np.float32)
    spelling_back = features.spelling.T.tocsr()
    scores = np.zeros((len(labels), n_classes))
    for fold in range(folds.max() + 1):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        mean = targets[train].mean(axis=0)
        forward, back = _design(
            features.tokens[train], features.spelling, spelling_back, _rows_of(dense, train)
        )
        weights = _conjugate_gradients(forward, back, targets[train] - mean)
        predict, _ = _design(features.tokens[test], features.spelling, spelling_back, _rows_of(dense, test))
        scores[test] = predict(weights) + mean
    return scores


def _rows_of(dense: NDArray[np.float32] | None, rows: NDArray[np.intp]) -> Matrix | None:
    """Table values at a length like the text's, so that one penalty suits both."""
    return None if dense is None else dense[rows] / np.sqrt(dense.shape[1], dtype=np.float32)


def _design(
    tokens: sparse.csr_matrix,
    spelling: sparse.csr_matrix,
    spelling_back: sparse.csr_matrix,
    dense: Matrix | None,
) -> tuple[Product, Product]:
    """`X @ w` and `X.T @ v` for `X = [tokens @ spelling, dense]`, which is never built."""
    tokens_back = tokens.T.tocsr()
    n_ngrams = spelling.shape[1]

    def forward(weights: Matrix) -> Matrix:
        product = tokens @ (spelling @ weights[:n_ngrams])
        return np.asarray(product if dense is None else product + dense @ weights[n_ngrams:])

    def back(values: Matrix) -> Matrix:
        product = spelling_back @ (tokens_back @ values)
        return np.asarray(product if dense is None else np.vstack([product, dense.T @ values]))

    return forward, back


def _conjugate_gradients(forward: Product, back: Product, targets: Matrix) -> Matrix:
    """Solve `(X'X + penalty) w = X' targets` for all classes at once (Hestenes and Stiefel, 1952)."""
    residual = back(targets)
    weights, direction = np.zeros_like(residual), residual.copy()
    squares = first = (residual * residual).sum(axis=0)
    for _ in range(_MOST_STEPS):
        if (squares <= _TOLERANCE**2 * first).all():
            break
        curved = back(forward(direction)) + np.float32(_RIDGE_PENALTY) * direction
        step = squares / np.maximum((direction * curved).sum(axis=0), np.float32(1e-30))
        weights += step * direction
        residual -= step * curved
        before, squares = squares, (residual * residual).sum(axis=0)
        direction = residual + squares / np.maximum(before, np.float32(1e-30)) * direction
    return np.asarray(weights)
