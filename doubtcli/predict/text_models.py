"""Text features -> out-of-fold scores by two fast models that are made of the sums of each class.

Each fits all folds at once: the sums that the model of a fold needs are the total less those of the fold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

from doubtcli.records.arrays import BLOCK_CELLS, split_rows
from doubtcli.records.mapped import count_worked_cells, make_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from doubtcli.records import Codes

    Matrix = NDArray[np.float32]

_SMOOTHING = 0.3
"""Added to the weight of every n-gram in every class; chosen once, not tuned."""
_MOST_CELLS = 2**24
"""The most weights that are in memory at once as a dense matrix: 64 MB."""
_AT_ONCE = 16_384
"""Rows whose n-grams are copied at a time."""
_SPARSE = 0.02
"""Where classes have a smaller share of all words, as hundreds of classes do, nearly all weights are 0."""


@dataclass(frozen=True, eq=False)
class Weights:
    """What each n-gram counts for each class: the sum of three parts, of which two are the same for many."""

    own: sparse.csr_matrix
    """Shape `(n_classes, n_ngrams)`, float32: only n-grams that a class has, each once."""
    of_ngram: NDArray[np.float64]
    """Shape `(n_ngrams,)`: for all classes."""
    of_class: NDArray[np.float64]
    """Shape `(n_classes,)`: for all n-grams."""


@dataclass(frozen=True, eq=False)
class Ngrams:
    """The n-grams of all texts: `counts`, or `counts @ spelling`, which is never computed as a whole."""

    counts: sparse.csr_matrix
    spelling: sparse.csr_matrix | None = None

    def sum_by_class(self, classes: NDArray[np.intp], n_classes: int) -> sparse.csr_matrix:
        """The sums over the rows of each class, shape `(n_classes, n_ngrams)`."""
        summed = encode_one_hot(classes, n_classes) @ self.counts
        return (summed if self.spelling is None else summed @ self.spelling).tocsr()

    def score_rows(self, scores: Matrix, rows: NDArray[np.intp], weights: Weights) -> None:
        """Write the scores of some rows; not all classes are in memory as dense weights at once.

        Args:
            scores: Of all rows, shape `(n_all_rows, n_classes)`.
            rows: Row numbers, shape `(n_rows,)`.
            weights: Of all classes.
        """
        n_classes, n_ngrams = weights.own.shape
        shared = np.stack([weights.of_ngram, np.ones(n_ngrams)], axis=1).astype(np.float32)
        summed = np.empty((len(rows), 2), dtype=np.float32)
        for part, product in self._multiply(rows, shared):
            summed[part] = product
        of_text, total = summed.T
        of_class = weights.of_class.astype(np.float32)
        own = weights.own
        if self.spelling is None and own.nnz < _SPARSE * n_ngrams * n_classes:
            columns = own.T.tocsr()
            for part in _split_rows(len(rows), n_classes):
                of_part = np.outer(total[part], of_class) + of_text[part, None]
                scores[rows[part]] = of_part + (self.counts[rows[part]] @ columns).toarray()
            return
        step = max(1, _MOST_CELLS // max(1, n_ngrams))
        for start in range(0, n_classes, step):
            some = slice(start, min(start + step, n_classes))
            for part, product in self._multiply(rows, _spread_out(own, some)):
                of_part = np.outer(total[part], of_class[some]) + of_text[part, None]
                scores[rows[part], some] = of_part + product
                count_worked_cells(len(product) * n_classes)  # a page has cells of other classes, too

    def _multiply(self, rows: NDArray[np.intp], weights: Matrix) -> Iterator[tuple[slice, Matrix]]:
        """The products with a matrix of weights, for a part of the rows at a time."""
        weights = weights if self.spelling is None else self.spelling @ weights
        for part in _split_rows(len(rows), weights.shape[1]):
            yield part, self.counts[rows[part]] @ weights


def _spread_out(own: sparse.csr_matrix, classes: slice) -> Matrix:
    """The weights of some classes as a dense matrix, shape `(n_ngrams, n_classes)`."""
    dense = np.zeros((own.shape[1], classes.stop - classes.start), dtype=np.float32)
    for column, of_class in enumerate(range(classes.start, classes.stop)):
        entries = slice(own.indptr[of_class], own.indptr[of_class + 1])
        dense[own.indices[entries], column] = own.data[entries]
    return dense


def _split_rows(n_rows: int, n_classes: int) -> Iterator[slice]:
    return split_rows(n_rows, max(n_classes, BLOCK_CELLS // _AT_ONCE))


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
    def weigh(self, of_class: sparse.csr_matrix) -> Weights:
        """The sums of n-grams in each class, of shape `(n_classes, n_ngrams)` -> their weights."""

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Matrix:
        """Fit on the total of the class sums less those of the fold: exactly the model without the fold.

        Returns:
            Shape `(n_rows, n_classes)`.
        """
        del seed  # nothing is random
        n_folds = int(folds.max()) + 1
        sums = self.ngrams.sum_by_class(folds * n_classes + labels, n_folds * n_classes)
        of_fold = [slice(fold * n_classes, (fold + 1) * n_classes) for fold in range(n_folds)]
        total = sums[of_fold[0]].astype(np.float64)
        for own in of_fold[1:]:
            total += sums[own]
        scores = make_matrix((len(labels), n_classes), np.float32)
        for fold, own in enumerate(of_fold):
            weights = self.weigh((total - sums[own]).tocsr())
            self.ngrams.score_rows(scores, np.flatnonzero(folds == fold), weights)
        return scores


def _replace_data(matrix: sparse.csr_matrix, data: NDArray[np.float64]) -> sparse.csr_matrix:
    """A matrix in single precision with other values at the same places, which are not copied."""
    return sparse.csr_matrix((data.astype(np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)


class ComplementNaiveBayes(_ClassSumModel):
    """Complement naive Bayes (Rennie et al., 2003); its scores have no fixed scale."""

    kind = "complement naive Bayes"

    def weigh(self, of_class: sparse.csr_matrix) -> Weights:
        """How rare an n-gram is in all other classes: minus the logarithm of its share of their n-grams."""
        of_all = np.maximum(np.asarray(of_class.sum(axis=0)).ravel(), 0.0) + _SMOOTHING
        rarity = of_all[of_class.indices]  # large, and changed in place
        elsewhere = rarity - of_class.data
        np.maximum(elsewhere, _SMOOTHING, out=elsewhere)
        rarity /= elsewhere
        own = _replace_data(of_class, np.log(rarity, out=rarity))
        totals = of_all.sum() - np.asarray(of_class.sum(axis=1)).ravel()
        return Weights(own, -np.log(of_all), np.log(totals))


class NearestCentroid(_ClassSumModel):
    """Cosines of each text with the mean text of each class (Rocchio, 1971), 0 to 1.

    They do not depend on how common a class is, so that a rare class is predicted as well as a common one.
    For spelling, texts have a length of about 1, not exactly 1.
    """

    kind = "nearest centroid"

    def weigh(self, of_class: sparse.csr_matrix) -> Weights:
        """The direction of the class's mean text."""
        n_classes, n_ngrams = of_class.shape
        squares = sparse.csr_matrix((of_class.data**2, of_class.indices, of_class.indptr), of_class.shape)
        lengths = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
        own = _replace_data(of_class, of_class.data / np.repeat(lengths, np.diff(of_class.indptr)))
        return Weights(own, np.zeros(n_ngrams), np.zeros(n_classes))


def count_in_columns(matrix: sparse.csr_matrix) -> NDArray[np.intp]:
    """How many entries each column has, shape `(n_columns,)`; counted in parts, as each part is copied."""
    counts = np.zeros(matrix.shape[1], dtype=np.intp)
    for start in range(0, matrix.nnz, _MOST_CELLS):
        counts += np.bincount(matrix.indices[start : start + _MOST_CELLS], minlength=len(counts))
    return counts


def encode_one_hot(labels: NDArray[np.intp], n_classes: int) -> sparse.csr_matrix:
    """The labels as indicators, shape `(n_classes, n_rows)`."""
    ones = np.ones(len(labels), dtype=np.float32)
    return sparse.csr_matrix((ones, (labels, np.arange(len(labels)))), shape=(n_classes, len(labels)))
