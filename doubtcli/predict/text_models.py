"""Text features -> out-of-fold scores by two fast models that are made of the sums of each class.

Each fits all folds at once: the sums that the model of a fold needs are the total less those of the fold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Codes

    Matrix = NDArray[np.float32]
    Scores = NDArray[np.float64]

_SMOOTHING = 0.3
"""Added to the weight of every n-gram in every class; chosen once, not tuned."""


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


def encode_one_hot(labels: NDArray[np.intp], n_classes: int) -> sparse.csr_matrix:
    """The labels as indicators, shape `(n_classes, n_rows)`."""
    ones = np.ones(len(labels), dtype=np.float32)
    return sparse.csr_matrix((ones, (labels, np.arange(len(labels)))), shape=(n_classes, len(labels)))
