"""Text features -> out-of-fold scores by five fast, strongly regularised models.

Each fits all folds at once: the sums that the model of a fold needs are the total less those of the fold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from doubtcli.records import Codes

    Matrix = NDArray[np.float32]
    Scores = NDArray[np.float64]
    Product = Callable[[Matrix], Matrix]

_SMOOTHING = 0.3
"""Added to the weight of every n-gram in every class; chosen once, not tuned."""
_RIDGE_PENALTY = 1.0
"""Scikit-learn's default; it is strong here, as rows have a length of about 1."""
_MOST_STEPS, _TOLERANCE = 30, 1e-2
"""Limits of the conjugate gradients: a fit that stops earlier is penalised more; chosen once, not tuned."""


@dataclass(frozen=True, eq=False)
class Ngrams:
    """The n-grams of all texts: `counts`, or `counts @ spelling`, which is never computed as a whole."""

    counts: sparse.csr_matrix
    spelling: sparse.csr_matrix | None = None

    def sum_by_class(self, rows: NDArray[np.intp], labels: NDArray[np.intp], n_classes: int) -> Matrix:
        """The sums over these rows, shape `(n_classes, n_ngrams)`."""
        summed = encode_one_hot(labels[rows], n_classes) @ self.counts[rows]
        return np.asarray((summed if self.spelling is None else summed @ self.spelling).toarray())

    def score_rows(self, rows: NDArray[np.intp], weights: Matrix) -> Matrix:
        """The scores, shape `(n_rows, n_classes)`, by weights of shape `(n_ngrams, n_classes)`."""
        return np.asarray(self.counts[rows] @ (weights if self.spelling is None else self.spelling @ weights))


@dataclass(frozen=True, eq=False)
class _ClassSumModel(ABC):
    """A model that is made of the sums of n-grams in each class."""

    ngrams: Ngrams
    on: str
    """What the n-grams are made of: "words" or "spelling"."""

    kind: ClassVar[str]
    libraries: ClassVar = ()
    note: ClassVar = None
    is_overrated: ClassVar = False

    @property
    def name(self) -> str:
        """The name in the report."""
        return f"{self.kind} on {self.on}"

    @abstractmethod
    def weigh(self, of_class: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sums of n-grams in each class -> their weights, both of shape `(n_classes, n_ngrams)`."""

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Fit on the total of the class sums less those of the fold: exactly the model without the fold.

        Returns:
            Shape `(n_rows, n_classes)`.
        """
        del seed  # nothing is random
        parts = [np.flatnonzero(folds == fold) for fold in range(folds.max() + 1)]
        sums_by_fold = [
            self.ngrams.sum_by_class(rows, labels, n_classes).astype(np.float64) for rows in parts
        ]
        total = np.sum(sums_by_fold, axis=0)
        scores = np.zeros((len(labels), n_classes))
        for rows, own in zip(parts, sums_by_fold, strict=True):
            scores[rows] = self.ngrams.score_rows(rows, self.weigh(total - own).T.astype(np.float32))
        return scores


class ComplementNaiveBayes(_ClassSumModel):
    """Complement naive Bayes (Rennie et al., 2003); its scores have no fixed scale."""

    kind = "complement naive Bayes"

    def weigh(self, of_class: NDArray[np.float64]) -> NDArray[np.float64]:
        """How rare an n-gram is in all other classes."""
        complement = np.maximum(of_class.sum(axis=0) - of_class, 0.0) + _SMOOTHING
        return np.asarray(-np.log(complement / complement.sum(axis=1, keepdims=True)))


class NearestCentroid(_ClassSumModel):
    """Cosines of each text with the mean text of each class (Rocchio, 1971), 0 to 1.

    They do not depend on how common a class is, so that a rare class is predicted as well as a common one.
    For spelling, texts have a length of about 1, not exactly 1.
    """

    kind = "nearest centroid"

    def weigh(self, of_class: NDArray[np.float64]) -> NDArray[np.float64]:
        """The direction of the class's mean text."""
        lengths = np.linalg.norm(of_class, axis=1, keepdims=True)
        return np.asarray(of_class / np.where(lengths > 0, lengths, 1.0))


@dataclass(frozen=True, eq=False)
class RidgeOnSpelling:
    """One-against-rest ridge regression on character n-grams and table values; scores of about -1 to 1."""

    tokens: sparse.csr_matrix
    """Shape `(n_rows, n_tokens)`."""
    spelling: sparse.csr_matrix
    """Shape `(n_tokens, n_ngrams)`: `tokens @ spelling` are the n-grams of each text."""
    dense: Matrix | None = None
    """Shape `(n_rows, n_dense)`."""

    name: ClassVar = "ridge regression on spelling"
    libraries: ClassVar = ()
    note: ClassVar = None
    is_overrated: ClassVar = False

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """The out-of-fold scores, shape `(n_rows, n_classes)`."""
        del seed  # its optimum is unique
        targets = np.where(np.eye(n_classes, dtype=bool)[labels], 1.0, -1.0).astype(np.float32)
        spelling_back = self.spelling.T.tocsr()
        scores = np.zeros((len(labels), n_classes))
        for fold in range(folds.max() + 1):
            train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            mean = targets[train].mean(axis=0)
            forward, back = self._make_design(train, spelling_back)
            weights = _solve_ridge(forward, back, targets[train] - mean)
            predict, _ = self._make_design(test, spelling_back)
            scores[test] = predict(weights) + mean
        return scores

    def _make_design(self, rows: Codes, spelling_back: sparse.csr_matrix) -> tuple[Product, Product]:
        """`X @ w` and `X.T @ v` of some rows, where `X = [tokens @ spelling, dense]` is never built."""
        tokens, dense = self.tokens[rows], _scale_rows(self.dense, rows)
        tokens_back = tokens.T.tocsr()
        n_ngrams = self.spelling.shape[1]

        def forward(weights: Matrix) -> Matrix:
            product = tokens @ (self.spelling @ weights[:n_ngrams])
            return np.asarray(product if dense is None else product + dense @ weights[n_ngrams:])

        def back(values: Matrix) -> Matrix:
            product = spelling_back @ (tokens_back @ values)
            return np.asarray(product if dense is None else np.vstack([product, dense.T @ values]))

        return forward, back


def encode_one_hot(labels: NDArray[np.intp], n_classes: int) -> sparse.csr_matrix:
    """The labels as indicators, shape `(n_classes, n_rows)`."""
    ones = np.ones(len(labels), dtype=np.float32)
    return sparse.csr_matrix((ones, (labels, np.arange(len(labels)))), shape=(n_classes, len(labels)))


def _scale_rows(dense: NDArray[np.float32] | None, rows: NDArray[np.intp]) -> Matrix | None:
    """Table values, scaled to a length like that of texts, so that one penalty fits both."""
    return None if dense is None else dense[rows] / np.sqrt(dense.shape[1], dtype=np.float32)


def _solve_ridge(forward: Product, back: Product, targets: Matrix) -> Matrix:
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
